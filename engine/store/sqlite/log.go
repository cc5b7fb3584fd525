package sqlite

import (
	"context"
	"fmt"
	"iter"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// The position of a row of a log is its id. Writers of a file follow one another, also
// those of several processes, so a row that is given an id above the last one comes
// after all that were committed. What the clocks say that ids are made from does not
// matter. The last row is never trimmed: the next one is counted from it.

// logOf is the name of an empty table that tells of a table that it is a log. No table of
// rows has a colon.
func logOf(table string) string { return table + ":log" }

// nextPosition is the id of a row that is appended: the one it was given, or the next.
func nextPosition(table string) string {
	return "max(?, (SELECT coalesce(max(id), 0) + 1 FROM " + quote(table) + "))"
}

// Append implements store.LogWriter.
func (x *tx) Append(ctx context.Context, table string, key id.ID, values map[string]any) error {
	return x.insert(ctx, table, key, values, nil, true)
}

// TrimLog implements store.LogWriter.
func (x *tx) TrimLog(ctx context.Context, table string, through int64) (int64, error) {
	if err := x.writing(ctx); err != nil {
		return 0, err
	}
	name := quote(table)
	if err := x.c.exec("DELETE FROM "+name+" WHERE id <= ? AND id < (SELECT max(id) FROM "+name+")", through); err != nil {
		return 0, fmt.Errorf("trimming the log %s: %w", table, err)
	}
	return x.c.changes(), nil
}

// CopyLog implements store.Tenant.
func (t *tenant) CopyLog(ctx context.Context, table store.Table, rows []store.FullRow) error {
	return t.Write(ctx, func(tx store.Tx) error {
		for _, row := range rows {
			if err := tx.Insert(ctx, table.Name, id.ID(row.Position), row.Named(table), nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// behind holds for the rows behind a position.
func behind(position int64) query.Filter {
	return query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: position}
}

// ReadLog implements store.LogReader.
func (t *tenant) ReadLog(ctx context.Context, q store.LogRead) iter.Seq2[store.Row, error] {
	columns := []query.Ref{query.Field(query.ID)}
	for _, c := range q.Columns {
		columns = append(columns, query.Field(c))
	}
	return t.Select(ctx, query.Select{Table: q.Table, Columns: columns, Filter: behind(q.After),
		Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: max(q.Limit, 1)})
}

// LogEnd implements store.LogReader.
func (t *tenant) LogEnd(ctx context.Context, table string) (end int64, err error) {
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Limit: 1,
		Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}}
	for row, err := range t.Select(ctx, q) {
		if err != nil {
			return 0, err
		}
		end = row[0].(int64)
	}
	return end, nil
}

// CountLog implements store.LogReader.
func (t *tenant) CountLog(ctx context.Context, table string, after int64, limit int) (int64, error) {
	s := statement{text: "SELECT count(*) FROM (SELECT 1 FROM " + quote(table) + " WHERE id > ? LIMIT ?)", args: []any{after, int64(limit)}}
	k, err := t.open(ctx, nil, []statement{s}, 0, []fieldtype.Storage{fieldtype.Int})
	if err != nil {
		return 0, err
	}
	defer t.done(k)
	row, err := k.next()
	if err != nil {
		return 0, fmt.Errorf("counting the rows of the log %s: %w", table, err)
	}
	return row[0].(int64), nil
}
