package record

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// loadReadable reads a whole record that the caller may read. Fault record.not_found.
func (s *core) loadReadable(ctx context.Context, a *access, key id.ID) (row, error) {
	read, err := s.filter(ctx, a.object.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	q := query.Select{Table: a.object.Table.Name, Columns: a.refs, Filter: query.And(query.Is(query.ID, int64(key)), read), Limit: 1}
	for r, err := range s.tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading a record of %s: %w", a.object.Doc.Name, err)
		}
		return holdRow(r), nil
	}
	return nil, notFound(a.object.Doc.Name, key)
}

// exists reports whether a filter selects a row.
func exists(ctx context.Context, reader store.Reader, table string, f query.Filter) (bool, error) {
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: f, Limit: 1}
	for _, err := range reader.Select(ctx, q) {
		if err != nil {
			return false, fmt.Errorf("looking for a record of %s: %w", table, err)
		}
		return true, nil
	}
	return false, nil
}
