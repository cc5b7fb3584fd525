package file_test

import (
	"bytes"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"runtime"
	"sync"
	"testing"
)

// What contents are, they show; what a browser could run is nothing known.
func TestKinds(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ name, contents, kind string }{
		{"a.png", string(picture(t, 1, 1)), "image/png"},
		{"a.txt", string(picture(t, 1, 1)), "image/png"},
		{"a.html", "GIF89a<script>alert(1)</script>", "image/gif"}, // shown as a picture, which it is not
		{"a.pdf", "%PDF-1.4", "application/pdf"},
		{"a.docx", "PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{"a.html", "PK\x03\x04", "application/zip"},
		{"a.webp", "RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"},
		{"a.txt", "plain, with ümlauts and 中文\n", "text/plain"},
		{"a.csv", "a;b\n1;2\n", "text/csv"},
		{"a.html", "just text", "text/plain"},
		{"a.html", "<!doctype html><script>alert(1)</script>", "application/octet-stream"},
		{"a.html", "\uFEFF \n\t<HTML>", "application/octet-stream"},
		{"a.svg", `<svg onload="alert(1)"/>`, "application/octet-stream"},
		{"a.svg", `<?xml version="1.0"?><svg/>`, "application/octet-stream"},
		{"a.js", "\x00alert(1)", "application/octet-stream"},
		{"a.txt", "\xff\xfe<\x00s\x00c\x00", "application/octet-stream"},
		{"a", "", "application/octet-stream"},
	} {
		if f := w.upload(w.ann, c.name, []byte(c.contents)); f.Type != c.kind {
			t.Errorf("%s, %.20q: %s, want %s", c.name, c.contents, f.Type, c.kind)
		}
	}
}

// thumbnail makes a small picture and decodes it.
func (w *world) thumbnail(contents []byte, name string, size int) image.Image {
	w.t.Helper()
	f := w.upload(w.ann, name, contents)
	small, err := w.files(w.ann).Thumbnail(w.t.Context(), f, size)
	w.must(err)
	raw, err := ranged(w.t.Context(), small, 0, small.Size)
	w.must(err)
	m, _, err := image.Decode(bytes.NewReader(raw))
	w.must(err)
	return m
}

func TestThumbnails(t *testing.T) {
	w := newWorld(t)
	large := image.NewPaletted(image.Rect(0, 0, 900, 300), color.Palette{color.RGBA{R: 200, A: 255}, color.RGBA{G: 200, A: 255}})
	var asGIF, asJPEG bytes.Buffer
	w.must(gif.Encode(&asGIF, large, nil))
	w.must(jpeg.Encode(&asJPEG, large, nil))
	for name, contents := range map[string][]byte{"a.gif": asGIF.Bytes(), "a.jpeg": asJPEG.Bytes(), "a.png": picture(t, 900, 300)} {
		if m := w.thumbnail(contents, name, 96); m.Bounds().Dx() != 96 || m.Bounds().Dy() != 32 {
			t.Errorf("%s became %v", name, m.Bounds())
		}
		if m := w.thumbnail(contents, name, 1024); m.Bounds().Dx() != 900 {
			t.Errorf("%s became %v", name, m.Bounds())
		}
	}
	if r, g, b, _ := w.thumbnail(asGIF.Bytes(), "a.gif", 96).At(50, 10).RGBA(); r>>8 < 190 || g>>8 > 20 || b>>8 > 20 {
		t.Errorf("red became %d %d %d", r>>8, g>>8, b>>8)
	}
	if m := w.thumbnail(picture(t, 2000, 1), "a.png", 96); m.Bounds().Dx() != 96 || m.Bounds().Dy() != 1 {
		t.Errorf("a line became %v", m.Bounds())
	}
}

// Thumbnails of photographs are upright however the camera was held.
func TestOrientations(t *testing.T) {
	w := newWorld(t)
	// Red, green, blue and white in the corners, by lines.
	corners := [4]color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}
	m := image.NewRGBA(image.Rect(0, 0, 64, 32))
	for y := range 32 {
		for x := range 64 {
			m.Set(x, y, corners[y/16*2+x/32])
		}
	}
	var plain bytes.Buffer
	w.must(jpeg.Encode(&plain, m, nil))
	for held, want := range map[int]string{1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb", 0: "rgbw", 9: "rgbw"} {
		for _, order := range []string{"MM", "II"} {
			small := w.thumbnail(noted(plain.Bytes(), order, held), "a.jpg", 96)
			width, height := small.Bounds().Dx(), small.Bounds().Dy()
			if lies := held >= 5 && held <= 8; lies != (height > width) {
				t.Errorf("held %d: %v", held, small.Bounds())
			}
			got := ""
			for _, at := range [][2]int{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
				r, g, b, _ := small.At(at[0]*width/4, at[1]*height/4).RGBA()
				switch {
				case r > 0x8000 && g > 0x8000:
					got += "w"
				case r > 0x8000:
					got += "r"
				case g > 0x8000:
					got += "g"
				case b > 0x8000:
					got += "b"
				}
			}
			if got != want {
				t.Errorf("held %d, %s: the corners are %s, want %s", held, order, got, want)
			}
		}
	}
}

// noted puts a camera's note of how it was held into a JPEG.
func noted(plain []byte, order string, held int) []byte {
	var tiff []byte
	if order == "MM" {
		tiff = []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(held), 0, 0}
	} else {
		tiff = []byte{'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, byte(held), 0, 0, 0}
	}
	segment := append([]byte("\xff\xe1\x00\x00Exif\x00\x00"), tiff...)
	segment[3] = byte(len(segment) - 2)
	return append(append([]byte("\xff\xd8"), segment...), plain[2:]...)
}

// A thumbnail is made once, also when many ask at once, and goes with its file.
func TestThumbnailsAreMadeOnce(t *testing.T) {
	w := newWorld(t)
	f := w.upload(w.ann, "a.png", picture(t, 500, 500))
	files := w.files(w.ann)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := files.Thumbnail(t.Context(), f, 96); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	blobs, err := w.Blobs().List(t.Context(), 0, 10)
	if err != nil || len(blobs) != 2 {
		t.Errorf("%d blobs, %v", len(blobs), err)
	}
	_, err = files.Thumbnail(t.Context(), f, 97)
	w.fails(err, "file.thumbnail_size")
	text := w.upload(w.ann, "a.txt", []byte("text"))
	_, err = files.Thumbnail(t.Context(), text, 96)
	w.fails(err, "file.no_thumbnail")
	w.must(files.Delete(t.Context(), f.ID))
	w.must(files.Delete(t.Context(), text.ID))
	if blobs, err := w.Blobs().List(t.Context(), 0, 10); err != nil || len(blobs) != 0 {
		t.Errorf("%d blobs are left, %v", len(blobs), err)
	}
}

// What is no picture behind its beginning, or would be too large in memory, is not decoded
// or given up, and little memory is taken.
func TestBombs(t *testing.T) {
	w := newWorld(t)
	good := picture(t, 50, 50)
	huge := bytes.Clone(good)
	copy(huge[16:24], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff})
	seal(huge)
	wide := bytes.Clone(good) // as wide as is allowed, with hardly anything in it
	copy(wide[16:24], []byte{0, 0, 0x0f, 0xff, 0, 0, 0x0f, 0xff})
	seal(wide)
	for name, contents := range map[string][]byte{"huge": huge, "wide": wide, "short": good[:len(good)/2], "head": good[:33], "zeros": append(bytes.Clone(good[:40]), make([]byte, 1000)...)} {
		f := w.upload(w.ann, name, contents)
		if f.Type != "image/png" {
			t.Fatalf("%s is %s", name, f.Type)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 3 { // from the second time on nobody tries
			_, err := w.files(w.ann).Thumbnail(t.Context(), f, 96)
			w.fails(err, "file.no_thumbnail")
			if again, err := w.files(w.ann).Get(t.Context(), f.ID); err != nil || again.Width != 0 {
				t.Errorf("%s: %+v, %v", name, again, err)
			} else {
				f = again
			}
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 160<<20 {
			t.Errorf("%s: %d bytes were allocated", name, used)
		}
	}
}

// seal makes the checksum of a PNG's header right.
func seal(raw []byte) {
	sum := crc32.ChecksumIEEE(raw[12:29])
	raw[29], raw[30], raw[31], raw[32] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
}
