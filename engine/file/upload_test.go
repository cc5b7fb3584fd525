package file_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"formwork/engine/enginetest"
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
	"formwork/metadata/fieldtype"
)

// However an upload is cut, broken off and gone on with, what is there in the end is what
// was sent.
func TestUploadsGoOn(t *testing.T) {
	w := newWorld(t)
	r := rand.New(rand.NewPCG(8, 7))
	for round := range 6 {
		contents := noise(uint64(round), []int{1, 5000, 8 << 20, 8<<20 + 1, 17 << 20, 20<<20 + 3}[round])
		f, err := w.files(w.ann).Start(t.Context(), file.Upload{Name: "f", Size: int64(len(contents)), SHA256: sum(contents)})
		w.must(err)
		for !f.Complete {
			sends := contents[f.Received:][:1+r.IntN(len(contents)-int(f.Received))]
			var from io.Reader = bytes.NewReader(sends)
			cut := r.IntN(2) == 0
			if cut {
				from = breaks(sends)
			}
			if r.IntN(3) == 0 { // another process
				w.Platform = w.Platform.Restart()
			}
			offset := f.Received
			f, err = w.files(w.ann).Append(t.Context(), f.ID, f.Received, from)
			if cut && !f.Complete && !errors.Is(err, errBroken) || !cut && err != nil {
				t.Fatalf("appending: %v", err)
			}
			if f.Received != offset+int64(len(sends)) {
				t.Fatalf("of %d bytes that arrived %d are kept", len(sends), f.Received-offset)
			}
			if again, err := w.files(w.ann).Get(t.Context(), f.ID); err != nil || again.Received != f.Received {
				t.Fatalf("%+v, %v", again, err)
			}
		}
		if f.SHA256 != sum(contents) {
			t.Fatalf("the sum is %s", f.SHA256)
		}
		got, err := w.read(w.ann, f.ID)
		w.must(err)
		if !bytes.Equal(got, contents) {
			t.Fatal("something else came back")
		}
		whole, err := w.files(w.ann).Open(t.Context(), f)
		w.must(err)
		for range 10 {
			offset := r.IntN(len(contents))
			length := 1 + r.IntN(len(contents)-offset)
			part, err := ranged(t.Context(), whole, int64(offset), int64(length))
			w.must(err)
			if !bytes.Equal(part, contents[offset:offset+length]) {
				t.Fatalf("%d bytes from %d are others", length, offset)
			}
		}
	}
}

func TestUploadsAreRefused(t *testing.T) {
	w := newWorld(t)
	ctx, files := t.Context(), w.files(w.ann)
	for code, u := range map[string]file.Upload{
		"file.too_large":    {Name: "f", Size: file.DefaultLimits.File + 1},
		"file.name":         {Name: "a\nb", Size: 1},
		"file.sha256":       {Name: "f", Size: 1, SHA256: "abc"},
		"file.claimed_type": {Name: "f", Size: 1, Type: "a\x00"},
	} {
		_, err := files.Start(ctx, u)
		w.fails(err, code)
	}
	for _, name := range []string{"", "  ", "\xff", "a\u202eb"} {
		_, err := files.Start(ctx, file.Upload{Name: name, Size: 1})
		w.fails(err, "file.name")
	}
	f, err := files.Start(ctx, file.Upload{Name: "f", Size: 10})
	w.must(err)
	_, err = files.Append(ctx, f.ID, 1, bytes.NewReader([]byte("x")))
	w.fails(err, "file.offset")
	_, err = w.files(w.bob).Append(ctx, f.ID, 0, bytes.NewReader([]byte("x")))
	w.fails(err, "file.not_found")
	w.fails(w.files(w.bob).Delete(ctx, f.ID), "file.not_found")
	_, err = files.Append(ctx, f.ID, 0, bytes.NewReader(make([]byte, 11)))
	w.fails(err, "file.too_long")
	f, err = files.Append(ctx, f.ID, 0, bytes.NewReader(make([]byte, 10))) // as if that had not been
	w.must(err)
	_, err = files.Append(ctx, f.ID, 10, bytes.NewReader([]byte("x")))
	w.fails(err, "file.offset")

	other, err := files.Start(ctx, file.Upload{Name: "f", Size: 10, SHA256: sum(make([]byte, 10))})
	w.must(err)
	_, err = files.Append(ctx, other.ID, 0, bytes.NewReader([]byte("0123456789")))
	w.fails(err, "file.sum")
	w.hidden(w.ann, other.ID)

	empty, err := files.Start(ctx, file.Upload{Name: "empty", Size: 0})
	w.must(err)
	if got, err := w.read(w.ann, empty.ID); err != nil || len(got) != 0 || !empty.Complete {
		t.Errorf("%+v, %v", empty, err)
	}
}

// Of two who go on with an upload at one place, one does.
func TestUploadsAreNotMixed(t *testing.T) {
	w := newWorld(t)
	f, err := w.files(w.ann).Start(t.Context(), file.Upload{Name: "f", Size: 2000})
	w.must(err)
	first := w.appendAtOnce(f.ID, 0, 1000)
	second := w.appendAtOnce(f.ID, 1000, 1000)
	got, err := w.read(w.ann, f.ID)
	w.must(err)
	if !bytes.Equal(got, append(first, second...)) {
		t.Error("it is a mixture")
	}
	if n, err := w.Count(t.Context(), "_file_part", nil, nil, 0); err != nil || n != 2 {
		t.Errorf("%d parts are noted, %v", n, err)
	}
	if blobs, err := w.Blobs().List(t.Context(), 0, 10); err != nil || len(blobs) != 2 {
		t.Errorf("%d blobs are left, %v", len(blobs), err)
	}
}

// appendAtOnce sends different contents to one place, several times at once, and returns those that
// were taken.
func (w *world) appendAtOnce(key id.ID, offset int64, size int) []byte {
	w.t.Helper()
	var all sync.WaitGroup
	taken := make(chan []byte, 4)
	for i := range 4 {
		all.Go(func() {
			contents := bytes.Repeat([]byte{byte('a' + i)}, size)
			if _, err := w.files(w.ann).Append(w.t.Context(), key, offset, bytes.NewReader(contents)); err == nil {
				taken <- contents
			} else {
				w.fails(err, "file.offset")
			}
		})
	}
	all.Wait()
	if len(taken) != 1 {
		w.t.Fatalf("%d of four were taken", len(taken))
	}
	return <-taken
}

// The bytes that count are those of the files there are, whatever happens to them.
func TestQuota(t *testing.T) {
	w := newWorld(t)
	small := file.New(w.IDs, w.Now, file.Limits{File: 1000, Quota: 2500, Loose: 4}, func(string) {})
	files := small.As(w.Tenant, w.Snapshot(), w.ann)
	r := rand.New(rand.NewPCG(9, 7))
	sizes := map[id.ID]int64{}
	open := map[id.ID]bool{}
	for range 200 {
		sum := int64(0)
		for _, size := range sizes {
			sum += size
		}
		if used, err := small.Used(t.Context(), w.Tenant); err != nil || used != sum {
			t.Fatalf("%d bytes are counted, there are %d (%v)", used, sum, err)
		}
		switch r.IntN(3) {
		case 0, 1:
			size := int64(1 + r.IntN(1000))
			f, err := files.Start(t.Context(), file.Upload{Name: "f", Size: size})
			switch {
			case sum+size > 2500:
				w.fails(err, "file.quota")
			case len(sizes) == 4:
				w.fails(err, "file.too_many_uploads")
			default:
				w.must(err)
				sizes[f.ID], open[f.ID] = size, true
			}
		default:
			for key := range open {
				if r.IntN(2) == 0 {
					_, err := files.Append(t.Context(), key, 0, bytes.NewReader(make([]byte, sizes[key])))
					w.must(err)
				} else {
					w.must(files.Delete(t.Context(), key))
					delete(sizes, key)
				}
				delete(open, key)
				break
			}
			for key := range sizes {
				if !open[key] && r.IntN(3) == 0 {
					w.must(files.Delete(t.Context(), key))
					delete(sizes, key)
				}
				break
			}
		}
	}
}

// Memory does not grow with what comes and goes. What a database's client takes besides is
// not this room's.
func TestUploadsTakeLittleMemory(t *testing.T) {
	w := newWorldWith(t, enginetest.Options{Open: func(t testing.TB) store.Store {
		s, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}})
	const size = 64 << 20
	f, err := w.files(w.ann).Start(t.Context(), file.Upload{Name: "f", Size: size})
	w.must(err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err = w.files(w.ann).Append(t.Context(), f.ID, 0, io.LimitReader(zeros{}, size))
	w.must(err)
	whole, err := w.files(w.ann).Open(t.Context(), f)
	w.must(err)
	from := whole.Range(t.Context(), 0, size)
	defer from.Close()
	if n, err := io.Copy(io.Discard, from); n != size || err != nil {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 24<<20 {
		t.Errorf("%d bytes were allocated for a file of %d", used, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// What belongs to nobody goes after a day: uploads that did not go on or that nobody used,
// and contents without a row. All else stays.
func TestCollect(t *testing.T) {
	w := newWorld(t)
	open, err := w.files(w.ann).Start(t.Context(), file.Upload{Name: "open", Size: 10})
	w.must(err)
	_, err = w.files(w.ann).Append(t.Context(), open.ID, 0, breaks([]byte("12345")))
	if !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	loose := w.upload(w.ann, "loose", noise(1, 100))
	used := w.upload(w.ann, "used.txt", []byte("used"))
	record := w.Create("thing", map[string]any{"name": "T"})
	_, err = w.As(w.ann).Update(t.Context(), "thing", record, map[string]any{"documents": []any{used.ID.String()}}, 0)
	w.must(err)
	_, err = w.Blobs().Put(t.Context(), w.IDs.Next(), bytes.NewReader([]byte("orphan")), 10)
	w.must(err)

	collect := w.Files.Jobs(w.Catalog)[0].Handle
	w.must(collect(t.Context(), w.Tenant, nil))
	if n := w.rows("_file"); n != 3 {
		t.Errorf("within the day %d files are left of three", n)
	}
	w.Clock.Set(time.Now().Add(25 * time.Hour)) // blobs have the time of their store
	w.must(collect(t.Context(), w.Tenant, nil))
	w.hidden(w.ann, open.ID)
	w.hidden(w.ann, loose.ID)
	if got, err := w.read(w.ann, used.ID); err != nil || string(got) != "used" {
		t.Errorf("what is used is %q, %v", got, err)
	}
	if blobs, err := w.Blobs().List(t.Context(), 0, 10); err != nil || len(blobs) != 1 {
		t.Errorf("%d blobs are left, %v", len(blobs), err)
	}
	if bytes, err := w.Files.Used(t.Context(), w.Tenant); err != nil || bytes != 4 {
		t.Errorf("%d bytes count, %v", bytes, err)
	}
	jobs, err := w.Count(t.Context(), "_job", query.Is(query.Column{Name: "kind", Storage: fieldtype.Text}, file.JobCollect), nil, 0)
	if err != nil || jobs != 1 {
		t.Errorf("it is to run %d times again, %v", jobs, err)
	}

	// In the bin a record keeps its files; gone for good it keeps them for a day.
	w.must(w.As(w.ann).Delete(t.Context(), "thing", record, 0))
	w.hidden(w.ann, used.ID)
	pass := func() {
		w.Clock.Pass(25 * time.Hour)
		w.must(collect(t.Context(), w.Tenant, nil))
	}
	pass()
	pass()
	_, err = w.As(w.ann).Restore(t.Context(), "thing", record)
	w.must(err)
	if got, err := w.read(w.ann, used.ID); err != nil || string(got) != "used" {
		t.Errorf("after it came back from the bin: %q, %v", got, err)
	}
	w.must(w.As(w.ann).Delete(t.Context(), "thing", record, 0))
	_, err = w.As(w.ann).Purge(t.Context(), "thing", record)
	w.must(err)
	pass()
	if w.rows("_file") != 1 {
		t.Error("it went with its record, not a day later")
	}
	pass()
	if w.rows("_file") != 0 {
		t.Error("it stayed behind its record")
	}
	if bytes, err := w.Files.Used(t.Context(), w.Tenant); err != nil || bytes != 0 {
		t.Errorf("%d bytes count, %v", bytes, err)
	}
}

func (w *world) rows(table string) int64 {
	w.t.Helper()
	n, err := w.Count(w.t.Context(), table, nil, nil, 0)
	w.must(err)
	return n
}
