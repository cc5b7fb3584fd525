package backup_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/backup"
	"formwork/engine/backup/backuptest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/storetest"
	"formwork/engine/store/teststore"
)

var start = time.Date(2026, 3, 2, 0, 30, 0, 0, time.UTC)

// world is a tenant with rows and blobs, and a folder of copies.
type world struct {
	*testing.T
	store  store.Store
	tenant store.Tenant
	keeper *backup.Keeper
	place  string
	now    time.Time
}

func newWorld(t *testing.T, open teststore.Opener) *world {
	t.Helper()
	w := &world{T: t, store: open(t), place: t.TempDir(), now: start}
	place, err := backup.Folder(w.place)
	w.must(err)
	w.keeper = &backup.Keeper{Place: place, Store: w.store, Program: "test", Now: func() time.Time { return w.now }}
	w.tenant, err = w.store.Create(t.Context(), "acme")
	w.must(err)
	w.must(w.tenant.Define(t.Context(), storetest.Tables()...))
	w.must(w.tenant.Write(t.Context(), func(tx store.Tx) error {
		for table, rows := range storetest.Random(storetest.Source(3), 80) {
			for key, values := range rows {
				if err := tx.Insert(t.Context(), table, key, values, nil); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	w.putBlob(1)
	w.putBlob(2)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func contents(key id.ID) string {
	return strings.Repeat(fmt.Sprintf("the contents of %d\n", key), 5000)
}

func (w *world) putBlob(key id.ID) {
	w.Helper()
	_, err := w.tenant.Blobs().Put(w.Context(), key, strings.NewReader(contents(key)), 1<<20)
	w.must(err)
}

func (w *world) take() *backup.Copy {
	w.Helper()
	c, err := w.keeper.Take(w.Context(), "acme")
	w.must(err)
	return c
}

// everything is all that a tenant holds, as texts.
func everything(t *testing.T, tenant store.Tenant) (all []string) {
	t.Helper()
	for _, table := range storetest.Tables() {
		q := query.Select{Table: table.Name, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Columns: []query.Ref{query.Field(query.ID)}}
		for _, c := range table.Columns {
			q.Columns = append(q.Columns, query.Field(c))
		}
		for row, err := range tenant.Select(t.Context(), q) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("%s %v", table.Name, row))
		}
	}
	blobs, err := tenant.Blobs().List(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, blob := range blobs {
		in, err := tenant.Blobs().Open(t.Context(), blob.Key, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil || in.Close() != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("blob %d %s", blob.Key, raw))
	}
	return all
}

func (w *world) same(what string, got, want []string) {
	w.Helper()
	if len(want) < 50 || !slices.Equal(got, want) {
		w.Errorf("%s: %d things, want %d, or they differ", what, len(got), len(want))
	}
}

// A copy is restored as it was when it was taken, under another name and into another
// store, blobs included, while the tenant goes on.
func TestRestore(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		w := newWorld(t, open)
		was := everything(t, w.tenant)
		first := w.take()
		w.now = w.now.Add(time.Hour)
		w.putBlob(3)
		w.must(w.tenant.Write(t.Context(), func(tx store.Tx) error {
			return tx.Insert(t.Context(), storetest.Tables()[0].Name, 9999, nil, nil)
		}))
		is := everything(t, w.tenant)
		second := w.take()
		if first.Blobs != 2 || second.Blobs != 3 {
			t.Errorf("the copies have %d and %d blobs", first.Blobs, second.Blobs)
		}

		restored, err := w.keeper.Restore(t.Context(), "acme", "again", first.Taken.Add(time.Minute))
		w.must(err)
		if !restored.Taken.Equal(first.Taken) {
			t.Errorf("the copy of %v was restored", restored.Taken)
		}
		again, err := w.store.Tenant(t.Context(), "again")
		w.must(err)
		w.same("under another name", everything(t, again), was)
		w.same("the tenant itself", everything(t, w.tenant), is)

		elsewhere := *w.keeper
		elsewhere.Store = open(t)
		_, err = elsewhere.Restore(t.Context(), "acme", "acme", time.Time{})
		w.must(err)
		there, err := elsewhere.Store.Tenant(t.Context(), "acme")
		w.must(err)
		w.same("in another store", everything(t, there), is)

		if _, err := w.keeper.Restore(t.Context(), "acme", "again", time.Time{}); !fault.Is(err, "tenant.exists") {
			t.Errorf("over a tenant that is there: %v", err)
		}
		if _, err := w.keeper.Restore(t.Context(), "acme", "third", start.Add(-time.Hour)); !fault.Is(err, "backup.none") {
			t.Errorf("from before the first copy: %v", err)
		}
	})
}

// A copy is for its owner alone, and one that is not what was written makes no tenant.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"rows.zst", "blobs.zst", "blobs/*.zst"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(t testing.TB) store.Store { return teststore.Open(t) })
			taken := w.take()
			w.must(filepath.WalkDir(w.place, func(path string, entry fs.DirEntry, err error) error {
				if info, _ := entry.Info(); err == nil && path != w.place && info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s has the mode %v", path, info.Mode())
				}
				return err
			}))
			found, err := filepath.Glob(filepath.Join(w.place, "acme", map[bool]string{true: "", false: "2*"}[strings.Contains(name, "/")], name))
			if err != nil || len(found) == 0 {
				t.Fatalf("no file (%v)", err)
			}
			raw, err := os.ReadFile(found[0])
			w.must(err)
			for what, broken := range map[string][]byte{"cut": raw[:len(raw)-7], "changed": append(bytes.Clone(raw[:len(raw)-1]), raw[len(raw)-1]+1), "longer": append(bytes.Clone(raw), 0)} {
				if what == "longer" && strings.Contains(name, "/") {
					continue // the contents are what counts of a blob
				}
				w.must(os.WriteFile(found[0], broken, 0o600))
				if _, err := w.keeper.Restore(t.Context(), "acme", "again", time.Time{}); err == nil {
					t.Errorf("%s: it was restored", what)
				}
				if _, err := w.store.Tenant(t.Context(), "again"); !fault.Is(err, "tenant.not_found") {
					t.Errorf("%s: there is a tenant (%v)", what, err)
				}
			}
			w.must(os.Remove(found[0]))
			if _, err := w.keeper.Restore(t.Context(), "acme", "again", time.Time{}); !fault.Is(err, "backup.damaged") {
				t.Errorf("without the file: %v", err)
			}
			if strings.Contains(name, "/") {
				return
			}
			w.now = taken.Taken.Add(time.Hour) // the next copy does not need this one
			w.take()
			_, err = w.keeper.Restore(t.Context(), "acme", "again", time.Time{})
			w.must(err)
		})
	}
}

func TestHours(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		place, err := backup.Folder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		backuptest.Hours(t, place, open(t), map[string]store.Store{"another store": open(t)})
	})
}

func TestParseRule(t *testing.T) {
	for _, text := range []string{"", "24", "h", "24h,", "24x", "-1h", "24h 7d"} {
		if r, err := backup.ParseRule(text); err == nil {
			t.Errorf("%q is the rule %v", text, r)
		}
	}
}
