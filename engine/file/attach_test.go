package file_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/policy"
)

func keys(files ...*file.File) []any {
	all := make([]any, len(files))
	for i, f := range files {
		all[i] = f.ID.String()
	}
	return all
}

// save changes a thing as somebody and returns its field.
func (w *world) save(c *policy.Caller, key id.ID, field string, value any) (string, error) {
	w.t.Helper()
	saved, err := w.As(c).Update(w.t.Context(), "thing", key, map[string]any{field: value}, 0)
	if err != nil {
		return "", err
	}
	var shown map[string]json.RawMessage
	w.must(json.Unmarshal(saved.Record.AppendJSON(nil), &shown))
	return string(shown[field]), nil
}

// A file is its uploader's, then its record's: whoever may read that field of it reads the
// file, and nobody else learns that there is one.
func TestRights(t *testing.T) {
	w := newWorld(t)
	report := w.upload(w.bob, "report.pdf", pdf(500))
	w.hidden(w.ann, report.ID)
	saved, err := w.As(w.bob).Create(t.Context(), "thing", map[string]any{"name": "B", "documents": keys(report)})
	w.must(err)
	bobs := saved.Record.ID()
	for _, c := range []*policy.Caller{w.bob, w.ann, policy.System("main")} {
		if got, err := w.read(c, report.ID); err != nil || !bytes.Equal(got, pdf(500)) {
			t.Errorf("%s reads %d bytes, %v", c.Name, len(got), err)
		}
	}
	other := w.CallerWith("eve@example.com", "guest") // sees only things of her own
	w.hidden(other, report.ID)

	anns, err := w.As(w.ann).Create(t.Context(), "thing", map[string]any{"name": "A"})
	w.must(err)
	w.hidden(w.bob, w.attached(w.ann, anns.Record.ID(), "documents").ID)
	// Of a record that he may read, what is in a field that he may not.
	w.hidden(w.bob, w.attached(w.ann, bobs, "secret_files").ID)
	w.must(w.As(w.ann).Delete(t.Context(), "thing", bobs, 0))
	w.hidden(w.bob, report.ID)
	w.hidden(w.ann, report.ID)
}

// attached uploads a text into a field of a thing.
func (w *world) attached(c *policy.Caller, key id.ID, field string) *file.File {
	w.t.Helper()
	f := w.upload(c, "note.txt", []byte("a note"))
	_, err := w.save(c, key, field, keys(f))
	w.must(err)
	return f
}

// A record takes uploads of the one who saves it, and keeps what it has; nothing else,
// whatever is sent.
func TestAttaching(t *testing.T) {
	w := newWorld(t)
	thing, other := w.Create("thing", map[string]any{"name": "T"}), w.Create("thing", map[string]any{"name": "O"})
	first, second := w.upload(w.ann, "first.pdf", pdf(10)), w.upload(w.ann, "second.txt", []byte("two"))
	value, err := w.save(w.ann, thing, "documents", keys(first, second))
	w.must(err)
	want := `[{"name":"first.pdf","type":"application/pdf","id":"` + first.ID.String() + `","size":19},{"name":"second.txt","type":"text/plain","id":"` + second.ID.String() + `","size":3}]`
	if value != want {
		t.Errorf("the record has %s, want %s", value, want)
	}
	for _, elsewhere := range []struct {
		key   id.ID
		field string
	}{{other, "documents"}, {thing, "secret_files"}} {
		_, err := w.save(w.ann, elsewhere.key, elsewhere.field, keys(first))
		w.fails(err, "file.not_yours")
	}
	_, err = w.save(w.ann, other, "documents", keys(w.upload(w.bob, "bobs.txt", []byte("x"))))
	w.fails(err, "file.not_yours")
	_, err = w.save(w.ann, other, "documents", []any{"01k9d2m8w00q4"})
	w.fails(err, "file.not_yours")
	// What is sent besides ids counts for nothing.
	lie := map[string]any{"id": second.ID.String(), "name": "<script>", "type": "text/html", "size": json.Number("999")}
	value, err = w.save(w.ann, thing, "documents", []any{lie})
	w.must(err)
	if !strings.Contains(value, `"second.txt"`) || strings.Contains(value, "script") || strings.Contains(value, "999") {
		t.Errorf("the record has %s", value)
	}
	// What was taken off is read by nobody, and may come back where it was.
	w.hidden(w.ann, first.ID)
	w.fails(w.files(w.ann).Delete(t.Context(), first.ID), "file.not_found")
	_, err = w.save(w.ann, other, "documents", keys(first))
	w.fails(err, "file.not_yours")
	_, err = w.save(w.ann, thing, "documents", keys(first, second))
	w.must(err)
	if _, err := w.read(w.ann, first.ID); err != nil {
		t.Error(err)
	}
	w.fails(w.files(w.ann).Delete(t.Context(), first.ID), "file.not_found")
	value, err = w.save(w.ann, thing, "documents", nil)
	w.must(err)
	if value != "null" {
		t.Errorf("the record has %s", value)
	}
	w.hidden(w.ann, second.ID)

	history, err := w.As(w.ann).History(t.Context(), "thing", thing, "", 10)
	w.must(err)
	told, err := json.Marshal(history.Items)
	w.must(err)
	if !strings.Contains(string(told), "first.pdf") {
		t.Errorf("the history does not name it: %s", told)
	}
}

// A field takes what it is set to take, by the contents.
func TestFieldsRefuse(t *testing.T) {
	w := newWorld(t)
	thing := w.Create("thing", map[string]any{"name": "T"})
	open, err := w.files(w.ann).Start(t.Context(), file.Upload{Name: "open.txt", Size: 10})
	w.must(err)
	bomb := bytes.Clone(picture(t, 4, 4))
	copy(bomb[16:24], []byte{0, 0, 0x7f, 0xff, 0, 0, 0x7f, 0xff}) // as wide and high as that
	for _, c := range []struct {
		field, code string
		f           *file.File
	}{
		{"documents", "file.type", w.upload(w.ann, "page.pdf", []byte("<html><script>alert(1)</script>"))},
		{"documents", "file.type", w.upload(w.ann, "picture.pdf", picture(t, 3, 3))},
		{"documents", "file.larger_than_field", w.upload(w.ann, "large.pdf", pdf(1000000))},
		{"documents", "file.not_complete", open},
		{"pictures", "file.type", w.upload(w.ann, "a.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`))},
		{"pictures", "file.type", w.upload(w.ann, "a.png", pdf(5))},
		{"pictures", "file.not_a_picture", w.upload(w.ann, "broken.png", picture(t, 3, 3)[:12])},
		{"pictures", "file.not_a_picture", w.upload(w.ann, "bomb.png", bomb)},
	} {
		_, err := w.save(w.ann, thing, c.field, keys(c.f))
		w.fails(err, c.code)
		var f *fault.Fault
		if f = fault.From(err); f.Each()[0].Pointer != "/"+c.field {
			t.Errorf("%s: at %q", c.code, f.Each()[0].Pointer)
		}
		if c.f != open {
			if _, err := w.read(w.ann, c.f.ID); err != nil {
				t.Errorf("%s: it is no longer its uploader's: %v", c.f.Name, err)
			}
		}
	}
	four := []*file.File{}
	for range 4 {
		four = append(four, w.upload(w.ann, "a.txt", []byte("x")))
	}
	_, err = w.save(w.ann, thing, "documents", keys(four...))
	w.fails(err, "field.too_many")
	_, err = w.save(w.ann, thing, "pictures", keys(w.upload(w.ann, "a.png", picture(t, 3, 3))))
	w.must(err)
}

// Of two records that are saved with one upload at once, one gets it.
func TestAnUploadIsAttachedOnce(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		f := w.upload(w.ann, "a.txt", []byte("x"))
		var all sync.WaitGroup
		var errs [4]error
		for i := range errs {
			session := w.As(w.ann)
			all.Go(func() {
				_, errs[i] = session.Create(t.Context(), "thing", map[string]any{"name": "T", "documents": keys(f)})
			})
		}
		all.Wait()
		saved := 0
		for _, err := range errs {
			if err == nil {
				saved++
				continue
			}
			w.fails(err, "file.not_yours")
		}
		if saved != 1 {
			t.Fatalf("%d records have it: %v", saved, errs)
		}
	}
}

// Files are attached to a record besides its fields by whoever may change it, and read by
// whoever may read it.
func TestAttached(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	anns := w.Create("thing", map[string]any{"name": "A"})
	saved, err := w.As(w.bob).Create(ctx, "thing", map[string]any{"name": "B"})
	w.must(err)
	bobs := saved.Record.ID()
	f := w.upload(w.bob, "a.bin", noise(1, 10))
	_, err = w.files(w.bob).Attach(ctx, "thing", anns, []id.ID{f.ID})
	w.fails(err, "record.not_found")
	_, err = w.files(w.ann).Attach(ctx, "thing", bobs, []id.ID{f.ID})
	w.fails(err, "file.not_yours")
	listed, err := w.files(w.bob).Attach(ctx, "thing", bobs, []id.ID{f.ID})
	w.must(err)
	if len(listed) != 1 || listed[0].ID != f.ID {
		t.Errorf("listed %+v", listed)
	}
	_, err = w.files(w.bob).Attach(ctx, "thing", bobs, []id.ID{f.ID})
	w.fails(err, "file.not_yours")
	if listed, err = w.files(w.ann).Attached(ctx, "thing", bobs); err != nil || len(listed) != 1 {
		t.Errorf("listed %+v, %v", listed, err)
	}
	if _, err := w.read(w.ann, f.ID); err != nil {
		t.Error(err)
	}
	w.fails(w.files(w.ann).Detach(ctx, "thing", anns, f.ID), "file.not_found")
	w.must(w.files(w.ann).Detach(ctx, "thing", bobs, f.ID))
	w.hidden(w.bob, f.ID)
	if listed, err = w.files(w.ann).Attached(ctx, "thing", bobs); err != nil || len(listed) != 0 {
		t.Errorf("listed %+v, %v", listed, err)
	}
	reader := w.CallerWith("rita@example.com")
	_, err = w.files(reader).Attached(ctx, "thing", bobs)
	w.fails(err, "record.not_found")
}
