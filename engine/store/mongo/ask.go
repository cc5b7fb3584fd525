package mongo

import (
	"context"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// askInsert refuses an insert as the server would, without ending the transaction.
// What others commit meanwhile makes the insert conflict, and the write is begun
// anew.
func (x *tx) askInsert(ctx context.Context, table string, key id.ID, values map[string]any) error {
	taken, err := x.Count(ctx, table, query.Is(query.ID, int64(key)), nil, 0)
	if err != nil {
		return err
	}
	if taken > 0 {
		return fault.New(fault.Conflict, "store.duplicate_id")
	}
	return x.askUnique(ctx, table, key, func(c query.Column) any { return values[c.Name] })
}

// askUpdate is askInsert for an update; columns it does not set keep their values.
func (x *tx) askUpdate(ctx context.Context, table string, key id.ID, values map[string]any) error {
	uniques, err := x.unique(ctx, table)
	if err != nil {
		return err
	}
	q := query.Select{Table: table, Filter: query.Is(query.ID, int64(key))}
	for _, index := range uniques {
		for _, c := range index.Columns {
			q.Columns = append(q.Columns, query.Field(c.Column))
		}
	}
	after, there := map[string]any{}, false
	for row, err := range x.Select(ctx, q) {
		if err != nil {
			return err
		}
		there = true
		for i, r := range q.Columns {
			after[r.Column.Name] = row[i]
		}
	}
	if !there {
		return nil // the update tells that
	}
	for name, v := range values {
		after[name] = v
	}
	return x.askUnique(ctx, table, key, func(c query.Column) any { return after[c.Name] })
}

// askUnique refuses values that another row than key's has in a unique index.
func (x *tx) askUnique(ctx context.Context, table string, key id.ID, value func(query.Column) any) error {
	uniques, err := x.unique(ctx, table)
	if err != nil {
		return err
	}
	for _, index := range uniques {
		same := query.All{query.Compare{Ref: query.Field(query.ID), Op: query.Ne, Value: int64(key)}}
		held := true
		for _, c := range index.Columns {
			v := value(c.Column)
			held = held && v != nil
			same = append(same, query.Is(c.Column, v))
		}
		if !held {
			continue
		}
		taken, err := x.Count(ctx, table, same, nil, 0)
		if err != nil {
			return err
		}
		if taken > 0 {
			return fault.New(fault.Conflict, "store.not_unique", "index", index.Name)
		}
	}
	return nil
}

// unique returns the unique indexes of a table. Indexes can't be listed within a
// transaction.
func (x *tx) unique(ctx context.Context, table string) ([]store.Index, error) {
	if known, ok := x.uniques[table]; ok {
		return known, nil
	}
	all, err := x.t.indexes(ctx, table)
	if err != nil {
		return nil, err
	}
	if x.uniques == nil {
		x.uniques = map[string][]store.Index{}
	}
	uniques := []store.Index{}
	for _, index := range all {
		if index.Unique {
			uniques = append(uniques, index)
		}
	}
	x.uniques[table] = uniques
	return uniques, nil
}
