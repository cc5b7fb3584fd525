package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"

	scale "golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// thumbnailSizes are the longer sides of thumbnails, in pixels.
var thumbnailSizes = []int{96, 320, 1024}

const (
	maxSide = 1 << 16 // pixels
	// decodeMemory is what decoding a picture may take, in bytes, as it is estimated
	// before. One is decoded at a time.
	decodeMemory = 128 << 20
	// headerSize is how far into a file the size of a picture is looked for, in bytes.
	headerSize   = 1 << 20
	exifSize     = 128 << 10 // where its orientation is looked for
	maxThumbnail = 8 << 20
	quality      = 85
)

// decoder reads one type of pictures.
type decoder struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	// perPixel is the memory that decoding takes, in bytes a pixel; header is the
	// beginning of the file.
	perPixel func(c image.Config, header []byte) int
}

var decoders = map[string]decoder{
	"image/png":  {png.DecodeConfig, png.Decode, func(c image.Config, _ []byte) int { return 2 * depth(c.ColorModel) }},
	"image/gif":  {gif.DecodeConfig, gif.Decode, func(image.Config, []byte) int { return 2 }}, // the first frame
	"image/webp": {webp.DecodeConfig, webp.Decode, func(image.Config, []byte) int { return 10 }},
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode, func(_ image.Config, header []byte) int {
		if progressive(header) { // coefficients of all components are kept
			return 16
		}
		return 4
	}},
}

// depth is the size of a pixel in memory, in bytes.
func depth(m color.Model) int {
	switch m {
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.RGBAModel, color.NRGBAModel:
		return 4
	case color.Gray16Model:
		return 2
	}
	return 1
}

// examine finds out the type of a file from its contents, and the size of a picture that
// can be decoded.
func examine(ctx context.Context, f *File, from *contents) error {
	defer from.Close()
	header, err := io.ReadAll(io.LimitReader(from, headSize))
	if err != nil {
		return err
	}
	f.Type = kindOf(header, f.Name)
	if !raster[f.Type] {
		return ctx.Err()
	}
	rest, err := io.ReadAll(io.LimitReader(from, headerSize-headSize))
	if err != nil {
		return err
	}
	f.Width, f.Height = measure(f.Type, append(header, rest...))
	return ctx.Err()
}

// measure is the size of a picture, 0 if it can't be decoded or would take too much.
func measure(kind string, header []byte) (width, height int64) {
	d := decoders[kind]
	c, err := guarded(func() (image.Config, error) { return d.config(bytes.NewReader(header)) })
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width > maxSide || c.Height > maxSide ||
		int64(c.Width)*int64(c.Height)*int64(d.perPixel(c, header)) > decodeMemory {
		return 0, 0
	}
	if kind == "image/jpeg" && lies(orientation(header)) {
		return int64(c.Height), int64(c.Width)
	}
	return int64(c.Width), int64(c.Height)
}

// guarded turns a decoder's panic over hostile contents into an error.
func guarded[T any](decode func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decoding a picture panicked: %v", p)
		}
	}()
	return decode()
}

// Thumbnail is a small picture of a file that the caller may read (see Get), not longer on
// either side than size. It is made when it is first asked for, and kept. Faults:
// "file.thumbnail_size" (Invalid), "file.no_thumbnail" (NotFound) of what is no picture or
// can't be decoded, "file.busy" (Unavailable).
func (s *Session) Thumbnail(ctx context.Context, f *File, size int) (*Contents, error) {
	if !slices.Contains(thumbnailSizes, size) {
		return nil, fault.New(fault.Invalid, "file.thumbnail_size", "sizes", fmt.Sprint(thumbnailSizes))
	}
	if f.Width == 0 {
		return nil, fault.New(fault.NotFound, "file.no_thumbnail")
	}
	kept, err := parts(ctx, s.tenant, f.ID, int64(size))
	if err != nil {
		return nil, err
	}
	if len(kept) == 0 {
		if kept, err = s.makeThumbnail(ctx, f, size); err != nil {
			return nil, err
		}
	}
	return &Contents{Size: kept[0].size, blobs: s.tenant.Blobs(), parts: kept}, nil
}

// makeThumbnail makes a thumbnail and keeps it, unless another did so meanwhile.
func (s *Session) makeThumbnail(ctx context.Context, f *File, size int) ([]part, error) {
	small, err := s.shrink(ctx, f, size)
	if err != nil {
		return nil, err
	}
	p := part{blob: s.service.ids.Next(), size: int64(len(small))}
	if _, err := s.tenant.Blobs().Put(ctx, p.blob, bytes.NewReader(small), maxThumbnail); err != nil {
		return nil, err
	}
	err = s.tenant.Write(ctx, func(tx store.Tx) error {
		if _, err := find(ctx, tx, f.ID); err != nil {
			return err
		}
		return insertPart(ctx, tx, f.ID, int64(size), p)
	})
	if err == nil {
		return []part{p}, nil
	}
	err = errors.Join(err, s.tenant.Blobs().Delete(context.WithoutCancel(ctx), p.blob))
	if fault.Is(err, "store.not_unique") {
		kept, err := parts(ctx, s.tenant, f.ID, int64(size))
		if err == nil && len(kept) == 0 {
			err = notFound()
		}
		return kept, err
	}
	return nil, err
}

// shrink decodes a picture and makes it small. One that can't be decoded is noted, so that
// nobody tries again.
func (s *Session) shrink(ctx context.Context, f *File, size int) ([]byte, error) {
	select {
	case s.service.images <- struct{}{}:
		defer func() { <-s.service.images }()
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "file.busy").Because(ctx.Err())
	}
	whole, err := s.Open(ctx, f)
	if err != nil {
		return nil, err
	}
	from := whole.Range(ctx, 0, whole.Size)
	defer from.Close()
	reading := &breaking{from: from}
	small, err := guarded(func() ([]byte, error) { return thumbnail(reading, f, size) })
	switch {
	case reading.err != nil:
		return nil, reading.err
	case err != nil:
		undo := s.tenant.Write(ctx, func(tx store.Tx) error {
			return tx.Update(ctx, fileTable, f.ID, 0, map[string]any{"width": int64(0), "height": int64(0)}, nil)
		})
		return nil, errors.Join(fault.New(fault.NotFound, "file.no_thumbnail").Because(err), undo)
	}
	return small, nil
}

// thumbnail decodes a picture of the size that its header told, and draws it small.
func thumbnail(from io.Reader, f *File, size int) ([]byte, error) {
	begins := bufio.NewReaderSize(from, exifSize)
	held := 1
	if header, _ := begins.Peek(exifSize); f.Type == "image/jpeg" { // fewer at the end of a small file
		held = orientation(header)
	}
	decoded, err := decoders[f.Type].decode(begins)
	if err != nil {
		return nil, err
	}
	bounds := decoded.Bounds()
	width, height := fit(bounds.Dx(), bounds.Dy(), size)
	// A cheap step to twice the size, then a good one, which takes memory by the lines of
	// what it begins with.
	if bounds.Dx() > 2*width {
		middle := image.NewNRGBA(image.Rect(0, 0, 2*width, 2*height))
		scale.ApproxBiLinear.Scale(middle, middle.Bounds(), decoded, bounds, draw.Src, nil)
		decoded, bounds = middle, middle.Bounds()
	}
	small := image.NewNRGBA(image.Rect(0, 0, width, height))
	scale.CatmullRom.Scale(small, small.Bounds(), decoded, bounds, draw.Src, nil)
	small = upright(small, held)
	var out bytes.Buffer
	if small.Opaque() {
		err = jpeg.Encode(&out, small, &jpeg.Options{Quality: quality})
	} else {
		err = png.Encode(&out, small)
	}
	return out.Bytes(), err
}

// fit is a size within a square, of the same proportions; never larger than it was.
func fit(width, height, side int) (int, int) {
	longer := max(width, height)
	if longer <= side {
		return width, height
	}
	return max(1, width*side/longer), max(1, height*side/longer)
}

// KindOf is the type of a thumbnail: what comes first in it.
func (c *Contents) KindOf(ctx context.Context) (string, error) {
	from := c.Range(ctx, 0, min(c.Size, 16))
	defer from.Close()
	head, err := io.ReadAll(from)
	return kindOf(head, ""), err
}

// incomplete is the fault of a file whose contents are not all there.
func incomplete() *fault.Fault { return fault.New(fault.Conflict, "file.incomplete") }
