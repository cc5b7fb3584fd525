package cell

import (
	"context"
	"iter"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// changeTable is a log of what was changed in a tenant while it was being moved.
const changeTable = "_move_change"

// What a change is of, where it is of no table. No table has a colon in its name.
const (
	ofBlob   = ":blob"   // a blob was put, whose key is the row
	ofTables = ":tables" // tables, columns, indexes or the stamp changed
)

var (
	colTable  = query.Column{Name: "table", Storage: fieldtype.Text}
	colRow    = query.Column{Name: "row", Storage: fieldtype.Int}
	colWords  = query.Column{Name: "words", Storage: fieldtype.List}
	colWorded = query.Column{Name: "worded", Storage: fieldtype.Bool}

	changeColumns = []query.Column{colTable, colRow, colWords, colWorded}
)

// change is what was changed: a row, whose values are looked up where the tenant is.
type change struct {
	table  string
	row    id.ID
	words  []string // which can't be looked up, if worded
	worded bool
}

// noting is a transaction that notes what it changes, so that it is undone with it. Rows
// of logs are not noted: they are found by their positions. It has all methods of Tx of its
// own, so that none that writes is ever passed on by mistake.
type noting struct {
	tx  store.Tx
	ids *id.Source
}

var _ store.Tx = (*noting)(nil)

func (n *noting) note(ctx context.Context, c change) error {
	values := map[string]any{colTable.Name: c.table, colRow.Name: int64(c.row), colWorded.Name: c.worded}
	if len(c.words) > 0 {
		values[colWords.Name] = c.words
	}
	return n.tx.Append(ctx, changeTable, n.ids.Next(), values)
}

func (n *noting) Insert(ctx context.Context, table string, key id.ID, values map[string]any, words []string) error {
	if err := n.tx.Insert(ctx, table, key, values, words); err != nil {
		return err
	}
	return n.note(ctx, change{table, key, words, true})
}

func (n *noting) Update(ctx context.Context, table string, key id.ID, version int64, values map[string]any, words []string) error {
	if err := n.tx.Update(ctx, table, key, version, values, words); err != nil {
		return err
	}
	return n.note(ctx, change{table, key, words, words != nil})
}

func (n *noting) Delete(ctx context.Context, table string, key id.ID) error {
	if err := n.tx.Delete(ctx, table, key); err != nil {
		return err
	}
	return n.note(ctx, change{table: table, row: key})
}

func (n *noting) DeleteWhere(ctx context.Context, table string, filter query.Filter) (int64, error) {
	var rows []id.ID
	for row, err := range n.tx.Select(ctx, query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: filter}) {
		if err != nil {
			return 0, err
		}
		rows = append(rows, id.ID(row[0].(int64)))
	}
	for _, row := range rows {
		if err := n.note(ctx, change{table: table, row: row}); err != nil {
			return 0, err
		}
	}
	return n.tx.DeleteWhere(ctx, table, filter)
}

func (n *noting) Lock(ctx context.Context, table string, key id.ID) error {
	return n.tx.Lock(ctx, table, key)
}

func (n *noting) Mark(ctx context.Context, topic string, at time.Time) error {
	return n.tx.Mark(ctx, topic, at)
}

func (n *noting) Attempt(ctx context.Context, fn func() error) (refused, err error) {
	return n.tx.Attempt(ctx, fn)
}

func (n *noting) Append(ctx context.Context, table string, key id.ID, values map[string]any) error {
	return n.tx.Append(ctx, table, key, values)
}

// TrimLog is not noted: what is left of a log that was trimmed meanwhile is trimmed again.
func (n *noting) TrimLog(ctx context.Context, table string, through int64) (int64, error) {
	return n.tx.TrimLog(ctx, table, through)
}

func (n *noting) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return n.tx.Select(ctx, q)
}

func (n *noting) Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	return n.tx.Aggregate(ctx, q)
}

func (n *noting) Count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error) {
	return n.tx.Count(ctx, table, filter, words, most)
}
