package pdf_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/engine/pdf"
	"formwork/engine/pdf/pdftest"
)

func document(body ...pdf.Block) *pdf.Document {
	return &pdf.Document{Title: "报价单", Language: "zh", At: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Width: pdf.A4[0], Height: pdf.A4[1], Margin: 56, Body: body}
}

func said(text string) pdf.Text { return pdf.Text{{Text: text}} }

func set(t *testing.T, d *pdf.Document) []byte {
	t.Helper()
	raw, err := pdf.Set(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// read is the text of each page, without spaces.
func read(t *testing.T, raw []byte) []string {
	t.Helper()
	pages, err := pdftest.Pages(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i, page := range pages {
		pages[i] = strings.ReplaceAll(page, " ", "")
	}
	return pages
}

func wants(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, strings.ReplaceAll(text, " ", "")) {
			t.Errorf("%q is not in %q", text, page)
		}
	}
}

// What is set can be read back, in all scripts that the fonts have; what they have not is a box, and no failure.
func TestSet(t *testing.T) {
	d := document(
		&pdf.Paragraph{Text: pdf.Text{{Text: "Quote 报价单", Bold: true}}, Size: 18, After: 8},
		&pdf.Paragraph{Text: pdf.Text{{Text: "Ünïcode Ελληνικά Русский 繁體中文 (\\) € "}, {Text: "italic 斜", Italic: true}, {Text: " 👩‍👩‍👧 ع "}}},
		pdf.Line{}, pdf.Space{Height: 10},
		&pdf.Columns{Shares: []float64{1, 1}, Bodies: [][]pdf.Block{{&pdf.Paragraph{Text: said("Left\n左")}}, {&pdf.Paragraph{Text: said("Right 右"), Align: pdf.Right}}}},
		&pdf.Table{Columns: []pdf.Column{{Label: said("Product"), Share: 3}, {Label: said("Price"), Share: 1, Align: pdf.Right}},
			Rows: [][]pdf.Text{{said("Pump 泵"), said("1,200.00")}, {said(strings.Repeat("长", 200)), said("2.00")}}, Total: []pdf.Text{said("Sum"), said("1,202.00")}},
		pdf.Break{}, &pdf.Picture{Data: picture(t, 40, 20), Width: 100}, &pdf.Paragraph{Text: said("last")})
	d.Header, d.Footer = pdf.Edge{Left: said("Above")}, pdf.Edge{Right: said("Page " + pdf.PageNumber + " of " + pdf.PageCount)}
	raw := set(t, d)
	pages := read(t, raw)
	if len(pages) != 2 {
		t.Fatalf("%d pages", len(pages))
	}
	wants(t, pages[0], "Quote 报价单", "Ünïcode Ελληνικά Русский 繁體中文 (\\) €", "italic斜", "Left", "左", "Right右", "Product", "Pump泵", "1,200.00", "长长长长", "Sum", "1,202.00", "Above", "Page 1 of 2")
	wants(t, pages[1], "last", "Above", "Page 2 of 2")
	if again := set(t, d); !bytes.Equal(raw, again) {
		t.Error("the same document came to other bytes")
	}
	if len(raw) > 100<<10 {
		t.Errorf("%d bytes: the fonts are not cut to what is used", len(raw))
	}
}

// A table goes on with its head on the next page, and a heading stays with what follows it.
func TestPages(t *testing.T) {
	rows := make([][]pdf.Text, 120)
	for i := range rows {
		rows[i] = []pdf.Text{said("row")}
	}
	table := &pdf.Table{Columns: []pdf.Column{{Label: said("HEAD"), Share: 1}}, Rows: rows, Total: []pdf.Text{said("TOTAL")}}
	pages := read(t, set(t, document(table)))
	if len(pages) < 3 {
		t.Fatalf("%d pages", len(pages))
	}
	n := 0
	for i, page := range pages {
		if !strings.Contains(page, "HEAD") {
			t.Errorf("page %d has no head", i+1)
		}
		n += strings.Count(page, "row")
	}
	if last := pages[len(pages)-1]; n != 120 || strings.Count(last, "TOTAL") != 1 || !strings.Contains(last, "row") {
		t.Errorf("%d rows; %q", n, last)
	}
	// 45 lines of which the last would stand alone below a heading.
	body := []pdf.Block{&pdf.Paragraph{Text: said(strings.TrimSuffix(strings.Repeat("x\n", 53), "\n"))}, &pdf.Paragraph{Text: said("Heading"), Keeps: true}, &pdf.Paragraph{Text: said("follows")}}
	pages = read(t, set(t, document(body...)))
	if len(pages) != 2 || !strings.Contains(pages[1], "Headingfollows") {
		t.Errorf("%q", pages)
	}
	// A table that begins at the end of a page has its head once on each, below its heading.
	for lines := 45; lines < 54; lines++ {
		begins := []pdf.Block{&pdf.Paragraph{Text: said(strings.TrimSuffix(strings.Repeat("x\n", lines), "\n"))}, &pdf.Paragraph{Text: said("Heading"), Keeps: true}, table}
		all := read(t, set(t, document(begins...)))
		for i, page := range all {
			if n := strings.Count(page, "HEAD"); n > 1 || i > 0 && n != 1 {
				t.Errorf("behind %d lines page %d has %d heads", lines, i+1, n)
			}
		}
		if !strings.Contains(strings.Join(all, ""), "HeadingHEADrow") {
			t.Errorf("behind %d lines the heading is apart from its table: %q", lines, all)
		}
	}
	if pages = read(t, set(t, document(&pdf.Columns{Shares: []float64{1, 1}, Bodies: [][]pdf.Block{{&pdf.Paragraph{Text: said(strings.Repeat("left ", 3000))}}, {&pdf.Paragraph{Text: said("right")}}}}))); len(pages) < 3 {
		t.Errorf("high columns have %d pages", len(pages))
	}
	high := &pdf.Table{Columns: []pdf.Column{{Label: said("HEAD"), Share: 1}}, Rows: [][]pdf.Text{{said(strings.Repeat("cell ", 4000))}}}
	if pages = read(t, set(t, document(high))); len(pages) < 3 || strings.Count(strings.Join(pages, ""), "cell") != 4000 {
		t.Errorf("a high row has %d pages", len(pages))
	}
}

// Nothing grows without an end.
func TestBounds(t *testing.T) {
	row := []pdf.Text{said("x")}
	rows := func(n int) *pdf.Table {
		all := make([][]pdf.Text, n)
		for i := range all {
			all[i] = row
		}
		return &pdf.Table{Columns: []pdf.Column{{Share: 1}}, Rows: all}
	}
	breaks := make([]pdf.Block, pdf.MaxPages)
	for i := range breaks {
		breaks[i] = pdf.Break{}
	}
	for name, c := range map[string]struct {
		body []pdf.Block
		want string
	}{
		"10 MB":          {[]pdf.Block{&pdf.Paragraph{Text: said(strings.Repeat("字", 10<<20/3))}}, "print.text"},
		"text in pieces": {[]pdf.Block{&pdf.Paragraph{Text: said(strings.Repeat("word ", 100_000))}, &pdf.Paragraph{Text: said(strings.Repeat("word ", 200_000))}}, "print.text"},
		"lines":          {[]pdf.Block{&pdf.Paragraph{Text: said(strings.Repeat("\n", 400_000))}}, "print.pages"},
		"pages":          {breaks, "print.pages"},
		"rows":           {[]pdf.Block{rows(3000), rows(3000)}, "print.rows"},
		"marks":          {[]pdf.Block{&pdf.Paragraph{Size: 1, Text: said(strings.Repeat("a字", 120_000))}}, "print.text"},
	} {
		if _, err := pdf.Set(t.Context(), document(c.body...)); !fault.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pdf.Set(ctx, document(rows(10))); !errors.Is(err, context.Canceled) {
		t.Errorf("after its time: %v", err)
	}
	if pages := read(t, set(t, document(rows(pdf.MaxRows)))); len(pages) > pdf.MaxPages {
		t.Errorf("%d pages", len(pages))
	}
}

// A text of all characters that there are is written like any other: the writer would take hours for it.
func TestEveryCharacter(t *testing.T) {
	var all strings.Builder
	for r := rune(0x100); r < 0xFFFF; r++ {
		if r < 0xD800 || r > 0xF8FF {
			all.WriteRune(r)
		}
	}
	page := strings.Join(read(t, set(t, document(&pdf.Paragraph{Size: 6, Text: said(all.String())}))), "")
	wants(t, page, "报", "龜", "Ж")
	if n := utf8.RuneCountInString(page); n < 20_000 {
		t.Errorf("%d characters", n)
	}
}

func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width {
		m.Set(i, i%height, color.NRGBA{uint8(i), 100, 200, 128})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A picture that lies, is too large or is none leaves its place empty; one that breaks off is an error, and no panic.
func TestPictures(t *testing.T) {
	whole := picture(t, 200, 100)
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 300, 200)), nil); err != nil {
		t.Fatal(err)
	}
	lies := bytes.Clone(whole)
	copy(lies[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}) // the size of an IHDR
	for name, c := range map[string]struct {
		data  []byte
		shown bool
	}{"png": {whole, true}, "jpeg": {photo.Bytes(), true}, "lies": {lies, false}, "text": {[]byte("<svg/>"), false}, "nothing": {nil, false}} {
		raw := set(t, document(&pdf.Paragraph{Text: said("a")}, &pdf.Picture{Data: c.data, Width: 100}))
		if got := bytes.Contains(raw, []byte("/Subtype /Image")); got != c.shown {
			t.Errorf("%s is shown: %v", name, got)
		}
	}
	for cut := 40; cut < len(whole)-12; cut += 13 {
		_, _ = pdf.Set(t.Context(), document(&pdf.Picture{Data: whole[:cut], Width: 100}))
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "plain", "报价单，“金额”：￥100。", "👩‍👩‍👧\u202eabc\ufeff", "\x00\x01\x05\x06\\()", "\xff\xfe", "a\u0301\u0301", strings.Repeat("W", 500), "\ud7ff\ue000\uffff\U0010ffff"} {
		f.Add(s, 12.0, true)
	}
	f.Fuzz(func(t *testing.T, s string, width float64, bold bool) {
		if !(width >= 0.01 && width <= 50) {
			width = 1
		}
		text := pdf.Text{{Text: s, Bold: bold}, {Text: s, Italic: true}}
		d := document(&pdf.Paragraph{Text: text, Align: pdf.Center}, &pdf.Table{Columns: []pdf.Column{{Label: text, Share: 1}, {Label: text, Share: width}}, Rows: [][]pdf.Text{{text, text}}},
			&pdf.Picture{Data: []byte(s), Width: 50})
		d.Title, d.Language = s, s
		d.Footer = pdf.Edge{Left: text}
		raw, err := pdf.Set(t.Context(), d)
		if err != nil {
			if f := fault.From(err); f == nil || f.Kind != fault.TooLarge {
				t.Fatal(err)
			}
			return
		}
		read(t, raw)
	})
}
