package pdf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

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

// The writer takes time by the third power of how many characters in a row are used of a font. A document that uses many has the
// Chinese font twice, for every other row of rowLength characters.
const (
	otherFamily = "wide2"
	rowLength   = 128
)

// painter draws on the pages of a PDF.
type painter struct {
	to      *fpdf.Fpdf
	metrics *metrics
	twice   bool // the Chinese font is there twice
	family  string
	size    float64
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
		p.family = "" // the writer says the font anew on each page
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
	p := &painter{to: to, metrics: s.metrics}
	used := s.used()
	for f, runes := range used {
		if len(runes) > 0 {
			to.AddUTF8FontFromBytes(families[f], "", files[f])
		}
	}
	if p.twice = longestRow(used[chinese]) > rowLength; p.twice {
		to.AddUTF8FontFromBytes(otherFamily, "", files[chinese])
	}
	to.SetDrawColor(lines, lines, lines)
	to.SetFillColor(238, 238, 238)
	return p
}

// used are the characters that are set, by font.
func (s *setting) used() (all [faces]map[rune]bool) {
	for f := range all {
		all[f] = map[rune]bool{}
	}
	for _, known := range s.metrics.known {
		for r, g := range known {
			if g.face != none {
				all[g.face][r] = true
			}
		}
	}
	return all
}

// longestRow is how many characters follow each other at most.
func longestRow(of map[rune]bool) (longest int) {
	row, last := 0, rune(-2)
	for _, r := range slices.Sorted(maps.Keys(of)) {
		if row++; r != last+1 {
			row = 1
		}
		longest, last = max(longest, row), r
	}
	return longest
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

func (r run) draw(p *painter, x, y float64) {
	x, y = x+r.x, y+ascent*r.size
	if r.face == none {
		p.to.SetLineWidth(0.04 * r.size)
		for i := range r.count {
			p.to.Rect(x+boxWidth*r.size*float64(i)+0.05*r.size, y-boxSide*r.size*1.3, boxSide*r.size, boxSide*r.size*1.3, "D")
		}
		return
	}
	if heavy := r.bold && r.face == chinese; heavy {
		p.to.SetDrawColor(0, 0, 0)
		p.to.SetLineWidth(stroke * r.size)
		p.to.SetTextRenderingMode(2)
		p.write(r, x, y)
		p.to.SetTextRenderingMode(0)
		p.to.SetDrawColor(lines, lines, lines)
	} else {
		p.write(r, x, y)
	}
}

// write writes the letters of a run.
func (p *painter) write(r run, x, y float64) {
	if !p.twice || r.face != chinese {
		p.text(families[r.face], r, x, y, r.text)
		return
	}
	for text := r.text; text != ""; {
		first, _ := utf8.DecodeRuneInString(text)
		end := strings.IndexFunc(text, func(l rune) bool { return l/rowLength%2 != first/rowLength%2 })
		if end < 0 {
			end = len(text)
		}
		family := families[chinese]
		if first/rowLength%2 == 1 {
			family = otherFamily
		}
		p.text(family, r, x, y, text[:end])
		for _, l := range text[:end] {
			x += float64(p.metrics.glyph(l, r.bold).advance) * r.size
		}
		text = text[end:]
	}
}

// text writes letters in a font.
func (p *painter) text(family string, r run, x, y float64, text string) {
	if p.family != family || p.size != r.size {
		p.to.SetFont(family, "", r.size)
		p.family, p.size = family, r.size
	}
	if !r.italic {
		p.to.Text(x, y, text)
		return
	}
	p.to.TransformBegin()
	p.to.TransformSkewX(slant, x, y)
	p.to.Text(x, y, text)
	p.to.TransformEnd()
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
