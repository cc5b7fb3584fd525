// Package store is the contract of storage. A Tenant is the only way to a query,
// so data of two tenants cannot meet. Adapters are sqlite and mongo; both pass
// storetest.
package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
)

// Store holds tenants. Safe for concurrent use. Opening many tenants is cheap:
// whatever a tenant needs is opened when it is used and let go when idle.
type Store interface {
	// Tenant returns a handle. Fault "tenant.not_found" (NotFound) if there is none.
	Tenant(ctx context.Context, name string) (Tenant, error)
	// Create makes an empty tenant. Fault "tenant.exists" (Conflict).
	Create(ctx context.Context, name string) (Tenant, error)
	// Load makes a tenant of rows that Dump wrote, of this store or one of another kind, of
	// this tenant or another. Nobody sees the tenant before all is there; a Load that fails
	// or is killed makes none. Faults "tenant.exists" (Conflict), "store.foreign_dump"
	// (Invalid) for what no store wrote.
	Load(ctx context.Context, name string, r io.Reader) (Tenant, error)
	// Delete removes a tenant and all of its data, for good. Handles to it fail after,
	// with the fault "tenant.not_found". This holds for other processes, too: once Delete
	// has returned, no write of theirs is acknowledged any more. Their reads may go on
	// for half a minute; they see what was the deleted tenant's or nothing, never what
	// belongs to a new tenant of the name.
	Delete(ctx context.Context, name string) error
	// Tenants lists names, sorted.
	Tenants(ctx context.Context) ([]string, error)
	// Format is the stamp of the form in which the list of tenants is kept; 0: it has none.
	Format(ctx context.Context) (int, error)
	// Stamp sets it, durably.
	Stamp(ctx context.Context, format int) error
	// Ping reports whether the store can serve. Fault "store.full" (Full) while it has no
	// room for what is written.
	Ping(ctx context.Context) error
	// Size is about how many bytes the rows of all tenants take where they are kept. Blobs
	// do not count. It may take as long as listing all tenants.
	Size(ctx context.Context) (int64, error)
	// Clock is the time by a clock of the store's own; the zero time where it has none but
	// that of this machine.
	Clock(ctx context.Context) (time.Time, error)
	// Marks tell which tenants have background work; nil where one process serves the store,
	// which knows by itself.
	Marks() Marks
	// Close waits for writes under way and lets everything go.
	Close() error
}

// Spreader is an ability of a Store that keeps a tenant's tables on several machines.
type Spreader interface {
	// Spread has rows of tables of a tenant spread over the machines by the value of a column
	// (query.ID for the id): a question that names it goes to one of them, any other to all.
	// Unique keys hold as before, at every moment. Tables that can't be spread, since a unique
	// index is on values that have no one form, such as lists, stay as they are and are
	// returned. It may be repeated, and then goes on where it was interrupted; others read and
	// write meanwhile. It takes as long as moving rows does.
	Spread(ctx context.Context, tenant string, by map[string]query.Column) (kept []string, err error)
}

// Tenant is the storage of one tenant. Safe for concurrent use.
//
// A read sees every write acknowledged before it began, and one state of the
// data for as long as it runs (a Select's rows, on one table); a sorted Select that
// outlasts what the store can keep, minutes, goes on in a newer one.
//
// Besides the faults that are told at it, every call may end with "store.damaged"
// (Unavailable) where what is stored can't be read any more, and with "store.full" (Full)
// where there is no room for what is written. Other tenants go on.
type Tenant interface {
	Name() string
	// Identity tells the tenant from all others that this process has known, former ones
	// of its name among them. What is kept in memory of a tenant is kept by its identity.
	Identity() string
	// Format is the stamp of the form in which the tenant's data is kept; 0: it has none.
	Format(ctx context.Context) (int, error)
	// Stamp sets it, durably.
	Stamp(ctx context.Context, format int) error
	// Dump writes all rows of the tenant, with words, positions, indexes and the stamp, in
	// the form that all stores share (see ReadDump): as they are at one moment, where the
	// store reads snapshots at all. Others read and write meanwhile. Blobs are not in it. w
	// must not keep it waiting for longer than a few minutes.
	Dump(ctx context.Context, w io.Writer) error
	// CopyLog adds rows that another store's log has, at the positions that they have there,
	// each above all that were given here. It is for a tenant that nobody else writes to.
	CopyLog(ctx context.Context, table Table, rows []FullRow) error
	// Tables lists the tables there are, by name, without their indexes.
	Tables(ctx context.Context) ([]Table, error)
	// Define makes sure that tables and columns exist; it takes the same time
	// whatever the number of rows, and never removes anything. It does not make
	// indexes but for those of tables that are new and empty, and Unique ones of
	// new columns.
	Define(ctx context.Context, tables ...Table) error
	// Index makes sure that the table has exactly the given indexes (besides its
	// key), building and dropping as needed; it may take long and lets others work
	// meanwhile. Fault "store.not_unique" (Conflict) when a unique one can't be built.
	Index(ctx context.Context, table string, indexes []Index) error
	// Indexes lists what exists, sorted by name.
	Indexes(ctx context.Context, table string) ([]Index, error)
	// Drop removes columns (all of the table if none are named) and their data.
	Drop(ctx context.Context, table string, columns ...string) error
	Reader
	LogReader
	// Write runs fn in one transaction: all of it is durable when Write returns
	// nil, and none of it ever happens otherwise. fn sees its own writes. It may run
	// more than once, so it must not change anything outside but variables that it
	// sets anew each time; it must not use the Tenant, only tx. Concurrent writes
	// are serializable as far as they touch the same rows. An error of fn is
	// returned as it is.
	Write(ctx context.Context, fn func(tx Tx) error) error
	// Check looks through all that is stored, but for blobs, as far as the store can be
	// asked to. Fault "store.damaged" (Unavailable). It takes as long as reading all does.
	Check(ctx context.Context) error
	// Explain tells how a query would be run, for people and for the index advisor.
	Explain(ctx context.Context, q query.Select) (Plan, error)
	// Blobs are the tenant's contents: bytes that are no rows.
	Blobs() Blobs
}

// ValidTenant reports whether a tenant may have a name: ^[a-z][a-z0-9-]{0,62}$.
func ValidTenant(name string) bool {
	if name == "" || len(name) > 63 || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// Reader reads.
type Reader interface {
	// Select yields rows in order. The row is only valid until the next one.
	// A loop that ends early lets go of everything.
	Select(ctx context.Context, q query.Select) iter.Seq2[Row, error]
	// Aggregate yields groups: keys, then measures. Without groups, one row.
	Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[Row, error]
	// Count counts rows that a filter and words select. With most above 0 it ends there,
	// so that its cost has a bound.
	Count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error)
}

// Row holds values in stored form, in the order that was asked for.
type Row []any

// Tx writes, and reads what it wrote.
//
// A store may send what is written to many rows together: before a read that must see it,
// or at the end of Write. In the run of fn that counts each call has told what became of
// its row, as if it had been done at once. To keep to that, a store may tell in a run that
// does not count that a row was written which it then can't write, and run fn once more;
// so fn judges by nothing that it found in a former run.
type Tx interface {
	Reader
	LogWriter
	Marker
	// Insert adds a row. Columns not in values are empty. Fault "store.duplicate_id"
	// (Conflict) if the id is taken; "store.not_unique" (Conflict) with Params "index"
	// (the index's name) if a unique index refuses it; "store.row_too_large" (TooLarge)
	// beyond MaxRow.
	Insert(ctx context.Context, table string, id id.ID, values map[string]any, words []string) error
	// Update sets columns (nil empties one) of a row if it still has the version, and
	// its words unless words is nil. Fault "store.stale" (Stale) if it has another
	// version or is gone. Version 0: any version; then it is only stale if gone.
	// The new version, if any, is among values. Fault "store.row_too_large" (TooLarge) if
	// values and words are beyond MaxRow; a store may say so of the row as it would be.
	Update(ctx context.Context, table string, id id.ID, version int64, values map[string]any, words []string) error
	// Delete removes a row. No error if it is gone.
	Delete(ctx context.Context, table string, id id.ID) error
	// Lock counts as an update of a row, but changes nothing that anybody reads: of
	// Writes that lock, update or delete the same row, each sees from its first read
	// on what those before it wrote (it waits for them or is run again). To
	// compute from many rows, lock one agreed row. Every writer of those rows must lock or
	// update that row too. No error if the row is gone.
	Lock(ctx context.Context, table string, id id.ID) error
	// DeleteWhere removes rows of a table and says how many; for tables without Search.
	DeleteWhere(ctx context.Context, table string, filter query.Filter) (int64, error)
	// Attempt runs fn, which uses the Tx. If fn returns an error, all that it changed
	// is undone, the transaction goes on as if fn had not run, and refused is that
	// error. Like the fn of Write it may run more than once. err is not nil where the
	// transaction itself can't go on: then it is to be returned, and Write returns it
	// in any case. Attempts do not nest.
	Attempt(ctx context.Context, fn func() error) (refused, err error)
}

// ErrNested is the error of an attempt within an attempt.
var ErrNested = errors.New("store: an attempt within an attempt")

// Table is a set of rows with an int64 key "id".
type Table struct {
	Name    string
	Columns []query.Column // without id
	Search  bool           // rows have words that query.Select.Words finds
	Log     bool           // rows have positions; see LogRead. Without Search
	Indexes []Index
}

// Index is an ordered index on columns.
type Index struct {
	Name    string
	Columns []IndexColumn
	// Unique refuses a second row with the same values; a row with an empty value in
	// any of the columns is not held to it.
	Unique bool
	// Filled: the index may leave out rows whose first column is empty, since no query
	// that uses it asks for them. A store may also keep them in it.
	Filled bool
}

// IndexOn is an index on columns, ascending.
func IndexOn(name string, columns ...query.Column) Index {
	i := Index{Name: name}
	for _, c := range columns {
		i.Columns = append(i.Columns, IndexColumn{Column: c})
	}
	return i
}

// IndexColumn is a column of an index.
type IndexColumn struct {
	Column     query.Column
	Descending bool
}

// Plan is how a query would be run.
type Plan struct {
	Scans  []string // tables read from end to end
	Uses   []string // indexes used
	Sorted bool     // true if rows are sorted after they were read
	Text   string   // the store's own words
}
