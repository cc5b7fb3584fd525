package store

import (
	"context"
	"iter"

	"formwork/engine/id"
	"formwork/engine/query"
)

// A log is a table (Table.Log) whose rows have positions: whoever reads it from where
// they were last misses no row, whatever the order in which writers began and ended.
//
// Positions are above 0 and appear in rising order only: once a row at a position can
// be read, no row at a lower one will ever come. If one Write was acknowledged before
// another began, or both changed or locked the same row of any table, the rows of the
// earlier one come first; within a Write they come in the order in which they were
// appended. Positions may leave gaps. A row that was appended is never changed.

// LogRead asks for rows of a log.
type LogRead struct {
	Table   string
	Columns []query.Column
	After   int64 // the position behind which to begin; 0: the beginning
	Limit   int   // rows; at least 1
}

// Entry is a row of a log, whose values are read by their columns.
type Entry struct {
	Found
	Position int64
}

// Entry is a row that ReadLog yields for q; only valid as long as the row.
func (q LogRead) Entry(row Row) Entry {
	return Entry{ByColumn(q.Columns, row[1:]), row[0].(int64)}
}

// LogReader reads logs.
type LogReader interface {
	// ReadLog yields rows in the order of their positions: the position, then the
	// columns. It reaches every row of a Write acknowledged before it began. The row is
	// only valid until the next one.
	ReadLog(ctx context.Context, q LogRead) iter.Seq2[Row, error]
	// LogEnd is the highest position, 0 of an empty log. Rows of a Write acknowledged
	// before have one at most as high, and those of a Write that begins later a higher one.
	LogEnd(ctx context.Context, table string) (int64, error)
	// CountLog counts the rows behind a position, up to limit.
	CountLog(ctx context.Context, table string, after int64, limit int) (int64, error)
}

// LogWriter writes logs.
type LogWriter interface {
	// Append adds a row, under the id or, where the store needs that to keep the order, a
	// higher one. Fault "store.duplicate_id" (Conflict) if the id
	// is taken and the store keeps the given id, "store.row_too_large" (TooLarge).
	Append(ctx context.Context, table string, id id.ID, values map[string]any) error
	// TrimLog removes the rows up to and with a position and says how many they were. A
	// store may keep the last row of the log.
	TrimLog(ctx context.Context, table string, through int64) (int64, error)
}
