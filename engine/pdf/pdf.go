// Package pdf sets texts, tables and pictures on pages, as a PDF.
//
// The same document comes to the same bytes: nothing is taken from a clock or from chance. What is set is bounded in pages, texts
// and bytes. A character that no font has becomes a box; scripts that are written from the right are set as if from the left,
// where the fonts have them at all.
package pdf

import (
	"context"
	"time"

	"formwork/engine/fault"
)

// Bounds of a document.
const (
	MaxPages = 200
	MaxBytes = 8 << 20   // of the PDF
	MaxText  = 512 << 10 // bytes of all texts together
	MaxRows  = 5000      // of all tables together
	// maxMarks bounds what is drawn: pieces of text in one font, lines, boxes, pictures.
	maxMarks = 100_000
	// Memory is what setting a document takes at most, about.
	Memory = 48 << 20
)

// Document is what is to be set. Sizes are in points.
type Document struct {
	Title, Language string
	At              time.Time // that it says it was made
	Width, Height   float64   // of a page
	Margin          float64
	Header, Footer  Edge
	Body            []Block
}

// A4 and Letter are sizes of pages, upright.
var (
	A4     = [2]float64{595.28, 841.89}
	Letter = [2]float64{612, 792}
)

// Millimetre is one in points.
const Millimetre = 72 / 25.4

// Edge is what stands above or below the body of every page.
type Edge struct{ Left, Center, Right Text }

// Text is a text in pieces of one style each. Lines end at "\n".
type Text []Span

// Span is a piece of a text.
type Span struct {
	Text         string
	Bold, Italic bool
}

// What stands in an Edge for the number of the page, and for how many there are.
const (
	PageNumber = "\x05"
	PageCount  = "\x06"
)

// Align is where the lines of a text stand.
type Align int

// The places where they can.
const (
	Left Align = iota
	Center
	Right
)

// Block is a part of a body, from the top to the bottom.
type Block interface {
	// pieces sets the block in a width.
	pieces(s *setting, width float64) ([]piece, error)
}

// Paragraph is a text.
type Paragraph struct {
	Text   Text
	Size   float64 // of the letters; 0: the usual
	Align  Align
	Before float64 // space above, but at the top of a page
	After  float64
	Keeps  bool // stays on the page of what follows
}

// Line is a line across.
type Line struct{}

// Space is left empty, but at the top of a page.
type Space struct{ Height float64 }

// Break begins a new page.
type Break struct{}

// Picture is a JPEG or PNG. One that can't be read leaves its place empty.
type Picture struct {
	Data  []byte
	Width float64 // at most; its height follows
	Align Align
}

// Columns are blocks side by side.
type Columns struct {
	Shares []float64 // of the width
	Bodies [][]Block // as many
}

// Table is rows under a head, which is repeated on each page.
type Table struct {
	Columns []Column
	Rows    [][]Text
	Total   []Text // a last row; nil: none
}

// Column is one of a table.
type Column struct {
	Label Text
	Share float64 // of the width
	Align Align
}

// Usual sizes.
const (
	usualSize = 10.0
	edgeSize  = 8.0
	leading   = 1.35 // from line to line, in sizes
)

// Set makes the PDF of a document. Faults: print.pages, print.text, print.rows, print.bytes (TooLarge).
func Set(ctx context.Context, d *Document) ([]byte, error) {
	s, err := newSetting(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, b := range d.Body {
		if err := s.add(b); err != nil {
			return nil, err
		}
	}
	if err := s.edges(); err != nil {
		return nil, err
	}
	return s.paint()
}

func tooLarge(code string, limit int) error {
	return fault.New(fault.TooLarge, code, "limit", limit)
}
