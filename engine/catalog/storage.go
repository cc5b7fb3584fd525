package catalog

import (
	"context"
	"fmt"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// storageVersion is raised when the program begins to store more of the same
// documents than it did: 1, the parts of values. A tenant that an older program kept
// then gets the new columns when it is first used, and what they hold by backfills.
const storageVersion = 1

// storageTable holds one row: the version that a tenant was brought up to.
const storageTable = "_storage"

const storageRow id.ID = 1

var colVersion = query.Column{Name: "storage", Storage: fieldtype.Int}

// bringUp makes a tenant's tables those of this program, and enqueues what its records
// lack, once whatever the number of processes.
func (c *Catalog) bringUp(ctx context.Context, t store.Tenant, s *Snapshot) error {
	version, err := storedVersion(ctx, t)
	if err != nil || version >= storageVersion {
		return err
	}
	var tables []store.Table
	for _, name := range byName(s.Objects) {
		tables = append(tables, s.Objects[name].Table)
	}
	if err := t.Define(ctx, tables...); err != nil {
		return fmt.Errorf("defining what this version stores: %w", err)
	}
	return t.Write(ctx, func(tx store.Tx) error {
		version, err := storedVersion(ctx, tx)
		if err != nil || version >= storageVersion {
			return err
		}
		plan := worker{}
		for _, name := range byName(s.Objects) {
			o := s.Objects[name]
			if !o.hasParts() {
				continue
			}
			if some, err := anyRow(ctx, tx, o.Table.Name); err != nil {
				return err
			} else if some {
				plan.touch(o)
			}
		}
		if err := c.enqueue(ctx, tx, plan.jobs(s), c.o.Now(), 0); err != nil {
			return err
		}
		values := map[string]any{colVersion.Name: int64(storageVersion)}
		if version > 0 {
			return tx.Update(ctx, storageTable, storageRow, 0, values, nil)
		}
		return tx.Insert(ctx, storageTable, storageRow, values, nil)
	})
}

// storedVersion is the version that a tenant was brought up to; 0 for none.
func storedVersion(ctx context.Context, from store.Reader) (int64, error) {
	q := query.Select{Table: storageTable, Columns: []query.Ref{query.Field(colVersion)}, Limit: 1}
	for row, err := range from.Select(ctx, q) {
		if err != nil {
			return 0, fmt.Errorf("reading what is stored: %w", err)
		}
		version, _ := row[0].(int64)
		return version, nil
	}
	return 0, nil
}

func anyRow(ctx context.Context, from store.Reader, table string) (bool, error) {
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Limit: 1}
	for _, err := range from.Select(ctx, q) {
		if err != nil {
			return false, fmt.Errorf("looking for records of %s: %w", table, err)
		}
		return true, nil
	}
	return false, nil
}
