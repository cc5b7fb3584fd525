package sqlite

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	lib "modernc.org/sqlite/lib"

	"formwork/engine/budget"
)

// conn is one connection to a database file, with its prepared statements. It
// is used by one goroutine at a time. It speaks to SQLite's C interface (which
// modernc.org/sqlite/lib is, translated to Go) without a driver between: memory
// that SQLite sees is never Go's, texts are copied once each way.
type conn struct {
	tls   *libc.TLS
	db    uintptr
	cell  uintptr // C memory for what a call returns by pointer
	token uintptr // finds this conn from the progress handler

	// ctx interrupts statements that run; nil lets them finish.
	ctx context.Context

	statements map[string]*list.Element // of *stmt
	recent     *list.List               // most recently used first
	limit      int                      // statements kept

	logged int32 // pages of the write-ahead log after the last commit; see countLog

	epoch int  // of the pool it belongs to
	slow  bool // is one of the pool's slow ones, until it is released

	turn budget.Turn

	onFull func() // is called when a call finds no room
}

const (
	progressOps = 500 // virtual machine steps between looks at ctx: well below a millisecond
	cellSize    = 16
)

// sqliteError is an answer of SQLite that is not a success.
type sqliteError struct {
	code    int32 // extended
	message string
}

func (e *sqliteError) Error() string { return fmt.Sprintf("sqlite (%d): %s", e.code, e.message) }

// primary is the code without its extension.
func (e *sqliteError) primary() int32 { return e.code & 0xff }

// hasCode reports whether err is an answer of SQLite with an extended code.
func hasCode(err error, code int32) bool {
	var e *sqliteError
	return errors.As(err, &e) && e.code == code
}

// running finds conns from inside SQLite's progress handler.
var running sync.Map // uintptr -> *conn

var lastToken atomic.Uintptr

// progress is called by SQLite while a statement runs; other than 0 interrupts it.
func progress(_ *libc.TLS, token uintptr) int32 {
	c, ok := running.Load(token)
	if !ok {
		return 0
	}
	of := c.(*conn)
	if of.ctx != nil && of.ctx.Err() != nil {
		return 1
	}
	of.turn.Yield()
	return 0
}

// progressPointer is progress as translated C code calls a function.
func progressPointer() uintptr {
	f := progress
	return *(*uintptr)(unsafe.Pointer(&f))
}

// memory is C memory at an address.
func memory(address uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

func openConn(path string, flags int32, statements int, onFull func()) (*conn, error) {
	c := &conn{onFull: onFull, tls: libc.NewTLS(), token: lastToken.Add(1), statements: map[string]*list.Element{}, recent: list.New(), limit: statements}
	c.cell = libc.Xmalloc(c.tls, cellSize)
	if c.cell == 0 {
		c.tls.Close()
		return nil, errors.New("sqlite: out of memory")
	}
	name, err := libc.CString(path)
	if err != nil {
		c.close()
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	defer libc.Xfree(c.tls, name)
	// No mutexes: a conn belongs to one goroutine at a time.
	code := lib.Xsqlite3_open_v2(c.tls, name, c.cell, flags|lib.SQLITE_OPEN_NOMUTEX, 0)
	c.db = *(*uintptr)(memory(c.cell))
	if code != lib.SQLITE_OK {
		err := c.failure(code)
		c.close()
		return nil, err
	}
	lib.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	lib.Xsqlite3_busy_timeout(c.tls, c.db, 10_000)
	for _, option := range []struct{ name, on int32 }{
		{lib.SQLITE_DBCONFIG_DQS_DML, 0}, // a quoted name is a name, never a text
		{lib.SQLITE_DBCONFIG_DQS_DDL, 0},
		{lib.SQLITE_DBCONFIG_ENABLE_QPSG, 1}, // a plan is made once for all values
	} {
		if err := c.configure(option.name, option.on); err != nil {
			c.close()
			return nil, err
		}
	}
	running.Store(c.token, c)
	lib.Xsqlite3_progress_handler(c.tls, c.db, progressOps, progressPointer(), c.token)
	return c, nil
}

func (c *conn) configure(option, on int32) error {
	arguments := libc.NewVaList(on, uintptr(0))
	if arguments == 0 {
		return errors.New("sqlite: out of memory")
	}
	defer libc.Xfree(c.tls, arguments)
	if code := lib.Xsqlite3_db_config(c.tls, c.db, option, arguments); code != lib.SQLITE_OK {
		return c.failure(code)
	}
	return nil
}

// committed is called by SQLite after a commit, with the pages that the write-ahead log has.
func committed(_ *libc.TLS, token, _, _ uintptr, pages int32) int32 {
	if c, ok := running.Load(token); ok {
		c.(*conn).logged = pages
	}
	return lib.SQLITE_OK
}

// countLog has commits count the pages of the write-ahead log. They do not checkpoint it any
// more.
func (c *conn) countLog() {
	f := committed
	lib.Xsqlite3_wal_hook(c.tls, c.db, *(*uintptr)(unsafe.Pointer(&f)), c.token)
}

// checkpoint copies the write-ahead log into the file, as far as that can be done without
// waiting for anybody. Where it fails the log stays, and nothing is lost.
func (c *conn) checkpoint() {
	lib.Xsqlite3_wal_checkpoint_v2(c.tls, c.db, 0, lib.SQLITE_CHECKPOINT_PASSIVE, 0, 0)
}

// errMoved tells that the file of a connection is no longer under its name.
var errMoved = errors.New("the file was removed or replaced")

// beginWrite begins a transaction that writes. Whoever removes a file does so while it
// may be written by nobody else (see Store.Delete), so that it stays for as long as the
// transaction lasts. Fails with errMoved if it is gone already.
func (c *conn) beginWrite() error {
	c.turn = budget.Turn{}
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if !c.moved() {
		return nil
	}
	return errors.Join(errMoved, c.exec("ROLLBACK"))
}

// moved reports whether the file is no longer under its name. Where the system can't say
// so it keeps open files from being removed.
func (c *conn) moved() bool {
	*(*int32)(memory(c.cell)) = 0
	code := lib.Xsqlite3_file_control(c.tls, c.db, 0, lib.SQLITE_FCNTL_HAS_MOVED, c.cell)
	return code == lib.SQLITE_OK && *(*int32)(memory(c.cell)) != 0
}

func (c *conn) close() {
	running.Delete(c.token)
	for e := c.recent.Front(); e != nil; e = e.Next() {
		e.Value.(*stmt).finalize()
	}
	if c.db != 0 {
		lib.Xsqlite3_close_v2(c.tls, c.db)
	}
	libc.Xfree(c.tls, c.cell)
	c.tls.Close()
}

// failure makes an error of a result code.
func (c *conn) failure(code int32) error {
	e := &sqliteError{code: code}
	if c.db != 0 {
		e.message = libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))
	}
	if e.primary() == lib.SQLITE_INTERRUPT && c.ctx != nil && c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	return c.named(e)
}

// named is an error that callers have to know, as the fault that it is; any other as it is.
func (c *conn) named(e *sqliteError) error {
	switch e.primary() {
	case lib.SQLITE_FULL:
		c.onFull()
		return full(e)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return damaged(e)
	case lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN:
		if c.db != 0 && noRoom(syscall.Errno(lib.Xsqlite3_system_errno(c.tls, c.db))) {
			c.onFull()
			return full(e)
		}
	}
	return e
}

// inTransaction reports whether a transaction is open. SQLite ends one by itself
// on some errors (a full disk).
func (c *conn) inTransaction() bool { return lib.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

// changes is the number of rows that the last statement changed.
func (c *conn) changes() int64 { return int64(lib.Xsqlite3_changes(c.tls, c.db)) }

// totalChanges is the number of rows that were changed since the connection was
// opened. A statement that failed, and so was undone, does not count.
func (c *conn) totalChanges() int64 { return int64(lib.Xsqlite3_total_changes64(c.tls, c.db)) }

// prepare returns the statement of a text, prepared once and kept while it is
// used often. It must be reset after use. A statement that is in use (a query
// within the loop of the same query) is prepared anew and not kept.
func (c *conn) prepare(text string) (*stmt, error) {
	if e, ok := c.statements[text]; ok {
		if s := e.Value.(*stmt); !s.busy {
			c.recent.MoveToFront(e)
			s.busy = true
			return s, nil
		}
		s, err := c.compile(text)
		if err == nil {
			s.busy, s.once = true, true
		}
		return s, err
	}
	s, err := c.compile(text)
	if err != nil {
		return nil, err
	}
	s.busy = true
	c.statements[text] = c.recent.PushFront(s)
	for e := c.recent.Back(); c.recent.Len() > c.limit && e != nil; {
		before := e.Prev()
		if old := e.Value.(*stmt); !old.busy {
			c.recent.Remove(e)
			delete(c.statements, old.text)
			old.finalize()
		}
		e = before
	}
	return s, nil
}

func (c *conn) compile(text string) (*stmt, error) {
	source, err := libc.CString(text)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	defer libc.Xfree(c.tls, source)
	code := lib.Xsqlite3_prepare_v3(c.tls, c.db, source, -1, lib.SQLITE_PREPARE_PERSISTENT, c.cell, 0)
	if code != lib.SQLITE_OK {
		return nil, fmt.Errorf("preparing %s: %w", shorten(text), c.failure(code))
	}
	s := &stmt{c: c, p: *(*uintptr)(memory(c.cell)), text: text}
	s.columns = int(lib.Xsqlite3_column_count(c.tls, s.p))
	return s, nil
}

func shorten(text string) string {
	if len(text) > 400 {
		return strings.ToValidUTF8(text[:400], "") + "…"
	}
	return text
}

// exec runs a statement to its end.
func (c *conn) exec(text string, args ...any) error {
	return c.each(text, func(*stmt) error { return nil }, args...)
}

// once runs a statement that is not to be kept.
func (c *conn) once(text string, args ...any) error {
	if err := c.fresh(text, func(*stmt) error { return nil }, args...); err != nil {
		return fmt.Errorf("running %s: %w", shorten(text), err)
	}
	return nil
}

// each runs a query and calls fn for each row.
func (c *conn) each(text string, fn func(s *stmt) error, args ...any) error {
	s, err := c.prepare(text)
	if err != nil {
		return err
	}
	defer s.reset()
	return s.each(fn, args)
}

// fresh is each with a statement that is not kept.
func (c *conn) fresh(text string, fn func(s *stmt) error, args ...any) error {
	s, err := c.compile(text)
	if err != nil {
		return err
	}
	defer s.finalize()
	return s.each(fn, args)
}

// stmt is a prepared statement.
type stmt struct {
	c       *conn
	p       uintptr
	text    string
	columns int
	busy    bool // taken by prepare, not yet reset
	once    bool // not among the conn's statements
	rows    int  // see conn.note

	arena     uintptr // C memory of the texts that are bound
	arenaSize int
}

const largestArena = 1 << 16 // kept between uses

// bind sets the parameters: nil, bool, int64, string or []byte (as text).
// Statement texts decide their number, so all of them are always given.
func (s *stmt) bind(args []any) error {
	need := 1
	for _, a := range args {
		switch a := a.(type) {
		case string:
			need += len(a)
		case []byte:
			need += len(a)
		}
	}
	if need > s.arenaSize {
		libc.Xfree(s.c.tls, s.arena)
		s.arenaSize = max(need, 256)
		if s.arena = libc.Xmalloc(s.c.tls, types.Size_t(s.arenaSize)); s.arena == 0 {
			s.arenaSize = 0
			return errors.New("sqlite: out of memory")
		}
	}
	at := s.arena
	for i, a := range args {
		n := int32(i + 1)
		var code int32
		switch a := a.(type) {
		case nil:
			code = lib.Xsqlite3_bind_null(s.c.tls, s.p, n)
		case bool:
			code = lib.Xsqlite3_bind_int64(s.c.tls, s.p, n, truth(a))
		case int64:
			code = lib.Xsqlite3_bind_int64(s.c.tls, s.p, n, a)
		case string:
			// Destructor 0 is SQLITE_STATIC: the arena lives until the next bind.
			copy(unsafe.Slice((*byte)(memory(at)), len(a)), a)
			code = lib.Xsqlite3_bind_text(s.c.tls, s.p, n, at, int32(len(a)), 0)
			at += uintptr(len(a))
		case []byte:
			copy(unsafe.Slice((*byte)(memory(at)), len(a)), a)
			code = lib.Xsqlite3_bind_text(s.c.tls, s.p, n, at, int32(len(a)), 0)
			at += uintptr(len(a))
		default:
			return fmt.Errorf("sqlite: a %T is no stored value", a)
		}
		if code != lib.SQLITE_OK {
			return fmt.Errorf("binding parameter %d: %w", n, s.c.failure(code))
		}
	}
	return nil
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// step goes on to the next row; false at the end.
func (s *stmt) step() (bool, error) {
	switch code := lib.Xsqlite3_step(s.c.tls, s.p); code {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		return false, s.c.failure(code)
	}
}

// each runs the statement and calls fn for each row.
func (s *stmt) each(fn func(s *stmt) error, args []any) error {
	if err := s.bind(args); err != nil {
		return err
	}
	for {
		row, err := s.step()
		if err != nil {
			return err
		}
		if !row {
			return nil
		}
		if err := fn(s); err != nil {
			return err
		}
	}
}

// reset makes the statement ready for its next use.
func (s *stmt) reset() {
	if s.once {
		s.finalize()
		return
	}
	lib.Xsqlite3_reset(s.c.tls, s.p)
	if s.arenaSize > largestArena {
		lib.Xsqlite3_clear_bindings(s.c.tls, s.p)
		libc.Xfree(s.c.tls, s.arena)
		s.arena, s.arenaSize = 0, 0
	}
	s.busy = false
}

func (s *stmt) finalize() {
	lib.Xsqlite3_finalize(s.c.tls, s.p)
	libc.Xfree(s.c.tls, s.arena)
	s.p, s.arena, s.arenaSize = 0, 0, 0
}

func (s *stmt) isNull(i int) bool {
	return lib.Xsqlite3_column_type(s.c.tls, s.p, int32(i)) == lib.SQLITE_NULL
}

func (s *stmt) integer(i int) int64 {
	return int64(lib.Xsqlite3_column_int64(s.c.tls, s.p, int32(i)))
}

// raw is a text's bytes, valid until the next step. (As a blob: as text SQLite
// would copy it to put a zero byte behind.)
func (s *stmt) raw(i int) []byte {
	p := lib.Xsqlite3_column_blob(s.c.tls, s.p, int32(i))
	n := lib.Xsqlite3_column_bytes(s.c.tls, s.p, int32(i))
	if p == 0 || n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(memory(p)), int(n))
}

func (s *stmt) string(i int) string { return string(s.raw(i)) }
