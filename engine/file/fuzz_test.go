package file

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
)

// What a JPEG takes to be decoded is told by the frame that comes first.
func TestProgressive(t *testing.T) {
	const begins, comment, scan = "\xff\xd8", "\xff\xfe\x00\x05abc", "\xff\xda\x00\x02"
	for header, want := range map[string]bool{
		begins + "\xff\xc0\x00\x02" + scan:                   false,
		begins + comment + "\xff\xc1\x00\x02":                false,
		begins + comment + "\xff\xff\xff\xc2\x00\x02" + scan: true,
		begins + comment:               true, // it may come
		begins + "\xff\xfe\x00\x00":    true,
		begins + "\xff\xfe\xff\xff...": true,
		begins:                         true,
		"":                             true,
	} {
		if got := progressive([]byte(header)); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// FuzzThumbnail looks for contents that break a decoder.
func FuzzThumbnail(f *testing.F) {
	m := image.NewNRGBA(image.Rect(0, 0, 5, 5))
	var asPNG, asJPEG, asGIF bytes.Buffer
	_, _, _ = png.Encode(&asPNG, m), jpeg.Encode(&asJPEG, m, nil), gif.Encode(&asGIF, m, nil)
	for _, b := range []bytes.Buffer{asPNG, asJPEG, asGIF} {
		f.Add(b.Bytes())
	}
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"))
	f.Fuzz(func(t *testing.T, contents []byte) {
		kind := kindOf(contents[:min(len(contents), headSize)], "f")
		if !raster[kind] {
			return
		}
		width, height := measure(kind, contents)
		if width == 0 {
			return
		}
		if width*height > decodeMemory {
			t.Fatalf("%d x %d is to be decoded", width, height)
		}
		if width*height > 1<<20 { // bounded, and too slow to look for much
			return
		}
		small, err := guarded(func() ([]byte, error) { return thumbnail(bytes.NewReader(contents), &File{Type: kind}, 96) })
		if err == nil && len(small) == 0 {
			t.Fatal("nothing came of it")
		}
	})
}
