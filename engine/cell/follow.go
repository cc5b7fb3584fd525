package cell

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"

	"golang.org/x/sync/errgroup"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

const (
	// page is how many changes, rows of a log and blobs are read at once.
	page = 500
	// pageBytes is how much of a log is read at once, but for the last row.
	pageBytes = 8 << 20
	// blobsAtOnce is how many blobs are copied at a time.
	blobsAtOnce = 8
)

// follower brings a copy to the state of what was copied.
type follower struct {
	from, to store.Tenant
	noted    int64 // the position up to which changes were read
	followed int   // how many
	// pending are rows that were changed but could not be copied yet: a value of theirs that
	// no two rows may have was another's in the copy, which is noted as changed further on.
	pending map[row]change
	defined []store.Table // what the copy was given last
	// owed: an index could not be built yet, for the same reason.
	owed bool
}

// row is one of a table.
type row struct {
	table string
	id    id.ID
}

// round follows what is noted, and the logs, as far as they go when it begins. last: nothing
// is changed meanwhile, so nothing may be left.
func (f *follower) round(ctx context.Context, last bool) error {
	end, err := f.from.LogEnd(ctx, changeTable)
	if err != nil {
		return err
	}
	for f.noted < end {
		if err := f.changes(ctx, end); err != nil {
			return err
		}
	}
	tables, err := f.tables(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if table := tables[name]; table.Log && name != changeTable {
			if err := f.log(ctx, table); err != nil {
				return err
			}
		}
	}
	if !last {
		return nil
	}
	if err := f.rest(ctx, tables); err != nil || !f.owed {
		return err
	}
	return f.describe(ctx, true)
}

// tables are those of what is copied. The copy gets what it lacks of them.
func (f *follower) tables(ctx context.Context) (map[string]store.Table, error) {
	have, err := f.from.Tables(ctx)
	if err != nil {
		return nil, err
	}
	tables := map[string]store.Table{}
	for _, table := range have {
		tables[table.Name] = table
	}
	if reflect.DeepEqual(have, f.defined) {
		return tables, nil
	}
	if err := f.to.Define(ctx, have...); err != nil {
		return nil, err
	}
	f.defined = have
	return tables, nil
}

// changes follows a page of what was noted up to a position. Tables are looked at after that, so that none
// of what the page names is missing.
func (f *follower) changes(ctx context.Context, end int64) error {
	q := store.LogRead{Table: changeTable, Columns: changeColumns, After: f.noted, Limit: page}
	rows, described := map[string][]change{}, false
	var blobs []id.ID
	through, n := f.noted, 0
	for read, err := range f.from.ReadLog(ctx, q) {
		if err != nil {
			return err
		}
		e := q.Entry(read)
		through = e.Position
		n++
		switch c := (change{table: e.Text(colTable), row: e.ID(colRow), words: e.List(colWords), worded: e.Bool(colWorded)}); c.table {
		case ofBlob:
			blobs = append(blobs, c.row)
		case ofTables:
			described = true
		default:
			if before, ok := f.pending[row{c.table, c.row}]; ok {
				delete(f.pending, row{c.table, c.row})
				rows[c.table] = append(rows[c.table], before)
			}
			rows[c.table] = append(rows[c.table], c)
		}
		if through >= end {
			break
		}
	}
	if described {
		if err := f.describe(ctx, false); err != nil {
			return err
		}
	}
	tables, err := f.tables(ctx)
	if err != nil {
		return err
	}
	if err := f.blobs(ctx, blobs); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		table, ok := tables[name]
		if !ok || name == gateTable {
			continue // dropped since, or not of the tenant itself
		}
		if err := f.rows(ctx, table, rows[name]); fault.Is(err, "store.not_unique") {
			if err := f.wait(ctx, table, rows[name]); err != nil {
				return err
			}
		} else if err != nil {
			return fmt.Errorf("copying rows of %s: %w", name, err)
		}
	}
	f.noted, f.followed = through, f.followed+n
	return nil
}

// describe makes tables, columns, indexes and the stamp of the copy those of what is copied.
// last: no index may be left to be built.
func (f *follower) describe(ctx context.Context, last bool) error {
	f.owed = false
	format, err := f.from.Format(ctx)
	if err != nil {
		return err
	}
	if err := f.to.Stamp(ctx, format); err != nil {
		return err
	}
	tables, err := f.tables(ctx)
	if err != nil {
		return err
	}
	have, err := f.to.Tables(ctx)
	if err != nil {
		return err
	}
	for _, table := range have {
		was, ok := tables[table.Name]
		if !ok {
			if err := f.to.Drop(ctx, table.Name); err != nil {
				return err
			}
			continue
		}
		var gone []string
		for _, c := range table.Columns {
			if !slices.ContainsFunc(was.Columns, func(of query.Column) bool { return of.Name == c.Name }) {
				gone = append(gone, c.Name)
			}
		}
		if len(gone) > 0 {
			if err := f.to.Drop(ctx, table.Name, gone...); err != nil {
				return err
			}
		}
		err := f.index(ctx, table.Name)
		if fault.Is(err, "store.not_unique") && !last {
			f.owed, err = true, nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// index gives a table of the copy the indexes that it has where it is copied from. One that
// the copy has stays as it is: stores differ in what they add by themselves.
func (f *follower) index(ctx context.Context, table string) error {
	want, err := f.from.Indexes(ctx, table)
	if err != nil {
		return err
	}
	have, err := f.to.Indexes(ctx, table)
	if err != nil {
		return err
	}
	for i := range want {
		same := func(index store.Index) bool { return index.Name == want[i].Name && index.Unique == want[i].Unique }
		if at := slices.IndexFunc(have, same); at >= 0 {
			want[i] = have[at]
		}
	}
	return f.to.Index(ctx, table, want)
}

// present are those of some rows that are there.
func present(ctx context.Context, in store.Tenant, table string, among query.In) (map[id.ID]bool, error) {
	q := query.Select{Table: table, Columns: []query.Ref{query.Field(query.ID)}, Filter: among, Limit: len(among.Values)}
	there := map[id.ID]bool{}
	for read, err := range in.Select(ctx, q) {
		if err != nil {
			return nil, err
		}
		there[id.ID(read[0].(int64))] = true
	}
	return there, nil
}

// current reads rows as they are, one after the other, by id.
func current(ctx context.Context, from store.Tenant, table store.Table, among query.In) iter.Seq2[store.FullRow, error] {
	q := query.Select{Table: table.Name, Columns: []query.Ref{query.Field(query.ID)}, Filter: among,
		Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: len(among.Values)}
	for _, c := range table.Columns {
		q.Columns = append(q.Columns, query.Field(c))
	}
	return func(yield func(store.FullRow, error) bool) {
		for read, err := range from.Select(ctx, q) {
			if err != nil {
				yield(store.FullRow{}, err)
				return
			}
			if !yield(store.FullRow{ID: id.ID(read[0].(int64)), Values: held(read[1:])}, nil) {
				return
			}
		}
	}
}

// held are values that a store lent for one row.
func held(values []any) []any {
	all := slices.Clone(values)
	for i, v := range all {
		if raw, ok := v.(json.RawMessage); ok {
			all[i] = json.RawMessage(bytes.Clone(raw))
		}
	}
	return all
}

// rows copies rows of a table that were changed. Values that no two rows may have are taken
// away first, so that rows may exchange them. Fault "store.not_unique" if a row that is not
// among them has such a value; nothing is changed then.
func (f *follower) rows(ctx context.Context, table store.Table, changes []change) error {
	ids := query.In{Ref: query.Field(query.ID)}
	words := map[id.ID]change{} // the last of each row that has some
	keys := map[id.ID]bool{}
	for _, c := range changes {
		if !keys[c.row] {
			keys[c.row] = true
			ids.Values = append(ids.Values, int64(c.row))
		}
		if c.worded {
			words[c.row] = c
		}
	}
	stays, err := present(ctx, f.from, table.Name, ids)
	if err != nil {
		return err
	}
	indexes, err := f.to.Indexes(ctx, table.Name)
	if err != nil {
		return err
	}
	unique := map[string]any{}
	for _, index := range indexes {
		for _, c := range index.Columns {
			if index.Unique {
				unique[c.Column.Name] = nil
			}
		}
	}
	there, err := present(ctx, f.to, table.Name, ids)
	if err != nil {
		return err
	}
	ordered := slices.Sorted(maps.Keys(keys))
	return f.to.Write(ctx, func(tx store.Tx) error {
		for _, key := range ordered {
			var err error
			if !stays[key] {
				err = tx.Delete(ctx, table.Name, key)
			} else if there[key] && len(unique) > 0 {
				err = tx.Update(ctx, table.Name, key, 0, unique, nil)
			}
			if err != nil {
				return err
			}
		}
		for is, err := range current(ctx, f.from, table, ids) {
			if err == nil && stays[is.ID] { // one that came back since is noted as changed further on
				err = place(ctx, tx, table, is, words[is.ID], there[is.ID])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// place writes a row as it is into the copy, which has it or not.
func place(ctx context.Context, tx store.Tx, table store.Table, is store.FullRow, c change, has bool) error {
	if !has {
		return tx.Insert(ctx, table.Name, is.ID, is.Named(table), c.words)
	}
	if c.worded && c.words == nil {
		c.words = []string{}
	}
	return tx.Update(ctx, table.Name, is.ID, 0, is.Named(table), c.words)
}

// wait copies rows one by one, and keeps those that can't be copied yet.
func (f *follower) wait(ctx context.Context, table store.Table, changes []change) error {
	for _, c := range changes {
		at := row{c.table, c.row}
		if before, ok := f.pending[at]; ok && !c.worded {
			c.words, c.worded = before.words, before.worded
		}
		err := f.rows(ctx, table, []change{c})
		if fault.Is(err, "store.not_unique") {
			f.pending[at] = c
			continue
		}
		if err != nil {
			return fmt.Errorf("copying rows of %s: %w", table.Name, err)
		}
		delete(f.pending, at)
	}
	return nil
}

// rest copies the rows that wait, all of a table at once.
func (f *follower) rest(ctx context.Context, tables map[string]store.Table) error {
	left := map[string][]change{}
	for _, c := range f.pending {
		left[c.table] = append(left[c.table], c)
	}
	for name, changes := range left {
		if err := f.rows(ctx, tables[name], changes); err != nil {
			return fmt.Errorf("copying rows of %s: %w", name, err)
		}
	}
	clear(f.pending)
	return nil
}

// log copies the rows of a log that the copy does not have.
func (f *follower) log(ctx context.Context, table store.Table) error {
	after, err := f.to.LogEnd(ctx, table.Name)
	if err != nil {
		return err
	}
	end, err := f.from.LogEnd(ctx, table.Name)
	if err != nil {
		return err
	}
	q := store.LogRead{Table: table.Name, Columns: append([]query.Column{query.ID}, table.Columns...), Limit: page}
	for after < end {
		q.After = after
		var rows []store.FullRow
		size := 0
		for read, err := range f.from.ReadLog(ctx, q) {
			if err != nil {
				return err
			}
			e := q.Entry(read)
			after = e.Position
			rows = append(rows, store.FullRow{ID: e.ID(query.ID), Position: after, Values: held(read[2:])})
			for _, v := range read {
				size += store.ValueSize(v)
			}
			if after >= end || size >= pageBytes {
				break
			}
		}
		if len(rows) == 0 {
			return nil
		}
		if err := f.to.CopyLog(ctx, table, rows); err != nil {
			return fmt.Errorf("copying the log %s: %w", table.Name, err)
		}
	}
	return nil
}

// blobs copies some blobs, several at a time.
func (f *follower) blobs(ctx context.Context, keys []id.ID) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(blobsAtOnce)
	for _, key := range keys {
		group.Go(func() error {
			if err := copyBlob(ctx, f.from, f.to, key); err != nil {
				return fmt.Errorf("copying the blob %s: %w", key, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// allBlobs copies the blobs that are there.
func (f *follower) allBlobs(ctx context.Context) error {
	for after := id.ID(0); ; {
		found, err := f.from.Blobs().List(ctx, after, page)
		if err != nil {
			return err
		}
		var keys []id.ID
		for _, blob := range found {
			keys = append(keys, blob.Key)
			after = blob.Key
		}
		if err := f.blobs(ctx, keys); err != nil || len(found) < page {
			return err
		}
	}
}
