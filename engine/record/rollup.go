package record

import (
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// maxRollupDepth bounds roll-ups over roll-ups. The catalog refuses cycles, so that
// only a very deep configuration meets it.
const maxRollupDepth = 32

// emptyRollups gives roll-ups the values they have without children.
func (p *plan) emptyRollups(r row) {
	for _, f := range p.rollups {
		r[f.slot] = nil
		if op := f.Value.(fieldtype.Rolls).Rollup().Op; op == "count" || op == "sum" {
			r[f.slot] = int64(0)
		}
		if f.Count.Name != "" {
			r[p.slots[f.Count.Name]] = int64(0)
		}
	}
}

// feed brings roll-ups that count a record up to date after it was made (old is nil),
// changed or deleted (r is nil), and whatever follows from them.
func (u *unit) feed(p *plan, old, r row) error {
	if len(p.object.Feeds) == 0 {
		return nil
	}
	if u.depth++; u.depth > maxRollupDepth {
		return fault.New(fault.Limited, "record.rollup_depth", "max", maxRollupDepth)
	}
	defer func() { u.depth-- }()
	steps, err := u.steps(p, old, r)
	if err != nil {
		return err
	}
	for len(steps) > 0 {
		// All that one record takes, at once.
		first := steps[0]
		var own, others []step
		for _, s := range steps {
			if s.parent == first.parent && s.roll.Parent == first.roll.Parent {
				own = append(own, s)
			} else {
				others = append(others, s)
			}
		}
		if err := u.roll(u.s.compiled.plan(first.roll.Parent), id.ID(first.parent), own); err != nil {
			return err
		}
		steps = others
	}
	return nil
}

// step is what a change of a child means for one roll-up of one parent.
type step struct {
	roll          *catalog.Rollup
	parent        int64
	leaves, comes bool // the child was counted, and is
	was, is       any  // with these values
}

// steps compares what a record gave to its roll-ups with what it gives.
func (u *unit) steps(p *plan, old, r row) ([]step, error) {
	var steps []step
	for _, roll := range p.object.Feeds {
		was, wasIn, before, err := u.gives(p, roll, old)
		if err != nil {
			return nil, err
		}
		is, isIn, after, err := u.gives(p, roll, r)
		if err != nil {
			return nil, err
		}
		if wasIn && isIn && before == after {
			if !same(was, is) {
				steps = append(steps, step{roll: roll, parent: before, leaves: true, comes: true, was: was, is: is})
			}
			continue
		}
		if wasIn {
			steps = append(steps, step{roll: roll, parent: before, leaves: true, was: was})
		}
		if isIn {
			steps = append(steps, step{roll: roll, parent: after, comes: true, is: is})
		}
	}
	return steps, nil
}

// gives is what a record gives to a roll-up: to which parent, and whether at all.
func (u *unit) gives(p *plan, roll *catalog.Rollup, r row) (v any, counted bool, parent int64, err error) {
	if r == nil {
		return nil, false, 0, nil
	}
	parent, ok := p.value(r, roll.Lookup.Column).(int64)
	if !ok {
		return nil, false, 0, nil
	}
	if roll.Filter != nil {
		e := &env{ctx: u.ctx, s: u.s, reader: u.tx, plan: p, row: r}
		if counted, err = roll.Filter.Holds(e); err != nil || !counted {
			return nil, false, 0, e.err
		}
	}
	if roll.Of != nil {
		v = p.value(r, roll.Of.Column)
	}
	return v, true, parent, nil
}

// roll takes steps for one parent, if it is (still) there.
func (u *unit) roll(p *plan, key id.ID, steps []step) error {
	old, err := u.load(p, key)
	if err != nil || old == nil {
		return err
	}
	e := &env{ctx: u.ctx, s: u.s, reader: u.tx, plan: p, old: old, row: append(row(nil), old...)}
	for _, s := range steps {
		if err := u.step(p, key, e.row, s); err != nil {
			return err
		}
	}
	return u.rolled(e)
}

// rolled saves a parent whose roll-ups changed. Its version counts what callers
// save, so that it stays, and so does its history; an event tells of the change.
func (u *unit) rolled(e *env) error {
	if f := e.derive(); f != nil {
		return f
	}
	if e.err != nil {
		return e.err
	}
	key := id.ID(e.row[slotID].(int64))
	changes := e.plan.changes(e.old, e.row)
	if len(changes) == 0 && sameRow(e.old, e.row) {
		return u.lock(e.plan, key)
	}
	if err := u.update(e.plan, e.old, e.row); err != nil {
		return err
	}
	if len(changes) == 0 {
		return nil
	}
	if err := u.event(e.plan, Rolled, key, appendChanges(nil, changes, false)); err != nil {
		return err
	}
	return u.feed(e.plan, e.old, e.row)
}

// lock has whoever changes another child of a record at the same time wait: that its
// roll-ups stay as they are was told without seeing that child.
func (u *unit) lock(p *plan, key id.ID) error {
	if err := u.tx.Lock(u.ctx, p.object.Table.Name, key); err != nil {
		return fmt.Errorf("locking a record of %s: %w", p.object.Doc.Name, err)
	}
	return nil
}

func sameRow(a, b row) bool {
	for slot := range a {
		if !same(a[slot], b[slot]) {
			return false
		}
	}
	return true
}

// step changes one roll-up: by what came and left where that is enough, else by
// asking the children. The child is already stored as it now is.
func (u *unit) step(p *plan, parent id.ID, r row, s step) error {
	slot := p.slots[s.roll.Field.Column.Name]
	stored := r[slot]
	from, to := rollScales(s.roll)
	was, err := rescale(s.was, from, to)
	if err != nil {
		return err
	}
	is, err := rescale(s.is, from, to)
	if err != nil {
		return err
	}
	total, known := stored.(int64)
	switch s.roll.Op {
	case "count":
		if known {
			r[slot] = total + one(s.comes) - one(s.leaves)
			return nil
		}
	case "sum":
		if known && to >= from {
			var w wide
			w.add(total)
			if n, ok := is.(int64); ok && s.comes {
				w.add(n)
			}
			if n, ok := was.(int64); ok && s.leaves {
				w.add(-n)
			}
			r[slot], err = w.quotient(1, to, to)
			return err
		}
	case "min", "max":
		if v, ok := extreme(s, stored, was, is); ok {
			r[slot] = v
			return nil
		}
	}
	return u.recount(p, parent, r, s.roll)
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// extreme is the new least or greatest value, if it can be told without looking at
// the other children: not if the one that was it left.
func extreme(s step, stored, was, is any) (any, bool) {
	if stored == nil {
		return nil, false
	}
	beyond := func(a, b any) bool { // a is more extreme than b
		order, ok := query.Order3(a, b)
		if s.roll.Op == "min" {
			order = -order
		}
		return ok && order > 0
	}
	if s.comes && is != nil && (beyond(is, stored) || same(is, stored)) {
		return is, true
	}
	if s.leaves && same(was, stored) {
		return nil, false
	}
	return stored, true
}

// rollScales are those of the values and of the result.
func rollScales(r *catalog.Rollup) (from, to int) {
	to = scaleOf(r.Field.Value)
	if r.Of == nil {
		return to, to
	}
	return scaleOf(r.Of.Value), to
}

// recount computes a roll-up from the stored children.
func (u *unit) recount(p *plan, parent id.ID, r row, roll *catalog.Rollup) error {
	v, n, err := u.rollup(parent, roll)
	if err != nil {
		return err
	}
	r[p.slots[roll.Field.Column.Name]] = v
	if c := roll.Field.Count.Name; c != "" {
		r[p.slots[c]] = n
	}
	return nil
}

// rollup computes a roll-up of one parent by a query, and the number of values.
func (u *unit) rollup(parent id.ID, roll *catalog.Rollup) (v any, n int64, err error) {
	filter := query.Is(roll.Lookup.Column, int64(parent))
	if roll.Filter != nil {
		only, err := roll.Filter.Filter(&callerEnv{ctx: u.ctx, s: u.s})
		if err != nil {
			return nil, 0, err
		}
		filter = query.And(filter, only)
	}
	q := query.Aggregate{Table: roll.Child.Table.Name, Filter: filter, Measures: []query.Measure{{Op: query.Count}}}
	if roll.Of != nil {
		of := query.Field(roll.Of.Column)
		q.Measures = append(q.Measures, query.Measure{Op: query.CountOf, Ref: of})
		switch roll.Op {
		case "sum", "avg":
			q.Measures = append(q.Measures, query.Measure{Op: query.Sum, Ref: of})
		case "min":
			q.Measures = append(q.Measures, query.Measure{Op: query.Min, Ref: of})
		case "max":
			q.Measures = append(q.Measures, query.Measure{Op: query.Max, Ref: of})
		}
	}
	var got store.Row
	for r, err := range u.tx.Aggregate(u.ctx, q) {
		if err != nil {
			return nil, 0, fmt.Errorf("rolling up %s: %w", roll.Field.Name, err)
		}
		got = append(store.Row(nil), r...)
	}
	return rolledValue(roll, got)
}

// rolledValue makes the roll-up's value of measures: rows, values and, if there is
// one, the sum or extreme.
func rolledValue(roll *catalog.Rollup, got store.Row) (v any, n int64, err error) {
	rows, _ := got[0].(int64)
	if roll.Of == nil {
		return rows, rows, nil
	}
	n, _ = got[1].(int64)
	from, to := rollScales(roll)
	switch roll.Op {
	case "count":
		return rows, n, nil
	case "min", "max":
		v, err = rescale(got[2], from, to)
		return v, n, err
	}
	var w wide
	if sum, ok := got[2].(int64); ok {
		w.add(sum)
	}
	if roll.Op == "sum" {
		v, err = w.quotient(1, from, to)
		return v, n, err
	}
	if n == 0 {
		return nil, 0, nil
	}
	v, err = w.quotient(n, from, to)
	return v, n, err
}
