package sla

import (
	"context"
	"errors"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/record"
	"formwork/engine/store"
)

// Clocks is the hook that moves the clocks of a record when it is saved, in the transaction that saves it.
type Clocks struct{}

// Wants implements record.SaveHook.
func (Clocks) Wants(s *catalog.Snapshot, object string, a record.Action) bool {
	return a != record.Deleted && len(Of(s).On(object)) > 0
}

// BeforeSave implements record.SaveHook. Fault sla.failed (Invalid) where a condition or the target can't be computed.
func (Clocks) BeforeSave(_ context.Context, _ store.Reader, c *record.Change) error {
	for _, x := range Of(c.Snapshot()).On(c.Object().Doc.Name) {
		if err := x.move(c); err != nil {
			var f *fault.Fault
			if !errors.As(err, &f) || f.Kind.Breaks() {
				return err
			}
			return fault.New(fault.Invalid, "sla.failed", "sla", x.Doc.Name).Because(err)
		}
	}
	return nil
}

// clock is what the fields of a record say.
type clock struct {
	state string
	due   time.Time     // the zero time: none
	since time.Time     // since when it runs; the zero time: it does not
	spent time.Duration // before then
	left  time.Duration // of one that has started and does not run
}

// conditions are what holds of a record that is saved.
type conditions struct {
	starts, pauses, stops bool
	aimed                 bool // there is a target
	target                time.Duration
}

// move moves the clock to when a record is saved. What the fields held before counts, not what is written into them
// now; those of a new record the platform may have filled.
func (x *SLA) move(c *record.Change) error {
	was := c.Was
	if c.Action() == record.Created {
		was = c.Get
	}
	holds, err := x.look(c)
	if err != nil {
		return err
	}
	to, err := x.moved(x.read(was), holds, time.UnixMilli(c.Env().Now().UnixMilli()))
	if err != nil {
		return err
	}
	values := x.values(to)
	for name, v := range values {
		if record.Same(c.Get(name), v) {
			delete(values, name)
		}
	}
	return c.Put(values)
}

// look decides the conditions on the record as it is saved.
func (x *SLA) look(c *record.Change) (conditions, error) {
	env := c.Env()
	holds := conditions{starts: true}
	for _, one := range []struct {
		program *expression.Program
		into    *bool
	}{{x.starts, &holds.starts}, {x.pauses, &holds.pauses}, {x.stops, &holds.stops}} {
		if one.program == nil {
			continue
		}
		held, err := one.program.Holds(env)
		if failed := env.Failed(); failed != nil {
			return holds, failed
		}
		if err != nil {
			return holds, err
		}
		*one.into = held
	}
	target, err := x.target.Eval(env)
	if failed := env.Failed(); failed != nil {
		return holds, failed
	}
	seconds, aimed := target.(int64)
	if seconds > mostSeconds {
		return holds, fault.New(fault.Invalid, "calendar.too_far")
	}
	holds.aimed, holds.target = aimed, time.Duration(max(seconds, 0))*time.Second
	return holds, err
}

// mostSeconds is how long a target is at most: a hundred years.
const mostSeconds = 100 * 366 * 24 * 60 * 60

// read is what the fields say.
func (x *SLA) read(value func(field string) any) clock {
	of := x.Doc.Fields
	var k clock
	k.state, _ = value(of.State).(string)
	if due, ok := value(of.Due).(int64); ok {
		k.due = time.UnixMilli(due)
	}
	if since, ok := value(of.Since).(int64); ok {
		k.since = time.UnixMilli(since)
	}
	spent, _ := value(of.Spent).(int64)
	k.spent = time.Duration(min(max(spent, 0), mostSeconds)) * time.Second
	if of.Left != "" {
		left, _ := value(of.Left).(int64)
		k.left = time.Duration(left) * time.Second
	}
	return k
}

// values are what the fields are given.
func (x *SLA) values(k clock) map[string]any {
	of := x.Doc.Fields
	values := map[string]any{of.State: nil, of.Due: store.Instant(k.due), of.Since: store.Instant(k.since), of.Spent: nil}
	if k.state != "" {
		values[of.State], values[of.Spent] = k.state, int64(k.spent/time.Second)
	}
	if of.Left != "" {
		values[of.Left] = nil
		if k.state != "" && k.since.IsZero() {
			values[of.Left] = int64(k.left / time.Second)
		}
	}
	return values
}

// moved is the clock when a record is saved. Since when it runs, and how long it had run before, is only changed when it
// starts, pauses or stops: so saves in between take no time away.
func (x *SLA) moved(k clock, on conditions, now time.Time) (clock, error) {
	begun := k.state != ""
	if on.stops && k.since.IsZero() && (k.state == Met || k.state == Missed) {
		return k, nil // it was decided then
	}
	if !on.aimed || !begun && (!on.starts || on.stops) {
		return clock{}, nil
	}
	if !on.stops && !on.pauses {
		return x.runs(k, on.target, now)
	}
	to := clock{state: Paused, spent: k.spent}
	missed := k.spent >= on.target
	if !k.since.IsZero() {
		due, err := x.add(k.since, on.target-k.spent)
		if err != nil {
			return clock{}, err
		}
		ran, err := x.between(k.since, now)
		if err != nil {
			return clock{}, err
		}
		to.spent += max(ran, 0).Truncate(time.Second)
		to.due, missed = due, !due.After(now)
	} else if missed {
		to.due = k.due
	}
	to.left = on.target - to.spent
	switch {
	case missed || on.stops && k.state == Missed:
		if to.state = Missed; to.due.After(now) || to.due.IsZero() {
			to.due = k.due // a longer target comes too late
		}
	case on.stops:
		to.state = Met
	default:
		to.due = time.Time{}
	}
	if to.state == Missed && to.due.IsZero() {
		to.due = now
	}
	return to, nil
}

// runs is a clock that runs, or goes on running.
func (x *SLA) runs(k clock, target time.Duration, now time.Time) (clock, error) {
	to := clock{state: Running, since: k.since, spent: k.spent}
	if to.since.IsZero() {
		to.since = now
	}
	var err error
	if to.due, err = x.add(to.since, target-k.spent); err != nil {
		return clock{}, err
	}
	if !to.due.After(now) {
		to.state = Missed
		if k.state == Missed && k.since.IsZero() && !k.due.IsZero() {
			to.due = k.due // it was missed before it was paused
		}
	}
	return to, nil
}

// add is when so much working time has passed.
func (x *SLA) add(t time.Time, working time.Duration) (time.Time, error) {
	if x.calendar == nil {
		return t.Add(max(working, 0)), nil
	}
	return x.calendar.Add(t, working)
}

// between is how much working time lies between two moments.
func (x *SLA) between(a, b time.Time) (time.Duration, error) {
	if x.calendar == nil {
		return b.Sub(a), nil
	}
	return x.calendar.Between(a, b)
}
