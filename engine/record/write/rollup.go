package write

import (
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// maxRollupDepth bounds roll-ups over roll-ups. The catalog refuses cycles, so that
// only a very deep configuration meets it.
const maxRollupDepth = 32

// propagateRollups brings the roll-ups that count a record up to date after it was made
// (old is nil), changed or deleted (r is nil), and whatever follows from them.
func (u *Unit) propagateRollups(m *stored.Mapping, old, r stored.Row) error {
	if len(m.Object.Feeds) == 0 {
		return nil
	}
	if u.rollupDepth++; u.rollupDepth > maxRollupDepth {
		return fault.New(fault.Limited, "record.rollup_depth", "max", maxRollupDepth)
	}
	defer func() { u.rollupDepth-- }()
	deltas, err := u.rollupDeltas(m, old, r)
	if err != nil {
		return err
	}
	for len(deltas) > 0 {
		// All that one record takes, at once.
		first := deltas[0]
		var own, others []rollupDelta
		for _, d := range deltas {
			if d.parent == first.parent && d.roll.Parent == first.roll.Parent {
				own = append(own, d)
			} else {
				others = append(others, d)
			}
		}
		if err := u.applyDeltas(u.session.Mappings.Of(first.roll.Parent), id.ID(first.parent), own); err != nil {
			return err
		}
		deltas = others
	}
	return nil
}

// rollupDelta is what a change of a child means for one roll-up of one parent.
type rollupDelta struct {
	roll    *catalog.Rollup
	parent  int64
	was, is contribution // before the change, and now
	recount bool         // only the children can tell
}

// contribution is what a record contributes to a roll-up.
type contribution struct {
	counted bool
	parent  int64 // to which roll-up; the rest holds if it is counted
	value   any
	by      any // what it is sorted by, for a roll-up that picks
}

// rollupDeltas compares what a record contributed to its roll-ups with what it contributes.
func (u *Unit) rollupDeltas(m *stored.Mapping, old, r stored.Row) ([]rollupDelta, error) {
	var deltas []rollupDelta
	for _, roll := range m.Object.Feeds {
		if roll.Reads != nil {
			deltas = append(deltas, recounts(m, roll, old, r)...)
			continue
		}
		was, err := u.contribution(m, roll, old)
		if err != nil {
			return nil, err
		}
		is, err := u.contribution(m, roll, r)
		if err != nil {
			return nil, err
		}
		if was.counted && is.counted && was.parent == is.parent {
			if !stored.Same(was.value, is.value) || !stored.Same(was.by, is.by) {
				deltas = append(deltas, rollupDelta{roll: roll, parent: is.parent, was: was, is: is})
			}
			continue
		}
		if was.counted {
			deltas = append(deltas, rollupDelta{roll: roll, parent: was.parent, was: was})
		}
		if is.counted {
			deltas = append(deltas, rollupDelta{roll: roll, parent: is.parent, is: is})
		}
	}
	return deltas, nil
}

// recounts are what a change of a record means for a roll-up whose filter looks through
// lookups. Whether the record was counted before can't be told: what it looked up may have
// changed since then.
func recounts(m *stored.Mapping, roll *catalog.Rollup, old, r stored.Row) (deltas []rollupDelta) {
	was, wasThere := m.Value(old, roll.Lookup.Column).(int64)
	is, isThere := m.Value(r, roll.Lookup.Column).(int64)
	if wasThere && isThere && was == is && !contributesElse(m, roll, old, r) {
		return nil
	}
	if wasThere {
		deltas = append(deltas, rollupDelta{roll: roll, parent: was, recount: true})
	}
	if isThere && !(wasThere && was == is) {
		deltas = append(deltas, rollupDelta{roll: roll, parent: is, recount: true})
	}
	return deltas
}

// contributesElse reports whether a record differs in something that a roll-up reads of it.
func contributesElse(m *stored.Mapping, roll *catalog.Rollup, old, r stored.Row) bool {
	read := slices.Clone(roll.Reads)
	if roll.Of != nil {
		read = append(read, roll.Of.Column)
	}
	if sort := roll.Picks(); sort != nil {
		read = append(read, sort[0].Ref.Column)
	}
	return slices.ContainsFunc(read, func(c query.Column) bool { return !stored.Same(m.Value(old, c), m.Value(r, c)) })
}

// contribution is what a record contributes to a roll-up; of one that is not there, nothing.
func (u *Unit) contribution(m *stored.Mapping, roll *catalog.Rollup, r stored.Row) (c contribution, err error) {
	if r == nil {
		return c, nil
	}
	parent, ok := m.Value(r, roll.Lookup.Column).(int64)
	if !ok {
		return c, nil
	}
	if roll.Filter != nil {
		e := session.NewEnv(u.ctx, u.session, u.Tx, m, r, nil)
		if holds, err := roll.Filter.Holds(&e); err != nil || !holds {
			return c, e.Failed()
		}
	}
	c = contribution{counted: true, parent: parent}
	if roll.Of != nil {
		c.value = m.Value(r, roll.Of.Column)
	}
	if sort := roll.Picks(); sort != nil {
		c.by = m.Value(r, sort[0].Ref.Column)
	}
	return c, nil
}

// applyDeltas changes the roll-ups of one parent, if it is (still) there.
func (u *Unit) applyDeltas(m *stored.Mapping, key id.ID, deltas []rollupDelta) error {
	old, err := u.Load(m, key)
	if err != nil || old == nil {
		return err
	}
	if _, ok := u.known.row(m, key); !ok {
		u.known.keep(m, old) // the next child may have the same parent
	}
	e := session.NewEnv(u.ctx, u.session, u.Tx, m, old.Clone(), old)
	for _, d := range deltas {
		if err := u.applyDelta(m, e.Row, d); err != nil {
			return err
		}
	}
	return u.saveRollups(&e)
}

// saveRollups saves a parent whose roll-ups changed. Its version counts what callers
// save, so that it stays, and so does its history; an event tells of the change.
func (u *Unit) saveRollups(e *session.Env) error {
	if err := u.derive(e); err != nil {
		return err
	}
	changes := e.Mapping.Changes(e.Old, e.Row)
	if len(changes) == 0 && stored.SameRow(e.Old, e.Row) {
		// Whoever changes another child at the same time has to wait: that the roll-ups stay
		// as they are was found without seeing that child.
		return u.lock(e.Mapping, e.Row)
	}
	if err := u.update(e.Mapping, e.Old, e.Row); err != nil {
		return err
	}
	if len(changes) == 0 {
		return nil
	}
	if err := u.writeEvent(e.Mapping, stored.RolledUp, e.Row.ID(), u.session.Clock, stored.AppendChanges(nil, changes, false)); err != nil {
		return err
	}
	return u.propagateRollups(e.Mapping, e.Old, e.Row)
}

// applyDelta changes one roll-up: by what came and left where that is enough, else by
// asking the children. The child is already stored as it now is.
func (u *Unit) applyDelta(m *stored.Mapping, r stored.Row, d rollupDelta) error {
	if d.recount {
		return u.recount(m, r.ID(), r, d.roll)
	}
	slot := m.Slots[d.roll.Field.Column.Name]
	current := r[slot]
	from, to := session.RollupScales(d.roll)
	was, err := stored.Rescale(d.was.value, from, to)
	if err != nil {
		return err
	}
	is, err := stored.Rescale(d.is.value, from, to)
	if err != nil {
		return err
	}
	total, known := current.(int64)
	switch d.roll.Op {
	case "count":
		if known {
			r[slot] = total + oneIf(d.is.counted) - oneIf(d.was.counted)
			return nil
		}
	case "sum":
		if known && to >= from {
			var sum stored.Sum
			sum.Add(total)
			if n, ok := is.(int64); ok && d.is.counted {
				sum.Add(n)
			}
			if n, ok := was.(int64); ok && d.was.counted {
				sum.Add(-n)
			}
			r[slot], err = sum.Quotient(1, to, to)
			return err
		}
	case "min", "max":
		if v, ok := extreme(d, current, was, is); ok {
			r[slot] = v
			return nil
		}
	}
	return u.recount(m, r.ID(), r, d.roll)
}

func oneIf(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// extreme is the new least or greatest value, if it can be told without looking at
// the other children: not if the one that was it left.
func extreme(d rollupDelta, current, was, is any) (any, bool) {
	if current == nil {
		return nil, false
	}
	beyond := func(a, b any) bool { // a is more extreme than b
		order, ok := query.Order3(a, b)
		if d.roll.Op == "min" {
			order = -order
		}
		return ok && order > 0
	}
	if d.is.counted && is != nil && (beyond(is, current) || stored.Same(is, current)) {
		return is, true
	}
	if d.was.counted && stored.Same(was, current) {
		return nil, false
	}
	return current, true
}

// recount computes a roll-up from the stored children.
func (u *Unit) recount(m *stored.Mapping, parent id.ID, r stored.Row, roll *catalog.Rollup) error {
	computed, err := u.session.RollUp(u.ctx, u.Tx, roll, []int64{int64(parent)})
	if err != nil {
		return err
	}
	r[m.Slots[roll.Field.Column.Name]] = computed[0].Value
	if c := roll.Field.Count.Name; c != "" {
		r[m.Slots[c]] = computed[0].Count
	}
	return nil
}
