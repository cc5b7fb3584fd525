package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// A row of _engine, of which there is one, says for which plan of indexes the engine's
// tables in a tenant were looked through.
const (
	engineTable = "_engine"
	engineRow   = id.ID(1)
)

var colIndexes = query.Column{Name: "indexes", Storage: fieldtype.Text}

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
	if before, _, err := lookedThrough(ctx, t); err != nil || before == plan {
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
		if err != nil || before == plan {
			return err // another process was here meanwhile
		}
		values := map[string]any{colIndexes.Name: plan}
		if found {
			err = tx.Update(ctx, engineTable, engineRow, 0, values, nil)
		} else {
			err = tx.Insert(ctx, engineTable, engineRow, values, nil)
		}
		if err != nil {
			return err
		}
		return c.enqueue(ctx, tx, lacking, c.o.Now(), 0)
	})
	if err != nil {
		return fmt.Errorf("having the engine's tables indexed: %w", err)
	}
	return nil
}

// lookedThrough is the plan of indexes for which the engine's tables were looked
// through; found is false if they never were.
func lookedThrough(ctx context.Context, from store.Reader) (plan string, found bool, err error) {
	q := query.Select{Table: engineTable, Filter: query.Is(query.ID, int64(engineRow))}
	row, found, err := store.First(ctx, from, q, colIndexes)
	if err != nil {
		return "", false, fmt.Errorf("reading for which indexes the engine's tables were looked through: %w", err)
	}
	if !found {
		return "", false, nil
	}
	return row.Text(colIndexes), true, nil
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
