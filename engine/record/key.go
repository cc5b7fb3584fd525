package record

import (
	"context"
	"fmt"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// upsertKey finds the unique key that an upsert names.
func upsertKey(o *catalog.Object, name string) (*catalog.UniqueKey, bool) {
	for _, key := range o.Unique {
		if key.Name == name {
			return key, true
		}
	}
	return nil, false
}

// ByKey finds, by one query, the records that have values of a field that is unique by
// itself, as keys compare them: in text, case and width don't count. values are in
// stored form; the answer has an id for each, 0 where there is none that the caller may
// read. Fault record.unknown_key.
func (s *Session) ByKey(ctx context.Context, object, field string, values []any) ([]id.ID, error) {
	a, err := s.access(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	f, ok := a.object.Field(field)
	if !ok || !a.reads(f) || !aloneUnique(a.object, f) {
		return nil, fault.New(fault.Invalid, "record.unknown_key", "key", shorten(field), "object", object)
	}
	read, err := s.filter(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	column := f.Column
	places := map[any][]int{} // value, as it is compared -> where it is asked for
	var asked []any
	for i, value := range values {
		var v any
		if column, v = compared(f, value); v == nil {
			continue
		}
		if places[v] == nil {
			asked = append(asked, v)
		}
		places[v] = append(places[v], i)
	}
	found := make([]id.ID, len(values))
	if len(asked) == 0 {
		return found, nil
	}
	q := query.Select{Table: a.object.Table.Name, Columns: []query.Ref{query.Field(query.ID), query.Field(column)},
		Filter: query.And(query.In{Ref: query.Field(column), Values: asked}, read)}
	for r, err := range s.tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("looking for records by their keys: %w", err)
		}
		for _, i := range places[r[1]] {
			found[i] = id.ID(r[0].(int64))
		}
	}
	return found, nil
}

// aloneUnique reports whether no two records have the same value of a field.
func aloneUnique(o *catalog.Object, f *catalog.Field) bool {
	return slices.ContainsFunc(o.Unique, func(key *catalog.UniqueKey) bool {
		return len(key.Fields) == 1 && key.Fields[0].Name == f.Name
	})
}

// keyed finds the record that has the values of a unique key; 0 if none has, or one
// of the values is empty.
func (u *unit) keyed(p *plan, key *catalog.UniqueKey, r row) (id.ID, error) {
	f, ok := p.keyFilter(key, r)
	if !ok {
		return 0, nil
	}
	return byKey(u.ctx, u.tx, p, f)
}

// byKey finds the one record that a filter on a unique key selects.
func byKey(ctx context.Context, reader store.Reader, p *plan, f query.Filter) (id.ID, error) {
	q := query.Select{Table: p.object.Table.Name, Columns: []query.Ref{query.Field(query.ID)}, Filter: f, Limit: 1}
	for r, err := range reader.Select(ctx, q) {
		if err != nil {
			return 0, fmt.Errorf("looking for a record by its key: %w", err)
		}
		return id.ID(r[0].(int64)), nil
	}
	return 0, nil
}

// keyFilter selects the record with a row's values of a unique key; ok is false if
// one of them is empty, which no record is held to.
func (p *plan) keyFilter(key *catalog.UniqueKey, r row) (f query.Filter, ok bool) {
	var all query.All
	for _, field := range key.Fields {
		c, v := compared(field, p.value(r, field.Column))
		if v == nil {
			return nil, false
		}
		all = append(all, query.Is(c, v))
	}
	return all, true
}

// compared is the column by which keys compare a field, and a value as it stands there.
func compared(f *catalog.Field, stored any) (query.Column, any) {
	folds, can := f.Value.(fieldtype.Folds)
	if !can || f.Key.Name == "" {
		return f.Column, stored
	}
	if stored == nil {
		return f.Key, nil
	}
	return f.Key, emptyText(folds.Fold(stored))
}

// yield leaves a record out of a unique key that it would come into, if another
// record has the same values there: both are older than the key, and whoever brings
// this one up to date, or changes something else of it, can't help that. It comes
// into the key as soon as it is changed while the values are free.
func (u *unit) yield(p *plan, key *catalog.UniqueKey, old, r row) error {
	var filled []int
	for _, f := range key.Fields {
		column := f.Column
		if f.Key.Name != "" {
			column = f.Key
		}
		if slot, ok := p.slots[column.Name]; ok && !same(old[slot], r[slot]) {
			filled = append(filled, slot)
		}
	}
	if filled == nil {
		return nil
	}
	found, err := u.keyed(p, key, r)
	if err != nil || found == 0 || found == id.ID(r[slotID].(int64)) {
		return err
	}
	for _, slot := range filled {
		r[slot] = nil
	}
	return nil
}
