package cell

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
	"formwork/metadata/fieldtype"
)

// late is a tenant on a store that gives positions late: of its three events the last has none
// yet, and is dumped at the one that another may get first.
type late struct{ store.Tenant }

func (late) Dump(_ context.Context, w io.Writer) error {
	d := store.NewDumpWriter(w)
	columns := []query.Column{{Name: "n", Storage: fieldtype.Int}}
	err := errors.Join(d.Format(1), d.Table(store.Table{Name: "events", Columns: columns, Log: true}, 12))
	for n := range int64(3) {
		err = errors.Join(err, d.Row(store.FullRow{ID: 1, Position: 11 + n, Values: []any{n}}))
	}
	return errors.Join(err, d.Indexes(nil), d.End())
}

// Rows of logs are copied up to the last position that is certain, so that following them
// begins behind it.
func TestPositionsThatAreNotCertain(t *testing.T) {
	to, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	copied, err := copyRows(t.Context(), late{}, to, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if end, err := copied.LogEnd(t.Context(), "events"); err != nil || end != 12 {
		t.Errorf("the log ends at %d, want 12 (%v)", end, err)
	}
}

// reading counts the rows that were read of a tenant and are not yet written.
type reading struct {
	store.Tenant
	ahead, most int
}

func (r *reading) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		for row, err := range r.Tenant.Select(ctx, q) {
			if len(q.Columns) > 1 { // not of ids alone
				r.ahead++
				r.most = max(r.most, r.ahead)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// writing is the copy of what is read.
type writing struct {
	store.Tenant
	from    *reading
	largest int // bytes of a log that were given at once
}

func (w *writing) Write(ctx context.Context, fn func(store.Tx) error) error {
	return w.Tenant.Write(ctx, func(tx store.Tx) error { return fn(writingTx{tx, w.from}) })
}

func (w *writing) CopyLog(ctx context.Context, table store.Table, rows []store.FullRow) error {
	size := 0
	for _, r := range rows {
		for _, v := range r.Values {
			size += store.ValueSize(v)
		}
	}
	w.largest = max(w.largest, size)
	return w.Tenant.CopyLog(ctx, table, rows)
}

type writingTx struct {
	store.Tx
	from *reading
}

func (x writingTx) Insert(ctx context.Context, table string, key id.ID, values map[string]any, words []string) error {
	x.from.ahead--
	return x.Tx.Insert(ctx, table, key, values, words)
}

func (x writingTx) Update(ctx context.Context, table string, key id.ID, version int64, values map[string]any, words []string) error {
	x.from.ahead--
	return x.Tx.Update(ctx, table, key, version, values, words)
}

// What is followed is held row by row, and of logs a few MiB at a time.
func TestFollowingHoldsLittle(t *testing.T) {
	const rows, large = 20, 1 << 20
	ctx := t.Context()
	text := query.Column{Name: "text", Storage: fieldtype.Text}
	records, log := store.Table{Name: "lead", Columns: []query.Column{text}}, store.Table{Name: "events", Columns: []query.Column{text}, Log: true}
	tenant := func() store.Tenant {
		s, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		made, err := s.Create(ctx, "acme")
		if err == nil {
			err = made.Define(ctx, records, log)
		}
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	from := &reading{Tenant: tenant()}
	to := &writing{Tenant: tenant(), from: from}
	var changes []change
	err := from.Write(ctx, func(tx store.Tx) (err error) {
		for n := range id.ID(rows) {
			values := map[string]any{text.Name: strings.Repeat("x", large)}
			err = errors.Join(err, tx.Insert(ctx, records.Name, n+1, values, nil), tx.Append(ctx, log.Name, n+1, values))
			changes = append(changes, change{table: records.Name, row: n + 1})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{from: from, to: to, pending: map[row]change{}}
	if err := errors.Join(f.rows(ctx, records, changes), f.rows(ctx, records, changes[:3]), f.log(ctx, log)); err != nil {
		t.Fatal(err)
	}
	if from.most != 1 || to.largest > pageBytes+large {
		t.Errorf("%d rows were read before they were written, and %d bytes of a log", from.most, to.largest)
	}
	for _, table := range []store.Table{records, log} {
		if n, err := to.Count(ctx, table.Name, nil, nil, 0); err != nil || n != rows {
			t.Errorf("%d rows of %s, %v", n, table.Name, err)
		}
	}
}
