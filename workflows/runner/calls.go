package runner

import (
	"context"
	"time"

	"formwork/engine/job"
	"formwork/engine/store"
	"formwork/workflows/outside"
)

// jobCall has requests made that runs ask of outside systems. There is one such job for when the next of them is due.
const jobCall = "call_outside"

// noRoom is after what time requests are looked at again for which there was no room.
const noRoom = time.Second

var calls = alarm{4, jobCall}

// call begins to make the requests of a tenant that are due.
func (r *Runner) call(ctx context.Context, t store.Tenant, _ *job.Progress) error {
	room, err := r.outside.Start(ctx, t)
	if err != nil {
		return err
	}
	again := false
	err = t.Write(ctx, func(tx store.Tx) error {
		next, err := outside.Next(ctx, tx)
		if err != nil {
			return err
		}
		if soonest := r.o.Now().Add(noRoom); !room && next.Before(soonest) {
			next = soonest
		}
		again = !next.IsZero()
		return calls.next(ctx, tx, r, next)
	})
	if err == nil && again {
		r.o.Wake(t.Name())
	}
	return err
}

// queue is Runner.queue for the runs of the transaction, which have begun.
func (g *together) queue() (bool, error) {
	queued, err := g.r.queue(g.ctx, g.joint.Tx(), g.due)
	if err != nil {
		return false, err
	}
	called, err := g.queueCalls()
	return queued || called, err
}

// queueCalls has the requests made that runs of the transaction ask for. It reports whether a job was enqueued.
func (g *together) queueCalls() (bool, error) {
	if !g.calls {
		return false, nil
	}
	return g.r.queueCalls(g.ctx, g.joint.Tx(), g.r.o.Now())
}

// queueCalls has the job come for requests that are due at a time, unless it comes before.
func (r *Runner) queueCalls(ctx context.Context, tx store.Tx, due time.Time) (bool, error) {
	return calls.by(ctx, tx, r, due)
}

// answered has the run go on that waits for a request, and the next requests made: there is room for another, and this one
// may be due again.
func (r *Runner) answered(ctx context.Context, tx store.Tx, c *outside.Call) error {
	if c.State != outside.Pending {
		if _, err := r.wakeRun(ctx, tx, c.Run, c.ID); err != nil {
			return err
		}
	}
	if m := c.Request.Mail; m != nil && m.Asks != 0 && c.State == outside.Failed {
		if _, err := r.closeUnsent(ctx, tx, c.Run, m.Asks); err != nil {
			return err
		}
	}
	next, err := outside.Next(ctx, tx)
	if err == nil && !next.IsZero() {
		_, err = r.queueCalls(ctx, tx, next)
	}
	return err
}

// Run makes requests to outside systems for as long as ctx lasts, and returns when none is under way any more.
func (r *Runner) Run(ctx context.Context) { r.outside.Run(ctx) }

// Calling is how many requests to outside systems are under way.
func (r *Runner) Calling() int { return r.outside.Flying() }
