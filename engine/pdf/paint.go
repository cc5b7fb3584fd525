package pdf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
)

// families are the names of the fonts within a document.
var families = [faces]string{regular: "text", bold: "strong", chinese: "wide"}

const (
	ascent  = 1.0   // of letters above the line that they stand on, in sizes
	slant   = 12.0  // of italic letters, in degrees
	stroke  = 0.022 // of bold letters of a font that has none, in sizes
	boxSide = 0.5
	lines   = 150 // the grey of lines
)

// painter draws on the pages of a PDF.
type painter struct {
	to   *fpdf.Fpdf
	face face
	size float64
}

// paint draws the pages. What the writer can't do, or panics of, is an error.
func (s *setting) paint() (raw []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			raw, err = nil, fmt.Errorf("writing a PDF panicked: %v", p)
		}
	}()
	p := s.begin()
	for _, page := range s.pages {
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		p.to.AddPage()
		p.face = none // the writer says the font anew on each page
		for _, m := range page {
			m.draw(p, m.x, m.y)
		}
	}
	var out bytes.Buffer
	if err := p.to.Output(&out); err != nil {
		return nil, fmt.Errorf("writing a PDF: %w", err)
	}
	if out.Len() > MaxBytes {
		return nil, tooLarge("print.bytes", MaxBytes)
	}
	return out.Bytes(), nil
}

func (s *setting) begin() *painter {
	to := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: s.doc.Width, Ht: s.doc.Height}})
	to.SetAutoPageBreak(false, 0)
	to.SetCatalogSort(true)
	to.SetCreationDate(s.doc.At.UTC())
	to.SetModificationDate(s.doc.At.UTC())
	to.SetProducer("Formwork", true)
	to.SetTitle(titled(s.doc.Title), true)
	if plainLanguage(s.doc.Language) {
		to.SetLang(s.doc.Language)
	}
	used := [faces]bool{}
	for _, page := range s.pages {
		for _, m := range page {
			if f := faceOf(m.mark); f != none {
				used[f] = true
			}
		}
	}
	for f, is := range used {
		if is {
			to.AddUTF8FontFromBytes(families[f], "", files[f])
		}
	}
	to.SetDrawColor(lines, lines, lines)
	to.SetFillColor(238, 238, 238)
	return &painter{to: to, face: none}
}

// titled is a title as the writer takes it: whole characters, of the first plane alone.
func titled(title string) string {
	return strings.Map(func(r rune) rune {
		if r, ok := shown(r); ok && r >= ' ' && r <= 0xFFFF {
			return r
		}
		return -1
	}, strings.ToValidUTF8(title, ""))
}

// plainLanguage reports whether a language is one, as documents name them.
func plainLanguage(l string) bool {
	return l != "" && strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// faceOf is the font of a mark; none: it has none.
func faceOf(m mark) face {
	switch m := m.(type) {
	case moved:
		return faceOf(m.mark)
	case run:
		return m.face
	}
	return none
}

func (r run) draw(p *painter, x, y float64) {
	x, y = x+r.x, y+ascent*r.size
	if r.face == none {
		p.to.SetLineWidth(0.04 * r.size)
		for i := range r.count {
			p.to.Rect(x+boxWidth*r.size*float64(i)+0.05*r.size, y-boxSide*r.size*1.3, boxSide*r.size, boxSide*r.size*1.3, "D")
		}
		return
	}
	if p.face != r.face || p.size != r.size {
		p.to.SetFont(families[r.face], "", r.size)
		p.face, p.size = r.face, r.size
	}
	if r.italic {
		p.to.TransformBegin()
		p.to.TransformSkewX(slant, x, y)
	}
	if heavy := r.bold && r.face == chinese; heavy {
		p.to.SetDrawColor(0, 0, 0)
		p.to.SetLineWidth(stroke * r.size)
		p.to.SetTextRenderingMode(2)
		p.to.Text(x, y, r.text)
		p.to.SetTextRenderingMode(0)
		p.to.SetDrawColor(lines, lines, lines)
	} else {
		p.to.Text(x, y, r.text)
	}
	if r.italic {
		p.to.TransformEnd()
	}
}

func (r rule) draw(p *painter, x, y float64) {
	p.to.SetLineWidth(r.weight)
	p.to.Line(x+r.x, y+r.y, x+r.x+r.width, y+r.y)
}

func (f fill) draw(p *painter, x, y float64) { p.to.Rect(x, y, f.width, f.height, "F") }

func (i pictured) draw(p *painter, x, y float64) {
	name := fmt.Sprintf("%x", sha256.Sum256(i.data)) // the same is kept once
	options := fpdf.ImageOptions{ImageType: i.kind}
	p.to.RegisterImageOptionsReader(name, options, bytes.NewReader(i.data))
	p.to.ImageOptions(name, x+i.x, y, i.width, i.height, false, options, 0, "")
}
