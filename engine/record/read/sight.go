package read

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// Sight is what is found of a record for several callers at once.
type Sight struct {
	Version int64
	Binned  bool   // it is in the recycle bin, with the values that it had
	By      []bool // whether the caller of each filter may read it
}

// sightRefs is how many columns a query of Sights reads for filters, so that it joins no more
// tables than a store can; a single filter may need more.
const sightRefs = 40

// Sights decides by several record policies which of some records may be read under each: as
// the store would, but with one query for all that read the same columns. A record that is
// neither stored nor in the bin has none. The session is one of the platform itself.
func Sights(ctx context.Context, s *session.Session, object string, records []id.ID, filters []query.Filter) (map[id.ID]Sight, error) {
	a, err := s.AnyObject(ctx, object)
	if err != nil {
		return nil, err
	}
	keys := make([]any, len(records))
	for i, r := range records {
		keys[i] = int64(r)
	}
	found := map[id.ID]Sight{}
	for from, again := 0, true; again; again = from < len(filters) {
		columns, to := newFilterColumns(), from
		var flat []query.Filter
		for to < len(filters) && (to == from || len(columns.refs) < sightRefs) {
			flat = append(flat, columns.flatten(filters[to]))
			to++
		}
		q := query.Select{Table: a.Mapping.Object.Table.Name, Columns: columns.refs, Filter: query.In{Ref: query.Field(query.ID), Values: keys}}
		for row, err := range s.Tenant.Select(ctx, q) {
			if err != nil {
				return nil, fmt.Errorf("reading records of %s for several callers: %w", object, err)
			}
			key := id.ID(row[0].(int64))
			sight, ok := found[key]
			if !ok {
				version, _ := row[1].(int64)
				sight = Sight{Version: version, By: make([]bool, len(filters))}
				found[key] = sight
			}
			value := func(ref query.Ref) any { return row[columns.at[ref.Column.Name]] }
			for i, f := range flat {
				sight.By[from+i] = query.Match(f, value)
			}
		}
		from = to
	}
	return found, binnedSights(ctx, s, a.Mapping, keys, filters, found)
}

// binnedSights adds those of records that are in the bin.
func binnedSights(ctx context.Context, s *session.Session, m *stored.Mapping, keys []any, filters []query.Filter, found map[id.ID]Sight) error {
	var gone []any
	for _, key := range keys {
		if _, ok := found[id.ID(key.(int64))]; !ok {
			gone = append(gone, key)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	q := query.Select{Table: stored.BinTable, Filter: query.All{query.In{Ref: query.Field(query.ID), Values: gone}, query.Is(stored.ColObject, m.Object.Doc.Name)}}
	for r, err := range store.Find(ctx, s.Tenant, q, query.ID, stored.ColDoc) {
		if err != nil {
			return fmt.Errorf("reading the bin for several callers: %w", err)
		}
		values, err := stored.DecodeRow(m, r.ID(query.ID), r.JSON(stored.ColDoc))
		if err != nil {
			return err
		}
		e := session.NewEnv(ctx, s, s.Tenant, m, values, nil)
		version, _ := m.Value(values, query.Version).(int64)
		sight := Sight{Version: version, Binned: true, By: make([]bool, len(filters))}
		for i, f := range filters {
			sight.By[i] = e.Matches(f, values)
		}
		if e.Failed() != nil {
			return e.Failed()
		}
		found[r.ID(query.ID)] = sight
	}
	return nil
}

// filterColumns are the columns that some filters read, each once, behind the id and the
// version.
type filterColumns struct {
	refs []query.Ref
	at   map[string]int // by what flatten calls them
}

func newFilterColumns() *filterColumns {
	c := &filterColumns{at: map[string]int{}}
	c.nameOf(query.Field(query.ID))
	c.nameOf(query.Field(query.Version))
	return c
}

// flatten returns a filter whose references have no hops: each is named as the column that
// holds what it reads.
func (c *filterColumns) flatten(f query.Filter) query.Filter {
	return query.MapRefs(f, func(r query.Ref) query.Ref {
		return query.Field(query.Column{Name: c.nameOf(r), Storage: r.Column.Storage})
	})
}

// nameOf is the same for references that read the same.
func (c *filterColumns) nameOf(r query.Ref) string {
	name := r.Column.Name
	if len(r.Hops) > 0 {
		name = fmt.Sprint(r)
	}
	if _, ok := c.at[name]; !ok {
		c.at[name] = len(c.refs)
		c.refs = append(c.refs, r)
	}
	return name
}
