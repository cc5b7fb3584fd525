package gofakes3

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"formwork/engine/backup"
	"formwork/engine/backup/backuptest"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
)

// A tenant's copies in a bucket are restored, blobs included.
func TestBackup(t *testing.T) {
	s, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tenant, err := s.Create(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	contents := bytes.Repeat([]byte("contents\n"), 100_000)
	if _, err := tenant.Blobs().Put(t.Context(), 7, bytes.NewReader(contents), 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Define(t.Context(), store.Table{Name: "lead"}); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "lead", 1, nil, nil) }); err != nil {
		t.Fatal(err)
	}
	place := open(t, serve(t, nil), "/backups").Place()
	if _, err := place.Open(t.Context(), "acme/nothing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	keeper := &backup.Keeper{Place: place, Store: s, Program: "test", Now: func() time.Time { return now }}
	for range 3 {
		if _, err := keeper.Take(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
	}
	if removed, err := keeper.Prune(t.Context(), "acme", backup.Rule{Hours: 2}); err != nil || removed != 1 {
		t.Errorf("%d copies were removed, want 1 (%v)", removed, err)
	}
	if _, err := keeper.Restore(t.Context(), "acme", "again", time.Time{}); err != nil {
		t.Fatal(err)
	}
	again, err := s.Tenant(t.Context(), "again")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := again.Count(t.Context(), "lead", nil, nil, 0); err != nil || n != 1 {
		t.Errorf("%d rows, want 1 (%v)", n, err)
	}
	in, err := again.Blobs().Open(t.Context(), 7, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if raw, err := io.ReadAll(in); err != nil || !bytes.Equal(raw, contents) {
		t.Errorf("the blob has %d bytes (%v)", len(raw), err)
	}
	broken := errors.New("broken off")
	if err := place.Put(t.Context(), "acme/half", io.MultiReader(strings.NewReader("half"), failing{broken})); !errors.Is(err, broken) {
		t.Errorf("a file that is broken off: %v", err)
	}
	if _, err := place.Open(t.Context(), "acme/half"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there (%v)", err)
	}
}

// Hourly copies in a bucket are kept by a rule and restored, rows and blobs, into a store whose
// blobs are in a bucket, too.
func TestHours(t *testing.T) {
	endpoint := serve(t, nil)
	from, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	place := open(t, endpoint, "/backups").Place()
	backuptest.Hours(t, place, from, map[string]store.Store{"a store with blobs in a bucket": beside(t, open(t, endpoint, "/blobs"))})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
