package read

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
)

// May reports whether the caller may do something with a record that is there.
func (s *Reader) May(ctx context.Context, action policy.Action, object string, key id.ID) (bool, error) {
	a, err := s.AnyObject(ctx, object)
	if err != nil {
		return false, refusedOr(err)
	}
	if !a.Allows(policy.Read) || !a.Allows(action) {
		return false, nil
	}
	filter := query.Is(query.ID, int64(key))
	for _, action := range []policy.Action{policy.Read, action} {
		allowed, err := s.RecordFilter(ctx, object, action)
		if err != nil {
			return false, err
		}
		filter = query.And(filter, allowed)
	}
	return session.Exists(ctx, s.Tenant, a.Object.Table.Name, filter)
}

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
	named := readableText(a, a.Object.NameField)
	if named {
		q.Columns = append(q.Columns, query.Field(a.Object.NameField.Column))
	}
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading names of %s: %w", object, err)
		}
		name := ""
		if named {
			name, _ = r[1].(string)
		}
		called[id.ID(r[0].(int64))] = name
	}
	return called, nil
}
