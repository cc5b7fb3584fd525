package session

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// LoadReadable reads a whole record that the caller may read. Fault record.not_found.
func (s *Session) LoadReadable(ctx context.Context, a *Object, key id.ID) (stored.Row, error) {
	read, err := s.RecordFilter(ctx, a.Object.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	r, err := Load(ctx, s.Tenant, a.Mapping, query.And(query.Is(query.ID, int64(key)), read))
	if r == nil && err == nil {
		err = NotFound(a.Object.Doc.Name, key)
	}
	return r, err
}

// Load reads the whole record that a filter selects; nil if there is none.
func Load(ctx context.Context, reader store.Reader, m *stored.Mapping, f query.Filter) (stored.Row, error) {
	q := query.Select{Table: m.Object.Table.Name, Columns: m.Refs, Filter: f, Limit: 1}
	for r, err := range reader.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading a record of %s: %w", m.Object.Doc.Name, err)
		}
		return stored.HoldRow(r), nil
	}
	return nil, nil
}

// Exists reports whether a filter selects a row.
func Exists(ctx context.Context, reader store.Reader, table string, f query.Filter) (bool, error) {
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: f, Limit: 1}
	for _, err := range reader.Select(ctx, q) {
		if err != nil {
			return false, fmt.Errorf("looking for a record of %s: %w", table, err)
		}
		return true, nil
	}
	return false, nil
}
