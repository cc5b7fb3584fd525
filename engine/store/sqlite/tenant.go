package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/semaphore"
	lib "modernc.org/sqlite/lib"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// tenant is one database file.
type tenant struct {
	store    *Store
	name     string
	path     string
	identity string
	file     os.FileInfo // as it was when the handle was made
	writer   writer
	pool     pool
	blobs    blobs

	marking sync.Mutex
	mark    *int64 // of the file, once it was opened: see Store.mark. Under marking
}

const (
	writerStatements = 400
	readerStatements = 100
)

// newTenant makes a handle. Under mu.
func (s *Store) newTenant(name string, file os.FileInfo) *tenant {
	s.handles++
	t := &tenant{store: s, name: name, path: s.file(name), identity: name + "#" + strconv.Itoa(s.handles), file: file}
	t.blobs.tenant, t.blobs.dir = t, s.blobs(name)
	t.writer.open = func() (*conn, error) { return t.connect(false) }
	t.writer.groupTime = groupTime
	t.writer.upkeep.synced, t.writer.upkeep.copyLog = s.synchronous, t.copyLog
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
		if hasCode(err, lib.SQLITE_CANTOPEN) && !t.hasFile() {
			return nil, t.vanish()
		}
		return nil, fmt.Errorf("opening tenant %s: %w", t.name, err)
	}
	err = t.recognize(c)
	for _, pragma := range pragmas {
		if err == nil {
			err = c.once(pragma)
		}
	}
	if err != nil {
		c.close()
		if errors.Is(err, errMoved) {
			return nil, t.vanish()
		}
		return nil, fmt.Errorf("opening tenant %s: %w", t.name, err)
	}
	if !reader {
		c.countLog()
	}
	return c, nil
}

// recognize fails with errMoved if a connection is not to the file of this handle.
func (t *tenant) recognize(c *conn) error {
	if c.moved() || !t.hasFile() {
		return errMoved
	}
	mark := int64(0)
	if err := c.each("PRAGMA application_id", func(s *stmt) error { mark = s.integer(0); return nil }); err != nil {
		return err
	}
	t.marking.Lock()
	defer t.marking.Unlock()
	if t.mark == nil {
		t.mark = &mark
	}
	if *t.mark != mark {
		return errMoved
	}
	return nil
}

// hasFile reports whether the file under the tenant's name has the number of the one that
// the handle was made for. While a connection is open no other file is given that number.
func (t *tenant) hasFile() bool {
	file, err := os.Stat(t.path)
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) // whoever uses it is told what is wrong
	}
	return os.SameFile(file, t.file)
}

// isCurrent reports whether the tenant still is the one of its name. Where nothing is open
// it opens a connection, which whoever asks is about to need.
func (t *tenant) isCurrent(ctx context.Context) bool {
	if !t.hasFile() {
		return false
	}
	if t.idle() {
		if c, err := t.pool.acquire(ctx); err == nil {
			t.pool.release(c)
		}
	}
	return t.pool.gone() == nil
}

// present fails once the tenant is gone.
func (t *tenant) present() error {
	if err := t.pool.gone(); err != nil {
		return err
	}
	if !t.hasFile() {
		return t.vanish()
	}
	return nil
}

// vanish ends a tenant whose file another process removed: everything after is refused,
// and so are rows of queries under way. What is open is closed when it comes back or at
// the next sweep; SQLite then leaves the files alone that are under the name.
func (t *tenant) vanish() error {
	t.store.drop(t)
	t.pool.close(notFound(t.name))
	return notFound(t.name)
}

// ended is the error of a write; it ends the tenant if the file was gone.
func (t *tenant) ended(err error) error {
	if errors.Is(err, errMoved) {
		return t.vanish()
	}
	return err
}

// unlink removes the files of a closed tenant while nobody else may write to them. So a
// write of another process either was committed before or finds them gone.
func (t *tenant) unlink() error {
	c, err := openConn(t.path, lib.SQLITE_OPEN_READWRITE, 1, func() { t.store.roomUnsure.Store(true) })
	if err == nil {
		if err = c.beginWrite(); err == nil {
			err = t.recognize(c)
		}
	}
	remove := func() error { return removeFiles(t.path+"-wal", t.path+"-shm", t.path) }
	var refused *sqliteError
	switch {
	case errors.Is(err, errMoved), err != nil && !t.hasFile():
		err = notFound(t.name)
	case errors.As(err, &refused) && refused.primary() == lib.SQLITE_BUSY:
		err = fault.New(fault.Unavailable, "store.busy").Because(fmt.Errorf("deleting tenant %s: %w", t.name, err))
	default: // a file that is damaged can't be written to by anybody
		err = remove()
	}
	if c != nil {
		c.close()
	}
	if errors.Is(err, os.ErrPermission) { // some systems keep what is open
		err = remove()
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		err = fmt.Errorf("deleting tenant %s: %w", t.name, err)
	}
	return err
}

func notFound(name string) error {
	return fault.New(fault.NotFound, "tenant.not_found", "tenant", name)
}

func (t *tenant) Name() string { return t.name }

// Identity implements store.Tenant. A handle is of one file only.
func (t *tenant) Identity() string { return t.identity }

// alone runs fn, which may change the schema, while nobody writes.
func (t *tenant) alone(ctx context.Context, fn func(*conn) error) error {
	return t.ended(t.writer.alone(ctx, func(c *conn) error {
		if err := t.present(); err != nil {
			return err
		}
		clear(t.writer.tables)
		return fn(c)
	}))
}

// change runs fn in a transaction while nobody writes. It can't be interrupted.
func change(c *conn, fn func() error) error {
	if err := c.beginWrite(); err != nil {
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

// Tables implements store.Tenant.
func (t *tenant) Tables(ctx context.Context) (tables []store.Table, err error) {
	c, err := t.pool.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer t.pool.release(c)
	names, err := tableNames(c)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	for _, name := range names {
		have, err := readTable(c, name)
		if err != nil {
			return nil, fmt.Errorf("reading table %s: %w", name, err)
		}
		if have != nil { // it may be dropped meanwhile
			tables = append(tables, have.described())
		}
	}
	return tables, nil
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
	return t.ended(t.writer.write(ctx, func(x *tx) error {
		if err := t.pool.gone(); err != nil {
			return err
		}
		return fn(x)
	}))
}

// copyLog copies the write-ahead log into the file, on a connection of the pool. Others read
// and write meanwhile.
func (t *tenant) copyLog() error {
	c, err := t.pool.acquire(context.Background())
	if err != nil {
		return fmt.Errorf("copying the log of tenant %s: %w", t.name, err)
	}
	defer t.pool.release(c)
	c.checkpoint()
	return nil
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
