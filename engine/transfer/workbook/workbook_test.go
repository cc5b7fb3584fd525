package workbook

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"formwork/engine/fault"
)

func free(int64) error { return nil }

// written is a workbook of rows.
func written(t testing.TB, most int, columns []Column, rows ...[]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, columns)
	w.most = most
	for _, row := range rows {
		if err := w.Row(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read is what a sheet shows, a line a row.
func read(raw []byte, sheet string) (string, error) {
	b, err := Open(raw, free)
	if err != nil {
		return "", err
	}
	if sheet == "" {
		sheet = b.First()
	}
	rows, err := b.Rows(sheet)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var out strings.Builder
	for {
		number, cells, err := rows.Next()
		if err == io.EOF {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		fmt.Fprint(&out, number)
		for _, c := range cells {
			fmt.Fprintf(&out, " %d:%s", c.Kind, c.Text)
		}
		out.WriteByte('\n')
	}
}

// What is written is read as it was: cells of their kinds where workbooks have room for them,
// else as texts.
func TestWrittenAndRead(t *testing.T) {
	columns := []Column{{"Text", Text}, {"Number", Number}, {"Yes", Bool}, {"Day", Date}, {"At", Datetime}, {"Time", Time}}
	raw := written(t, maxRows, columns,
		[]string{"=1+1 <&> \x0b_x000B_ 张三\n ", "-1234.5", "true", "2024-02-29", "2024-02-29 23:59:59.999", "07:05:00"},
		[]string{"", "", "", "", "", ""},
		[]string{"", "12345678901234.56", "perhaps", "1899-01-01", "then", "25:00:00"})
	got, err := read(raw, "")
	want := "1 0:Text 0:Number 0:Yes 0:Day 0:At 0:Time\n" +
		"2 0:=1+1 <&> \x0b_x000B_ 张三\n  1:-1234.5 3:true 4:2024-02-29 5:2024-02-29 23:59:59.999 6:07:05:00\n" +
		"3\n4 0: 0:12345678901234.56 0:perhaps 0:1899-01-01 0:then 0:25:00:00\n"
	if err != nil || got != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
	}
}

// A table with more rows than a sheet has room for goes on in the next.
func TestSheetsThatAreFull(t *testing.T) {
	raw := written(t, 3, []Column{{"A", Number}}, []string{"1"}, []string{"2"}, []string{"3"})
	b, err := Open(raw, free)
	if err != nil || fmt.Sprint(b.Sheets()) != "[Sheet1 Sheet2]" {
		t.Fatal(b, err)
	}
	if got, err := read(raw, "Sheet2"); err != nil || got != "1 0:A\n2 1:3\n" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := read(raw, "Sheet3"); !fault.Is(err, "import.unknown_sheet") {
		t.Error(err)
	}
	if got, err := read(written(t, 3, []Column{{"A", Text}}), ""); err != nil || got != "1 0:A\n" {
		t.Errorf("without rows: %q, %v", got, err)
	}
}

// A text is cut where programs would take the workbook for broken.
func TestLongTextsAreCut(t *testing.T) {
	raw := written(t, maxRows, []Column{{"A", Text}}, []string{strings.Repeat("长", maxCellText)}, []string{strings.Repeat("长", maxCellText+1)})
	got, err := read(raw, "")
	lines := strings.Split(got, "\n")
	if err != nil || len(lines) != 4 || strings.HasSuffix(lines[1], "…") || !strings.HasSuffix(lines[2], "长…") || strings.Count(lines[2], "长") != maxCellText-1 {
		t.Errorf("%v, %d lines", err, len(lines))
	}
}

// Of what a spreadsheet program made, cells have the types and values that it shows: texts that
// are shared, formulas, dates by their formats, hidden sheets, rows and cells that are left out.
func TestWorkbooksOfOthers(t *testing.T) {
	raw, err := os.ReadFile("testdata/openpyxl.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(raw, free)
	if err != nil || b.First() != "Deals" || fmt.Sprint(b.Sheets()) != "[Notes Deals Empty]" {
		t.Fatal(b.Sheets(), err)
	}
	got, err := read(raw, "Deals")
	want := "1 0:Name 0:Amount 0:Closes 0:Met at 0:Daily 0:Share 0:Open\n" +
		"2 0:Acme 1:1.1 4:2024-03-01 5:2024-03-01 09:30:00 6:09:30:00 2:12.5% 3:true\n" +
		"5 0:Acme 0: 0: 0: 6:27:30:00\n"
	if err != nil || got != want {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
	}
}

// parts is an archive of some parts, those of a workbook where they are not given.
func parts(t testing.TB, given map[string]string) []byte {
	t.Helper()
	all := map[string]string{
		"_rels/.rels":                `<Relationships><Relationship Id="a" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook><sheets><sheet name="One" r:id="b"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="b" Type="x/worksheet" Target="s.xml"/><Relationship Id="c" Type="x/sharedStrings" Target="t.xml"/></Relationships>`,
		"xl/s.xml":                   `<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>`,
		"xl/t.xml":                   `<sst><si><t>text</t><rPh><t>spoken</t></rPh></si></sst>`,
	}
	for name, text := range given {
		all[name] = text
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range all {
		to, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What is broken or would grow is refused by a fault, before it takes memory.
func TestHostileWorkbooks(t *testing.T) {
	if got, err := read(parts(t, nil), ""); err != nil || got != "1 0:text\n" {
		t.Fatalf("%q, %v", got, err)
	}
	sheet := func(rows string) map[string]string {
		return map[string]string{"xl/s.xml": "<worksheet><sheetData>" + rows}
	}
	for name, c := range map[string]struct {
		raw  []byte
		code string
	}{
		"no archive":            {[]byte("PK\x03\x04 and no more"), "import.workbook_broken"},
		"many parts":            {[]byte(strings.Repeat("PK\x01\x02", maxParts+1)), "import.workbook_broken"},
		"another document":      {parts(t, map[string]string{"_rels/.rels": "<Relationships/>"}), "import.workbook_broken"},
		"no text of the number": {parts(t, sheet(`<row><c t="s"><v>1</v></c></row>`)), "import.workbook_broken"},
		"a row before":          {parts(t, sheet(`<row r="2"/><row r="1"/>`)), "import.workbook_broken"},
		"a far row":             {parts(t, sheet(`<row r="1048577"/>`)), "import.workbook_broken"},
		"a far column":          {parts(t, sheet(`<row><c r="XFE1"><v>1</v></c></row>`)), "import.workbook_broken"},
		"an end within a row":   {parts(t, sheet(`<row><c><v>1`)), "import.workbook_broken"},
		"a long tag":            {parts(t, sheet(`<row a="`+strings.Repeat(">", maxToken+1<<16))), "import.workbook_too_large"},
		"a long cell":           {parts(t, sheet(`<row><c t="str">`+strings.Repeat("<v>"+strings.Repeat("x", 1<<20)+"</v>", 7))), "import.row_too_long"},
		"a long row": {parts(t, map[string]string{"xl/t.xml": "<sst><si><t>" + strings.Repeat("x", 1<<20) + "</t></si></sst>",
			"xl/s.xml": "<sheetData><row>" + strings.Repeat(`<c t="s"><v>0</v></c>`, 7)}), "import.row_too_long"},
		"many shared texts": {parts(t, map[string]string{"xl/t.xml": "<sst>" + strings.Repeat("<si><t>"+strings.Repeat("x", 1<<20)+"</t></si>", 33)}), "import.workbook_too_large"},
	} {
		if _, err := read(c.raw, ""); !fault.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := Open(parts(t, nil), func(int64) error { return fault.New(fault.Limited, "budget.user_bytes") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Rows("One"); !fault.Is(err, "budget.user_bytes") {
		t.Errorf("texts that nobody has room for: %v", err)
	}
}

// Formats are dates by what they show, not by letters that stand for themselves.
func TestFormats(t *testing.T) {
	for code, want := range map[string]format{
		"yyyy-mm-dd":                 {date: true},
		`[$-409]d\-mmm\-yy;@`:        {date: true},
		`yyyy"年"m"月"d"日"`:            {date: true},
		"m/d/yy h:mm AM/PM":          {date: true, clock: true},
		"mm:ss.0":                    {clock: true},
		"[h]:mm":                     {clock: true},
		`[Red]#,##0.00" days";-0`:    {},
		"General":                    {},
		"0.0%":                       {percent: true},
		`_("$"* #,##0_);_(* "y"??_)`: {},
		`0\d`:                        {},
	} {
		if got := formatOf(code); got != want {
			t.Errorf("%s: %+v, want %+v", code, got, want)
		}
	}
}

// Whatever is sent, reading ends, with cells or a fault.
func FuzzRead(f *testing.F) {
	f.Add("", "", "")
	f.Add(`<row r="2"><c r="B2" t="inlineStr"><is><r><t>a</t></r></is></c><c s="1"><v>45000.5</v></c></row></sheetData>`,
		`<numFmts><numFmt numFmtId="170" formatCode="yyyy"/></numFmts><cellXfs><xf/><xf numFmtId="170"/></cellXfs>`, `<si><t>_x000B_</t></si>`)
	f.Fuzz(func(t *testing.T, rows, styles, texts string) {
		raw := parts(t, map[string]string{"xl/s.xml": "<sheetData>" + rows, "xl/y.xml": styles, "xl/t.xml": texts,
			"xl/_rels/workbook.xml.rels": `<a><Relationship Id="b" Type="worksheet" Target="s.xml"/><Relationship Id="c" Type="sharedStrings" Target="t.xml"/><Relationship Id="d" Type="styles" Target="y.xml"/></a>`})
		if _, err := read(raw, ""); err != nil && fault.KindOf(err).Breaks() {
			t.Fatal(err)
		}
		if _, err := read([]byte(rows), ""); err != nil && fault.KindOf(err).Breaks() {
			t.Fatal(err)
		}
	})
}

func BenchmarkRows(b *testing.B) {
	row := []string{"Acme Incorporated", "1234.5", "true", "2024-02-29", "2024-02-29 23:59:59", "a longer text of a few words"}
	columns := []Column{{"Text", Text}, {"Number", Number}, {"Yes", Bool}, {"Day", Date}, {"At", Datetime}, {"Long", Text}}
	const n = 10_000
	var raw []byte
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var out bytes.Buffer
			w := NewWriter(&out, columns)
			for range n {
				if err := w.Row(row); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			raw = out.Bytes()
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			book, err := Open(raw, free)
			if err != nil {
				b.Fatal(err)
			}
			rows, err := book.Rows(book.First())
			if err != nil {
				b.Fatal(err)
			}
			for {
				if _, _, err := rows.Next(); err == io.EOF {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
