package read

import (
	"context"
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// ByKey finds, by one query, the records that have values of a field that is unique by
// itself, as keys compare them: in text, case and width don't count unless the key says
// so. values are in stored form; the answer has an id for each, 0 where there is none that the caller may
// read. Fault record.unknown_key.
func (s *Reader) ByKey(ctx context.Context, object, field string, values []any) ([]id.ID, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	f, ok := a.Object.Field(field)
	if !ok || !a.Reads(f) {
		return nil, fault.New(fault.Invalid, "record.unknown_key", "key", session.Shorten(field), "object", object)
	}
	key := aloneUnique(a.Object, f)
	if key == nil {
		return nil, fault.New(fault.Invalid, "record.unknown_key", "key", session.Shorten(field), "object", object)
	}
	read, err := s.RecordFilter(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	column := f.Column
	places := map[any][]int{} // value, as it is compared -> where it is asked for
	var asked []any
	for i, value := range values {
		var v any
		if column, v = stored.ComparedBy(key, f, value); v == nil {
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
	q := query.Select{Table: a.Object.Table.Name, Columns: []query.Ref{query.Field(query.ID), query.Field(column)},
		Filter: query.And(query.In{Ref: query.Field(column), Values: asked}, read)}
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("looking for records by their keys: %w", err)
		}
		for _, i := range places[r[1]] {
			found[i] = id.ID(r[0].(int64))
		}
	}
	return found, nil
}

// aloneUnique is the key by which no two records have the same value of a field; nil if
// there is none.
func aloneUnique(o *catalog.Object, f *catalog.Field) *catalog.UniqueKey {
	for _, key := range o.Unique {
		if len(key.Fields) == 1 && key.Fields[0].Name == f.Name {
			return key
		}
	}
	return nil
}
