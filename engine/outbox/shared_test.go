package outbox_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

func sharedBy(holder string) func(*outbox.Options) {
	return func(o *outbox.Options) { o.Alone, o.Holder = false, holder }
}

// Two processes share a consumer: never both at once, each event once, in order.
func TestTwoProcessesShareAConsumer(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	var at atomic.Int64
	all := &taker{}
	handle := func(ctx context.Context, in store.Tenant, b *outbox.Batch) error {
		if at.Add(1) > 1 {
			t.Error("both at once")
		}
		defer at.Add(-1)
		return all.handle(ctx, in, b)
	}
	a, _ := h.dispatcher(sharedBy("a"), outbox.Consumer{Name: "one", MaxEvents: 3, Handle: handle})
	b, _ := h.dispatcher(sharedBy("b"), outbox.Consumer{Name: "one", MaxEvents: 3, Handle: handle})
	for n := 1; n <= 60; n += 2 {
		h.write(acme, n, n+1)
		[]*outbox.Dispatcher{a, b}[n/2%2].Wake("acme")
		h.clock.add(time.Second) // so that who met the other looks again
	}
	h.until("all", func() bool {
		h.clock.add(time.Second)
		a.Wake("acme")
		b.Wake("acme")
		return len(all.got()) >= 60
	})
	if got := all.got(); !slices.Equal(got, numbers(1, 60)) {
		t.Errorf("got %v", got)
	}
}

// A process that was taken for dead acknowledges nothing, whichever way it does.
func TestWhoLostTheLeaseAcknowledgesNothing(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	h.write(acme, 1, 2, 3)
	held, go1 := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var late error
	stuck := func(ctx context.Context, in store.Tenant, b *outbox.Batch) error {
		once.Do(func() { close(held) })
		<-go1
		ctx = context.WithoutCancel(ctx)
		late = in.Write(ctx, func(tx store.Tx) error {
			if err := tx.Insert(ctx, "effect", h.ids.Next(), map[string]any{"n": int64(99)}, nil); err != nil {
				return err
			}
			return b.SaveIn(ctx, tx)
		})
		return late
	}
	// A lease that is never prolonged: its third is an hour of real time.
	a, stopA := h.dispatcher(func(o *outbox.Options) { sharedBy("a")(o); o.Lease = 3 * time.Hour },
		outbox.Consumer{Name: "one", Handle: stuck})
	a.Wake("acme")
	<-held
	next := &taker{}
	b, _ := h.dispatcher(sharedBy("b"), outbox.Consumer{Name: "one", MaxEvents: 2, Handle: func(ctx context.Context, in store.Tenant, batch *outbox.Batch) error {
		if err := next.handle(ctx, in, batch); err != nil || slices.Contains(next.got(), 3) {
			return err
		}
		return nil
	}})
	b.Wake("acme")
	h.until("that b was refused", func() bool { time.Sleep(50 * time.Millisecond); return len(next.got()) == 0 })
	h.clock.add(4 * time.Hour)
	b.Wake("acme")
	h.until("b to take over", next.has(1, 2, 3))
	close(go1)
	stopA()
	if !fault.Is(late, "outbox.lost") {
		t.Errorf("the late one was told %v", late)
	}
	if n, err := acme.Count(t.Context(), "effect", query.Is(query.Column{Name: "n", Storage: fieldtype.Int}, int64(99)), nil, 0); err != nil || n != 0 {
		t.Errorf("%d late effects, %v", n, err)
	}
	h.write(acme, 4)
	b.Wake("acme")
	h.until("the next", next.has(1, 2, 3, 4))
}

// A handler that takes too long is told to end, and the batch given again.
func TestAHandlerThatHangs(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	h.write(acme, 1)
	var calls atomic.Int64
	d, _ := h.dispatcher(func(o *outbox.Options) { o.Within = 20 * time.Millisecond }, outbox.Consumer{Name: "one",
		Handle: func(ctx context.Context, _ store.Tenant, _ *outbox.Batch) error {
			if calls.Add(1) == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}})
	d.Wake("acme")
	h.until("the failure", func() bool { return d.Figures()[0].Failed == 1 })
	h.until("that it is noted", func() bool {
		s, err := d.Status(t.Context(), acme)
		return err == nil && s[0].Attempts == 1
	})
	h.clock.add(time.Minute)
	d.Wake("acme")
	h.until("the second try", func() bool { return d.Figures()[0].Handled == 1 })
}

// A process that stops acknowledges what was handled, and gives its leases back.
func TestStopping(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	h.write(acme, 1, 2, 3)
	handling := make(chan struct{}, 10)
	a, stop := h.dispatcher(sharedBy("a"), outbox.Consumer{Name: "one", MaxEvents: 1, Handle: func(ctx context.Context, _ store.Tenant, b *outbox.Batch) error {
		handling <- struct{}{}
		if b.Events[0].Record == 2 {
			<-ctx.Done()
		}
		return nil
	}})
	a.Wake("acme")
	<-handling
	<-handling
	stop()
	rest := &taker{}
	b, _ := h.dispatcher(sharedBy("b"), outbox.Consumer{Name: "one", Handle: rest.handle})
	b.Wake("acme")
	h.until("the rest", rest.has(3))
}

// A tenant that is gone, or can't be opened, is nobody else's trouble.
func TestTenantsThatAreGone(t *testing.T) {
	h := newHouse(t)
	h.tenant("acme")
	good, broken := &taker{}, errors.New("the disk is on fire")
	d, _ := h.dispatcher(func(o *outbox.Options) {
		o.Tenant = func(ctx context.Context, name string) (store.Tenant, error) {
			if name == "broken" {
				return nil, broken
			}
			return h.store.Tenant(ctx, name)
		}
	}, outbox.Consumer{Name: "one", Handle: good.handle})
	d.Wake("nobody")
	d.Wake("broken")
	acme, err := h.store.Tenant(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	h.write(acme, 1)
	d.Wake("acme")
	h.until("the tenant that is there", good.has(1))
}
