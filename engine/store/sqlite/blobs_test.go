package sqlite

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/engine/store/storetest"
)

func TestBlobs(t *testing.T) { storetest.Blobs(t, open, nil) }

// contents are those of a key, of up to 3 MB.
func contents(key id.ID) io.Reader {
	var seed [32]byte
	copy(seed[:], key.String())
	return io.LimitReader(rand.NewChaCha8(seed), int64(key)%3_000_000)
}

// putForever puts blobs on several goroutines and prints each key once it is
// acknowledged.
func putForever(dir string) error {
	s, err := Open(dir, Options{})
	if err != nil {
		return err
	}
	tenant, err := s.Tenant(context.Background(), "acme")
	if err != nil {
		return err
	}
	const apart = 7919 // keys lie in many folders
	return untilKilled(apart, func(key id.ID) error {
		_, err := tenant.Blobs().Put(context.Background(), key, contents(key), 3_000_000)
		return err
	})
}

// What was acknowledged is there after kill -9, nothing is there in part, and what was
// under way is tidied.
func TestKilledPuts(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir)
	create(t, s, "acme")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := map[id.ID]bool{}
	for round := range 3 {
		for _, key := range killed(t, dir, "blobs", 10+15*round) {
			acknowledged[id.ID(key)] = true
		}
		s := openAt(t, dir)
		tenant, err := s.Tenant(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		found, after := map[id.ID]bool{}, id.ID(0)
		for {
			page, err := tenant.Blobs().List(t.Context(), after, 7)
			if err != nil {
				t.Fatal(err)
			}
			for _, blob := range page {
				found[blob.Key], after = true, blob.Key
				whole(t, tenant.Blobs(), blob.Key)
			}
			if len(page) < 7 {
				break
			}
		}
		for key := range acknowledged {
			if !found[key] {
				t.Errorf("blob %v was acknowledged and is lost", key)
			}
		}
		if err := tenant.Blobs().Tidy(t.Context(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if files := filesIn(t, filepath.Join(dir, "acme.blobs")); files != len(found) {
			t.Errorf("there are %d files for %d blobs", files, len(found))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func openAt(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func whole(t *testing.T, blobs store.Blobs, key id.ID) {
	t.Helper()
	opened, err := blobs.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	got, err := io.ReadAll(opened)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := io.ReadAll(contents(key)); !bytes.Equal(got, want) {
		t.Fatalf("blob %v has %d bytes, want %d", key, len(got), len(want))
	}
}

// filesIn counts the files in a folder.
func filesIn(t *testing.T, dir string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Nothing stays of a tenant: its folder goes with it, and what was put into it by hand.
func TestBlobsGoWithTheTenant(t *testing.T) {
	s := openWith(t, Options{Relaxed: true})
	tenant := create(t, s, "acme")
	if _, err := tenant.Blobs().Put(t.Context(), 1, bytes.NewReader(nil), 0); err != nil {
		t.Fatal(err)
	}
	stray := filepath.Join(s.blobs("acme"), unfinished, "stray")
	if err := os.WriteFile(stray, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if page, err := tenant.Blobs().List(t.Context(), 0, 10); err != nil || len(page) != 1 {
		t.Fatalf("listed %v, %v", page, err)
	}
	if err := s.Delete(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(s.dir)
	if err != nil || len(left) != 0 {
		t.Fatalf("%v is left, %v", left, err)
	}
	// Of a tenant whose database somebody removed by hand, another of its name has nothing.
	if err := os.MkdirAll(filepath.Join(s.blobs("acme"), "0000"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.blobs("acme"), "0000", id.ID(1).String()), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if page, err := create(t, s, "acme").Blobs().List(t.Context(), 0, 10); err != nil || len(page) != 0 {
		t.Fatalf("listed %v, %v", page, err)
	}
}

// A folder goes with its last blob, also while others are put into it.
func TestFoldersOfBlobsComeAndGo(t *testing.T) {
	s := openWith(t, Options{Relaxed: true})
	blobs := create(t, s, "acme").Blobs()
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 200 {
				key := id.ID(1 + i*4 + w)
				if _, err := blobs.Put(t.Context(), key, bytes.NewReader(nil), 0); err != nil {
					t.Error(err)
				}
				if err := blobs.Delete(t.Context(), key); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if files, err := os.ReadDir(s.blobs("acme")); err != nil || len(files) != 1 {
		t.Errorf("%v is left, %v", files, err)
	}
}

// Memory does not grow with a blob.
func TestBlobsTakeLittleMemory(t *testing.T) {
	blobs := create(t, openWith(t, Options{Relaxed: true}), "acme").Blobs()
	const size = 64 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := blobs.Put(t.Context(), 1, io.LimitReader(zeros{}, size), size); err != nil {
		t.Fatal(err)
	}
	opened, err := blobs.Open(t.Context(), 1, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if n, err := io.Copy(io.Discard, opened); n != size || err != nil {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were allocated for a blob of %d", used, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
