package runner

import (
	"context"
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows"
)

// What a run has to do with changes of its record, in the column colWatches.
const (
	mayWatch = 1 // a step of its workflow waits for a condition
	watches  = 2 // such a step is what it waits in
)

// mayWatchOf is what a run of a workflow that begins has to do with changes of its record.
func mayWatchOf(w *workflows.Workflow) int64 {
	if w.Watches() {
		return mayWatch
	}
	return 0
}

// maxWatching is how many runs wait for changes of one record at most: whoever changes it wakes them all.
const maxWatching = 100

// Watch implements workflows.Acts. Whoever changes the record meanwhile waits, and then wakes the run. A run that is tried goes on
// as if the condition held. Fault workflow.too_many_watch (Limited).
func (e *executing) Watch() (held bool, err error) {
	if e.tries {
		e.note(Effect{Do: "wait"})
		return true, nil
	}
	return false, workflows.Act(e.tape, e.watch, "watch")
}

func (e *executing) watch() error {
	if err := e.joint.Tx().Lock(e.ctx, e.env.Mapping.Object.Table.Name, e.run.Record); err != nil {
		return fmt.Errorf("locking a record whose changes are waited for: %w", err)
	}
	if !e.watches {
		others, err := e.joint.Tx().Count(e.ctx, runTable, watching([]any{int64(e.run.Record)}).Filter, nil, maxWatching)
		if err != nil {
			return fmt.Errorf("counting the runs that wait for changes of a record: %w", err)
		}
		if others >= maxWatching {
			return fault.New(fault.Limited, "workflow.too_many_watch", "limit", maxWatching)
		}
	}
	return e.refresh()
}

// changes reports whether an event tells that a record was changed, or is gone.
func changes(e *outbox.Event) bool {
	switch record.Action(e.Action) {
	case record.Updated, record.Deleted, record.Merged, record.RolledUp:
		return true
	}
	return false
}

// watched are the records that events changed and runs watch, as far as can be seen before a transaction. Only of objects for
// which a workflow has such a step, or had when a run began, is anything asked.
func (r *Runner) watched(ctx context.Context, t store.Tenant, s *catalog.Snapshot, events []outbox.Event) ([]any, error) {
	former, err := r.formerlyWatched(ctx, t, s)
	if err != nil {
		return nil, err
	}
	var keys []any
	for i := range events {
		if e := &events[i]; changes(e) && (workflows.Of(s).Watches(e.Object) || former[e.Object]) {
			keys = append(keys, int64(e.Record))
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	_, found, err := store.First(ctx, t, watching(keys), query.ID)
	if err != nil {
		return nil, fmt.Errorf("looking for runs that wait for a change: %w", err)
	}
	if !found {
		return nil, nil
	}
	return keys, nil
}

// watching selects the runs that watch some records.
func watching(records []any) query.Select {
	return query.Select{Table: runTable, Filter: query.All{query.In{Ref: query.Field(colRecord), Values: records}, query.Is(colWatches, int64(watches)), query.Is(colState, Waiting)}}
}

// wake has the runs go on that watch some records.
func (g *together) wake(records []any) error {
	if len(records) == 0 {
		return nil
	}
	runs, err := find(g.ctx, g.joint.Tx(), watching(records), false)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if now := g.r.o.Now(); run.Due.IsZero() || run.Due.After(now) {
			run.Due = now
			values := map[string]any{query.Version.Name: run.version + 1, colDue.Name: now.UnixMilli()}
			if err := g.joint.Tx().Update(g.ctx, runTable, run.ID, run.version, values, nil); err != nil {
				return fmt.Errorf("waking a run that waits for a change: %w", err)
			}
		}
		g.waits(run)
	}
	return nil
}

// watchedKey is a tenant under a configuration, and watchedCount of how many is kept what formerlyWatched found.
type watchedKey struct {
	tenant   string
	revision int64
}

const (
	watchedCount = 1024
	watchedBytes = 1 << 20 // of all
)

// formerlyWatched are the objects of runs that began under earlier configurations, or this one, and may watch their records. It is
// asked once under a configuration: runs that begin later do so by its definitions.
func (r *Runner) formerlyWatched(ctx context.Context, t store.Tenant, s *catalog.Snapshot) (map[string]bool, error) {
	key := watchedKey{t.Identity(), s.Revision}
	if found, ok := r.watchedBefore.Get(key); ok {
		return found, nil
	}
	objects, bytes := map[string]bool{}, int64(100)
	q := query.Aggregate{Table: runTable, Filter: query.Compare{Ref: query.Field(colWatches), Op: query.Ge, Value: int64(mayWatch)},
		Groups: []query.Group{{Ref: query.Field(colObject)}}, Measures: []query.Measure{{Op: query.Count}}}
	for row, err := range t.Aggregate(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("looking for objects that runs watch: %w", err)
		}
		if object, ok := row[0].(string); ok {
			objects[object], bytes = true, bytes+100
		}
	}
	r.watchedBefore.Add(key, objects, bytes)
	return objects, nil
}
