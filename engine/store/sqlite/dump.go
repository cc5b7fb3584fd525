package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	lib "modernc.org/sqlite/lib"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// passing ends the names of files that are there for as long as a tenant is being made.
const passing = ".passing.*"

// leftover is the age from which on a passing file is one that a killed process left.
const leftover = 24 * time.Hour

// pass makes a file beside the tenant's, for its owner alone, and removes what was left.
func (s *Store) pass(name string) (*os.File, error) {
	old, err := filepath.Glob(filepath.Join(s.dir, name+passing))
	if err != nil {
		return nil, err
	}
	for _, file := range old {
		if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > leftover {
			_ = os.Remove(file) // what can't be removed is tried again with the next
		}
	}
	return os.CreateTemp(s.dir, name+passing)
}

// Dump implements store.Tenant. It reads one state of the file; for as long as it does,
// what others write stays in the file's log.
func (t *tenant) Dump(ctx context.Context, w io.Writer) error {
	if err := t.present(); err != nil {
		return err
	}
	c, err := openConn(t.path, lib.SQLITE_OPEN_READWRITE, readerStatements, func() { t.store.roomUnsure.Store(true) })
	if err != nil {
		return fmt.Errorf("dumping tenant %s: %w", t.name, err)
	}
	defer c.close()
	if err := t.recognize(c); errors.Is(err, errMoved) {
		return t.vanish()
	} else if err != nil {
		return fmt.Errorf("dumping tenant %s: %w", t.name, err)
	}
	d := &dumping{ctx: ctx, c: c, w: store.NewDumpWriter(w)}
	if err := d.run(); err != nil {
		return fmt.Errorf("dumping tenant %s: %w", t.name, err)
	}
	return nil
}

type dumping struct {
	ctx context.Context
	c   *conn
	w   *store.DumpWriter
}

func (d *dumping) run() error {
	d.c.ctx = d.ctx
	if err := d.c.exec("BEGIN"); err != nil { // it ends with the connection
		return err
	}
	format := 0
	if err := d.c.each("PRAGMA user_version", func(s *stmt) error { format = int(s.integer(0)); return nil }); err != nil {
		return err
	}
	if err := d.w.Format(format); err != nil {
		return err
	}
	names, err := tableNames(d.c)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := d.table(name); err != nil {
			return fmt.Errorf("table %s: %w", name, err)
		}
	}
	return d.w.End()
}

func (d *dumping) table(name string) error {
	t, err := readTable(d.c, name)
	if err != nil {
		return err
	}
	end := int64(0)
	if t.log {
		if err := d.c.each("SELECT max(id) FROM "+quote(name), func(s *stmt) error { end = s.integer(0); return nil }); err != nil {
			return err
		}
	}
	if err := d.w.Table(t.described(), end); err != nil {
		return err
	}
	if err := d.rows(t); err != nil {
		return err
	}
	indexes, err := readIndexes(d.c, name)
	if err != nil {
		return err
	}
	for i := range indexes {
		indexes[i] = withKey(indexes[i])
	}
	return d.w.Indexes(indexes)
}

func (d *dumping) rows(t *tableInfo) error {
	text, storages := "SELECT id", []fieldtype.Storage{fieldtype.Int}
	for _, c := range t.columns {
		text += ", " + quote(c.Name)
		storages = append(storages, c.Storage)
	}
	words := &wordsInOrder{}
	if t.search {
		if err := words.open(d.ctx, d.c, t.name); err != nil {
			return err
		}
		defer words.close()
	}
	rows := newCursor(d.ctx, d.c, []statement{{text: text + " FROM " + quote(t.name) + " ORDER BY id"}}, 0, storages)
	defer rows.stop()
	for {
		row, err := rows.next()
		if err != nil || row == nil {
			return err
		}
		out := store.FullRow{ID: id.ID(row[0].(int64)), Values: row[1:]}
		if t.log {
			out.Position = int64(out.ID)
		}
		if out.Words, err = words.of(row[0].(int64)); err != nil {
			return err
		}
		if err := d.w.Row(out); err != nil {
			return err
		}
	}
}

// wordsInOrder are the words of a table's rows, in the order of ids. FTS5 tells of each word
// which rows have it; SQLite turns that round by sorting, on the disk where it is much.
type wordsInOrder struct {
	c      *conn
	cursor *cursor
	next   store.Row // id and word; nil at the end
}

func (w *wordsInOrder) open(ctx context.Context, c *conn, table string) (err error) {
	w.c = c
	if err := c.once("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', " + quote(wordsOf(table)) + ", 'instance')"); err != nil {
		return err
	}
	w.cursor = newCursor(ctx, c, []statement{{text: "SELECT doc, term FROM temp.vocabulary ORDER BY doc, term"}}, 0, []fieldtype.Storage{fieldtype.Int, fieldtype.Text})
	w.next, err = w.cursor.next()
	return err
}

func (w *wordsInOrder) close() {
	if w.cursor == nil {
		return
	}
	w.cursor.stop()
	_ = w.c.once("DROP TABLE temp.vocabulary") // where it fails, making the next one does
}

// of are the words of a row; ids rise from call to call.
func (w *wordsInOrder) of(row int64) (words []string, err error) {
	for w.next != nil && w.next[0].(int64) <= row {
		if w.next[0].(int64) == row {
			words = append(words, w.next[1].(string))
		}
		if w.next, err = w.cursor.next(); err != nil {
			return nil, err
		}
	}
	return words, nil
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, name string, r io.Reader) (store.Tenant, error) {
	if !store.ValidTenant(name) {
		return nil, fault.New(fault.Invalid, "tenant.name", "tenant", name)
	}
	if err := s.load(ctx, name, r); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil, fault.New(fault.Conflict, "tenant.exists", "tenant", name)
		}
		return nil, fmt.Errorf("loading tenant %s: %w", name, err)
	}
	return s.Tenant(ctx, name)
}

// load fills a file under another name and gives it its own last.
func (s *Store) load(ctx context.Context, name string, in io.Reader) error {
	if _, err := os.Stat(s.file(name)); err == nil {
		return os.ErrExist
	}
	file, err := s.pass(name)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	err = errors.Join(file.Close(), s.fill(ctx, file.Name(), in), ctx.Err())
	if err == nil {
		err = s.mark(file.Name())
	}
	if err == nil {
		err = syncFile(file.Name())
	}
	if err != nil {
		return err
	}
	return s.publish(file.Name(), name)
}

// syncFile makes what a file holds durable, whoever wrote it.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// fill puts what a dump holds into an empty file that nobody uses and that is removed if
// this fails. So nothing is kept of what was before, and nothing synced.
func (s *Store) fill(ctx context.Context, path string, in io.Reader) error {
	c, err := openConn(path, lib.SQLITE_OPEN_READWRITE, readerStatements, func() { s.roomUnsure.Store(true) })
	if err != nil {
		return err
	}
	defer c.close()
	for _, text := range []string{"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA analysis_limit = 1000", "BEGIN"} {
		if err := c.once(text); err != nil {
			return err
		}
	}
	if err := store.ReadDump(in, &loading{ctx: ctx, c: c}); err != nil {
		return err
	}
	return c.exec("COMMIT")
}

// loading is a store.Loader.
type loading struct {
	ctx   context.Context
	c     *conn
	table *tableInfo
}

func (l *loading) Stamp(format int) error {
	return l.c.once("PRAGMA user_version = " + strconv.Itoa(format))
}

// Table begins a table. Where the rows of a log end before the positions that it has given,
// what follows has higher ones because ids are made by a clock.
func (l *loading) Table(t store.Table, _ int64) (err error) {
	if err := define(l.c, t); err != nil {
		return fmt.Errorf("defining table %s: %w", t.Name, err)
	}
	l.table, err = readTable(l.c, t.Name)
	return err
}

func (l *loading) Rows(rows []store.FullRow) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	args := make([]any, 0, len(l.table.columns)+1)
	for _, row := range rows {
		key := int64(row.ID)
		if l.table.log {
			key = row.Position
		}
		args = append(args[:0], key)
		for i, c := range l.table.columns {
			value, err := stored(row.Values[i])
			if err != nil {
				return fmt.Errorf("loading %s, column %s: %w", l.table.name, c.Name, err)
			}
			args = append(args, value)
		}
		if err := l.c.exec(l.table.insert, args...); err != nil {
			return fmt.Errorf("loading %s: %w", l.table.name, err)
		}
		if words := indexed(row.Words); l.table.search && words != "" {
			if err := l.c.exec("INSERT INTO "+quote(wordsOf(l.table.name))+" (rowid, w) VALUES (?, ?)", key, words); err != nil {
				return fmt.Errorf("loading words of %s: %w", l.table.name, err)
			}
		}
		l.table.inserted++
	}
	return nil
}

func (l *loading) Indexes(indexes []store.Index) error {
	for _, index := range indexes {
		if err := createIndex(l.c, l.table.name, index); err != nil {
			return fmt.Errorf("building index %s of %s: %w", index.Name, l.table.name, err)
		}
	}
	if l.table.inserted < firstStatistics {
		return nil
	}
	return analyze(l.c, l.table.name)
}
