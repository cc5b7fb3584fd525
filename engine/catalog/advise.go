package catalog

import (
	"context"
	"fmt"
	"slices"

	"formwork/engine/demand"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Shape is a list that somebody asked for, without what its constants were.
type Shape struct {
	Source string // where it was seen
	Object string
	Filter query.Filter
	Sort   []query.Order
}

// Advice is a list that reads or sorts more rows than it shows, because no index
// fits it.
type Advice struct {
	Source  string   // "view/my_accounts", "layout/account/related/contacts", a Shape's
	Object  string   //
	Owned   bool     // asked as somebody who sees the own records only
	Scans   bool     // the whole table is read
	Sorts   bool     // rows are sorted after they were read
	Uses    []string // indexes that help a little
	Columns []string // fields of an index that would fit, "-" before those that descend; empty: none would
	Text    string   // the store's own words
}

// Advise asks the store how it runs the lists of views, related lists and the
// shapes given, as those who see everything and, for private objects, as an owner;
// it returns those that miss an index. Objects with few records are left out.
func (c *Catalog) Advise(ctx context.Context, t store.Tenant, seen ...Shape) ([]Advice, error) {
	s, err := c.current(ctx, t)
	if err != nil {
		return nil, err
	}
	var advice []Advice
	large := largeTables{from: t}
	for _, shape := range append(s.snapshot.shapes(), seen...) {
		o := s.snapshot.Objects[shape.Object]
		if o == nil {
			continue
		}
		if large, err := large.is(ctx, o); err != nil || !large {
			if err != nil {
				return nil, err
			}
			continue
		}
		for _, owned := range []bool{false, true} {
			if owned && !o.private() {
				continue
			}
			missing, err := o.advise(ctx, t, shape, owned)
			if err != nil {
				return nil, err
			}
			if missing != nil {
				advice = append(advice, *missing)
			}
		}
	}
	return advice, nil
}

// shapes are the lists that are known from documents.
func (s *Snapshot) shapes() []Shape {
	var shapes []Shape
	for _, l := range s.lists {
		shape := Shape{Source: l.Source, Object: l.Object.Doc.Name}
		if l.Filter != nil {
			filter, err := l.Filter.Filter(sample{})
			if err != nil {
				continue // it can't run at all; Build has refused what never can
			}
			shape.Filter = filter
		}
		for _, held := range []*Field{l.Lookup, l.Group} { // what is asked for one value at a time
			if held != nil {
				equal := query.Is(held.Column, sampleOf(held.Column.Storage))
				shape.Filter = query.And(shape.Filter, equal)
			}
		}
		for _, key := range l.Sort {
			shape.Sort = append(shape.Sort, query.Order{Ref: key.Ref, Descending: key.Descending})
		}
		shapes = append(shapes, shape)
	}
	return shapes
}

func (o *Object) advise(ctx context.Context, t store.Tenant, shape Shape, owned bool) (*Advice, error) {
	filter := shape.Filter
	if owned {
		filter = query.And(filter, query.Is(query.Owner, int64(1)))
	}
	sort := withID(shape.Sort)
	plan, err := t.Explain(ctx, query.Select{Table: o.Table.Name, Columns: []query.Ref{query.Field(query.ID)}, Filter: filter, Sort: sort, Limit: 50})
	if err != nil {
		return nil, fmt.Errorf("explaining %s: %w", shape.Source, err)
	}
	scans := filter != nil && slices.Contains(plan.Scans, o.Table.Name)
	if !scans && !plan.Sorted {
		return nil, nil
	}
	a := &Advice{Source: shape.Source, Object: shape.Object, Owned: owned, Scans: scans, Sorts: plan.Sorted, Uses: plan.Uses, Text: plan.Text}
	equal, bounded := demand.Conditions(filter)
	equal, bounded = o.ordered(equal), o.ordered(bounded)
	columns := ascending(equal)
	if len(shape.Sort) == 0 && len(bounded) > 0 {
		columns = append(columns, asc(bounded[0]))
	}
	for _, key := range sort {
		if len(key.Ref.Hops) > 0 {
			columns = nil // no index reaches through a lookup
			break
		}
		columns = append(columns, column{Column: key.Ref.Column, Descending: key.Descending})
	}
	a.Columns = columnNames(columns)
	return a, nil
}

// withID ends a sort with the id, in the direction of the last key: so an index on
// the sort is read in one direction.
func withID(sort []query.Order) []query.Order {
	last := query.Order{Ref: query.Field(query.ID)}
	if n := len(sort); n > 0 {
		if sort[n-1].Ref.Column == query.ID && len(sort[n-1].Ref.Hops) == 0 {
			return sort
		}
		last.Descending = sort[n-1].Descending
	}
	return append(slices.Clone(sort), last)
}
