package job

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
)

// claim takes the lease of the first job that may run now. Without one, again is
// when it is worth looking again (zero: when the tenant is woken).
func (r *Runner) claim(ctx context.Context, t store.Tenant) (claimed *row, again time.Time, err error) {
	if err := r.pick(ctx, t, &claimed, &again); err != nil || claimed == nil {
		return nil, again, err
	}
	r.mu.Lock()
	r.runs++
	holder := r.o.Holder + "/" + strconv.FormatInt(r.runs, 10)
	r.mu.Unlock()
	err = t.Write(ctx, func(tx store.Tx) error {
		if err := r.pick(ctx, tx, &claimed, &again); err != nil || claimed == nil {
			return err
		}
		now := r.o.Now()
		claimed.State, claimed.holder = Running, holder
		claimed.Attempts++
		values := map[string]any{"state": Running, "holder": holder, "attempts": claimed.Attempts,
			"lease_until": now.Add(r.o.Lease).UnixMilli()}
		if claimed.StartedAt.IsZero() {
			values["started_at"] = now.UnixMilli()
		}
		return tx.Update(ctx, table, claimed.ID, 0, values, nil)
	})
	if err != nil {
		return nil, again, fmt.Errorf("claiming a job: %w", err)
	}
	return claimed, again, nil
}

// pick finds the first open job whose lane is free and whose time has come.
func (r *Runner) pick(ctx context.Context, from store.Reader, picked **row, again *time.Time) error {
	*picked, *again = nil, time.Time{}
	open, err := read(ctx, from, query.In{Ref: query.Field(colState), Values: []any{Waiting, Running}}, false, queueLimit)
	if err != nil {
		return err
	}
	now := r.o.Now()
	later := func(at time.Time) {
		if again.IsZero() || at.Before(*again) {
			*again = at
		}
	}
	held := map[string]bool{}
	for _, j := range open {
		if h, ok := r.handlers[j.Kind]; ok && j.State == Running && j.lease > now.UnixMilli() && !r.orphaned(j) {
			held[h.lane] = true
			later(time.UnixMilli(j.lease))
		}
	}
	for _, j := range open {
		h, ok := r.handlers[j.Kind]
		if !ok || held[h.lane] {
			continue
		}
		if j.State == Waiting && j.RunAt.After(now) {
			later(j.RunAt)
			held[h.lane] = true
			continue
		}
		*picked = j
		return nil
	}
	return nil
}

// orphaned reports whether the process that runs a job is known to be gone.
func (r *Runner) orphaned(j *row) bool {
	return r.o.Alone && !strings.HasPrefix(j.holder, r.o.Holder+"/")
}

// run does a claimed job and notes how it ended.
func (r *Runner) run(stop context.Context, t store.Tenant, j *row) {
	l := &lease{job: j.ID, holder: j.holder, length: r.o.Lease, now: r.o.Now}
	ctx, cancel := context.WithCancel(stop)
	var beating sync.WaitGroup
	beating.Go(func() { r.beat(ctx, t, l, cancel) })

	var err error
	if j.Attempts > r.o.Attempts {
		err = fault.New(fault.Invalid, "job.exhausted", "attempts", j.Attempts-1)
	} else {
		p := &Progress{ID: j.ID, Kind: j.Kind, Args: j.Args, Cursor: j.Cursor, Done: j.Done, Total: j.Total, By: j.By, tenant: t, lease: l}
		err = handle(ctx, r.handlers[j.Kind].handle, t, p)
	}
	cancel()
	beating.Wait()
	if l.ended() != nil {
		return // cancelled, or somebody else's by now
	}
	// The process may be stopping, what has happened is noted all the same.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(stop), 10*time.Second)
	defer cancel()
	values := r.outcome(j, err, stop.Err() != nil)
	if err != nil && values["error"] != nil {
		r.o.Log.Warn("a job failed", "tenant", t.Name(), "job", j.ID.String(), "kind", j.Kind, "state", values["state"], "error", err)
	}
	if err := t.Write(ctx, func(tx store.Tx) error { return l.update(ctx, tx, values) }); err != nil && l.ended() == nil {
		// The lease runs out, and the job is done over from its cursor.
		r.o.Log.Error("noting the end of a job", "tenant", t.Name(), "job", j.ID.String(), "error", err)
		return
	}
	if values["state"] != Waiting {
		r.sweep(ctx, t)
	}
}

// outcome is what the row says after a run that returned err.
func (r *Runner) outcome(j *row, err error, stopping bool) map[string]any {
	now := r.o.Now()
	switch {
	case err == nil:
		return map[string]any{"state": Done, "ended_at": now.UnixMilli(), "holder": nil, "lease_until": nil,
			"error": nil, "error_params": nil}
	case stopping: // nobody's fault: the run does not count
		return map[string]any{"state": Waiting, "run_at": now.UnixMilli(), "holder": nil, "lease_until": nil,
			"attempts": max(j.Attempts-1, 0)}
	}
	f := fault.From(err)
	params, marshalErr := json.Marshal(f.Params)
	if marshalErr != nil || len(f.Params) == 0 {
		params = []byte("{}")
	}
	values := map[string]any{"error": f.Code, "error_params": json.RawMessage(params), "holder": nil, "lease_until": nil}
	if retried(f.Kind) && j.Attempts < r.o.Attempts {
		pause := min(r.o.Backoff<<min(j.Attempts-1, 20), maxBackoff)
		values["state"], values["run_at"] = Waiting, now.Add(pause).UnixMilli()
	} else {
		values["state"], values["ended_at"] = Failed, now.UnixMilli()
	}
	return values
}

// retried tells the kinds of faults that may be gone at the next try.
func retried(k fault.Kind) bool {
	switch k {
	case fault.Internal, fault.Unavailable, fault.Limited, fault.Conflict, fault.Stale:
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

// beat prolongs the lease until ctx ends, and cancels the run when it is lost.
func (r *Runner) beat(ctx context.Context, t store.Tenant, l *lease, cancel context.CancelFunc) {
	ticker := time.NewTicker(r.o.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := t.Write(ctx, func(tx store.Tx) error { return l.update(ctx, tx, map[string]any{}) })
		if l.ended() != nil {
			cancel()
			return
		}
		if err != nil && ctx.Err() == nil {
			r.o.Log.Warn("prolonging the lease of a job", "tenant", t.Name(), "job", l.job.String(), "error", err)
		}
	}
}

// sweep removes jobs that ended long ago.
func (r *Runner) sweep(ctx context.Context, t store.Tenant) {
	old := query.All{
		query.In{Ref: query.Field(colState), Values: []any{Done, Failed, Cancelled}},
		query.Compare{Ref: query.Field(colEndedAt), Op: query.Lt, Value: r.o.Now().Add(-r.o.Keep).UnixMilli()},
	}
	err := t.Write(ctx, func(tx store.Tx) error {
		_, err := tx.DeleteWhere(ctx, table, old)
		return err
	})
	if err != nil {
		r.o.Log.Warn("removing old jobs", "tenant", t.Name(), "error", err)
	}
}
