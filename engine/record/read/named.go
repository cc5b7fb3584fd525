package read

import (
	"context"
	"fmt"

	"formwork/engine/budget"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// maxNamed is how many bytes the names of one object's records may have together. Those
// beyond are told as "".
const maxNamed = 1 << 20

// NamesOf are the names of those of some records of an object that the caller may read, by one
// query; "" where there is none that they may read. There are none of an object that they may
// not read, or that there is not.
func (s *Reader) NamesOf(ctx context.Context, object string, keys []id.ID) (map[id.ID]string, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, refusedOr(err)
	}
	readable, err := s.RecordFilter(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	among := make([]any, len(keys))
	for i, key := range keys {
		among[i] = int64(key)
	}
	q := query.Select{Table: a.Object.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
		Filter: query.And(query.In{Ref: query.Field(query.ID), Values: among}, readable)}
	if a.ShowsText(a.Object.NameField) {
		q.Columns = append(q.Columns, query.Field(a.Object.NameField.Column))
	}
	found, size := make(map[id.ID]string, len(keys)), 0
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading names of %s: %w", object, err)
		}
		name := ""
		if len(r) > 1 {
			name = a.ShownText(a.Object.NameField, r[1])
		}
		if size += len(name); size > maxNamed {
			name = ""
		}
		if err := budget.From(ctx).Hold(ctx, int64(2*len(name))); err != nil { // the name, and its JSON
			return nil, err
		}
		found[id.ID(r[0].(int64))] = name
	}
	return found, nil
}
