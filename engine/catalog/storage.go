package catalog

import (
	"context"
	"fmt"
	"strings"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// storageVersion is raised when the program begins to store the same documents in
// another way: 1, the form of a value is part of its column's name, and the parts of
// values have columns. A tenant that an older program kept then gets its columns when
// it is first used, and what they are to hold, and their indexes, by jobs.
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
		table := s.Objects[name].Table
		table.Former = s.Objects[name].Former()
		tables = append(tables, table)
	}
	if err := t.Define(ctx, tables...); err != nil {
		return fmt.Errorf("defining what this version stores: %w", err)
	}
	return t.Write(ctx, func(tx store.Tx) error {
		version, err := storedVersion(ctx, tx)
		if err != nil || version >= storageVersion {
			return err
		}
		plan := worker{index: byName(s.Objects)}
		for _, name := range byName(s.Objects) {
			if o := s.Objects[name]; o.hasParts() {
				plan.touch(o)
			}
		}
		if err := c.enqueue(ctx, tx, plan.jobs(s), c.o.Now(), 0); err != nil {
			return err
		}
		return writeStored(ctx, tx, version)
	})
}

// Former are the names that version 0 gave to an object's columns, where they differ,
// by the names they have now.
func (o *Object) Former() map[string]string {
	names := map[string]string{}
	for _, f := range o.Fields {
		if form := formOf(f.Value); form != "" && !f.System && f.Column.Storage != fieldtype.None {
			names[f.Column.Name] = strings.TrimSuffix(f.Column.Name, ":"+form)
		}
	}
	return names
}

// writeStored notes that a tenant is of this version; version is the one it was of.
func writeStored(ctx context.Context, tx store.Tx, version int64) error {
	values := map[string]any{colVersion.Name: int64(storageVersion)}
	if version > 0 {
		return tx.Update(ctx, storageTable, storageRow, 0, values, nil)
	}
	return tx.Insert(ctx, storageTable, storageRow, values, nil)
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
