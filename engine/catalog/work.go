package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
)

// Kinds of jobs that a change of the configuration enqueues. Index, backfill and rollup
// of all changes share one lane and are strict: each builds on those before it.
const (
	JobIndex    = "index"    // make the indexes of a table what is planned
	JobBackfill = "backfill" // give the records of an object values of new or changed fields
	JobRollup   = "rollup"   // recompute roll-ups of an object
	JobPurge    = "purge"    // remove what was removed long ago
	// JobFollow recomputes roll-ups whose filters look through lookups at records that were
	// changed. It is enqueued with the change, and shares a lane with others of its kind.
	JobFollow  = "follow"
	LaneFollow = "follow"
	lane       = "catalog"
	laneAgain  = "catalog again" // of what is done once more, which holds up nothing
)

// Work are the arguments of the jobs index, backfill and rollup. Fields names
// stored formulas, fields with a default or an automatic number (given where the
// record has no value), and fields whose key or duplicate-rule columns are new;
// for rollup, the roll-ups. Fields is empty for index, whose Object may also be one of
// the engine's tables.
type Work struct {
	Object string   `json:"object"`
	Fields []string `json:"fields,omitempty"`
}

// Following are the arguments of the job follow.
type Following struct {
	Object  string   `json:"object"`
	Records []id.ID  `json:"records"` // of the object: those that were changed
	Rollups []string `json:"rollups"` // as object.field: those whose filters read what was changed
}

// removal is a column, or all of a table, that nothing describes any more.
type removal struct{ table, column string }

// allColumns is the column of a removal of a table.
const allColumns = "*"

// removalsOf are the table of an object and each of its columns. A column that does not
// come back with the object is still removed.
func removalsOf(o *Object) []removal {
	all := []removal{{o.Table.Name, allColumns}}
	for _, c := range o.Table.Columns {
		all = append(all, removal{o.Table.Name, c.Name})
	}
	return all
}

// enqueue adds the jobs in the order given. A transaction that runs beside this one, and
// began before it, may write under the former configuration what the jobs have passed
// already: where there are such, records are looked through once more after all of them.
func (c *Catalog) enqueue(ctx context.Context, tx store.Tx, all []Job, now time.Time, by id.ID) error {
	for _, w := range all {
		if _, err := job.Enqueue(ctx, tx, c.o.IDs, now, job.New{Kind: w.Kind, Args: w.Args, Lane: lane, By: by}); err != nil {
			return err
		}
	}
	for _, w := range all {
		if c.o.Transactions == 0 || w.Kind != JobBackfill && w.Kind != JobRollup {
			continue
		}
		again := job.New{Kind: w.Kind, Args: w.Args, Lane: laneAgain, At: now.Add(c.o.Transactions), By: by}
		if _, err := job.Enqueue(ctx, tx, c.o.IDs, now, again); err != nil {
			return err
		}
	}
	return nil
}

// writeRemovals notes what is to be purged and what no longer is.
func (c *Catalog) writeRemovals(ctx context.Context, tx store.Tx, with commitment, now time.Time) error {
	for _, r := range append(with.kept[:len(with.kept):len(with.kept)], with.removed...) {
		if _, err := tx.DeleteWhere(ctx, removedTable, r.filter()); err != nil {
			return fmt.Errorf("keeping %s: %w", r.table, err)
		}
	}
	if len(with.removed) == 0 {
		return nil
	}
	at := now.Add(c.o.Retention)
	for _, r := range with.removed {
		err := tx.Insert(ctx, removedTable, c.o.IDs.Next(), map[string]any{"table": r.table, "column": r.column, "purge_at": at.UnixMilli()}, nil)
		if err != nil {
			return fmt.Errorf("noting the removal of %s: %w", r.table, err)
		}
	}
	_, err := job.Enqueue(ctx, tx, c.o.IDs, now, job.New{Kind: JobPurge, At: at, By: with.by})
	return err
}

func (r removal) filter() query.Filter {
	return query.All{
		query.Is(colTable, r.table),
		query.Is(colColumn, r.column),
	}
}

// Jobs are the kinds of jobs that this room does: index, review_indexes and purge. Whoever does
// backfill and rollup makes them strict, too.
func (c *Catalog) Jobs() []job.Kind {
	return []job.Kind{
		{Name: JobIndex, Strict: true, Handle: c.runIndex},
		{Name: JobReview, Limit: 1, Handle: c.runReview},
		{Name: JobPurge, Limit: 1, Handle: c.runPurge},
	}
}

// runIndex makes the indexes of a table what the newest revision plans, and those on demand.
// It may be run again at any point.
func (c *Catalog) runIndex(ctx context.Context, t store.Tenant, j *job.Progress) error {
	var w Work
	if err := j.Decode(&w); err != nil {
		return err
	}
	s, err := c.newest(ctx, t)
	if err != nil {
		return err
	}
	table, ok := c.tableOf(s.snapshot, w.Object)
	if !ok {
		return nil // removed meanwhile
	}
	if o := s.snapshot.Objects[w.Object]; o != nil {
		d, err := readDemanded(ctx, t)
		if err != nil {
			return err
		}
		table.Indexes = slices.Concat(table.Indexes, d.onDemand(o, table.Indexes))
	}
	if err := t.Index(ctx, table.Name, table.Indexes); err != nil {
		if o, f := s.snapshot.Objects[w.Object], fault.From(err); o != nil && f.Code == "store.not_unique" {
			return fault.New(fault.Invalid, "catalog.not_unique", "object", w.Object, "key", o.keyOf(f.Params["index"]), "index", f.Params["index"]).Because(err)
		}
		return fmt.Errorf("indexing %s: %w", w.Object, err)
	}
	return nil
}

// keyOf is the name of the unique key that an index is for; the index's own if it is
// for none.
func (o *Object) keyOf(index any) any {
	for _, key := range o.Unique {
		if key.Index == index {
			return key.Name
		}
	}
	return index
}

// runPurge drops the columns and tables that were removed longer ago than they are
// kept, unless the configuration has them again.
func (c *Catalog) runPurge(ctx context.Context, t store.Tenant, j *job.Progress) error {
	due, err := c.due(ctx, t)
	if err != nil {
		return err
	}
	s, err := c.newest(ctx, t)
	if err != nil {
		return err
	}
	tables := map[string]bool{} // that were dropped with all of their columns
	for i, r := range due {
		if tables[r.table] {
			continue
		}
		dropped := !s.snapshot.has(r)
		if dropped {
			var columns []string
			if r.column != allColumns {
				columns = []string{r.column}
			}
			if err := t.Drop(ctx, r.table, columns...); err != nil {
				return fmt.Errorf("purging %s: %w", r.table, err)
			}
			tables[r.table] = columns == nil
		}
		filter := r.filter()
		if tables[r.table] {
			filter = query.Is(colTable, r.table)
		}
		err := t.Write(ctx, func(tx store.Tx) error {
			if _, err := tx.DeleteWhere(ctx, removedTable, filter); err != nil {
				return err
			}
			if dropped {
				if err := c.tellDropped(ctx, tx, s.snapshot.Revision, r); err != nil {
					return err
				}
			}
			return j.SaveIn(ctx, tx, int64(i+1), int64(len(due)), nil)
		})
		if err != nil {
			return fmt.Errorf("noting what was purged: %w", err)
		}
	}
	return nil
}

// Dropped is the action of the event that tells that the data of a removed object or field
// is gone for good. Its record is 0; its changes name the column, if it was no whole
// table.
const Dropped = "drop"

// tellDropped writes the event of data that was dropped.
func (c *Catalog) tellDropped(ctx context.Context, tx store.Tx, revision int64, r removal) error {
	changes := []byte("{}")
	if r.column != allColumns {
		changes = append(metadata.AppendString([]byte(`{"column":`), r.column), '}')
	}
	return outbox.Append(ctx, tx, outbox.Event{ID: c.o.IDs.Next(), Object: r.table, Action: Dropped, At: c.o.Now(), Revision: revision, Changes: changes})
}

// due lists what may be purged now.
func (c *Catalog) due(ctx context.Context, t store.Tenant) ([]removal, error) {
	q := query.Select{Table: removedTable,
		Filter: query.Compare{Ref: query.Field(colPurgeAt), Op: query.Le, Value: c.o.Now().UnixMilli()},
		Sort:   []query.Order{{Ref: query.Field(query.ID)}}}
	var due []removal
	for row, err := range store.Find(ctx, t, q, colTable, colColumn) {
		if err != nil {
			return nil, fmt.Errorf("reading what was removed: %w", err)
		}
		due = append(due, removal{table: row.Text(colTable), column: row.Text(colColumn)})
	}
	return due, nil
}

// has reports whether a configuration describes a column or table.
func (s *Snapshot) has(r removal) bool {
	o := s.Objects[r.table]
	if o == nil {
		return false
	}
	for _, c := range o.Table.Columns {
		if c.Name == r.column {
			return true
		}
	}
	return r.column == allColumns
}
