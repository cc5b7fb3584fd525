//go:build linux

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

var notes = store.Table{Name: "note", Columns: []query.Column{{Name: "text", Storage: fieldtype.Text}}}

// note writes a row of a size in bytes.
func note(t store.Tenant, key id.ID, size int) error {
	return t.Write(context.Background(), func(tx store.Tx) error {
		return tx.Insert(context.Background(), notes.Name, key, map[string]any{"text": strings.Repeat("x", size)}, nil)
	})
}

// smallDisk is a folder on a file system of a size in bytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("a file system can't be mounted here, which needs the rights of root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// A full disk refuses what is written and nothing else, is told by Ping, and is well again
// by itself when there is room. What was acknowledged is there.
func TestAFullDisk(t *testing.T) {
	dir := smallDisk(t, 16<<20)
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	one, err := s.Create(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Define(t.Context(), notes); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Fatalf("with room: %v", err)
	}
	acknowledged := 0
	fill := func() error {
		for {
			if err := note(one, id.ID(acknowledged+1), 100<<10); err != nil {
				return err
			}
			if acknowledged++; acknowledged > 1000 {
				return errors.New("the disk is never full")
			}
		}
	}
	if err := fill(); !fault.Is(err, "store.full") || fault.KindOf(err) != fault.Full {
		t.Fatalf("a write without room: %v", err)
	}
	if err := s.Ping(t.Context()); !fault.Is(err, "store.full") {
		t.Errorf("a store without room says %v", err)
	}
	if n, err := one.Count(t.Context(), notes.Name, nil, nil, 0); err != nil || n != int64(acknowledged) {
		t.Errorf("%d rows are read, %v; %d were acknowledged", n, err, acknowledged)
	}
	_, putErr := one.Blobs().Put(t.Context(), 1, strings.NewReader(strings.Repeat("x", 4<<20)), 8<<20)
	if !fault.Is(putErr, "store.full") {
		t.Errorf("a blob without room: %v", putErr)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := note(one, 5000, 100<<10); err != nil {
		t.Errorf("a write with room again: %v", err)
	}
	if err := one.Check(t.Context()); err != nil {
		t.Errorf("after that: %v", err)
	}
	if n, err := one.Count(t.Context(), notes.Name, nil, nil, 0); err != nil || n != int64(acknowledged)+1 {
		t.Errorf("%d rows are read, %v; %d were acknowledged", n, err, acknowledged+1)
	}
}

// A damaged file is told as such, when it is opened, when what is damaged is read, and by
// Check; the other tenants go on.
func TestADamagedFile(t *testing.T) {
	for name, damage := range map[string]struct {
		at     int64
		length int64 // that is left; 0: all
	}{"its beginning": {at: 0}, "a page": {at: 8 * 4096}, "cut off": {at: -1, length: 6000}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(dir, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"bad", "good"} {
				made, err := s.Create(t.Context(), name)
				if err == nil {
					err = made.Define(t.Context(), notes)
				}
				for i := range 100 {
					err = errors.Join(err, note(made, id.ID(i+1), 1000))
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := made.Check(t.Context()); err != nil {
					t.Fatalf("what is whole: %v", err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			spoil(t, filepath.Join(dir, "bad.db"), damage.at, damage.length)
			if s, err = Open(dir, Options{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			bad, err := s.Tenant(t.Context(), "bad")
			if err != nil {
				t.Fatal(err)
			}
			if err := bad.Check(t.Context()); !fault.Is(err, "store.damaged") || fault.KindOf(err) != fault.Unavailable {
				t.Errorf("checked: %v", err)
			}
			var failed error
			for _, err := range bad.Select(t.Context(), query.Select{Table: notes.Name, Columns: []query.Ref{query.Field(notes.Columns[0])}}) {
				failed = err
			}
			if !fault.Is(failed, "store.damaged") {
				t.Errorf("read: %v", failed)
			}
			good, err := s.Tenant(t.Context(), "good")
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(note(good, 1000, 10), good.Check(t.Context()), s.Ping(t.Context())); err != nil {
				t.Errorf("the other tenant: %v", err)
			}
		})
	}
}

// spoil writes over a page of a file, or cuts it off.
func spoil(t *testing.T, path string, at, length int64) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if at >= 0 {
		_, err = file.WriteAt([]byte(strings.Repeat("damaged!", 512)), at)
	} else {
		err = file.Truncate(length)
	}
	if err != nil {
		t.Fatal(err)
	}
}
