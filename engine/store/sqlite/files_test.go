package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"formwork/engine/id"
	"formwork/engine/store"
)

// What is on the disk when a write returns is enough to have it, whole: large writes,
// which don't fit into memory or are undone in part, as well as small ones.
func TestAcknowledgedIsInTheFiles(t *testing.T) {
	for _, pages := range []int{100, 32 << 10} { // KiB: less than a write changes, and more
		t.Run(fmt.Sprint(pages), func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(dir, Options{Pages: pages})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ctx := t.Context()
			handle, err := s.Create(ctx, "acme")
			if err != nil {
				t.Fatal(err)
			}
			if err := handle.Define(ctx, deal); err != nil {
				t.Fatal(err)
			}
			want, key := int64(0), int64(0)
			write := func(n int, keep bool) {
				t.Helper()
				err := handle.Write(ctx, func(tx store.Tx) error {
					for range n {
						key++
						values := map[string]any{name.Name: fmt.Sprint(key*7919%1000, strings.Repeat("x", 300)), revenue.Name: key * 104729 % 1000}
						if err := tx.Insert(ctx, "deal", id.ID(key), values, []string{fmt.Sprint("w", key%50)}); err != nil {
							return err
						}
					}
					if !keep {
						return errOver
					}
					return nil
				})
				if (err == nil) != keep {
					t.Fatal(err)
				}
				if keep {
					want += int64(n)
				}
			}
			for round, n := range []int{1, 2000, 3, 700, 1500, 1} {
				write(n, round%3 != 2)
				if got := rowsOfACopy(t, dir); got != want {
					t.Fatalf("round %d: %d rows in a copy of the files, want %d", round, got, want)
				}
				if got, err := handle.Count(ctx, "deal", nil, nil, 0); err != nil || got != want {
					t.Fatalf("round %d: another connection sees %d rows, want %d (%v)", round, got, want, err)
				}
			}
		})
	}
}

// rowsOfACopy opens a copy of a tenant's file and log, as after a power failure, and
// counts its rows.
func rowsOfACopy(t *testing.T, dir string) int64 {
	t.Helper()
	to := t.TempDir()
	for _, file := range []string{"acme.db", "acme.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, file), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	handle, err := s.Tenant(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if err := handle.(*tenant).alone(t.Context(), func(c *conn) error {
		return c.each("PRAGMA integrity_check", func(s *stmt) error {
			if said := s.string(0); said != "ok" {
				return fmt.Errorf("the copy is damaged: %s", said)
			}
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	n, err := handle.Count(t.Context(), "deal", nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The size is that of the files of tenants, and of nothing else in the folder.
func TestSize(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	one, err := s.Create(t.Context(), "one")
	if err == nil {
		err = errors.Join(one.Define(t.Context(), notes), os.WriteFile(filepath.Join(dir, "other.txt"), make([]byte, 4<<20), 0o600))
	}
	for i := range 20 {
		err = errors.Join(err, note(one, id.ID(i+1), 100<<10))
	}
	if err != nil {
		t.Fatal(err)
	}
	if size, err := s.Size(t.Context()); err != nil || size < 2_000_000 || size >= 8<<20 {
		t.Errorf("2 megabytes of notes take %d bytes, %v", size, err)
	}
}
