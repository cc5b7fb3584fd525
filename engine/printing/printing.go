// Package printing prints the documents of templates: a record as a PDF, as far as whoever asks may read it.
package printing

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
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
	// longest is how long a document may take once it has its place.
	longest = 20 * time.Second
)

// Printer prints. Of a tenant one document waits for a place at a time, so that those of others come next, however many it prints. Safe for concurrent use.
type Printer struct {
	places  chan struct{}
	longest time.Duration

	mu    sync.Mutex
	turns map[string]*turn // by tenant, of those that print
}

// turn is whose of a tenant it is.
type turn struct {
	taken chan struct{}
	users int // who have it or wait for it
}

// New makes a printer.
func New() *Printer {
	return &Printer{places: make(chan struct{}, atOnce), longest: longest, turns: map[string]*turn{}}
}

// enter waits for a tenant's turn, and then for a place, which leave gives back. Fault print.busy (Unavailable).
func (p *Printer) enter(ctx context.Context, tenant string) (leave func(), err error) {
	p.mu.Lock()
	of := p.turns[tenant]
	if of == nil {
		of = &turn{taken: make(chan struct{}, 1)}
		p.turns[tenant] = of
	}
	of.users++
	p.mu.Unlock()
	forget := func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if of.users--; of.users == 0 {
			delete(p.turns, tenant)
		}
	}
	for i, place := range []chan struct{}{of.taken, p.places} {
		select {
		case place <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-of.taken
			}
			forget()
			return nil, fault.New(fault.Unavailable, "print.busy").Because(ctx.Err())
		}
	}
	return func() { <-p.places; <-of.taken; forget() }, nil
}

// Wanted is what is to be printed.
type Wanted struct {
	Tenant   string
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
// record.forbidden; print.hidden (Forbidden); print.busy (Unavailable); print.slow (TooLarge); those of template.Print and pdf.Set.
func (p *Printer) Print(ctx context.Context, records *record.Session, files *file.Session, w Wanted) (*Printed, error) {
	t := template.Of(records.Snapshot())[w.Template]
	if t == nil || !t.Prints() || t.Doc.Object != w.Object {
		return nil, fault.New(fault.NotFound, "print.unknown", "template", w.Template)
	}
	leave, err := p.enter(ctx, w.Tenant)
	if err != nil {
		return nil, err
	}
	defer leave()
	within, stop := context.WithTimeout(ctx, p.longest)
	defer stop()
	printed, err := documentOf(within, t, records, files, w)
	if err != nil && within.Err() != nil && ctx.Err() == nil {
		return nil, fault.New(fault.TooLarge, "print.slow", "limit", int(p.longest.Seconds())).Because(err)
	}
	return printed, err
}

// documentOf is a record as a template prints it.
func documentOf(ctx context.Context, t *template.Template, records *record.Session, files *file.Session, w Wanted) (*Printed, error) {
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
	return &Printed{nameOf(name) + ".pdf", set}, nil
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

// nameOf is the name of a file: what can be seen of one, and not too long.
func nameOf(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
	if utf8.RuneCountInString(name) > maxName {
		name = string([]rune(name)[:maxName])
	}
	return cmp.Or(name, "document")
}
