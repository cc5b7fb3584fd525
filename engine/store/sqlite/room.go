package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"formwork/engine/fault"
)

// full is the fault of a write for which there is no room.
func full(err error) error { return fault.New(fault.Full, "store.full").Because(err) }

// damaged is the fault of a file that can't be read any more.
func damaged(err error) error { return fault.New(fault.Unavailable, "store.damaged").Because(err) }

// noRoom reports whether an error of the system says that there is no room, on the disk or
// by a quota.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// told is an error of a file that is no database, as the fault that it is.
func (s *Store) told(err error) error {
	if noRoom(err) {
		s.roomUnsure.Store(true)
		return full(err)
	}
	return err
}

// needed is the room with which a store is well, in bytes: that of a few writes.
const needed = 1 << 20

// room reports whether there is room to write. It looks by writing a file, and only where
// that isn't known: in the beginning, and from a write that found no room until there is
// some.
func (s *Store) room() error {
	if !s.roomUnsure.Load() {
		return nil
	}
	file, err := os.CreateTemp(s.dir, ".room-*")
	if err == nil {
		_, err = file.Write(make([]byte, needed))
		if err == nil {
			err = file.Sync()
		}
		err = errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	if noRoom(err) {
		return full(err)
	}
	if err != nil {
		return fmt.Errorf("looking for room in the store's folder: %w", err)
	}
	s.roomUnsure.Store(false)
	return nil
}

// Check implements store.Tenant: it has SQLite look through the whole file. Others go on
// meanwhile.
func (t *tenant) Check(ctx context.Context) error {
	c, err := t.pool.acquire(ctx)
	if err != nil {
		return err
	}
	defer t.pool.release(c)
	c.ctx = ctx
	defer func() { c.ctx = nil }()
	var found []string
	err = c.fresh("PRAGMA integrity_check(10)", func(s *stmt) error {
		if text := s.string(0); text != "ok" {
			found = append(found, text)
		}
		return nil
	})
	if err == nil && found != nil {
		err = damaged(errors.New(strings.Join(found, "; ")))
	}
	if err != nil {
		return fmt.Errorf("checking tenant %s: %w", t.name, err)
	}
	return nil
}
