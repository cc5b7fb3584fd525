package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// A row of _engine, of which there is one, says for which plan of indexes the engine's
// tables in a tenant were looked through, and by which rules indexes of objects were planned
// when it was.
const (
	engineTable = "_engine"
	engineRow   = id.ID(1)
	// planning is the number of the rules that planIndexes has. When they change, indexes
	// that are not planned any more are adopted as made on demand.
	planning = 2
)

var (
	colIndexes  = query.Column{Name: "indexes", Storage: fieldtype.Text}
	colPlanning = query.Column{Name: "planning", Storage: fieldtype.Int}
)

func (c *Catalog) engineTables() []store.Table { return append(Tables(), c.o.Tables...) }

// defineEngine gives a tenant what it lacks of the engine's tables. A tenant that an
// earlier version of the program made may have many rows: what it lacks of indexes is
// built by background work. It is looked for once, when the plan of indexes has changed.
func (c *Catalog) defineEngine(ctx context.Context, t store.Tenant) error {
	tables := c.engineTables()
	if err := t.Define(ctx, tables...); err != nil {
		return fmt.Errorf("defining the engine's tables: %w", err)
	}
	plan := indexPlan(tables)
	if before, _, err := lookedThrough(ctx, t); err != nil || before == (looked{plan, planning}) {
		return err
	}
	var lacking []Job
	for _, table := range tables {
		have, err := t.Indexes(ctx, table.Name)
		if err != nil {
			return fmt.Errorf("looking at the indexes of %s: %w", table.Name, err)
		}
		if !hasAll(have, table.Indexes) {
			lacking = append(lacking, Job{Kind: JobIndex, Args: Work{Object: table.Name}})
		}
	}
	err := t.Write(ctx, func(tx store.Tx) error {
		before, found, err := lookedThrough(ctx, tx)
		if err != nil || before == (looked{plan, planning}) {
			return err // another process was here meanwhile
		}
		values := map[string]any{colIndexes.Name: plan, colPlanning.Name: int64(planning)}
		if found {
			err = tx.Update(ctx, engineTable, engineRow, 0, values, nil)
		} else {
			err = tx.Insert(ctx, engineTable, engineRow, values, nil)
		}
		if err != nil {
			return err
		}
		if before.planning != planning {
			// Before any other job of the lane: an index that nobody has adopted is dropped by the next.
			adopt := job.New{Kind: JobReview, Args: Reviewing{Adopt: true}, Lane: lane}
			if _, err := job.Enqueue(ctx, tx, c.o.IDs, c.o.Now(), adopt); err != nil {
				return err
			}
		}
		return c.enqueue(ctx, tx, lacking, c.o.Now(), 0)
	})
	if err != nil {
		return fmt.Errorf("having the engine's tables indexed: %w", err)
	}
	return nil
}

// looked is what the row of _engine says.
type looked struct {
	indexes  string
	planning int64
}

// lookedThrough is for which indexes a tenant was looked through; found is false if it never
// was.
func lookedThrough(ctx context.Context, from store.Reader) (l looked, found bool, err error) {
	q := query.Select{Table: engineTable, Filter: query.Is(query.ID, int64(engineRow))}
	row, found, err := store.First(ctx, from, q, colIndexes, colPlanning)
	if err != nil {
		return l, false, fmt.Errorf("reading for which indexes the engine's tables were looked through: %w", err)
	}
	if !found {
		return l, false, nil
	}
	return looked{row.Text(colIndexes), row.Int(colPlanning)}, true, nil
}

// noteNew notes that the indexes of a new tenant are what is planned now.
func (c *Catalog) noteNew(ctx context.Context, t store.Tenant) error {
	err := t.Write(ctx, func(tx store.Tx) error {
		if _, found, err := lookedThrough(ctx, tx); err != nil || found {
			return err
		}
		values := map[string]any{colIndexes.Name: indexPlan(c.engineTables()), colPlanning.Name: int64(planning)}
		return tx.Insert(ctx, engineTable, engineRow, values, nil)
	})
	if err != nil {
		return fmt.Errorf("noting the plan of indexes: %w", err)
	}
	return nil
}

// indexPlan identifies the indexes of tables.
func indexPlan(tables []store.Table) string {
	h := sha256.New()
	for _, table := range tables {
		fmt.Fprintf(h, "%s %+v\n", table.Name, table.Indexes)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hasAll reports whether there are the indexes that are wanted, with or without the id
// at their end, which stores leave out.
func hasAll(have, want []store.Index) bool {
	return !slices.ContainsFunc(want, func(w store.Index) bool {
		return !slices.ContainsFunc(have, func(h store.Index) bool {
			return h.Name == w.Name && h.Unique == w.Unique && slices.EqualFunc(withoutID(h), withoutID(w), func(x, y store.IndexColumn) bool {
				return x.Column.Name == y.Column.Name && x.Descending == y.Descending
			})
		})
	})
}

func withoutID(index store.Index) []store.IndexColumn {
	last := len(index.Columns) - 1
	if last > 0 && index.Columns[last].Column.Name == query.ID.Name {
		return index.Columns[:last]
	}
	return index.Columns
}

// tableOf is the table that a job of the kind index is about: an object's, as a
// configuration describes it, or one of the engine's. ok is false for none.
func (c *Catalog) tableOf(s *Snapshot, name string) (table store.Table, ok bool) {
	if o := s.Objects[name]; o != nil {
		return s.Table(o), true
	}
	tables := c.engineTables()
	if i := slices.IndexFunc(tables, func(t store.Table) bool { return t.Name == name }); i >= 0 {
		return tables[i], true
	}
	return store.Table{}, false
}
