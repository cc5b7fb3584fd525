package session

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// RolledUp is a roll-up of one parent.
type RolledUp struct {
	Value any   // in stored form
	Count int64 // of the children that have a value; not of a roll-up that picks
}

// RollUp computes a roll-up of some parents from the stored children: by one query, or, where
// it takes over the value of one child, by two a parent at most. The result is in the order of
// the parents. Faults: record.overflow and query.overflow, of any of them.
func (s *Session) RollUp(ctx context.Context, reader store.Reader, roll *catalog.Rollup, parents []int64) ([]RolledUp, error) {
	r := rolling{ctx: ctx, reader: reader, roll: roll}
	if roll.Filter != nil {
		e := rollupEnv{NewCallerEnv(ctx, s), roll.Location}
		var err error
		if r.only, err = roll.Filter.Filter(&e); err != nil {
			return nil, err
		}
	}
	if sort := roll.Picks(); sort != nil {
		return r.pickEach(parents, sort)
	}
	return r.sumUp(parents)
}

// RollupScales are the scales of the values that are rolled up and of the result.
func RollupScales(r *catalog.Rollup) (from, to int) {
	to = stored.ScaleOf(r.Field.Value)
	if r.Of == nil {
		return to, to
	}
	return stored.ScaleOf(r.Of.Value), to
}

// rollupEnv answers the filter of a roll-up, for which it may be another day than for the
// caller.
type rollupEnv struct {
	CallerEnv
	location *time.Location
}

// Location implements expression.Env.
func (e *rollupEnv) Location() *time.Location {
	if e.location != nil {
		return e.location
	}
	return e.CallerEnv.Location()
}

// rolling is a roll-up that is being computed.
type rolling struct {
	ctx    context.Context
	reader store.Reader
	roll   *catalog.Rollup
	only   query.Filter // the children that count
}

// sumUp computes a roll-up by measures of the children, grouped by their parents.
func (r *rolling) sumUp(parents []int64) ([]RolledUp, error) {
	q := query.Aggregate{Table: r.roll.Child.Table.Name, Filter: query.And(among(r.roll.Lookup.Column, parents), r.only),
		Groups: []query.Group{{Ref: query.Field(r.roll.Lookup.Column)}}, Measures: measures(r.roll)}
	none, err := rollupValue(r.roll, make(store.Row, len(q.Measures)))
	if err != nil {
		return nil, err
	}
	found := make(map[int64]RolledUp, len(parents))
	for row, err := range r.reader.Aggregate(r.ctx, q) {
		if err != nil {
			return nil, r.failed(err)
		}
		parent, _ := row[0].(int64)
		if found[parent], err = rollupValue(r.roll, row[1:]); err != nil {
			return nil, err
		}
		if err := r.hold(found[parent].Value); err != nil {
			return nil, err
		}
	}
	all := make([]RolledUp, len(parents))
	for i, parent := range parents {
		rolled, ok := found[parent]
		if !ok {
			rolled = none
		}
		all[i] = rolled
	}
	return all, nil
}

// among selects the children of some parents.
func among(lookup query.Column, parents []int64) query.Filter {
	if len(parents) == 1 {
		return query.Is(lookup, parents[0])
	}
	values := make([]any, len(parents))
	for i, parent := range parents {
		values[i] = parent
	}
	return query.In{Ref: query.Field(lookup), Values: values}
}

// measures are the number of children and, of a roll-up of a field, that of values and what
// is made of them.
func measures(roll *catalog.Rollup) []query.Measure {
	all := []query.Measure{{Op: query.Count}}
	if roll.Of == nil {
		return all
	}
	of := query.Field(roll.Of.Column)
	all = append(all, query.Measure{Op: query.CountOf, Ref: of})
	switch roll.Op {
	case "sum", "avg":
		all = append(all, query.Measure{Op: query.Sum, Ref: of})
	case "min":
		all = append(all, query.Measure{Op: query.Min, Ref: of})
	case "max":
		all = append(all, query.Measure{Op: query.Max, Ref: of})
	}
	return all
}

// rollupValue makes the roll-up's value of its measures.
func rollupValue(roll *catalog.Rollup, got store.Row) (r RolledUp, err error) {
	rows, _ := got[0].(int64)
	if roll.Of == nil {
		return RolledUp{Value: rows, Count: rows}, nil
	}
	r.Count, _ = got[1].(int64)
	from, to := RollupScales(roll)
	switch roll.Op {
	case "count":
		r.Value = rows
		return r, nil
	case "min", "max":
		r.Value, err = stored.Rescale(got[2], from, to)
		return r, err
	}
	var sum stored.Sum
	if total, ok := got[2].(int64); ok {
		sum.Add(total)
	}
	switch {
	case roll.Op == "sum":
		r.Value, err = sum.Quotient(1, from, to)
	case r.Count > 0:
		r.Value, err = sum.Quotient(r.Count, from, to)
	}
	return r, err
}

// pickEach finds, for each parent, the value of the first child by a sort.
func (r *rolling) pickEach(parents []int64, sort []query.Order) ([]RolledUp, error) {
	all := make([]RolledUp, len(parents))
	for i, parent := range parents {
		var err error
		if all[i].Value, err = r.pick(parent, sort); err != nil {
			return nil, err
		}
		if err := r.hold(all[i].Value); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// pick is the value of the first child by a sort, those that have nothing to sort by coming
// after the others.
func (r *rolling) pick(parent int64, sort []query.Order) (any, error) {
	for _, op := range []query.Op{query.Ne, query.Eq} {
		q := query.Select{Table: r.roll.Child.Table.Name, Columns: []query.Ref{query.Field(r.roll.Of.Column)}, Sort: sort, Limit: 1,
			Filter: query.And(query.Is(r.roll.Lookup.Column, parent), r.only, query.Compare{Ref: sort[0].Ref, Op: op, Value: nil})}
		for row, err := range r.reader.Select(r.ctx, q) {
			if err != nil {
				return nil, r.failed(err)
			}
			return stored.Hold(row[0]), nil
		}
	}
	return nil, nil
}

// hold counts a value among what the request holds, with its JSON: a text may be long.
func (r *rolling) hold(value any) error {
	return budget.From(r.ctx).Try(2 * int64(store.ValueSize(value)))
}

func (r *rolling) failed(err error) error { return fmt.Errorf("rolling up %s: %w", r.roll.Name(), err) }
