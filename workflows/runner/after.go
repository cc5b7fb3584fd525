package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/approval"
	"formwork/workflows/inquiry"
	"formwork/workflows/outside"
)

// wants leaves out what is neither a change of a record's values nor its end.
func wants(e *outbox.Event) bool {
	switch record.Action(e.Action) {
	case record.Created, record.Updated, record.Deleted, record.Restored, record.Merged, record.RolledUp, record.Purged:
		return true
	}
	return false
}

// fired is a workflow that an event may set off: its condition has not been looked at.
type fired struct {
	event    int // of the batch
	workflow *workflows.Workflow
}

// handle starts the runs that events set off, and removes those about records that are gone for good.
func (r *Runner) handle(ctx context.Context, t store.Tenant, b *outbox.Batch) error {
	return r.underNewest(ctx, t, func(system *record.Session) error { return r.start(ctx, t, system, b) })
}

func (r *Runner) start(ctx context.Context, t store.Tenant, system *record.Session, b *outbox.Batch) error {
	snapshot := system.Snapshot()
	all, err := firedBy(snapshot, b.Events)
	if err != nil {
		return err
	}
	gone := purged(b.Events)
	watched, err := r.watched(ctx, t, snapshot, b.Events)
	if err != nil {
		return err
	}
	moments, err := comingBy(snapshot, b.Events)
	if err != nil {
		return err
	}
	if len(all)+len(gone)+len(watched) == 0 && moments.empty() {
		return nil
	}
	who := callers{}
	for _, f := range all {
		if err := who.look(ctx, r, t, snapshot, f.workflow, b.Events[f.event].By, nil); err != nil {
			return err
		}
	}
	queued, did := false, &tally{}
	err = system.Jointly(ctx, func(j *record.Joint) error {
		past, err := j.Past(b.Events)
		if err != nil {
			return err
		}
		s := starting{together: r.together(ctx, t, snapshot, j, who), past: past, events: b.Events}
		did = &s.tally
		if err := s.start(all); err != nil {
			return err
		}
		if err := s.wake(watched); err != nil {
			return err
		}
		woken, err := r.removeRuns(ctx, j, gone, did)
		if err != nil {
			return err
		}
		if queued, err = s.queue(); err != nil {
			return err
		}
		looks, err := s.follow(moments)
		if err != nil {
			return err
		}
		queued = queued || woken || looks
		return b.SaveIn(ctx, j.Tx())
	})
	if err == nil {
		r.committed(t, did)
	}
	if err == nil && queued {
		r.o.Wake(t.Name())
	}
	return err
}

// purged are the records of which events tell that they are gone for good.
func purged(events []outbox.Event) (keys []any) {
	for i := range events {
		if e := &events[i]; e.Action == string(record.Purged) {
			keys = append(keys, int64(e.Record))
		}
	}
	return keys
}

// removeRuns removes the runs about records, with what they tell of these, and what was asked about them.
// It reports whether a job was enqueued.
func (r *Runner) removeRuns(ctx context.Context, j *record.Joint, records []any, did *tally) (queued bool, err error) {
	tx := j.Tx()
	if len(records) == 0 {
		return false, nil
	}
	if queued, err = r.leave(ctx, j, records, did); err != nil {
		return false, err
	}
	if _, err := tx.DeleteWhere(ctx, runTable, query.In{Ref: query.Field(colRecord), Values: records}); err != nil {
		return false, fmt.Errorf("removing the runs about records that are gone: %w", err)
	}
	if err := approval.Remove(ctx, tx, records); err != nil {
		return false, err
	}
	if err := inquiry.Remove(ctx, tx, records); err != nil {
		return false, err
	}
	return queued, outside.RemoveAbout(ctx, tx, records)
}

// firedBy are the workflows that events may set off, in the order of the events. What happened long ago sets off none.
func firedBy(s *catalog.Snapshot, events []outbox.Event) (all []fired, err error) {
	compiled := workflows.Of(s)
	for i := range events {
		e := &events[i]
		wanted := compiled.After(e.Object, record.Action(e.Action))
		if len(wanted) == 0 || !e.HappenedAt.IsZero() {
			continue
		}
		change, err := readChange(s.Objects[e.Object], e)
		if err != nil {
			return nil, err
		}
		for _, w := range wanted {
			if w.Trigger.(workflows.OnSave).Fires(change) {
				all = append(all, fired{i, w})
			}
		}
	}
	return all, nil
}

// change is what an event tells of the fields that it changed. Of others it has no value, neither
// before nor after.
type change struct {
	object *catalog.Object
	action record.Action
	via    string
	told   map[string][2]json.RawMessage
}

func readChange(o *catalog.Object, e *outbox.Event) (*change, error) {
	c := &change{object: o, action: record.Action(e.Action), via: e.Via}
	if err := json.Unmarshal(e.Changes, &c.told); err != nil {
		return nil, fmt.Errorf("reading the changes of event %v: %w", e.ID, err)
	}
	return c, nil
}

// Action implements workflows.Saved.
func (c *change) Action() record.Action { return c.action }

// Via implements workflows.Saved.
func (c *change) Via() string { return c.via }

// Was implements workflows.Saved.
func (c *change) Was(field string) any { return c.value(field, 0) }

// Get implements workflows.Saved.
func (c *change) Get(field string) any { return c.value(field, 1) }

func (c *change) value(field string, state int) any {
	f, ok := c.object.Field(field)
	if !ok {
		return nil
	}
	return record.Stored(f, c.told[field][state])
}

// starting is a transaction that starts runs.
type starting struct {
	*together
	past   *record.Past
	events []outbox.Event
	wrote  bool // a run has changed a record
}

// begun is a run that begins: its condition held.
type begun struct {
	run      *Run
	workflow *workflows.Workflow
	env      *session.Env  // of the record, if it is about one
	stale    bool          // the record has changed since
	event    *outbox.Event // that set it off; nil: none did
}

// start decides which workflows run, all on records as the events left them, and then runs them
// one after the other, each on the record as it is by then.
func (s *starting) start(all []fired) error {
	var runs []begun
	left := map[id.ID]*session.Env{} // the record as the event left it, by whom expressions take for the user
	for i, f := range all {
		if i > 0 && f.event != all[i-1].event {
			clear(left)
		}
		env, err := s.left(left, f)
		if err != nil {
			return err
		}
		if env == nil {
			continue
		}
		b, err := s.begin(f, env)
		if err != nil {
			return err
		}
		if b != nil {
			runs = append(runs, *b)
		}
	}
	for _, b := range runs {
		if err := s.keep(b); err != nil {
			return err
		}
	}
	return nil
}

// left is the record of an event as the event left it; nil: it is gone.
func (s *starting) left(known map[id.ID]*session.Env, f fired) (*session.Env, error) {
	user := id.ID(0)
	if f.workflow.ReadsUser {
		user = s.events[f.event].By
	}
	if env, ok := known[user]; ok {
		return env, nil
	}
	env, err := s.past.At(s.asking(f.workflow, user, nil).Within(s.joint), f.event)
	known[user] = env
	return env, err
}

// begin is the run of a workflow whose condition holds; nil for none.
func (s *starting) begin(f fired, env *session.Env) (*begun, error) {
	e, w := &s.events[f.event], f.workflow
	run := &Run{ID: s.r.o.IDs.Next(), Workflow: w.Doc.Name, Revision: s.snapshot.Revision, Object: e.Object, Record: e.Record,
		By: e.By, Depth: e.Depth, Started: s.r.o.Now(), At: w.Begin(), watches: mayWatchOf(w)}
	b, err := s.triggered(run, w, env)
	if err != nil || b == nil {
		return nil, err
	}
	if e.Depth >= maxDepth {
		return nil, s.fail(run, fault.New(fault.Limited, "workflow.too_deep", "limit", maxDepth))
	}
	own := *env // each run goes on from here by itself
	b.env, b.stale, b.event = &own, s.changedAgain(f.event), e
	return b, nil
}

// triggered is a run that begins if the condition of its workflow holds; nil if not. One whose condition can't be computed has
// failed.
func (s *starting) triggered(run *Run, w *workflows.Workflow, env *session.Env) (*begun, error) {
	holds, err := run.triggers(s.ctx, w, env)
	switch f := fault.From(err); {
	case f != nil && f.Kind.Breaks():
		return nil, err
	case f != nil:
		return nil, s.fail(run, f)
	case !holds:
		return nil, nil
	}
	return &begun{run: run, workflow: w, env: env}, nil
}

// fail keeps a run that could not begin.
func (s *starting) fail(run *Run, f *fault.Fault) error {
	run.State, run.Fault, run.Ended = Failed, single(f), s.r.o.Now()
	s.tally.begun++
	s.tally.saw(run)
	return run.insert(s.ctx, s.joint.Tx())
}

// keep does the first steps of a run, and keeps it.
func (s *starting) keep(b begun) error {
	if s.wrote || b.stale {
		now, err := s.joint.Record(b.run.Object, b.run.Record)
		if err != nil {
			return err
		}
		if now != nil {
			b.env.Row = now.Row
		}
	}
	wrote, err := s.carryOn(b.run, b.workflow, b.env)
	if err != nil {
		return err
	}
	s.wrote = s.wrote || wrote
	s.waits(b.run)
	if s.tally.begun++; b.event != nil {
		s.tally.late = append(s.tally.late, b.run.Started.Sub(b.event.At))
	}
	return b.run.insert(s.ctx, s.joint.Tx())
}

// changedAgain reports whether an event of the batch tells that a record was changed after another.
func (s *starting) changedAgain(event int) bool {
	e := &s.events[event]
	return slices.ContainsFunc(s.events[event+1:], func(l outbox.Event) bool { return l.Record == e.Record && l.Object == e.Object })
}
