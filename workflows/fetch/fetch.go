// Package fetch has mail fetched for mailboxes, over IMAP.
//
// One job of a tenant comes about once a minute, for as long as a mailbox of it has a source. It takes up the mailboxes that are
// due, of a tenant few at a time and of all tenants more, and waits for no server: what is taken up is due again, for whoever looks then, when its
// lease has ended. To look for mail takes rows alone; the configuration is asked when a message has come.
//
// A message is taken once: the number of the last one is kept with the mailbox, and moves on when the message was received, which knows
// what was received before. A message that can't be received is passed over and counted.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/mail"
	"formwork/engine/store"
	"formwork/workflows/outside"
)

const (
	// every is about how often mail is looked for in a mailbox.
	every = time.Minute
	// longest is the longest pause after failures, which doubles from every.
	longest = time.Hour
	// noRoom is after what time mailboxes are looked at again for which there was no room.
	noRoom = 5 * time.Second
	// lease is after what time a mailbox is looked at again of which nothing was heard: longer than a connection may take, and the message after
	// it.
	lease       = 2 * time.Minute
	atOnce      = 2  // mailboxes of a tenant at a time
	atOnceOfAll = 32 // of all tenants
	// smallMessage is how many bytes of the memory a message takes for which there is always room; of larger ones there are few at a time.
	smallMessage = 1 << 20
	largeAtOnce  = 2
	// timesOfSize is how many times its size a message takes while it is received.
	timesOfSize = 4
	// maxTries is how often a message is tried that the server does not give.
	maxTries = 3
)

// Options are what a Fetcher is made of.
type Options struct {
	Catalog *catalog.Catalog
	Inbox   *mail.Inbox
	Reach   outside.Reach
	// Memory is what requests hold together, of which messages take their share; nil: it is not bounded.
	Memory *budget.Budget
	IDs    *id.Source
	Now    func() time.Time
	// Committed is called with the name of a tenant for which work was committed.
	Committed func(tenant string)
	Log       *slog.Logger
}

// Fetcher fetches mail. Safe for concurrent use.
type Fetcher struct {
	o       Options
	places  *budget.Places
	large   *semaphore.Weighted
	flights *budget.Flights // the mailboxes that are looked at
	ctx     context.Context // theirs
}

// New makes a fetcher.
func New(o Options) *Fetcher {
	flights := budget.NewFlights()
	return &Fetcher{o: o, places: budget.NewPlaces(atOnce, atOnceOfAll), large: semaphore.NewWeighted(largeAtOnce), flights: flights, ctx: flights.Context()}
}

// Run returns when ctx has ended and no mailbox is looked at any more; what was cut off is fetched later.
func (f *Fetcher) Run(ctx context.Context) { f.flights.Run(ctx) }

// Flying is how many mailboxes are looked at.
func (f *Fetcher) Flying() int { return f.places.Taken() }

// Jobs are the kinds of jobs that fetch mail.
func (f *Fetcher) Jobs() []job.Kind {
	return []job.Kind{{Name: mail.JobFetch, Limit: 1, Handle: f.come}}
}

// come begins to look at the mailboxes that are due, and comes again for the next. What keeps it from that is told and tried again, for nothing
// else would have it come.
func (f *Fetcher) come(ctx context.Context, t store.Tenant, j *job.Progress) error {
	next, err := f.round(ctx, t, j)
	switch {
	case ctx.Err() != nil || fault.Is(err, "job.cancelled") || fault.Is(err, "job.lost"):
		return err
	case err != nil:
		f.o.Log.Error("looking for mail to be fetched", "tenant", t.Name(), "error", err)
		next = f.o.Now().Add(every)
	case next.IsZero():
		return nil
	}
	return job.Again(next)
}

// round is what the job does each time; it tells when the next is; the zero time: there is none. One that is new to the tenant first notes what
// the configuration says, and takes the place of those before.
func (f *Fetcher) round(ctx context.Context, t store.Tenant, j *job.Progress) (next time.Time, err error) {
	if j.Cursor == nil {
		if err := f.follow(ctx, t); err != nil {
			return next, err
		}
		if err := j.Save(ctx, 0, 0, true); err != nil {
			return next, err
		}
	}
	if last, err := f.replace(ctx, t, j.ID); !last || err != nil {
		return next, err
	}
	wait, err := f.start(ctx, t)
	if err != nil {
		return next, err
	}
	if next, err = firstDue(ctx, t); err != nil || next.IsZero() {
		return next, err
	}
	now := f.o.Now()
	if latest := now.Add(every); next.After(latest) { // what is looked at now may be due again before its lease ends
		next = latest
	}
	if soonest := now.Add(wait); next.Before(soonest) {
		next = soonest
	}
	return next, nil
}

// replace ends the jobs of the kind that wait and were enqueued before this one, and reports whether it is the last.
func (f *Fetcher) replace(ctx context.Context, t store.Tenant, own id.ID) (last bool, err error) {
	others, err := job.List(ctx, t, job.Listing{Kind: mail.JobFetch, State: job.Waiting})
	if err != nil {
		return false, err
	}
	for _, other := range others {
		if other.ID > own {
			return false, nil
		}
		if err := job.Cancel(ctx, t, other.ID, f.o.Now()); err != nil {
			return false, err
		}
	}
	return true, nil
}

// Again has mail be looked for again a while later, whatever becomes of the job that does so now.
func (f *Fetcher) Again(ctx context.Context, t store.Tenant) error {
	err := t.Write(ctx, func(tx store.Tx) error {
		_, err := job.Enqueue(ctx, tx, f.o.IDs, f.o.Now(), job.New{Kind: mail.JobFetch, At: f.o.Now().Add(every)})
		return err
	})
	if err == nil {
		f.o.Committed(t.Name())
	}
	return err
}

// Hurry has the mailboxes that are fetched by a connection be looked at now, such as after it got another secret.
func (f *Fetcher) Hurry(ctx context.Context, t store.Tenant, connection string) error {
	hurried := false
	err := t.Write(ctx, func(tx store.Tx) error {
		boxes, err := find(ctx, tx, nil, 0)
		if err != nil {
			return err
		}
		hurried = false
		for _, b := range boxes {
			if b.Source.Connection != connection {
				continue
			}
			hurried = true
			if err := b.update(ctx, tx, map[string]any{colDue.Name: f.o.Now().UnixMilli(), colClaim.Name: int64(0), colFailures.Name: int64(0)}); err != nil {
				return err
			}
		}
		if !hurried {
			return nil
		}
		_, err = job.Enqueue(ctx, tx, f.o.IDs, f.o.Now(), job.New{Kind: mail.JobFetch})
		return err
	})
	if err == nil && hurried {
		f.o.Committed(t.Name())
	}
	return err
}

// start takes up the mailboxes of a tenant that are due, as many as there is room for, and returns without waiting for their servers: wait is
// when others may be taken up.
func (f *Fetcher) start(ctx context.Context, t store.Tenant) (wait time.Duration, err error) {
	n := f.places.Take(t.Name())
	if n == 0 && f.places.Taken() >= atOnceOfAll { // many tenants wait for a place, and should not ask for it together
		return pause(f.o.IDs.Next(), 0) / 2, nil
	}
	if n == 0 {
		return noRoom, nil
	}
	var due []*box
	err = t.Write(ctx, func(tx store.Tx) (err error) {
		if due, err = find(ctx, tx, dueBy(f.o.Now()), n); err != nil {
			return err
		}
		for _, b := range due {
			b.claim = f.o.IDs.Next()
			if err := b.update(ctx, tx, map[string]any{colClaim.Name: int64(b.claim), colDue.Name: f.o.Now().Add(lease).UnixMilli()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !f.flights.Begin(len(due)) { // they are looked at again when their lease has ended
		f.places.Give(t.Name(), n)
		return time.Second, err
	}
	f.places.Give(t.Name(), n-len(due))
	for _, b := range due {
		go func() {
			defer f.flights.Done()
			defer f.places.Give(t.Name(), 1)
			if err := f.look(t, b); err != nil && f.ctx.Err() == nil {
				f.o.Log.Error("fetching mail", "tenant", t.Name(), "mailbox", b.Mailbox, "error", err)
			}
		}()
	}
	if len(due) == n {
		return noRoom, nil
	}
	return time.Second, nil
}

// pause is how long is waited after a number of failures: about a minute after none, then between the half and the whole of a pause that
// doubles. Those that are due together do not stay so.
func pause(seed id.ID, failures int64) time.Duration {
	full := every
	if failures > 0 {
		full = min(longest, every<<min(failures, 10))
	}
	spread := sha256.Sum256(fmt.Append(nil, seed, failures))
	part := full / 2
	if failures == 0 {
		part = full / 6
	}
	return full - time.Duration(binary.BigEndian.Uint64(spread[:])>>1)%part
}

// follow notes what the newest configuration says of where mail is fetched from.
func (f *Fetcher) follow(ctx context.Context, t store.Tenant) error {
	return f.o.Catalog.UnderNewest(ctx, t, func(s *catalog.Snapshot) error {
		return t.Write(ctx, func(tx store.Tx) error {
			if err := catalog.CheckNewest(ctx, tx, s); err != nil {
				return err
			}
			return note(ctx, tx, mail.Sources(s), f.o.Now())
		})
	})
}
