package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
)

// run does a claimed job and notes how it ended.
func (r *Runner) run(stop context.Context, t store.Tenant, j *row) {
	l := &lease{job: j.ID, holder: j.holder, length: r.o.Lease, now: r.o.Now}
	ctx, cancel := context.WithCancel(stop)
	// The lease is prolonged until the handler has returned, whoever told it to.
	beatCtx, stopBeat := context.WithCancel(context.WithoutCancel(stop))
	var beating sync.WaitGroup
	beating.Go(func() { r.beat(beatCtx, t, l, cancel) })

	began := r.o.Now()
	var err error
	if j.Attempts > r.o.Attempts {
		err = fault.New(fault.Invalid, "job.exhausted", "attempts", j.Attempts-1)
	} else {
		p := &Progress{ID: j.ID, Kind: j.Kind, Args: j.Args, Cursor: j.Cursor, Done: j.Done, Total: j.Total, By: j.By, tenant: t, lease: l}
		err = handle(ctx, r.kinds[j.Kind].Handle, t, p)
	}
	cancel()
	stopBeat()
	beating.Wait()
	// The process may be stopping, what has happened is noted all the same.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(stop), 10*time.Second)
	defer cancel()
	how, err := r.note(ctx, t, l, j, err, stop.Err() != nil)
	r.ledger.ran(j.Kind, how, r.o.Now().Sub(began))
	if err != nil {
		// The lease runs out, and the job is done over from its cursor.
		r.o.Log.Error("noting the end of a job", "tenant", t.Name(), "job", j.ID.String(), "error", err)
		return
	}
	if r.agenda.sweepDue(t.Name(), r.o.Now()) {
		r.sweep(ctx, t)
	}
}

// note writes how a run ended, which lets the next job of its lane go, and tells it as one
// of Outcomes.
func (r *Runner) note(ctx context.Context, t store.Tenant, l *lease, j *row, err error, stopping bool) (how string, _ error) {
	if l.ended() == nil {
		outcome := r.outcome(j, err, stopping)
		how = ending(outcome)
		if how == Stopped && !stopping { // it comes again
			how = Done
		}
		if err != nil && outcome["error"] != nil {
			r.o.Log.Warn("a job failed", "tenant", t.Name(), "job", j.ID.String(), "kind", j.Kind, "state", outcome["state"], "error", err)
		}
		err = t.Write(ctx, func(tx store.Tx) error {
			if err := release(ctx, tx, j.Lane); err != nil {
				return err
			}
			return l.finish(ctx, tx, outcome)
		})
		if l.ended() == nil {
			return how, err
		}
	}
	if fault.Is(l.ended(), "job.lost") {
		return Lost, nil // somebody else notes it
	}
	return Cancelled, t.Write(ctx, func(tx store.Tx) error {
		err := l.leave(ctx, tx)
		if fault.Is(err, "job.lost") {
			return nil
		}
		return err
	})
}

// again is what a handler returns whose job is to come again.
type again struct{ at time.Time }

func (a *again) Error() string { return "the job comes again at " + a.at.String() }

// Again is returned by the handler of a job that has done what there was to do, and comes again at a time: it is one row for ever, where
// a job enqueued for each time would leave one each.
func Again(at time.Time) error { return &again{at} }

// outcome is what the row says after a run that returned err.
func (r *Runner) outcome(j *row, err error, stopping bool) values {
	now := r.o.Now()
	noted := vacant()
	var comes *again
	switch {
	case errors.As(err, &comes):
		return noted.and(waiting(comes.at)).and(values{"attempts": int64(0), "error": nil, "error_params": nil})
	case err == nil:
		return noted.and(ended(Done, now)).and(values{"error": nil, "error_params": nil})
	case stopping: // nobody's fault: the run does not count, and the job keeps its turn
		return noted.and(waiting(j.RunAt)).and(values{"attempts": max(j.Attempts-1, 0)})
	}
	f := fault.From(err)
	params, marshalErr := json.Marshal(f.Params)
	if marshalErr != nil || len(f.Params) == 0 {
		params = []byte("{}")
	}
	noted.and(values{"error": f.Code, "error_params": json.RawMessage(params)})
	if retried(f.Kind) && j.Attempts < r.o.Attempts {
		pause := min(r.o.Backoff<<min(j.Attempts-1, 20), maxBackoff)
		return noted.and(waiting(now.Add(pause)))
	}
	return noted.and(ended(Failed, now))
}

// ending is an outcome in a word.
func ending(outcome values) string {
	switch state := outcome["state"]; {
	case state != Waiting:
		return state.(string)
	case outcome["error"] != nil:
		return Retried
	}
	return Stopped
}

// retried tells the kinds of faults that may be gone at the next try.
func retried(k fault.Kind) bool {
	switch k {
	case fault.Internal, fault.Unavailable, fault.Full, fault.Limited, fault.Conflict, fault.Stale:
		return true
	}
	return false
}

// handle calls a handler; a panic in it is an error of this job alone.
func handle(ctx context.Context, h Handler, t store.Tenant, p *Progress) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("job %s panicked: %v\n%s", p.Kind, broken, debug.Stack())
		}
	}()
	return h(ctx, t, p)
}

// beat prolongs the lease until ctx ends, and cancels the run when it is lost or the
// job is cancelled.
func (r *Runner) beat(ctx context.Context, t store.Tenant, l *lease, cancel context.CancelFunc) {
	ticker := time.NewTicker(r.o.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := t.Write(ctx, func(tx store.Tx) error { return l.prolong(ctx, tx) })
		if ended := l.ended(); ended != nil {
			cancel()
			if fault.Is(ended, "job.lost") {
				return
			}
		}
		if err != nil && ctx.Err() == nil {
			r.o.Log.Warn("prolonging the lease of a job", "tenant", t.Name(), "job", l.job.String(), "error", err)
		}
	}
}

const (
	sweepEvery = time.Hour
	sweepBatch = 500 // old jobs that a transaction removes
)

// sweep removes jobs that ended long ago, some at a time.
func (r *Runner) sweep(ctx context.Context, t store.Tenant) {
	old := endedBefore(r.o.Now().Add(-r.o.Keep))
	for {
		rows, err := old.rows(ctx, t)
		if err == nil && len(rows) > 0 {
			var jobs []any
			for _, j := range rows {
				jobs = append(jobs, int64(j.ID))
			}
			err = t.Write(ctx, func(tx store.Tx) error {
				old := query.In{Ref: query.Field(query.ID), Values: jobs}
				if _, err := tx.DeleteWhere(ctx, table, old); err != nil {
					return err
				}
				_, err := tx.DeleteWhere(ctx, beats.Name, old)
				return err
			})
		}
		if err != nil {
			r.o.Log.Warn("removing old jobs", "tenant", t.Name(), "error", err)
		}
		if err != nil || len(rows) < sweepBatch {
			return
		}
	}
}

// endedBefore finds jobs that ended before a time, the first in front.
func endedBefore(at time.Time) lookup {
	return lookup{part: essentials, limit: sweepBatch,
		filter: query.Compare{Ref: query.Field(colEndedAt), Op: query.Lt, Value: at.UnixMilli()},
		sort:   []query.Order{{Ref: query.Field(colEndedAt)}, {Ref: query.Field(query.ID)}}}
}
