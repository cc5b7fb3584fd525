package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	lib "modernc.org/sqlite/lib"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// A dump is an SQLite file as VACUUM INTO makes it, which is one state of the data.

// magic begins every SQLite file.
const magic = "SQLite format 3\x00"

// passing ends the names of files that are there for as long as a dump or a load lasts.
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

// Dump implements store.Tenant. It needs room for a second copy of the file beside it.
func (t *tenant) Dump(ctx context.Context, w io.Writer) (err error) {
	if err := t.present(); err != nil {
		return err
	}
	file, err := t.store.pass(t.name)
	if err != nil {
		return fmt.Errorf("dumping tenant %s: %w", t.name, err)
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	c, err := openConn(t.path, lib.SQLITE_OPEN_READWRITE, 1, func() { t.store.roomUnsure.Store(true) })
	if err != nil {
		return fmt.Errorf("dumping tenant %s: %w", t.name, err)
	}
	c.ctx = ctx
	err = c.once("VACUUM INTO ?", file.Name())
	c.close()
	if err == nil {
		_, err = io.Copy(w, file)
	}
	if err != nil {
		return fmt.Errorf("dumping tenant %s: %w", t.name, err)
	}
	return nil
}

// Load implements store.Store.
func (s *Store) Load(ctx context.Context, name string, r io.Reader) (store.Tenant, error) {
	if !store.ValidTenant(name) {
		return nil, fault.New(fault.Invalid, "tenant.name", "tenant", name)
	}
	in := bufio.NewReader(r)
	if begin, err := in.Peek(len(magic)); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("loading tenant %s: %w", name, err)
	} else if string(begin) != magic {
		return nil, store.ForeignDump()
	}
	if err := s.load(ctx, name, in); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil, fault.New(fault.Conflict, "tenant.exists", "tenant", name)
		}
		return nil, fmt.Errorf("loading tenant %s: %w", name, err)
	}
	return s.Tenant(ctx, name)
}

// load writes the file under another name, looks whether it is whole, marks it as another
// tenant than the one that was dumped, and gives it its name last.
func (s *Store) load(ctx context.Context, name string, in io.Reader) error {
	if _, err := os.Stat(s.file(name)); err == nil {
		return os.ErrExist
	}
	file, err := s.pass(name)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = io.Copy(file, in)
	if err = errors.Join(err, file.Sync(), file.Close(), ctx.Err()); err != nil {
		return err
	}
	if err := errors.Join(intact(file.Name()), s.mark(file.Name())); err != nil {
		return err
	}
	return s.publish(file.Name(), name)
}

// intact reports what is wrong with a file of SQLite.
func intact(path string) error {
	c, err := openConn(path, lib.SQLITE_OPEN_READONLY, 1, func() {})
	if err != nil {
		return err
	}
	defer c.close()
	found := ""
	if err := c.each("PRAGMA quick_check(1)", func(s *stmt) error { found = s.string(0); return nil }); err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("the file is damaged: %s", found)
	}
	return nil
}
