package cell

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// tenant is a store.Tenant that goes where the directory says.
type tenant struct {
	store *Store
	name  string
	row   id.ID // of the directory

	mu    sync.Mutex
	moves int64
	inner store.Tenant // in the cell to which it had come by then
}

var _ store.Tenant = (*tenant)(nil)

func (t *tenant) Name() string { return t.name }

// Identity implements store.Tenant. It stays when the tenant is moved.
func (t *tenant) Identity() string { return t.row.String() }

// at is the tenant in the cell where it is.
func (t *tenant) at(ctx context.Context) (store.Tenant, entry, error) {
	e, err := t.store.lookup(ctx, t.name)
	if err != nil {
		return nil, e, err
	}
	if e.id != t.row {
		return nil, e, notFound(t.name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.moves == t.moves {
		return t.inner, e, nil
	}
	inner, err := t.store.in(ctx, e.cell, t.name)
	if err != nil {
		return nil, e, err
	}
	t.moves, t.inner = e.moves, inner
	return inner, e, nil
}

// now is at with what the directory says now.
func (t *tenant) now(ctx context.Context) (store.Tenant, entry, error) {
	t.store.forget(t.name)
	return t.at(ctx)
}

// hasGone reports whether an error tells no more than that the tenant has left the cell where
// it was by an entry, so that what ended with it is to be done again.
func (t *tenant) hasGone(ctx context.Context, e entry, err error) bool {
	if !fault.Is(err, "tenant.not_found") {
		return false
	}
	_, after, err := t.now(ctx)
	return err == nil && after.moves != e.moves
}

// againEvery is how often a write that meets a shut gate comes again.
const againEvery = 20 * time.Millisecond

// errElsewhere ends a transaction that began on knowledge that is no longer true.
var errElsewhere = errors.New("the tenant was moved")

// Write implements store.Tenant. While the tenant is being moved the write passes the gate
// and notes what it changes; where the gate is shut it waits, and goes on in the cell where
// the tenant then is.
//
// A write that knows of no move looks, in the transaction, that its knowledge is fresh. So
// a mover that has waited for as long as knowledge stays fresh, and for writes that had
// begun, finds every later change noted.
func (t *tenant) Write(ctx context.Context, fn func(tx store.Tx) error) error {
	waited := time.Duration(0) // not by the clock, which others may set
	for {
		inner, e, err := t.at(ctx)
		if err != nil {
			return err
		}
		if e.to != "" && t.store.o.Now().Sub(e.beat) > deadAfter {
			if err := t.store.giveUp(ctx, t.name, inner, e); err != nil {
				return err
			}
		}
		err = inner.Write(ctx, func(tx store.Tx) error {
			if e.to != "" {
				if err := pass(ctx, tx); err != nil {
					return err
				}
				return fn(&noting{tx, t.store.o.IDs})
			}
			if newer, err := t.store.lookup(ctx, t.name); err != nil {
				return err
			} else if newer.id != e.id || newer.moves != e.moves || newer.to != "" {
				return errElsewhere
			}
			return fn(tx)
		})
		if err == errElsewhere || t.hasGone(ctx, e, err) {
			continue
		}
		var met *shut
		if !errors.As(err, &met) {
			return err
		}
		helped, err := t.store.help(ctx, t.name, inner, e, met.gate)
		switch {
		case err != nil:
			return err
		case helped:
			continue
		case waited > t.store.o.Patience:
			return moving(t.name)
		}
		if err := wait(ctx, againEvery); err != nil {
			return err
		}
		waited += againEvery
		t.store.forget(t.name)
	}
}

// wait waits.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// outside does what no transaction holds, and notes it if the tenant is being moved. Where
// it turns out that the tenant has gone elsewhere it is done there, too.
func (t *tenant) outside(ctx context.Context, c change, do func(in store.Tenant) error) error {
	for {
		inner, e, err := t.at(ctx)
		if err != nil {
			return err
		}
		if err := do(inner); t.hasGone(ctx, e, err) {
			continue
		} else if err != nil {
			return err
		}
		_, after, err := t.now(ctx)
		if err == nil && after.to != "" {
			err = t.Write(ctx, func(tx store.Tx) error {
				if n, ok := tx.(*noting); ok {
					return n.note(ctx, c)
				}
				return nil // it has been moved
			})
			if err == nil {
				_, after, err = t.now(ctx)
			}
		}
		if err != nil || after.moves == e.moves {
			return err
		}
	}
}

func (t *tenant) Define(ctx context.Context, tables ...store.Table) error {
	return t.outside(ctx, change{table: ofTables}, func(in store.Tenant) error { return in.Define(ctx, tables...) })
}

func (t *tenant) Index(ctx context.Context, table string, indexes []store.Index) error {
	return t.outside(ctx, change{table: ofTables}, func(in store.Tenant) error { return in.Index(ctx, table, indexes) })
}

func (t *tenant) Drop(ctx context.Context, table string, columns ...string) error {
	return t.outside(ctx, change{table: ofTables}, func(in store.Tenant) error { return in.Drop(ctx, table, columns...) })
}

func (t *tenant) Stamp(ctx context.Context, format int) error {
	return t.outside(ctx, change{table: ofTables}, func(in store.Tenant) error { return in.Stamp(ctx, format) })
}

// CopyLog is for a tenant that nobody uses, so that it is not being moved.
func (t *tenant) CopyLog(ctx context.Context, table store.Table, rows []store.FullRow) error {
	inner, _, err := t.at(ctx)
	if err != nil {
		return err
	}
	return inner.CopyLog(ctx, table, rows)
}

// asked is what a question to the tenant answers, where it is.
func asked[T any](ctx context.Context, t *tenant, ask func(in store.Tenant) (T, error)) (T, error) {
	for {
		inner, e, err := t.at(ctx)
		if err != nil {
			var none T
			return none, err
		}
		answer, err := ask(inner)
		if !t.hasGone(ctx, e, err) {
			return answer, err
		}
	}
}

// each yields rows of the tenant, where it is.
func each(ctx context.Context, t *tenant, rows func(in store.Tenant) iter.Seq2[store.Row, error]) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		for again := true; again; {
			again = false
			inner, e, err := t.at(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			began := false
			for row, err := range rows(inner) {
				if again = !began && t.hasGone(ctx, e, err); again {
					break
				}
				if began = true; !yield(row, err) {
					return
				}
			}
		}
	}
}

func (t *tenant) Format(ctx context.Context) (int, error) {
	return asked(ctx, t, func(in store.Tenant) (int, error) { return in.Format(ctx) })
}

func (t *tenant) Tables(ctx context.Context) ([]store.Table, error) {
	return asked(ctx, t, func(in store.Tenant) ([]store.Table, error) { return in.Tables(ctx) })
}

func (t *tenant) Indexes(ctx context.Context, table string) ([]store.Index, error) {
	return asked(ctx, t, func(in store.Tenant) ([]store.Index, error) { return in.Indexes(ctx, table) })
}

func (t *tenant) Explain(ctx context.Context, q query.Select) (store.Plan, error) {
	return asked(ctx, t, func(in store.Tenant) (store.Plan, error) { return in.Explain(ctx, q) })
}

func (t *tenant) LogEnd(ctx context.Context, table string) (int64, error) {
	return asked(ctx, t, func(in store.Tenant) (int64, error) { return in.LogEnd(ctx, table) })
}

func (t *tenant) CountLog(ctx context.Context, table string, after int64, limit int) (int64, error) {
	return asked(ctx, t, func(in store.Tenant) (int64, error) { return in.CountLog(ctx, table, after, limit) })
}

func (t *tenant) Count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error) {
	return asked(ctx, t, func(in store.Tenant) (int64, error) { return in.Count(ctx, table, filter, words, most) })
}

func (t *tenant) Dump(ctx context.Context, w io.Writer) error {
	_, err := asked(ctx, t, func(in store.Tenant) (none struct{}, err error) { return none, in.Dump(ctx, w) })
	return err
}

func (t *tenant) Check(ctx context.Context) error {
	_, err := asked(ctx, t, func(in store.Tenant) (none struct{}, err error) { return none, in.Check(ctx) })
	return err
}

func (t *tenant) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return each(ctx, t, func(in store.Tenant) iter.Seq2[store.Row, error] { return in.Select(ctx, q) })
}

func (t *tenant) Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	return each(ctx, t, func(in store.Tenant) iter.Seq2[store.Row, error] { return in.Aggregate(ctx, q) })
}

func (t *tenant) ReadLog(ctx context.Context, q store.LogRead) iter.Seq2[store.Row, error] {
	return each(ctx, t, func(in store.Tenant) iter.Seq2[store.Row, error] { return in.ReadLog(ctx, q) })
}

func (t *tenant) Blobs() store.Blobs { return blobs{t} }

// blobs are those of a tenant, where it is.
type blobs struct{ t *tenant }

// Put implements store.Blobs. Where the tenant has gone elsewhere meanwhile, the blob
// follows it.
func (b blobs) Put(ctx context.Context, key id.ID, r io.Reader, limit int64) (d store.Digest, err error) {
	var before store.Tenant
	err = b.t.outside(ctx, change{table: ofBlob, row: key}, func(in store.Tenant) (err error) {
		if before == nil {
			d, err = in.Blobs().Put(ctx, key, r, limit)
		} else {
			err = copyBlob(ctx, before, in, key)
		}
		before = in
		return err
	})
	return d, err
}

func (b blobs) Open(ctx context.Context, key id.ID, offset, length int64) (io.ReadCloser, error) {
	return asked(ctx, b.t, func(in store.Tenant) (io.ReadCloser, error) { return in.Blobs().Open(ctx, key, offset, length) })
}

func (b blobs) Stat(ctx context.Context, key id.ID) (store.Blob, error) {
	return asked(ctx, b.t, func(in store.Tenant) (store.Blob, error) { return in.Blobs().Stat(ctx, key) })
}

// Delete implements store.Blobs. What it misses of a tenant that is being moved is a blob
// that no row names.
func (b blobs) Delete(ctx context.Context, key id.ID) error {
	_, err := asked(ctx, b.t, func(in store.Tenant) (none struct{}, err error) { return none, in.Blobs().Delete(ctx, key) })
	return err
}

func (b blobs) List(ctx context.Context, after id.ID, limit int) ([]store.Blob, error) {
	return asked(ctx, b.t, func(in store.Tenant) ([]store.Blob, error) { return in.Blobs().List(ctx, after, limit) })
}

func (b blobs) Tidy(ctx context.Context, since time.Time) error {
	_, err := asked(ctx, b.t, func(in store.Tenant) (none struct{}, err error) { return none, in.Blobs().Tidy(ctx, since) })
	return err
}

// copyBlob copies a blob from one cell to another, if it is there, and not there yet.
func copyBlob(ctx context.Context, from, to store.Tenant, key id.ID) error {
	blob, err := from.Blobs().Stat(ctx, key)
	if fault.Is(err, "blob.not_found") {
		return nil // removed meanwhile: it was no row's any more
	}
	if err != nil {
		return err
	}
	in, err := from.Blobs().Open(ctx, key, 0, -1)
	if err != nil {
		return err
	}
	defer in.Close()
	if _, err = to.Blobs().Put(ctx, key, in, blob.Size); fault.Is(err, "blob.exists") {
		return nil
	}
	return err
}
