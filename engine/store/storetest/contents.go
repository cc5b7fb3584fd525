package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Contents is all that a tenant holds as sorted lines, the same in every store: a line for
// its format and for each table, index, row and blob. A row of a log has its position and
// no id, which stores may choose. It is for tenants that fit into memory.
func Contents(t testing.TB, tenant store.Tenant) []string {
	t.Helper()
	var dumped bytes.Buffer
	if err := tenant.Dump(t.Context(), &dumped); err != nil {
		t.Fatal(err)
	}
	c := &contents{}
	if err := store.ReadDump(&dumped, c); err != nil {
		t.Fatal(err)
	}
	if err := c.blobs(t.Context(), tenant.Blobs()); err != nil {
		t.Fatal(err)
	}
	slices.Sort(c.lines)
	return c.lines
}

// SameContents fails where two tenants do not hold the same, and shows some of what differs.
func SameContents(t testing.TB, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for _, side := range []struct {
		name   string
		of, in []string
	}{{"lacks", want, got}, {"has", got, want}} {
		shown := 0
		for _, line := range side.of {
			if _, found := slices.BinarySearch(side.in, line); !found && shown < 5 {
				shown++
				t.Errorf("%s %s %.300s", what, side.name, line)
			}
		}
	}
	t.Errorf("%s: %d lines, want %d", what, len(got), len(want))
}

// contents is a store.Loader.
type contents struct {
	lines []string
	table store.Table
	end   int64 // the highest position of the table
}

func (c *contents) add(format string, args ...any) {
	c.lines = append(c.lines, fmt.Sprintf(format, args...))
}

func (c *contents) Stamp(format int) error {
	c.add("format %d", format)
	return nil
}

func (c *contents) Table(t store.Table, end int64) error {
	c.table, c.end = t, end
	columns := slices.Clone(t.Columns)
	slices.SortFunc(columns, func(a, b query.Column) int { return strings.Compare(a.Name, b.Name) })
	c.add("table %s %v, search %v, log %v", t.Name, columns, t.Search, t.Log)
	return nil
}

func (c *contents) Rows(rows []store.FullRow) error {
	for _, row := range rows {
		var values []string
		for i, column := range c.table.Columns {
			if row.Values[i] != nil {
				values = append(values, fmt.Sprintf("%s=%q", column.Name, fmt.Sprint(row.Values[i])))
			}
		}
		slices.Sort(values)
		words := slices.Sorted(slices.Values(row.Words))
		key := fmt.Sprintf("id %d", row.ID)
		if c.table.Log {
			key = fmt.Sprintf("position %d", row.Position)
			c.end = max(c.end, row.Position)
		}
		c.add("row %s %s: %s; words %q", c.table.Name, key, strings.Join(values, " "), words)
	}
	return nil
}

// Indexes leaves out whether rows with an empty first column are in an index, which stores
// may choose.
func (c *contents) Indexes(indexes []store.Index) error {
	if c.table.Log {
		c.add("log %s ends at %d", c.table.Name, c.end)
	}
	for _, index := range indexes {
		c.add("index %s.%s %v, unique %v", c.table.Name, index.Name, index.Columns, index.Unique)
	}
	return nil
}

func (c *contents) blobs(ctx context.Context, blobs store.Blobs) error {
	const page = 100
	for after := id.ID(0); ; {
		found, err := blobs.List(ctx, after, page)
		if err != nil {
			return err
		}
		for _, blob := range found {
			after = blob.Key
			in, err := blobs.Open(ctx, blob.Key, 0, -1)
			if err != nil {
				return err
			}
			sum := sha256.New()
			_, err = io.Copy(sum, in)
			if err := in.Close(); err != nil {
				return err
			}
			if err != nil {
				return err
			}
			c.add("blob %d: %d bytes, %x", blob.Key, blob.Size, sum.Sum(nil))
		}
		if len(found) < page {
			return nil
		}
	}
}
