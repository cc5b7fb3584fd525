// Package printing prints the documents of templates: a record as a PDF, as far as whoever asks may read it.
package printing

import (
	"context"
	"fmt"
	"io"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/pdf"
	"formwork/engine/record"
	"formwork/engine/template"
	"formwork/metadata/fieldtype"
)

const (
	// atOnce is how many documents are printed at a time, so that setting them takes no more memory than that.
	atOnce = 1
	// Type is that of what is printed.
	Type = "application/pdf"
	// pictureSize is the longer side of pictures, in pixels.
	pictureSize = 1024
	maxPicture  = 2 << 20 // bytes
	maxPictures = 6 << 20 // bytes of those of a document
	maxName     = 100     // characters
)

// Printer prints. Safe for concurrent use.
type Printer struct{ places chan struct{} }

// New makes a printer.
func New() *Printer { return &Printer{make(chan struct{}, atOnce)} }

// Wanted is what is to be printed.
type Wanted struct {
	Object   string
	Record   id.ID
	Template string
	Language string
}

// Printed is what was printed.
type Printed struct {
	Name string // of a file
	PDF  []byte
}

// Print prints a record with what the caller of both sessions may read of it. Faults: print.unknown (NotFound); record.not_found,
// record.forbidden; print.hidden (Forbidden); print.busy (Unavailable); those of template.Print and pdf.Set.
func (p *Printer) Print(ctx context.Context, records *record.Session, files *file.Session, w Wanted) (*Printed, error) {
	t := template.Of(records.Snapshot())[w.Template]
	if t == nil || !t.Prints() || t.Doc.Object != w.Object {
		return nil, fault.New(fault.NotFound, "print.unknown", "template", w.Template)
	}
	select {
	case p.places <- struct{}{}:
		defer func() { <-p.places }()
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "print.busy").Because(ctx.Err())
	}
	sheet, err := records.Sheet(ctx, w.Object, w.Record)
	if err != nil {
		return nil, err
	}
	d, name, err := t.Print(ctx, template.Printing{Language: w.Language, From: sheet, Picture: (&pictures{files: files}).picture})
	if err != nil {
		return nil, err
	}
	set, err := pdf.Set(ctx, d)
	if err != nil {
		return nil, err
	}
	return &Printed{clip(name) + ".pdf", set}, nil
}

// pictures are those of a document.
type pictures struct {
	files *file.Session
	bytes int64
}

// picture is a small form of a picture, which the caller may see; nil: there is none.
func (p *pictures) picture(ctx context.Context, ref fieldtype.FileRef) ([]byte, error) {
	f, err := p.files.Get(ctx, ref.ID)
	var small *file.Contents
	if err == nil {
		small, err = p.files.Thumbnail(ctx, f, pictureSize)
	}
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading a picture: %w", err)
	case small.Size > maxPicture:
		return nil, nil
	}
	if p.bytes += small.Size; p.bytes > maxPictures {
		return nil, fault.New(fault.TooLarge, "print.bytes", "limit", pdf.MaxBytes)
	}
	from := small.Range(ctx, 0, small.Size)
	defer from.Close()
	raw, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("reading a picture: %w", err)
	}
	return raw, nil
}

// clip shortens the name of a file.
func clip(name string) string {
	if utf8.RuneCountInString(name) <= maxName {
		return name
	}
	return string([]rune(name)[:maxName])
}
