package read

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// Called tells what some records of an object are called, of those that the caller may read: ""
// for one that has no name, or whose name they may not read. It asks once.
func (s *Reader) Called(ctx context.Context, object string, keys []id.ID) (map[id.ID]string, error) {
	called := map[id.ID]string{}
	a, err := s.AnyObject(ctx, object)
	if err != nil || !a.Allows(policy.Read) || len(keys) == 0 {
		return called, refusedOr(err)
	}
	read, err := s.RecordFilter(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(keys))
	for i, key := range keys {
		values[i] = int64(key)
	}
	q := query.Select{Table: a.Object.Table.Name, Columns: []query.Ref{query.Field(query.ID)}, Filter: query.And(query.In{Ref: query.Field(query.ID), Values: values}, read)}
	named := a.ShowsText(a.Object.NameField)
	if named {
		q.Columns = append(q.Columns, query.Field(a.Object.NameField.Column))
	}
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading names of %s: %w", object, err)
		}
		name := ""
		if named {
			name = a.ShownText(a.Object.NameField, r[1])
		}
		called[id.ID(r[0].(int64))] = name
	}
	return called, nil
}
