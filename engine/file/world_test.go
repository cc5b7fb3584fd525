package file_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"testing"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/policy"
)

// world is a tenant with an object that has files.
type world struct {
	*enginetest.Tenant
	t   *testing.T
	ann *policy.Caller // may do everything with things
	bob *policy.Caller // sees things of his own, and not the field "secret_files"
}

const thing = `{"kind":"object","name":"thing","label":"Thing","name_field":"name","fields":{
	"name":{"type":"text"},
	"documents":{"type":"file","max":3,"types":["application/pdf","text/plain"],"max_size":1000000},
	"secret_files":{"type":"file"},
	"pictures":{"type":"image"}}}`

func newWorld(t *testing.T) *world { return newWorldWith(t, enginetest.Options{}) }

func newWorldWith(t *testing.T, o enginetest.Options) *world {
	t.Helper()
	w := &world{t: t, Tenant: enginetest.New(t, o).NewTenant("main", "core")}
	w.Apply(thing,
		`{"kind":"permission","name":"keeper","label":"Keeper","objects":{"thing":{"create":true,"read":true,"update":true,"delete":true,"read_all":true,"write_all":true,"fields":{"*":"edit"}}},"system":["purge"]}`,
		`{"kind":"permission","name":"guest","label":"Guest","objects":{"thing":{"create":true,"read":true,"update":true,"fields":{"name":"edit","documents":"edit","pictures":"read"}}}}`)
	w.ann, w.bob = w.CallerWith("ann@example.com", "keeper"), w.CallerWith("bob@example.com", "guest")
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// fails asserts a fault by its code, alone or among several.
func (w *world) fails(err error, code string) {
	w.t.Helper()
	if fault.Is(err, code) {
		return
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		for _, one := range f.Each() {
			if one.Code == code {
				return
			}
		}
	}
	w.t.Fatalf("got %v, want the fault %s", err, code)
}

func (w *world) files(c *policy.Caller) *file.Session { return w.Files.As(w.Tenant, w.Snapshot(), c) }

// upload uploads a file whole.
func (w *world) upload(c *policy.Caller, name string, contents []byte) *file.File {
	w.t.Helper()
	f, err := w.files(c).Start(w.t.Context(), file.Upload{Name: name, Size: int64(len(contents))})
	w.must(err)
	if f.Complete {
		return f
	}
	f, err = w.files(c).Append(w.t.Context(), f.ID, 0, bytes.NewReader(contents))
	w.must(err)
	if !f.Complete || f.SHA256 != sum(contents) {
		w.t.Fatalf("%s: uploaded as %+v", name, f)
	}
	return f
}

func sum(contents []byte) string {
	s := sha256.Sum256(contents)
	return hex.EncodeToString(s[:])
}

// read reads the contents of a file as somebody.
func (w *world) read(c *policy.Caller, key id.ID) ([]byte, error) {
	w.t.Helper()
	f, err := w.files(c).Get(w.t.Context(), key)
	if err != nil {
		return nil, err
	}
	contents, err := w.files(c).Open(w.t.Context(), f)
	if err != nil {
		return nil, err
	}
	return ranged(w.t.Context(), contents, 0, contents.Size)
}

func ranged(ctx context.Context, c *file.Contents, offset, length int64) ([]byte, error) {
	from := c.Range(ctx, offset, length)
	defer from.Close()
	return io.ReadAll(from)
}

// hidden asserts that somebody can't learn that a file exists.
func (w *world) hidden(c *policy.Caller, key id.ID) {
	w.t.Helper()
	_, err := w.read(c, key)
	w.fails(err, "file.not_found")
}

// noise is contents that are none of a known type.
func noise(seed uint64, size int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(data) // never fails
	return append([]byte{0}, data...)[:size]
}

// pdf is contents that begin as a PDF.
func pdf(size int) []byte { return append([]byte("%PDF-1.7\n"), noise(3, size)...) }

// picture is a PNG.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 7)
	}
	m.Set(0, 0, color.Transparent)
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// breaks yields contents and then breaks.
func breaks(contents []byte) io.Reader { return io.MultiReader(bytes.NewReader(contents), broken{}) }

var errBroken = errors.New("the line is cut")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }
