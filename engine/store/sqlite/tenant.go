package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/semaphore"
	lib "modernc.org/sqlite/lib"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// tenant is one database file.
type tenant struct {
	store  *Store
	name   string
	path   string
	writer writer
	pool   pool
	blobs  blobs
}

const (
	writerStatements = 400
	readerStatements = 100
)

func (s *Store) newTenant(name string) *tenant {
	t := &tenant{store: s, name: name, path: s.file(name)}
	t.blobs.tenant, t.blobs.dir = t, s.blobs(name)
	t.writer.open = func() (*conn, error) { return t.connect(false) }
	t.pool.slow = semaphore.NewWeighted(maxSlow)
	t.pool.open = func() (*conn, error) { return t.connect(true) }
	return t
}

// connect opens a connection to the tenant's file, which must exist.
func (t *tenant) connect(reader bool) (*conn, error) {
	if err := t.store.opening(t); err != nil {
		return nil, err
	}
	statements, pragmas := writerStatements, t.store.writing
	if reader {
		statements, pragmas = readerStatements, t.store.reading
	}
	c, err := openConn(t.path, lib.SQLITE_OPEN_READWRITE, statements, func() { t.store.roomUnsure.Store(true) })
	if err != nil {
		if hasCode(err, lib.SQLITE_CANTOPEN) && !t.store.exists(t.name) {
			return nil, notFound(t.name)
		}
		return nil, fmt.Errorf("opening tenant %s: %w", t.name, err)
	}
	for _, pragma := range pragmas {
		if err := c.once(pragma); err != nil {
			c.close()
			return nil, fmt.Errorf("opening tenant %s: %w", t.name, err)
		}
	}
	return c, nil
}

func notFound(name string) error {
	return fault.New(fault.NotFound, "tenant.not_found", "tenant", name)
}

func (t *tenant) Name() string { return t.name }

// alone runs fn, which may change the schema, while nobody writes.
func (t *tenant) alone(ctx context.Context, fn func(*conn) error) error {
	return t.writer.alone(ctx, func(c *conn) error {
		if err := t.pool.gone(); err != nil {
			return err
		}
		clear(t.writer.tables)
		return fn(c)
	})
}

// change runs fn in a transaction while nobody writes. It can't be interrupted.
func change(c *conn, fn func() error) error {
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := fn()
	if err == nil {
		err = c.exec("COMMIT")
	}
	if err != nil && c.inTransaction() {
		if undo := c.exec("ROLLBACK"); undo != nil {
			return errors.Join(err, undo)
		}
	}
	return err
}

func (t *tenant) Define(ctx context.Context, tables ...store.Table) error {
	err := t.alone(ctx, func(c *conn) error {
		return change(c, func() error {
			for _, table := range tables {
				if err := define(c, table); err != nil {
					return fmt.Errorf("defining table %s: %w", table.Name, err)
				}
			}
			return nil
		})
	})
	return err
}

// Index takes the writer for each index it builds: others who write wait for as
// long as that one takes (a second or so for a million rows), those who read go on
// with what was committed before. Between two indexes writers have their turn.
func (t *tenant) Index(ctx context.Context, table string, indexes []store.Index) error {
	var have []store.Index
	changed := false
	err := t.alone(ctx, func(c *conn) (err error) {
		if have, err = readIndexes(c, table); err != nil {
			return err
		}
		for _, index := range have {
			if !slices.ContainsFunc(indexes, func(want store.Index) bool { return want.Name == index.Name }) {
				changed = true
				if err := dropIndex(c, table, index.Name); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("dropping indexes of %s: %w", table, err)
	}
	for _, index := range indexes {
		if slices.ContainsFunc(have, func(h store.Index) bool { return serves(h, index) }) {
			continue
		}
		changed = true
		err := t.alone(ctx, func(c *conn) error {
			return change(c, func() error {
				if err := dropIndex(c, table, index.Name); err != nil {
					return err
				}
				return createIndex(c, table, index)
			})
		})
		if err != nil {
			return fmt.Errorf("building index %s of %s: %w", index.Name, table, err)
		}
	}
	if !changed {
		return nil
	}
	err = t.alone(ctx, func(c *conn) error {
		rows := int64(0)
		err := c.fresh("SELECT count(*) FROM (SELECT 1 FROM "+quote(table)+" LIMIT ?)", func(s *stmt) error { rows = s.integer(0); return nil }, int64(firstStatistics))
		if err != nil || rows < firstStatistics {
			return err
		}
		return analyze(c, table)
	})
	t.pool.renew()
	if err != nil {
		return fmt.Errorf("gathering statistics of %s: %w", table, err)
	}
	return nil
}

// analyze looks at some rows by each index (see analysis_limit), so that the
// planner knows which one leads to few. It takes milliseconds.
func analyze(c *conn, table string) error { return c.once("ANALYZE " + quote(table)) }

// refresh makes statistics of tables that have grown much.
func (t *tenant) refresh() error {
	var grown []string
	err := t.writer.alone(context.Background(), func(c *conn) error {
		grown = t.writer.grown()
		for _, table := range grown {
			if err := analyze(c, table); err != nil {
				return err
			}
		}
		return nil
	})
	if len(grown) > 0 {
		t.pool.renew()
	}
	return err
}

func (t *tenant) Indexes(ctx context.Context, table string) (indexes []store.Index, err error) {
	c, err := t.pool.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer t.pool.release(c)
	if indexes, err = readIndexes(c, table); err != nil {
		return nil, fmt.Errorf("reading the indexes of %s: %w", table, err)
	}
	return indexes, nil
}

func (t *tenant) Drop(ctx context.Context, table string, columns ...string) error {
	err := t.alone(ctx, func(c *conn) error {
		return change(c, func() error {
			if len(columns) == 0 {
				return dropTable(c, table)
			}
			return dropColumns(c, table, columns)
		})
	})
	if err != nil {
		return fmt.Errorf("dropping from %s: %w", table, err)
	}
	return nil
}

func (t *tenant) Write(ctx context.Context, fn func(tx store.Tx) error) error {
	return t.writer.write(ctx, func(x *tx) error {
		if err := t.pool.gone(); err != nil {
			return err
		}
		return fn(x)
	})
}

// open starts a query on a connection of the pool.
func (t *tenant) open(ctx context.Context, _ []query.Word, statements []statement, limit int, storages []fieldtype.Storage) (*cursor, error) {
	c, err := t.pool.acquire(ctx)
	if err != nil {
		return nil, err
	}
	if len(statements) > 1 { // all of them read one state
		if err := c.exec("BEGIN"); err != nil {
			t.pool.release(c)
			return nil, err
		}
	}
	k := newCursor(ctx, c, statements, limit, storages)
	k.gone = t.pool.gone
	return k, nil
}

func (t *tenant) done(k *cursor) {
	k.stop()
	k.c.ctx = nil
	if k.c.inTransaction() {
		_ = k.c.exec("ROLLBACK") // nothing was written
	}
	t.pool.release(k.c)
}

func (t *tenant) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return selectRows(ctx, q, t.open, t.done)
}

func (t *tenant) Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	return aggregateRows(ctx, q, t.open, t.done)
}

func (t *tenant) Count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error) {
	return countRows(ctx, table, filter, words, most, t.open, t.done)
}

// sweep closes what was not used since the last sweep, all of it that nobody is
// using if force.
func (t *tenant) sweep(force bool) {
	if !force && t.writer.active() {
		_ = t.refresh() // an optimization: where it fails, writes will say why
	}
	t.writer.release(force)
	if force {
		t.pool.renew()
	}
	t.pool.sweep()
}

// idle reports whether nothing is open, nor about to be.
func (t *tenant) idle() bool { return t.writer.idle() && t.pool.isEmpty() }

// close ends the tenant: everything after is refused with reason, and so are rows
// of queries under way. It waits for writes under way; the channel is closed when
// the file is no longer open.
func (t *tenant) close(reason error) (<-chan struct{}, error) {
	var closed <-chan struct{}
	err := t.writer.finish(func() { closed = t.pool.close(reason) })
	return closed, err
}
