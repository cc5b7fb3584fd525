package runner

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// startAtOnce is how many runs one transaction starts of those that the clock sets off.
const startAtOnce = 50

// Columns of the timers; times are Unix milliseconds. A timer has the id that is named by its workflow.
var (
	colTrigger = query.Column{Name: "trigger", Storage: fieldtype.Text} // see triggerOf
	colNext    = query.Column{Name: "next", Storage: fieldtype.Int}     // when it is set off next
	colFired   = query.Column{Name: "fired", Storage: fieldtype.Int}    // the time for which runs are being started; empty: none
	colSince   = query.Column{Name: "since", Storage: fieldtype.Int}    // of moments: up to which time they are dealt with
	colCursor  = query.Column{Name: "cursor", Storage: fieldtype.Int}   // the record up to which that was done
)

var timerColumns = []query.Column{colWorkflow, colTrigger, colNext, colSince, colFired, colCursor}

// timer is how far the clock came with a workflow.
type timer struct {
	id      id.ID
	trigger string
	next    time.Time
	since   time.Time
	fired   time.Time
	cursor  int64
	found   bool
}

// schedule starts the runs that the clock sets off, and has the job come again for the next.
func (r *Runner) schedule(ctx context.Context, t store.Tenant, _ *job.Progress) error {
	for more := true; more; {
		err := r.underNewest(ctx, t, func(system *record.Session) (err error) {
			more, err = r.startDue(ctx, t, system)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// startDue starts some of the runs that are due. more: there may be others.
func (r *Runner) startDue(ctx context.Context, t store.Tenant, system *record.Session) (more bool, err error) {
	queued, did := false, &tally{}
	err = system.Jointly(ctx, func(j *record.Joint) error {
		more, did = false, &tally{}
		if until := r.pace.rests(t.Name()); !until.IsZero() { // they are made up for then
			queued = true
			return schedules.next(ctx, j.Tx(), r, until)
		}
		s := starting{together: r.together(ctx, t, system.Snapshot(), j, nil)}
		did = &s.tally
		if err := s.forget(workflows.Of(system.Snapshot()).Timed); err != nil {
			return err
		}
		var first time.Time // when a timer is due next
		for _, w := range workflows.Of(system.Snapshot()).Timed {
			if s.budget.Steps <= 0 {
				more = true
				break
			}
			at, some, err := s.tick(w)
			if err != nil {
				return err
			}
			more = more || some
			if !at.IsZero() && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
		if queued, err = s.queue(); err != nil || more {
			return err
		}
		queued = queued || !first.IsZero()
		return schedules.next(ctx, j.Tx(), r, first)
	})
	if err == nil {
		r.committed(t, did)
	}
	if err == nil && queued {
		r.o.Wake(t.Name())
	}
	return more, err
}

// tick starts some of the runs of a workflow, if it is due, and tells when it is next. more: there are others to
// be started now.
func (s *starting) tick(w *workflows.Workflow) (next time.Time, more bool, err error) {
	tm, err := readTimer(s.ctx, s.joint.Tx(), w)
	if err != nil {
		return next, false, err
	}
	if m, ok := w.Trigger.(workflows.OnMoment); ok {
		return s.tickMoment(w, m, tm)
	}
	trigger, now := w.Trigger.(workflows.OnSchedule), s.r.o.Now()
	if tm.trigger != triggerOf(w) {
		tm.trigger, tm.next, tm.fired, tm.cursor = triggerOf(w), trigger.After(now, now), time.Time{}, 0
		return tm.next, false, tm.save(s.ctx, s.joint.Tx(), w)
	}
	if tm.fired.IsZero() {
		if tm.next.IsZero() || tm.next.After(now) {
			return tm.next, false, nil
		}
		tm.fired, tm.cursor = tm.next, 0
		tm.next = trigger.After(tm.fired, now)
	}
	if more, err = s.fireSome(w, trigger.Due(tm.fired), tm); err != nil {
		return next, false, err
	}
	if !more {
		tm.fired = time.Time{}
		more = !tm.next.IsZero() && !tm.next.After(now) // a day that has passed meanwhile
	}
	return tm.next, more, tm.save(s.ctx, s.joint.Tx(), w)
}

// fireSome runs a workflow on the next of the records that are due, or once if it is about none. more: there may be others.
func (s *starting) fireSome(w *workflows.Workflow, due query.Filter, tm *timer) (more bool, err error) {
	if w.Object == nil {
		return false, s.fire(w, 0)
	}
	records, err := s.dueRecords(w, due, tm)
	if err != nil {
		return false, err
	}
	for _, key := range records {
		if err := s.fire(w, key); err != nil {
			return false, err
		}
		tm.cursor = int64(key)
	}
	return len(records) == startAtOnce, nil
}

// dueRecords are the next records on which the workflow runs.
func (s *starting) dueRecords(w *workflows.Workflow, due query.Filter, tm *timer) ([]id.ID, error) {
	filter := query.And(due, query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: tm.cursor})
	if w.Filter != nil {
		condition, err := s.asking(w, 0, nil).Bind(s.ctx, w.Filter)
		if err != nil {
			return nil, err
		}
		filter = query.And(filter, condition)
	}
	var found []id.ID
	q := query.Select{Table: w.Object.Table.Name, Filter: filter, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: startAtOnce}
	for r, err := range store.Find(s.ctx, s.joint.Tx(), q, query.ID) {
		if err != nil {
			return nil, fmt.Errorf("finding the records for %s: %w", w.Doc.Name, err)
		}
		found = append(found, r.ID(query.ID))
	}
	return found, nil
}

// forget removes the timers of workflows that the clock sets off no more: one that comes back begins anew.
func (s *starting) forget(timed []*workflows.Workflow) error {
	stay := map[id.ID]bool{}
	for _, w := range timed {
		stay[timerOf(w.Doc.Name)] = true
	}
	var gone []id.ID
	for row, err := range store.Find(s.ctx, s.joint.Tx(), query.Select{Table: timerTable}, query.ID) {
		if err != nil {
			return fmt.Errorf("reading the timers: %w", err)
		}
		if key := row.ID(query.ID); !stay[key] {
			gone = append(gone, key)
		}
	}
	for _, key := range gone {
		if err := s.joint.Tx().Delete(s.ctx, timerTable, key); err != nil {
			return fmt.Errorf("removing a timer: %w", err)
		}
	}
	return nil
}

// fire runs a workflow on a record, or on none (0).
func (s *starting) fire(w *workflows.Workflow, key id.ID) error {
	run := s.r.newRun(s.snapshot, w, policy.System(s.tenant.Name()), key)
	env, err := s.about(s.asking(w, 0, nil), run)
	if err != nil || env == nil { // an earlier run has deleted it
		return err
	}
	if m, ok := w.Trigger.(workflows.OnMoment); ok && madeLate(env, m) {
		return nil
	}
	b, err := s.triggered(run, w, env)
	if err != nil || b == nil {
		return err
	}
	return s.keep(*b)
}

// triggerOf is what a timer is for: with another trigger, or on records of another object, it begins anew.
func triggerOf(w *workflows.Workflow) string { return w.Doc.Object + " " + string(w.Doc.Trigger) }

// timerOf is the id of a workflow's timer.
func timerOf(workflow string) id.ID { return id.Named("timer " + workflow) }

func readTimer(ctx context.Context, from store.Reader, w *workflows.Workflow) (*timer, error) {
	tm := &timer{id: timerOf(w.Doc.Name)}
	row, found, err := store.First(ctx, from, query.Select{Table: timerTable, Filter: query.Is(query.ID, int64(tm.id))}, timerColumns...)
	if err != nil {
		return nil, fmt.Errorf("reading the timer of %s: %w", w.Doc.Name, err)
	}
	if tm.found = found; !found {
		return tm, nil
	}
	tm.trigger, tm.cursor = row.Text(colTrigger), row.Int(colCursor)
	if row.Int(colNext) != 0 {
		tm.next = row.Time(colNext)
	}
	if row.Int(colSince) != 0 {
		tm.since = row.Time(colSince)
	}
	if row.Int(colFired) != 0 {
		tm.fired = row.Time(colFired)
	}
	return tm, nil
}

func (tm *timer) save(ctx context.Context, tx store.Tx, w *workflows.Workflow) error {
	values := map[string]any{colWorkflow.Name: w.Doc.Name, colTrigger.Name: tm.trigger, colCursor.Name: tm.cursor, colNext.Name: store.Instant(tm.next), colSince.Name: store.Instant(tm.since), colFired.Name: store.Instant(tm.fired)}
	var err error
	if tm.found {
		err = tx.Update(ctx, timerTable, tm.id, 0, values, nil)
	} else {
		err = tx.Insert(ctx, timerTable, tm.id, values, nil)
	}
	if err != nil {
		return fmt.Errorf("saving the timer of %s: %w", w.Doc.Name, err)
	}
	return nil
}
