package runner

import (
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/inquiry"
	"formwork/workflows/webhook"
)

const (
	jobTrim    = "trim_runs"
	trimEvery  = 24 * time.Hour
	trimAtOnce = 500 // runs that one transaction removes
)

var trims = alarm{3, jobTrim}

// trimLater has old runs removed some time, if that is not to come already. It reports whether a job was
// enqueued.
func (r *Runner) trimLater(ctx context.Context, tx store.Tx) (bool, error) {
	return trims.by(ctx, tx, r, r.o.Now().Add(trimEvery))
}

// trim removes old runs, and forgets deliveries of outside systems that were taken long ago. It comes again for as long as there are any.
func (r *Runner) trim(ctx context.Context, t store.Tenant, _ *job.Progress) error {
	snapshot, err := r.o.Catalog.Newest(ctx, t)
	if err != nil {
		return err
	}
	began := r.o.Now().Add(-workflows.Of(snapshot).Keeps)
	for {
		more, err := r.trimSome(ctx, t, began)
		if err != nil || !more {
			return err
		}
	}
}

// trimSome removes some of the runs that began before a time.
func (r *Runner) trimSome(ctx context.Context, t store.Tenant, began time.Time) (more bool, err error) {
	queued := false
	err = t.Write(ctx, func(tx store.Tx) error {
		more, queued = false, false
		old := query.All{query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: int64(id.At(began))}, query.Compare{Ref: query.Field(colState), Op: query.Ne, Value: Waiting}}
		var keys []id.ID
		callers := map[id.ID]id.ID{} // of runs that were called
		for row, err := range store.Find(ctx, tx, query.Select{Table: runTable, Filter: old, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: trimAtOnce}, query.ID, colParent) {
			if err != nil {
				return fmt.Errorf("finding old runs: %w", err)
			}
			key := row.ID(query.ID)
			keys = append(keys, key)
			if caller := row.ID(colParent); caller != 0 {
				callers[key] = caller
			}
		}
		found := len(keys)
		if keys, err = withoutWaiting(ctx, tx, keys, callers); err != nil {
			return err
		}
		for _, key := range keys {
			if err := tx.Delete(ctx, runTable, key); err != nil {
				return fmt.Errorf("removing an old run: %w", err)
			}
		}
		if err := removeInquiries(ctx, tx, keys); err != nil {
			return err
		}
		forgot, left, err := webhook.Forget(ctx, tx, r.o.Now(), trimAtOnce)
		if err != nil {
			return err
		}
		if more = found == trimAtOnce && len(keys) > 0 || forgot == trimAtOnce; more {
			return nil
		}
		_, queued, err = store.First(ctx, tx, query.Select{Table: runTable}, query.ID)
		if err != nil {
			return fmt.Errorf("looking for runs: %w", err)
		}
		queued = queued || left
		next := time.Time{}
		if queued {
			next = r.o.Now().Add(trimEvery)
		}
		return trims.next(ctx, tx, r, next)
	})
	if err == nil && queued {
		r.o.Wake(t.Name())
	}
	return more, err
}

// removeInquiries removes what runs that are removed asked people outside.
func removeInquiries(ctx context.Context, tx store.Tx, runs []id.ID) error {
	if len(runs) == 0 {
		return nil
	}
	keys := make([]any, len(runs))
	for i, key := range runs {
		keys[i] = int64(key)
	}
	return inquiry.RemoveOf(ctx, tx, keys)
}

// withoutWaiting are those of some runs whose callers do not wait: these are yet to read what became of them.
func withoutWaiting(ctx context.Context, tx store.Tx, runs []id.ID, callers map[id.ID]id.ID) ([]id.ID, error) {
	if len(callers) == 0 {
		return runs, nil
	}
	var all []any
	for _, caller := range callers {
		all = append(all, int64(caller))
	}
	waiting := map[id.ID]bool{}
	for row, err := range store.Find(ctx, tx, query.Select{Table: runTable, Filter: query.All{query.In{Ref: query.Field(query.ID), Values: all}, query.Is(colState, Waiting)}}, query.ID) {
		if err != nil {
			return nil, fmt.Errorf("finding the callers of old runs: %w", err)
		}
		waiting[row.ID(query.ID)] = true
	}
	return slices.DeleteFunc(runs, func(run id.ID) bool { return waiting[callers[run]] }), nil
}
