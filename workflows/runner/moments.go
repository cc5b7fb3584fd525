package runner

import (
	"fmt"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/sla"
)

// leastPause is how long the clock waits at least between two looks at moments: many that are close to each other are looked
// at together.
const leastPause = time.Second

// tickMoment starts some of the runs of a workflow for which a moment has come since the last of them, and tells when it
// has to look again. Those in (since, fired] are due, and none of them is looked at again once since is fired: so each
// value sets off one run.
func (s *starting) tickMoment(w *workflows.Workflow, m workflows.OnMoment, tm *timer) (next time.Time, more bool, err error) {
	now := s.r.o.Now()
	if tm.trigger != triggerOf(w) {
		*tm = timer{id: tm.id, found: tm.found, trigger: triggerOf(w), since: now}
		if err := tm.save(s.ctx, s.joint.Tx(), w); err != nil {
			return next, false, err
		}
	}
	if tm.fired.IsZero() {
		if next, err = s.nextMoment(w, m, tm.since); err != nil || next.IsZero() || next.After(now) {
			return next, false, err
		}
		tm.fired, tm.cursor = now, 0
	}
	if more, err = s.fireSome(w, between(m, tm.since, tm.fired), tm); err != nil {
		return next, false, err
	}
	if !more {
		tm.since, tm.fired = tm.fired, time.Time{}
		if next, err = s.nextMoment(w, m, tm.since); err != nil {
			return next, false, err
		}
		if soonest := now.Add(leastPause); !next.IsZero() && next.Before(soonest) {
			next = soonest
		}
	}
	return next, more, tm.save(s.ctx, s.joint.Tx(), w)
}

// between are the records for which a workflow is set off after one time and no later than another.
func between(m workflows.OnMoment, since, until time.Time) query.Filter {
	f, after := m.Moment()
	field := query.Field(f.Column)
	return query.All{query.Compare{Ref: field, Op: query.Gt, Value: since.Add(-after).UnixMilli()}, query.Compare{Ref: field, Op: query.Le, Value: until.Add(-after).UnixMilli()}}
}

// madeLate reports whether a record was made when its moment had passed.
func madeLate(env *session.Env, m workflows.OnMoment) bool {
	f, after := m.Moment()
	value, ok := env.Mapping.Value(env.Row, f.Column).(int64)
	made, known := env.Mapping.Value(env.Row, query.CreatedAt).(int64)
	return ok && known && made >= time.UnixMilli(value).Add(after).UnixMilli()
}

// nextMoment is when the first record sets off a workflow after a time; the zero time: none does.
func (s *starting) nextMoment(w *workflows.Workflow, m workflows.OnMoment, since time.Time) (time.Time, error) {
	f, after := m.Moment()
	field := query.Field(f.Column)
	row, found, err := store.First(s.ctx, s.joint.Tx(), query.Select{Table: w.Object.Table.Name, Sort: []query.Order{{Ref: field}},
		Filter: query.Compare{Ref: field, Op: query.Gt, Value: since.Add(-after).UnixMilli()}}, f.Column)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading which moment comes next for %s: %w", w.Doc.Name, err)
	}
	if !found {
		return time.Time{}, nil
	}
	return row.Time(f.Column).Add(after), nil
}

// coming are the moments that events tell of.
type coming struct {
	sla   time.Time                     // when the first clock of an SLA is due; the zero time: none is
	first time.Time                     // when the first of them sets off a workflow; the zero time: none does
	past  map[*workflows.Workflow][]any // the records with one that had passed before it was saved
}

func (c *coming) empty() bool { return c.first.IsZero() && c.sla.IsZero() && len(c.past) == 0 }

// earlier is the earlier of two times, of which zero ones don't count.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// comingBy finds them.
func comingBy(s *catalog.Snapshot, events []outbox.Event) (*coming, error) {
	c := &coming{past: map[*workflows.Workflow][]any{}}
	for i := range events {
		e := &events[i]
		of, slas := workflows.Of(s).Moments(e.Object), sla.Of(s).On(e.Object)
		if len(of)+len(slas) == 0 || e.Action == string(record.Deleted) || e.Action == string(record.Purged) {
			continue
		}
		change, err := readChange(s.Objects[e.Object], e)
		if err != nil {
			return nil, err
		}
		for _, x := range slas {
			if due, ok := change.Get(x.Due.Name).(int64); ok {
				c.sla = earlier(c.sla, time.UnixMilli(due))
			}
		}
		for _, w := range of {
			field, after := w.Trigger.(workflows.OnMoment).Moment()
			value, ok := change.Get(field.Name).(int64)
			if !ok {
				continue
			}
			if at := time.UnixMilli(value).Add(after); at.After(e.At) {
				c.first = earlier(c.first, at)
			} else {
				c.past[w] = append(c.past[w], int64(e.Record))
			}
		}
	}
	return c, nil
}

// follow has the clock look by the time when the first moment has come, and passes over those that had passed before they
// were saved. It reports whether a job was enqueued.
func (s *starting) follow(c *coming) (queued bool, err error) {
	for w, records := range c.past {
		if err := s.passOver(w, w.Trigger.(workflows.OnMoment), records); err != nil {
			return false, err
		}
	}
	for a, first := range map[alarm]time.Time{schedules: c.first, misses: c.sla} {
		if first.IsZero() {
			continue
		}
		set, err := a.by(s.ctx, s.joint.Tx(), s.r, first)
		if err != nil {
			return false, err
		}
		queued = queued || set
	}
	return queued, nil
}

// passOver has what is due so far be dealt with, unless some other record is due: then these are, too.
func (s *starting) passOver(w *workflows.Workflow, m workflows.OnMoment, records []any) error {
	tm, err := readTimer(s.ctx, s.joint.Tx(), w)
	if err != nil || tm.trigger != triggerOf(w) || !tm.fired.IsZero() {
		return err
	}
	now := s.r.o.Now()
	others := query.And(between(m, tm.since, now), query.Not{Filter: query.In{Ref: query.Field(query.ID), Values: records}})
	_, due, err := store.First(s.ctx, s.joint.Tx(), query.Select{Table: w.Object.Table.Name, Filter: others}, query.ID)
	if err != nil {
		return fmt.Errorf("reading what is due for %s: %w", w.Doc.Name, err)
	}
	if due {
		return nil
	}
	tm.since = now
	return tm.save(s.ctx, s.joint.Tx(), w)
}
