package workbook

import (
	"archive/zip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Column is a column of what is written. Cells whose texts are none of its kind, or that a
// workbook can't hold exactly, are written as texts.
type Column struct {
	Heading string
	Kind    Kind
}

// Writer writes a table, in as many sheets as it has room for. Nothing is kept but the row at
// hand.
type Writer struct {
	zip     *zip.Writer
	columns []Column
	sheet   io.Writer // nil before the first
	sheets  int
	rows    int // of the sheet
	most    int // rows of a sheet, with the heading
	buffer  []byte
}

// NewWriter makes a writer. Close ends the workbook.
func NewWriter(w io.Writer, columns []Column) *Writer {
	return &Writer{zip: zip.NewWriter(w), columns: columns, most: maxRows}
}

// Row writes a row: a text for each column, "" for none.
func (w *Writer) Row(cells []string) error {
	if w.sheet == nil || w.rows == w.most {
		if err := w.begin(); err != nil {
			return err
		}
	}
	w.rows++
	w.buffer = append(w.buffer[:0], "<row>"...)
	for i, text := range cells {
		w.buffer = appendCell(w.buffer, w.columns[i].Kind, text)
	}
	w.buffer = append(w.buffer, "</row>"...)
	_, err := w.sheet.Write(w.buffer)
	return err
}

// begin ends the sheet at hand and begins the next with its heading.
func (w *Writer) begin() error {
	if err := w.end(); err != nil {
		return err
	}
	w.sheets++
	w.rows = 1
	var err error
	if w.sheet, err = w.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", w.sheets)); err != nil {
		return err
	}
	w.buffer = append(w.buffer[:0], sheetStart...)
	w.buffer = append(w.buffer, "<cols>"...)
	for i, c := range w.columns {
		width := min(max(utf8.RuneCountInString(c.Heading)+2, widths[c.Kind]), 60)
		w.buffer = fmt.Appendf(w.buffer, `<col min="%d" max="%d" width="%d" customWidth="1"/>`, i+1, i+1, width)
	}
	w.buffer = append(w.buffer, "</cols><sheetData><row>"...)
	for _, c := range w.columns {
		w.buffer = appendText(w.buffer, c.Heading, styleHeading)
	}
	w.buffer = append(w.buffer, "</row>"...)
	_, err = w.sheet.Write(w.buffer)
	return err
}

func (w *Writer) end() error {
	if w.sheet == nil {
		return nil
	}
	_, err := io.WriteString(w.sheet, sheetEnd)
	return err
}

// Close writes what follows the rows, and does not close what it writes to.
func (w *Writer) Close() error {
	if w.sheet == nil {
		if err := w.begin(); err != nil {
			return err
		}
	}
	if err := w.end(); err != nil {
		return err
	}
	var types, sheets, relations strings.Builder
	for i := 1; i <= w.sheets; i++ {
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`, i)
		fmt.Fprintf(&sheets, `<sheet name="Sheet%d" sheetId="%d" r:id="rId%d"/>`, i, i, i)
		fmt.Fprintf(&relations, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i, relationTypes, i)
	}
	fmt.Fprintf(&relations, `<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, w.sheets+1, relationTypes)
	for _, part := range []struct{ name, text string }{
		{"xl/styles.xml", styles},
		{"xl/workbook.xml", `<workbook xmlns="` + namespace + `" xmlns:r="` + relationTypes + `"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="` + relationSpace + `">` + relations.String() + `</Relationships>`},
		{"_rels/.rels", `<Relationships xmlns="` + relationSpace + `"><Relationship Id="rId1" Type="` + relationTypes + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"[Content_Types].xml", contentTypes + types.String() + `</Types>`},
	} {
		to, err := w.zip.Create(part.name)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(to, declaration+part.text); err != nil {
			return err
		}
	}
	return w.zip.Close()
}

const (
	declaration   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	namespace     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	relationTypes = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	relationSpace = "http://schemas.openxmlformats.org/package/2006/relationships"
	contentTypes  = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>`
	// The heading stays in sight.
	sheetStart = declaration + `<worksheet xmlns="` + namespace + `"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>`
	sheetEnd = `</sheetData></worksheet>`
)

// Styles of cells, by their place in cellXfs of styles.
const (
	styleHeading  = 1
	styleDate     = 2
	styleDatetime = 3
	styleTime     = 4
)

const styles = `<styleSheet xmlns="` + namespace + `">` +
	`<numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="yyyy\-mm\-dd\ hh:mm:ss"/><numFmt numFmtId="166" formatCode="hh:mm:ss"/></numFmts>` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
	`<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>` +
	`<cellXfs count="5"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/><xf xfId="0" numFmtId="164" applyNumberFormat="1"/>` +
	`<xf xfId="0" numFmtId="165" applyNumberFormat="1"/><xf xfId="0" numFmtId="166" applyNumberFormat="1"/></cellXfs>` +
	`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

// widths are those of columns, in characters.
var widths = [...]int{Text: 20, Number: 12, Percent: 10, Bool: 8, Date: 12, Datetime: 20, Time: 10}

// appendCell appends a cell. Every cell is written, an empty one too, so that none needs to say
// where it is.
func appendCell(dst []byte, kind Kind, text string) []byte {
	if text == "" {
		return append(dst, "<c/>"...)
	}
	switch kind {
	case Number:
		if isExact(text) {
			return append(append(append(dst, "<c><v>"...), text...), "</v></c>"...)
		}
	case Bool:
		if text == "true" {
			return append(dst, `<c t="b"><v>1</v></c>`...)
		}
		if text == "false" {
			return append(dst, `<c t="b"><v>0</v></c>`...)
		}
	case Date:
		if at, err := time.Parse(time.DateOnly, text); err == nil && at.Sub(epoch) >= firstDay*24*time.Hour {
			return appendSerial(dst, at, styleDate)
		}
	case Datetime:
		if at, err := time.Parse("2006-01-02 15:04:05.999", text); err == nil && at.Sub(epoch) >= firstDay*24*time.Hour {
			return appendSerial(dst, at, styleDatetime)
		}
	case Time:
		if at, err := time.Parse(time.TimeOnly, text); err == nil {
			hour, minute, second := at.Clock()
			return appendSerial(dst, epoch.Add(time.Duration(hour*3600+minute*60+second)*time.Second), styleTime)
		}
	}
	return appendText(dst, text, 0)
}

// appendSerial appends a cell with a moment, counted in days.
func appendSerial(dst []byte, at time.Time, style int) []byte {
	dst = append(strconv.AppendInt(append(dst, `<c s="`...), int64(style), 10), `"><v>`...)
	millis := at.UnixMilli() - epoch.UnixMilli()
	if millis%millisOfDay == 0 {
		dst = strconv.AppendInt(dst, millis/millisOfDay, 10)
	} else {
		dst = strconv.AppendFloat(dst, float64(millis)/millisOfDay, 'f', -1, 64)
	}
	return append(dst, "</v></c>"...)
}

// appendText appends a cell with a text, cut where workbooks have no room for more.
func appendText(dst []byte, text string, style int) []byte {
	dst = append(dst, `<c t="inlineStr"`...)
	if style != 0 {
		dst = append(strconv.AppendInt(append(dst, ` s="`...), int64(style), 10), '"')
	}
	dst = append(dst, `><is><t xml:space="preserve">`...)
	units := 0
	for at, r := range text {
		if units += utf16.RuneLen(max(r, 0)); units > maxCellText-1 && len(text) > at+utf8.RuneLen(r) {
			dst = append(dst, "…"...)
			break
		}
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			dst = fmt.Appendf(dst, "_x%04X_", r) // XML has no such character
		case r == '_' && isEscape(text[at:]):
			dst = append(dst, "_x005F_"...)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, "</t></is></c>"...)
}

// isEscape reports whether a text begins as a character does that XML has no place for.
func isEscape(text string) bool {
	if len(text) < 7 || text[1] != 'x' || text[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(text[2:6], 16, 16)
	return err == nil
}

// isExact reports whether a text is a number that a workbook holds as it is.
func isExact(text string) bool {
	whole, fraction, pointed := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if whole == "" || pointed && fraction == "" {
		return false
	}
	for _, c := range whole + fraction {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(strings.TrimLeft(whole+fraction, "0")) <= maxDigits
}
