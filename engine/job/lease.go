package job

import (
	"context"
	"sync"
	"time"

	"formwork/engine/beat"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// beats say that runs go on.
var beats = beat.Table{Name: "_job_beat", Holder: colHolder}

// hear sets the ends of leases that ran out, as their jobs' rows have them, to what the runs
// said since.
func hear(ctx context.Context, from store.Reader, leases []*row, now int64) error {
	expired := map[id.ID]any{}
	for _, j := range leases {
		if j.lease <= now {
			expired[j.ID] = j.holder
		}
	}
	heard, err := beats.Heard(ctx, from, expired)
	if err != nil {
		return err
	}
	for _, j := range leases {
		if until, ok := heard[j.ID]; ok {
			j.lease = max(j.lease, until.UnixMilli())
		}
	}
	return nil
}

// lease is one process's hold on one job.
type lease struct {
	job    id.ID
	holder string // unique to this run of the job
	length time.Duration
	now    func() time.Time

	mu   sync.Mutex
	lost error // why the lease ended, once it has
	beat bool  // there may be a row of beats
}

// update changes the job's row and prolongs the lease, if it still is ours and the job
// was not cancelled. What a run that ends no longer occupies is among the changes.
func (l *lease) update(ctx context.Context, tx store.Tx, changed values) error {
	if _, err := l.check(ctx, tx); err != nil {
		return err
	}
	if _, final := changed["state"]; !final {
		changed["lease_until"] = l.now().Add(l.length).UnixMilli()
	}
	return update(ctx, tx, l.job, changed)
}

// prolong keeps what the run occupies for as long as it goes on, also when the job was
// cancelled: its lane is not free before the handler has returned.
func (l *lease) prolong(ctx context.Context, tx store.Tx) error {
	r, err := l.check(ctx, tx)
	if r == nil {
		return err
	}
	l.mu.Lock()
	l.beat = true
	l.mu.Unlock()
	return beats.Say(ctx, tx, l.job, l.holder, l.now().Add(l.length))
}

// finish writes how the run ended, and removes its beats if it needed any.
func (l *lease) finish(ctx context.Context, tx store.Tx, outcome values) error {
	if err := l.update(ctx, tx, outcome); err != nil {
		return err
	}
	l.mu.Lock()
	beat := l.beat
	l.mu.Unlock()
	if !beat {
		return nil
	}
	return beats.End(ctx, tx, l.job)
}

// leave gives up what the run of a cancelled job occupies.
func (l *lease) leave(ctx context.Context, tx store.Tx) error {
	r, err := l.check(ctx, tx)
	if r == nil {
		return err
	}
	return vacate(ctx, tx, r)
}

// check reads the job. Fault "job.lost" if the lease is not ours any more, then the row
// is nil, "job.cancelled" if the job was cancelled.
func (l *lease) check(ctx context.Context, tx store.Tx) (*row, error) {
	r, err := load(ctx, tx, l.job, essentials)
	switch {
	case err != nil:
		return nil, err
	case r == nil || r.holder != l.holder:
		return nil, l.end(fault.New(fault.Conflict, "job.lost"))
	case r.State != Running:
		return r, l.end(fault.New(fault.Conflict, "job.cancelled"))
	}
	return r, nil
}

// vacate frees what a run that ended occupied, of a job that was cancelled meanwhile; it
// may have been retried since.
func vacate(ctx context.Context, tx store.Tx, r *row) error {
	if err := release(ctx, tx, r.Lane); err != nil {
		return err
	}
	left := vacant()
	if r.State == Waiting {
		left.and(waiting(r.RunAt)) // it was held by that run
	}
	if err := update(ctx, tx, r.ID, left); err != nil {
		return err
	}
	return beats.End(ctx, tx, r.ID)
}

// vacant are the values of a job without a lease.
func vacant() values {
	return values{"holder": nil, "lease_until": nil, "busy_lane": nil, "slot": nil}
}

// end keeps why the lease is over.
func (l *lease) end(why error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = why
	return why
}

// ended is why the lease is over; nil while it holds.
func (l *lease) ended() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}
