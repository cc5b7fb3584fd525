package outbox

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// look gives a consumer what a tenant has for it. again is the time of the next look;
// zero: none until the tenant is woken.
func (l *lane) look(ctx context.Context, tenant string) (again time.Time) {
	t, err := l.dispatcher.options.Tenant(ctx, tenant)
	if err == nil {
		again, err = l.deliver(ctx, t)
	}
	switch {
	case ctx.Err() != nil:
		return time.Time{} // the process stops
	case fault.Is(err, "tenant.not_found"):
		l.caughtUp(tenant) // there is nothing to catch up with
		return time.Time{}
	case fault.Is(err, "outbox.lost"):
		return l.dispatcher.options.Now().Add(recheck) // the process that has the lease goes on
	case err != nil:
		l.dispatcher.options.Log.Error("reading the outbox", "tenant", tenant, "consumer", l.consumer.Name, "error", err)
		return l.dispatcher.options.Now().Add(afterError)
	}
	return again
}

// delivery is the work for one consumer in one tenant until it has caught up.
type delivery struct {
	*lane
	t     store.Tenant
	state *State
	lease *lease
	held  bool // the lease is to be given back
}

// deliver gives events to the consumer until there are no more.
func (l *lane) deliver(ctx context.Context, t store.Tenant) (again time.Time, err error) {
	states, err := l.dispatcher.ensureStates(ctx, t)
	if err != nil {
		return time.Time{}, err
	}
	d := &delivery{lane: l, t: t, state: stateOf(states, l.consumer.Name)}
	if d.state.RetryAt.After(l.dispatcher.options.Now()) {
		return d.state.RetryAt, l.measure(ctx, t, d.state.Position)
	}
	if until := l.consumer.Rests(t.Name()); !until.IsZero() {
		return until, l.measure(ctx, t, d.state.Position)
	}
	batch, more, err := d.read(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if batch == nil {
		l.caughtUp(t.Name())
		return time.Time{}, nil
	}
	if l.dispatcher.options.Alone {
		d.lease = &lease{id: d.state.id, version: d.state.version}
		return d.work(ctx, batch, more)
	}
	if until, err := d.claim(ctx); err != nil || !d.held {
		return until, err
	}
	defer d.release()
	ctx, stop := context.WithCancel(ctx)
	var beating sync.WaitGroup
	defer beating.Wait()
	defer stop()
	beating.Go(func() { d.beat(ctx, stop) })
	if batch, more, err = d.read(ctx); err != nil { // another process may have taken some
		return time.Time{}, err
	}
	return d.work(ctx, batch, more)
}

// work handles batches, beginning with one that was read.
func (d *delivery) work(ctx context.Context, batch *Batch, more bool) (again time.Time, err error) {
	for batch != nil {
		if more {
			if err := d.measure(ctx, d.t, d.state.Position); err != nil {
				return time.Time{}, err
			}
		}
		batch.lease = d.lease
		err := d.handle(ctx, batch)
		switch {
		case err == nil:
		case fault.Is(err, "outbox.lost"):
			return d.dispatcher.options.Now().Add(recheck), nil
		case ctx.Err() != nil: // the process stops, which is nobody's fault, or has lost the lease
			return d.dispatcher.options.Now().Add(recheck), nil
		default:
			return d.fail(ctx, batch, err)
		}
		if err := d.acknowledge(batch, more); err != nil {
			return time.Time{}, err
		}
		if !more {
			break
		}
		if until := d.consumer.Rests(d.t.Name()); !until.IsZero() {
			return until, d.measure(ctx, d.t, d.state.Position)
		}
		if batch, more, err = d.read(ctx); err != nil {
			return time.Time{}, err
		}
	}
	d.caughtUp(d.t.Name())
	return time.Time{}, nil
}

// acknowledge saves that a batch was handled; after the last one it gives the lease back.
func (d *delivery) acknowledge(b *Batch, more bool) error {
	d.state.Position, d.state.Attempts = b.through, 0
	d.count(len(b.Events), 0)
	if b.saved == b.through && (more || !d.held) {
		return nil
	}
	values := acknowledged(b.through)
	if !more {
		values["holder"], values["lease_until"] = nil, nil
	}
	if err := d.save(values); err != nil {
		return err
	}
	d.held = d.held && more
	return nil
}

// saveWithin bounds the saving of what was done, which is not given up when the process
// stops.
const saveWithin = 10 * time.Second

// save changes the state, in a transaction of its own.
func (d *delivery) save(values map[string]any) error {
	ctx, stop := context.WithTimeout(context.Background(), saveWithin)
	defer stop()
	return d.t.Write(ctx, func(tx store.Tx) error { return d.lease.saveIn(ctx, tx, values) })
}

// release gives the lease back, if that was not done with something else.
func (d *delivery) release() {
	if !d.held {
		return
	}
	err := d.save(map[string]any{"holder": nil, "lease_until": nil})
	if err != nil && !fault.Is(err, "outbox.lost") {
		d.dispatcher.options.Log.Warn("giving back the lease of a consumer", "tenant", d.t.Name(), "consumer", d.consumer.Name, "error", err)
	}
}

// read reads the next batch; nil if there are no more events. After a failure its
// events are given one at a time.
func (d *delivery) read(ctx context.Context) (batch *Batch, more bool, err error) {
	limit := d.consumer.MaxEvents
	if d.state.Position < d.state.failedThrough {
		limit = 1
	}
	events, more, err := read(ctx, d.t, d.state.Position, limit, d.consumer.MaxBytes)
	if err != nil || len(events) == 0 {
		return nil, false, err
	}
	return &Batch{Events: events, through: events[len(events)-1].Position}, more, nil
}

// claim leases the consumer in the tenant, and says when to look again if it can't.
func (d *delivery) claim(ctx context.Context) (until time.Time, err error) {
	err = d.t.Write(ctx, func(tx store.Tx) error {
		d.held, until = false, time.Time{}
		states, err := readStates(ctx, tx)
		if err != nil {
			return err
		}
		now, s := d.dispatcher.options.Now(), stateOf(states, d.consumer.Name)
		if s == nil {
			until = now // removed a moment ago
			return nil
		}
		leased, err := s.leased(ctx, tx, now)
		switch {
		case err != nil:
			return err
		case leased:
			until = now.Add(recheck)
			return nil
		case s.RetryAt.After(now):
			until = s.RetryAt
			return nil
		}
		d.state, d.lease, d.held = s, &lease{id: s.id, version: s.version + 1}, true
		return tx.Update(ctx, consumerTable, s.id, s.version, map[string]any{"version": s.version + 1,
			"holder": d.dispatcher.options.Holder, "lease_until": now.Add(d.dispatcher.options.Lease).UnixMilli()}, nil)
	})
	switch {
	case fault.Is(err, "store.stale"): // another process was faster
		d.held = false
		return d.dispatcher.options.Now().Add(recheck), nil
	case err != nil:
		d.held = false
		return time.Time{}, fmt.Errorf("leasing a consumer: %w", err)
	case !d.held:
		d.caughtUp(d.t.Name()) // how far behind it is, the process that has it says
	}
	return until, nil
}

// beat prolongs the lease until ctx ends, and stops the work when it is lost.
func (d *delivery) beat(ctx context.Context, stop context.CancelFunc) {
	for rest(ctx, d.dispatcher.options.Lease/3) {
		// A tenant that was made by an older version may lack the table.
		err := d.t.Define(ctx, beats.Definition())
		if err == nil {
			err = d.t.Write(ctx, func(tx store.Tx) error {
				return d.lease.prolong(ctx, tx, d.dispatcher.options.Now().Add(d.dispatcher.options.Lease))
			})
		}
		if fault.Is(err, "outbox.lost") {
			stop()
			return
		}
		if err != nil && ctx.Err() == nil {
			d.dispatcher.options.Log.Warn("prolonging the lease of a consumer", "tenant", d.t.Name(), "consumer", d.consumer.Name, "error", err)
		}
	}
}

// handle gives the consumer what it wants of a batch. A panic in it is an error.
func (d *delivery) handle(ctx context.Context, b *Batch) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the consumer panicked: %v\n%s", broken, debug.Stack())
		}
	}()
	wanted := b.Events[:0]
	for i := range b.Events {
		if d.consumer.Wants(&b.Events[i]) {
			wanted = append(wanted, b.Events[i])
		}
	}
	if b.Events = wanted; len(wanted) == 0 {
		return nil
	}
	within, stop := context.WithTimeout(ctx, d.dispatcher.options.Within)
	defer stop()
	err = d.consumer.Handle(within, d.t, b)
	if err == nil || ctx.Err() != nil || !errors.Is(within.Err(), context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("the consumer took longer than %v: %w", d.dispatcher.options.Within, err)
}

// fail notes that a batch was not handled, and when it is tried again.
func (d *delivery) fail(ctx context.Context, b *Batch, cause error) (again time.Time, err error) {
	d.count(0, 1)
	attempts := d.state.Attempts + 1
	again = d.dispatcher.options.Now().Add(min(d.dispatcher.options.Backoff<<min(attempts-1, 20), maxBackoff))
	d.dispatcher.options.Log.Warn("a consumer failed, and is tried again", "tenant", d.t.Name(), "consumer", d.consumer.Name,
		"first_event", b.Events[0].ID.String(), "events", len(b.Events), "attempts", attempts, "again", again, "error", cause)
	if err := d.save(map[string]any{"attempts": attempts, "retry_at": again.UnixMilli(), "error": reason(cause),
		"failed_through": max(b.through, d.state.failedThrough), "holder": nil, "lease_until": nil}); err != nil {
		return time.Time{}, err
	}
	d.held = false
	return again, d.measure(ctx, d.t, d.state.Position)
}

// maxReason bounds the text of an error that is kept, in bytes.
const maxReason = 500

// reason is an error as people get to see it.
func reason(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), maxReason)], "")
}
