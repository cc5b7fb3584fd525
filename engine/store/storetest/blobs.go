package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// Blobs runs the suite of store.Blobs. open and skip are as those of Run; a place of
// blobs apart from rows is put beside a store by store.WithBlobs.
func Blobs(t *testing.T, open func(t *testing.T) store.Store, skip map[string]string) {
	run(t, open, skip, blobCases)
}

var blobCases = []testCase{
	{"blobs: sizes", func(f *fixture) {
		for i, size := range []int{0, 1, 1000, 1<<20 - 1, 1 << 20, 1<<20 + 1, 8<<20 - 1, 8 << 20, 8<<20 + 1, 17<<20 + 3} {
			key, data := id.ID(i+1), noise(uint64(i), size)
			began := time.Now()
			d, err := f.blobs().Put(f.ctx, key, bytes.NewReader(data), 20<<20)
			f.must(err)
			if d.Size != int64(size) || d.SHA256 != sha256.Sum256(data) {
				f.Errorf("%d bytes: put %d with the sum %x", size, d.Size, d.SHA256)
			}
			f.holds(key, data)
			stat, err := f.blobs().Stat(f.ctx, key)
			f.must(err)
			if stat.Key != key || stat.Size != int64(size) || stat.Stored.Before(began.Add(-2*time.Second)) || stat.Stored.After(time.Now().Add(2*time.Second)) {
				f.Errorf("%d bytes: %+v", size, stat)
			}
		}
	}},
	{"blobs: ranges", func(f *fixture) {
		r, data := f.source(21), noise(1, 1<<20+100<<10)
		f.put(5, data)
		end := int64(len(data))
		for _, at := range [][2]int64{{0, 0}, {0, 1}, {0, -1}, {end, -1}, {end, 5}, {end + 9, 5}, {end + 9, -1}, {end - 1, 1}, {end - 1, 100}, {1<<20 - 1, 2}, {1 << 20, 1 << 20}, {1, 1 << 20}} {
			f.ranges(5, data, at[0], at[1])
		}
		for range 10 {
			f.ranges(5, data, r.Int64N(end), r.Int64N(end))
		}
		if opened, err := f.blobs().Open(f.ctx, 5, -1, 5); err == nil {
			opened.Close()
			f.Error("there is something before the beginning")
		}
	}},
	{"blobs: limits", func(f *fixture) {
		data := noise(2, 1<<20+100)
		for _, limit := range []int{0, 1, 1000, 1 << 20} {
			source := &counted{r: bytes.NewReader(data)}
			_, err := f.blobs().Put(f.ctx, 1, source, int64(limit))
			f.fails(err, fault.TooLarge, "blob.too_large")
			if source.n > limit+1 {
				f.Errorf("of what may have %d bytes %d were read", limit, source.n)
			}
			f.nothing(1)
		}
		_, err := f.blobs().Put(f.ctx, 1, bytes.NewReader(data), int64(len(data)))
		f.must(err)
		f.holds(1, data)
	}},
	{"blobs: keys", func(f *fixture) {
		for _, key := range []id.ID{0, -1, -1 << 63} {
			if _, err := f.blobs().Put(f.ctx, key, bytes.NewReader(nil), 1); err == nil {
				f.Errorf("%d is a key", key)
			}
			if _, err := f.blobs().Stat(f.ctx, key); err == nil {
				f.Errorf("there is a blob %d", key)
			}
			if opened, err := f.blobs().Open(f.ctx, key, 0, -1); err == nil {
				opened.Close()
				f.Errorf("a blob %d was read", key)
			}
		}
		for _, key := range []id.ID{1, 1 << 20, 1<<62 + 5, 1<<63 - 1} {
			f.put(key, noise(uint64(key), 10))
			f.holds(key, noise(uint64(key), 10))
		}
		f.nothing(2)
	}},
	{"blobs: a key is used once", func(f *fixture) {
		f.put(1, []byte("first"))
		_, err := f.blobs().Put(f.ctx, 1, bytes.NewReader([]byte("second")), 10)
		f.fails(err, fault.Conflict, "blob.exists")
		f.holds(1, []byte("first"))
	}},
	{"blobs: one of many to a key", func(f *fixture) {
		for key := id.ID(1); key <= 3; key++ {
			contents := make([][]byte, 6)
			errs := make([]error, len(contents))
			var all sync.WaitGroup
			for i := range contents {
				contents[i] = noise(uint64(i), 300<<10+i)
				all.Go(func() { _, errs[i] = f.blobs().Put(f.ctx, key, bytes.NewReader(contents[i]), 1<<20) })
			}
			all.Wait()
			winner := slices.IndexFunc(errs, func(err error) bool { return err == nil })
			if winner < 0 {
				f.Fatalf("nobody won: %v", errs)
			}
			for i, err := range errs {
				if i != winner {
					f.fails(err, fault.Conflict, "blob.exists")
				}
			}
			f.holds(key, contents[winner])
		}
	}},
	{"blobs: a put that fails", func(f *fixture) {
		for i, size := range []int{0, 100, 2 << 20, 9 << 20} {
			broken := io.MultiReader(bytes.NewReader(noise(3, size)), failing{})
			_, err := f.blobs().Put(f.ctx, id.ID(i+1), broken, 20<<20)
			if !errors.Is(err, errOwn) {
				f.Errorf("after %d bytes: %v", size, err)
			}
			f.nothing(id.ID(i + 1))
			ctx, cancel := context.WithCancel(f.ctx)
			given := io.MultiReader(bytes.NewReader(noise(3, size)), doing(cancel), bytes.NewReader([]byte("more")))
			if _, err := f.blobs().Put(ctx, id.ID(i+1), given, 20<<20); !errors.Is(err, context.Canceled) {
				f.Errorf("given up after %d bytes: %v", size, err)
			}
			f.nothing(id.ID(i + 1))
			f.put(id.ID(i+1), []byte("well"))
			f.holds(id.ID(i+1), []byte("well"))
		}
	}},
	{"blobs: a put under way", func(f *fixture) {
		look := doing(func() {
			f.nothing(1)
			f.must(f.blobs().Tidy(f.ctx, time.Now().Add(-time.Hour)))
		})
		data := noise(4, 9<<20)
		_, err := f.blobs().Put(f.ctx, 1, io.MultiReader(look, bytes.NewReader(data), look), 20<<20)
		f.must(err)
		f.must(f.blobs().Tidy(f.ctx, time.Now().Add(time.Hour)))
		f.holds(1, data)
	}},
	{"blobs: a put that takes too long", func(f *fixture) {
		tidy := doing(func() { f.must(f.blobs().Tidy(f.ctx, time.Now().Add(time.Hour))) })
		data := noise(5, 9<<20)
		_, err := f.blobs().Put(f.ctx, 1, io.MultiReader(bytes.NewReader(data), tidy, bytes.NewReader([]byte("end"))), 20<<20)
		if err == nil {
			f.holds(1, append(data, "end"...))
			return
		}
		f.nothing(1)
		f.put(1, data)
		f.holds(1, data)
	}},
	{"blobs: delete", func(f *fixture) {
		f.must(f.blobs().Delete(f.ctx, 1))
		data := noise(6, 6<<20)
		f.put(1, data)
		f.put(2, data)
		opened, err := f.blobs().Open(f.ctx, 1, 0, -1)
		f.must(err)
		defer opened.Close()
		start := make([]byte, 10)
		_, err = io.ReadFull(opened, start)
		f.must(err)
		f.must(f.blobs().Delete(f.ctx, 1))
		f.must(f.blobs().Delete(f.ctx, 1))
		f.nothing(1)
		if rest, err := io.ReadAll(opened); err == nil && !bytes.Equal(rest, data[10:]) {
			f.Errorf("of a blob that was deleted meanwhile %d bytes came and no error", len(rest))
		}
		f.holds(2, data)
	}},
	{"blobs: list", func(f *fixture) {
		f.listed(0, 10)
		// Keys of years, hours and the same moment.
		keys := []id.ID{1, 2, 1 << 25, 1<<25 + 1, 1 << 45, 1<<45 + 7, 1<<45 + 1<<30, 1 << 60, 1<<60 + 1, 1<<63 - 1}
		for i, key := range slices.Backward(keys) {
			f.put(key, noise(0, i))
		}
		for after := -1; after < len(keys); after++ {
			for _, limit := range []int{0, 1, 3, 100} {
				behind := id.ID(0)
				if after >= 0 {
					behind = keys[after]
				}
				f.listed(behind, limit, keys[after+1:min(after+1+limit, len(keys))]...)
			}
		}
		f.listed(1<<45+3, 2, 1<<45+7, 1<<45+1<<30) // behind a key that is none
		f.must(f.blobs().Delete(f.ctx, 1<<45+7))
		f.listed(1<<45, 2, 1<<45+1<<30, 1<<60)
	}},
	{"blobs: tenants are isolated", func(f *fixture) {
		other, err := f.store.Create(f.ctx, "acme-2")
		f.must(err)
		f.put(1, []byte("acme"))
		_, err = other.Blobs().Put(f.ctx, 1, bytes.NewReader([]byte("other")), 10)
		f.must(err)
		_, err = other.Blobs().Put(f.ctx, 2, bytes.NewReader([]byte("other")), 10)
		f.must(err)
		f.holds(1, []byte("acme"))
		f.nothing(2)
		f.listed(0, 10, 1)
		f.must(f.store.Delete(f.ctx, "acme-2"))
		f.holds(1, []byte("acme"))
	}},
	{"blobs: deleted tenant", func(f *fixture) {
		f.put(1, []byte("old"))
		old := f.blobs()
		deleting := doing(func() { f.must(f.store.Delete(f.ctx, "acme")) })
		if _, err := old.Put(f.ctx, 2, io.MultiReader(bytes.NewReader(noise(7, 9<<20)), deleting), 20<<20); err == nil {
			f.Error("a blob was put while its tenant was deleted")
		}
		if _, err := old.Put(f.ctx, 3, bytes.NewReader(nil), 10); err == nil {
			f.Error("a deleted tenant was put something")
		}
		if _, err := old.Stat(f.ctx, 1); err == nil {
			f.Error("a blob of a deleted tenant was seen")
		}
		if _, err := old.List(f.ctx, 0, 10); err == nil {
			f.Error("the blobs of a deleted tenant were listed")
		}
		tenant, err := f.store.Create(f.ctx, "acme")
		f.must(err)
		f.tenant = tenant
		f.listed(0, 10)
		f.put(1, []byte("new"))
		f.holds(1, []byte("new"))
	}},
	{"blobs: property: as a map", func(f *fixture) {
		r, model := f.source(22), map[id.ID][]byte{}
		for range 250 {
			key := id.ID(1 + r.IntN(12))
			if r.IntN(4) == 0 {
				key <<= 50
			}
			data := noise(r.Uint64(), r.IntN(3)*r.IntN(3000))
			switch r.IntN(6) {
			case 0, 1:
				_, err := f.blobs().Put(f.ctx, key, bytes.NewReader(data), 4000)
				switch _, exists := model[key]; {
				case len(data) > 4000 && !exists:
					f.fails(err, fault.TooLarge, "blob.too_large")
				case exists && err != nil && len(data) > 4000: // either
				case exists:
					f.fails(err, fault.Conflict, "blob.exists")
				default:
					f.must(err)
					model[key] = data
				}
			case 2:
				f.must(f.blobs().Delete(f.ctx, key))
				delete(model, key)
			case 3:
				if _, err := f.blobs().Put(f.ctx, key, io.MultiReader(bytes.NewReader(data), failing{}), 10_000); err == nil {
					f.Fatal("a put that failed has succeeded")
				}
			case 4:
				keys := slices.Sorted(func(yield func(id.ID) bool) {
					for k := range model {
						if k > key && !yield(k) {
							return
						}
					}
				})
				limit := 1 + r.IntN(5)
				f.listed(key, limit, keys[:min(limit, len(keys))]...)
			default:
				if want, ok := model[key]; ok {
					f.ranges(key, want, r.Int64N(3000), r.Int64N(3000)-1)
					continue
				}
				f.nothing(key)
			}
		}
		for key, data := range model {
			f.holds(key, data)
		}
	}},
}

func (f *fixture) blobs() store.Blobs { return f.tenant.Blobs() }

func (f *fixture) put(key id.ID, data []byte) {
	f.Helper()
	_, err := f.blobs().Put(f.ctx, key, bytes.NewReader(data), int64(len(data)))
	f.must(err)
}

// holds asserts the contents of a blob.
func (f *fixture) holds(key id.ID, want []byte) {
	f.Helper()
	f.ranges(key, want, 0, -1)
}

// ranges asserts a range of the contents of a blob.
func (f *fixture) ranges(key id.ID, all []byte, offset, length int64) {
	f.Helper()
	want := all[min(offset, int64(len(all))):]
	if length >= 0 {
		want = want[:min(length, int64(len(want)))]
	}
	opened, err := f.blobs().Open(f.ctx, key, offset, length)
	f.must(err)
	got, err := io.ReadAll(opened)
	f.must(errors.Join(err, opened.Close()))
	if !bytes.Equal(got, want) {
		f.Fatalf("blob %v from %d on, %d bytes: got %d bytes, want %d", key, offset, length, len(got), len(want))
	}
}

// nothing asserts that there is no blob of a key.
func (f *fixture) nothing(key id.ID) {
	f.Helper()
	_, err := f.blobs().Stat(f.ctx, key)
	f.fails(err, fault.NotFound, "blob.not_found")
	opened, err := f.blobs().Open(f.ctx, key, 0, -1)
	if err == nil {
		opened.Close()
	}
	f.fails(err, fault.NotFound, "blob.not_found")
	page, err := f.blobs().List(f.ctx, key-1, 1)
	f.must(err)
	if len(page) > 0 && page[0].Key == key {
		f.Fatalf("blob %v is listed", key)
	}
}

// listed asserts a page of the list.
func (f *fixture) listed(after id.ID, limit int, want ...id.ID) {
	f.Helper()
	page, err := f.blobs().List(f.ctx, after, limit)
	f.must(err)
	var got []id.ID
	for _, blob := range page {
		got = append(got, blob.Key)
		stat, err := f.blobs().Stat(f.ctx, blob.Key)
		f.must(err)
		if stat.Size != blob.Size || stat.Stored.Sub(blob.Stored).Abs() > time.Second {
			f.Errorf("listed as %+v, is %+v", blob, stat)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		f.Fatalf("behind %v at most %d: got %v, want %v", after, limit, got, want)
	}
}

// noise is contents that nothing can make shorter.
func noise(seed uint64, size int) []byte {
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(size)
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(data) // never fails
	return data
}

// counted counts the bytes that were read.
type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// failing is a source that breaks.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errOwn }

// doing is an empty source that does something when it is read.
type doing func()

func (d doing) Read([]byte) (int, error) {
	d()
	return 0, io.EOF
}
