package read

import (
	"context"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/store"
)

// rolledUp is a column of a shape that is computed from children when records are read.
type rolledUp struct {
	roll   *catalog.Rollup
	parent int // slot of the parent's id, which is empty if the caller may not read the parent
	slot   int
}

// How many records of a stream are completed together. A roll-up that picks a value, which may
// be a long text, asks for each record by itself anyway.
const (
	rolledAtOnce = 100
	pickedAtOnce = 5
)

// atOnce is how many records of a stream are completed together.
func (sh *shape) atOnce() int {
	if len(sh.rolled) == 0 {
		return 1
	}
	if slices.ContainsFunc(sh.rolled, func(c rolledUp) bool { return c.roll.Picks() != nil }) {
		return pickedAtOnce
	}
	return rolledAtOnce
}

// complete computes what is computed of rows when they are read: roll-ups, each by one query
// for all rows, and then formulas.
func (sh *shape) complete(ctx context.Context, s *session.Session, reader store.Reader, rows [][]any) error {
	for _, c := range sh.rolled {
		if err := c.fill(ctx, s, reader, rows); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if err := sh.fill(ctx, s, row); err != nil {
			return err
		}
	}
	return nil
}

// fill computes the roll-up for all rows.
func (c rolledUp) fill(ctx context.Context, s *session.Session, reader store.Reader, rows [][]any) error {
	var parents []int64
	at := map[int64]int{}
	for _, row := range rows {
		if parent, ok := row[c.parent].(int64); ok {
			if _, asked := at[parent]; !asked {
				at[parent] = len(parents)
				parents = append(parents, parent)
			}
		}
	}
	if len(parents) == 0 {
		return nil
	}
	values, err := c.values(ctx, s, reader, parents)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if parent, ok := row[c.parent].(int64); ok {
			row[c.slot] = values[at[parent]].Value
		}
	}
	return nil
}

// values are the roll-ups of some parents. One that is too big is empty, and takes no other
// with it.
func (c rolledUp) values(ctx context.Context, s *session.Session, reader store.Reader, parents []int64) ([]session.RolledUp, error) {
	values, err := s.RollUp(ctx, reader, c.roll, parents)
	switch {
	case !fault.Is(err, "record.overflow") && !fault.Is(err, "query.overflow"):
		return values, err
	case len(parents) == 1:
		return make([]session.RolledUp, 1), nil
	}
	values = nil
	for i := range parents {
		one, err := c.values(ctx, s, reader, parents[i:i+1])
		if err != nil {
			return nil, err
		}
		values = append(values, one...)
	}
	return values, nil
}

// addRolledUp puts a roll-up into the shape, once, on the record that a path leads to, and returns
// its place among those of the shape.
func (sh *shape) addRolledUp(roll *catalog.Rollup, parent query.Ref, guarded int) int {
	key := rolledKey(parent, guarded, roll.Field.Name)
	if at, there := sh.rolledAt[key]; there {
		return at
	}
	sh.rolledAt[key] = len(sh.rolled)
	sh.rolled = append(sh.rolled, rolledUp{roll: roll, parent: sh.selectRef(parent, guarded)})
	return len(sh.rolled) - 1
}

// rolledKey names a roll-up by the way to its record and by its field.
func rolledKey(parent query.Ref, guarded int, field string) string {
	return refKey(parent, guarded) + " " + field
}

// parentOf is the id of the record that lookups lead to.
func parentOf(via []expression.Symbol) query.Ref {
	return expression.Path{Via: via, Leaf: expression.Symbol{Column: query.ID}}.Ref()
}
