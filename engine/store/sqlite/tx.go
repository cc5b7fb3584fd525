package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	lib "modernc.org/sqlite/lib"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// batch is what is to be committed at once: the writes of several callers.
type batch struct {
	c      *conn
	tables map[string]*tableInfo // as the writer knows them
	wrote  bool                  // somebody wrote since BEGIN
	rows   int                   // that were written, or tried to
	// words that the index of words does not have yet. FTS5 writes out what it has
	// at every savepoint; all at once at the end costs a tenth.
	words []wordChange
	args  []any // of the last row that was inserted, to be used again
}

type wordChange struct {
	table  string
	id     int64
	text   string // "" for none
	remove bool   // what was there before
}

// table finds a table that rows are written to, with the columns of values.
func (b *batch) table(name string, values map[string]any) (*tableInfo, error) {
	if t := b.tables[name]; t != nil && t.unknown(values) == "" {
		return t, nil
	}
	t, err := readTable(b.c, name)
	if err != nil {
		return nil, fmt.Errorf("reading table %s: %w", name, err)
	}
	if t == nil {
		return nil, fmt.Errorf("there is no table %s", name)
	}
	if column := t.unknown(values); column != "" {
		return nil, fmt.Errorf("table %s has no column %s", name, column)
	}
	b.tables[name] = t
	return t, nil
}

// flush brings the index of words up to date, in the order of the rows: FTS5 writes
// out what it has whenever a row comes before the one it had last.
func (b *batch) flush() error {
	ordered := slices.Clone(b.words)
	slices.SortStableFunc(ordered, func(a, b wordChange) int {
		return cmp.Or(strings.Compare(a.table, b.table), cmp.Compare(a.id, b.id))
	})
	for _, w := range ordered {
		name := quote(wordsOf(w.table))
		if w.remove {
			if err := b.c.exec("DELETE FROM "+name+" WHERE rowid = ?", w.id); err != nil {
				return fmt.Errorf("removing words of %s: %w", w.table, err)
			}
		}
		if w.text != "" {
			if err := b.c.exec("INSERT INTO "+name+" (rowid, w) VALUES (?, ?)", w.id, w.text); err != nil {
				return fmt.Errorf("adding words of %s: %w", w.table, err)
			}
		}
		if t := b.tables[w.table]; t != nil {
			t.unmerged += len(w.text) + wordsRemoved
		}
	}
	b.words = nil
	return nil
}

// point is a state of a batch that can be gone back to.
type point struct {
	savepoint string
	made      bool // the savepoint; it is made by the first write
	words     int  // how many changes of words were waiting
	// flushed are those, if they went into the index since.
	flushed []wordChange
}

func (b *batch) point(savepoint string) point {
	return point{savepoint: savepoint, words: len(b.words)}
}

// make makes the savepoint, once.
func (b *batch) make(p *point) error {
	if p.made {
		return nil
	}
	p.made = true
	return b.c.exec("SAVEPOINT " + p.savepoint)
}

// keep remembers the words that were waiting, for they are about to go into the index.
func (b *batch) keep(p *point) {
	if p.flushed == nil {
		p.flushed = append([]wordChange{}, b.words[:p.words]...)
	}
	p.words = 0
}

// restore lets the words wait that waited at a point.
func (b *batch) restore(p point) {
	b.words = b.words[:min(p.words, len(b.words))]
	if p.flushed != nil {
		b.words = p.flushed
	}
}

// tx is one caller's part of a batch. Its writes are undone alone if it fails.
type tx struct {
	*batch
	wrote   bool
	start   point  // its savepoint is made if the batch wrote before; else whatever it wrote is this tx's
	attempt *point // where the attempt under way began
	careful bool   // attempts have savepoints; see Attempt
	lost    error  // why the transaction can't go on
	cursors []*cursor
	over    bool
}

var (
	errOver = errors.New("the transaction is over")
	// errAttempt ends a transaction that is to be run again; see Attempt.
	errAttempt = errors.New("an attempt has to be undone, and has no savepoint")
)

func (b *batch) begin(careful bool) *tx {
	return &tx{batch: b, start: b.point("one"), careful: careful}
}

// usable returns the reason why nothing more can be done, if there is one.
func (x *tx) usable() error {
	if x.over {
		return errOver
	}
	return x.lost
}

// lose ends the transaction.
func (x *tx) lose(err error) error {
	x.lost = cmp.Or(x.lost, err)
	return x.lost
}

// Attempt implements store.Tx. A savepoint makes SQLite copy the pages that change
// after it, which is more than most attempts need. So a transaction makes none in its
// first run. The first attempt that fails after it changed something leaves fn by a
// panic, which ends in try; fn then runs once more in a careful transaction, where an
// attempt has its savepoint from its first write on. One that fails before it changed
// anything costs nothing. Words that fn adds wait with the others.
func (x *tx) Attempt(ctx context.Context, fn func() error) (refused, err error) {
	if err := x.usable(); err != nil {
		return nil, err
	}
	if x.attempt != nil {
		return nil, x.lose(store.ErrNested)
	}
	start, here, changes := x.start, x.point("attempt"), x.c.totalChanges()
	x.attempt = &here
	refused = fn()
	x.attempt = nil
	switch {
	case x.lost != nil:
		return nil, x.lost
	case !x.c.inTransaction(): // SQLite has undone everything
		return nil, x.lose(cmp.Or(refused, errOver))
	case ctx.Err() != nil:
		return nil, x.lose(ctx.Err())
	}
	for _, k := range x.cursors {
		k.drain()
	}
	x.c.ctx = nil
	if refused != nil {
		if !x.careful && (x.c.totalChanges() != changes || len(x.words) != here.words) {
			panic(x.lose(errAttempt))
		}
		x.restore(here)
		x.start.words, x.start.flushed = start.words, start.flushed
		if here.made {
			err = x.c.exec("ROLLBACK TO attempt")
		}
	}
	if here.made && err == nil {
		err = x.c.exec("RELEASE attempt")
	}
	if err != nil {
		return nil, x.lose(fmt.Errorf("ending an attempt: %w", err))
	}
	return refused, nil
}

// end keeps what the caller wrote if err is nil and undoes it otherwise.
func (x *tx) end(err error) error {
	x.over = true
	for _, k := range x.cursors {
		k.stop()
	}
	x.c.ctx = nil
	err = cmp.Or(err, x.lost)
	if !x.c.inTransaction() {
		return err // SQLite has undone everything; see group
	}
	if err == nil {
		if x.start.made {
			return x.c.exec("RELEASE one")
		}
		return nil
	}
	if !x.wrote {
		return err
	}
	x.restore(x.start)
	undo := []string{"ROLLBACK TO one", "RELEASE one"}
	if !x.start.made {
		undo = []string{"ROLLBACK", "BEGIN IMMEDIATE"}
		x.batch.wrote = false
	}
	for _, text := range undo {
		if failed := x.c.exec(text); failed != nil {
			return fmt.Errorf("undoing a write that failed (%w): %w", err, failed)
		}
	}
	return err
}

// writing prepares for a change: cursors must not see it, and it must be possible
// to undo it alone.
func (x *tx) writing(ctx context.Context) error {
	if err := cmp.Or(x.usable(), ctx.Err()); err != nil {
		return err
	}
	for _, k := range x.cursors {
		k.drain()
	}
	// SQLite undoes a whole transaction when it interrupts a change.
	x.c.ctx = nil
	if !x.wrote && x.batch.wrote {
		if err := x.make(&x.start); err != nil {
			return err
		}
	}
	x.wrote, x.batch.wrote = true, true
	x.rows++
	if x.careful && x.attempt != nil {
		return x.make(x.attempt)
	}
	return nil
}

// stored is a value as SQLite keeps it.
func stored(value any) (any, error) {
	switch v := value.(type) {
	case nil, bool, int64, string:
		return v, nil
	case json.RawMessage:
		if v == nil {
			return nil, nil
		}
		return []byte(v), nil
	case []string:
		if v == nil {
			return nil, nil
		}
		out := []byte{'['}
		for i, text := range v {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSONString(out, text)
		}
		return append(out, ']'), nil
	}
	return nil, fmt.Errorf("a %T is no stored value", value)
}

func (x *tx) Insert(ctx context.Context, table string, key id.ID, values map[string]any, words []string) error {
	return x.insert(ctx, table, key, values, words, false)
}

// insert adds a row; log: at the end, see Append.
func (x *tx) insert(ctx context.Context, table string, key id.ID, values map[string]any, words []string, log bool) error {
	if err := x.writing(ctx); err != nil {
		return err
	}
	if err := store.CheckRow(values, words); err != nil {
		return err
	}
	t, err := x.table(table, values)
	if err != nil {
		return err
	}
	args := append(x.args[:0], int64(key))
	for _, column := range t.columns {
		value, err := stored(values[column.Name])
		if err != nil {
			return fmt.Errorf("inserting into %s, column %s: %w", table, column.Name, err)
		}
		args = append(args, value)
	}
	x.args = args
	text := t.insert
	if log {
		text = t.append
	}
	if err := x.c.exec(text, args...); err != nil {
		return x.refused(t, err)
	}
	t.inserted++
	if text := indexed(words); t.search && text != "" {
		x.words = append(x.words, wordChange{table: table, id: int64(key), text: text})
	}
	return nil
}

// refused turns a violated constraint into its fault.
func (x *tx) refused(t *tableInfo, err error) error {
	switch {
	case hasCode(err, lib.SQLITE_CONSTRAINT_PRIMARYKEY), hasCode(err, lib.SQLITE_CONSTRAINT_ROWID):
		return fault.New(fault.Conflict, "store.duplicate_id").Because(err)
	case hasCode(err, lib.SQLITE_CONSTRAINT_UNIQUE):
		return uniqueViolation(x.c, t.name, err)
	}
	return fmt.Errorf("writing to %s: %w", t.name, err)
}

func (x *tx) Update(ctx context.Context, table string, key id.ID, version int64, values map[string]any, words []string) error {
	if err := x.writing(ctx); err != nil {
		return err
	}
	if err := store.CheckRow(values, words); err != nil {
		return err
	}
	t, err := x.table(table, values)
	if err != nil {
		return err
	}
	text, args := "", make([]any, 0, len(values)+2)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value, err := stored(values[name])
		if err != nil {
			return fmt.Errorf("updating %s, column %s: %w", table, name, err)
		}
		text += ", " + quote(name) + " = ?"
		args = append(args, value)
	}
	where := " WHERE id = ?"
	args = append(args, int64(key))
	if version != 0 {
		where += ` AND "version" = ?`
		args = append(args, version)
	}
	found := false
	if text == "" {
		err = x.c.each("SELECT 1 FROM "+quote(table)+where, func(*stmt) error { found = true; return nil }, args...)
	} else if err = x.c.exec("UPDATE "+quote(table)+" SET "+text[2:]+where, args...); err == nil {
		found = x.c.changes() > 0
	}
	switch {
	case err != nil:
		return x.refused(t, err)
	case !found:
		return fault.New(fault.Stale, "store.stale")
	case words != nil && t.search:
		x.words = append(x.words, wordChange{table: table, id: int64(key), text: indexed(words), remove: true})
	}
	return nil
}

func (x *tx) Delete(ctx context.Context, table string, key id.ID) error {
	if err := x.writing(ctx); err != nil {
		return err
	}
	t, err := x.table(table, nil)
	if err != nil {
		return err
	}
	if err := x.c.exec("DELETE FROM "+quote(table)+" WHERE id = ?", int64(key)); err != nil {
		return fmt.Errorf("deleting from %s: %w", table, err)
	}
	if t.search && x.c.changes() > 0 {
		x.words = append(x.words, wordChange{table: table, id: int64(key), remove: true})
	}
	return nil
}

// Lock has nothing to do: Writes of a tenant run one after the other.
func (x *tx) Lock(ctx context.Context, _ string, _ id.ID) error {
	return cmp.Or(x.usable(), ctx.Err())
}

// Mark implements store.Marker: there are no Marks.
func (x *tx) Mark(context.Context, string, time.Time) error { return x.usable() }

func (x *tx) DeleteWhere(ctx context.Context, table string, filter query.Filter) (int64, error) {
	if err := x.writing(ctx); err != nil {
		return 0, err
	}
	t, err := x.table(table, nil)
	if err != nil {
		return 0, err
	}
	if t.search {
		return 0, fmt.Errorf("rows of %s have words and are deleted one by one", table)
	}
	s, err := deletion(table, filter)
	if err != nil {
		return 0, err
	}
	if err := x.c.exec(s.text, s.args...); err != nil {
		return 0, queryError(fmt.Errorf("deleting from %s: %w", table, err))
	}
	return x.c.changes(), nil
}

// reading prepares for a query, which must find the words written before it.
func (x *tx) reading(ctx context.Context, words []query.Word) error {
	if err := x.usable(); err != nil {
		return err
	}
	if len(words) == 0 || len(x.words) == 0 {
		return nil
	}
	if err := x.writing(ctx); err != nil {
		return err
	}
	x.keep(&x.start)
	if x.attempt != nil {
		x.keep(x.attempt)
	}
	return x.flush()
}

// open starts a query of the transaction.
func (x *tx) open(ctx context.Context, words []query.Word, statements []statement, limit int, storages []fieldtype.Storage) (*cursor, error) {
	if err := x.reading(ctx, words); err != nil {
		return nil, err
	}
	k := newCursor(ctx, x.c, statements, limit, storages)
	x.cursors = append(x.cursors, k)
	return k, nil
}

func (x *tx) done(k *cursor) {
	k.stop()
	x.cursors = slices.DeleteFunc(x.cursors, func(other *cursor) bool { return other == k })
}

func (x *tx) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return selectRows(ctx, q, x.open, x.done)
}

func (x *tx) Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	return aggregateRows(ctx, q, x.open, x.done)
}

func (x *tx) Count(ctx context.Context, table string, filter query.Filter, words []query.Word, most int64) (int64, error) {
	return countRows(ctx, table, filter, words, most, x.open, x.done)
}
