package workbook

import (
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"formwork/engine/fault"
)

// maxRowText bounds the texts of a row, in bytes: one that is long may be that of many cells.
const maxRowText = 6 << 20

// Rows are the rows of a sheet, from the first to the last.
type Rows struct {
	part    *part
	strings *shared
	formats []format
	shift   int // days from the workbook's epoch to epoch
	number  int
	cells   []Cell
	column  int // of the cell that is next, where it does not say
	size    int // of the texts of the row
}

// Rows begins to read a sheet; Close ends it. Faults: "import.unknown_sheet" (Invalid), and
// those of Open and Next.
func (b *Workbook) Rows(name string) (*Rows, error) {
	i := slices.IndexFunc(b.sheets, func(s sheet) bool { return s.name == name })
	if i < 0 {
		return nil, fault.New(fault.Invalid, "import.unknown_sheet", "sheet", name, "sheets", strings.Join(b.Sheets(), ", "))
	}
	formats, err := b.readFormats()
	if err != nil {
		return nil, err
	}
	shared, err := b.readStrings()
	if err != nil {
		return nil, err
	}
	r := &Rows{strings: shared, formats: formats}
	if b.date1904 {
		r.shift = days1904
	}
	r.part, err = b.open(b.sheets[i].part, maxSheet)
	return r, err
}

// Close gives up what is held.
func (r *Rows) Close() error { return r.part.file.Close() }

// Next is the next row that a sheet has, with its number; rows that are empty may be left out.
// The cells are valid until the one after. io.EOF at the end. Faults:
// "import.workbook_broken" (Invalid), "import.workbook_too_large", "import.row_too_long" (TooLarge).
func (r *Rows) Next() (number int, cells []Cell, err error) {
	for {
		token, err := r.part.next()
		if err != nil {
			return 0, nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "row" {
				if err := r.begin(t); err != nil {
					return 0, nil, err
				}
				return r.number, r.cells, r.row()
			}
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				return 0, nil, io.EOF
			}
		}
	}
}

// begin takes the number of a row, which rises.
func (r *Rows) begin(e xml.StartElement) error {
	number := r.number + 1
	if said := attribute(e, "r"); said != "" {
		number, _ = strconv.Atoi(said)
	}
	if number <= r.number || number > maxRows {
		return broken(nil)
	}
	r.number, r.cells, r.column, r.size = number, r.cells[:0], 0, 0
	return nil
}

// row reads the cells of a row up to its end.
func (r *Rows) row() error {
	for {
		token, err := r.part.next()
		if err == io.EOF {
			return broken(io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "c" {
				if err := r.cell(t); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if t.Name.Local == "row" {
				return nil
			}
		}
	}
}

// cell reads a cell up to its end, into its place.
func (r *Rows) cell(e xml.StartElement) error {
	column := r.column
	if said := attribute(e, "r"); said != "" {
		column = columnOf(said)
	}
	if column < r.column || column >= maxColumns {
		return broken(nil)
	}
	r.column = column + 1
	kind, style := attribute(e, "t"), 0
	if said := attribute(e, "s"); said != "" {
		style, _ = strconv.Atoi(said)
	}
	var value []byte
	var within text
	isValue := false
	for {
		token, err := r.part.next()
		if err == io.EOF {
			return broken(io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		piece := within.piece(token)
		switch t := token.(type) {
		case xml.StartElement:
			isValue = t.Name.Local == "v"
		case xml.CharData:
			if isValue {
				piece = t
			}
		case xml.EndElement:
			isValue = false
			if t.Name.Local == "c" {
				return r.put(column, kind, style, string(value))
			}
		}
		if len(value)+len(piece) > maxRowText {
			return r.tooLong()
		}
		value = append(value, piece...)
	}
}

func (r *Rows) tooLong() error {
	return fault.New(fault.TooLarge, "import.row_too_long", "limit", maxRowText)
}

// put keeps what a cell holds.
func (r *Rows) put(column int, kind string, style int, value string) error {
	cell, err := r.value(kind, style, value)
	if err != nil {
		return err
	}
	if cell.Text == "" {
		return nil
	}
	if r.size += len(cell.Text); r.size > maxRowText {
		return r.tooLong()
	}
	for len(r.cells) < column {
		r.cells = append(r.cells, Cell{})
	}
	r.cells = append(r.cells, cell)
	return nil
}

// value is what a cell shows, from how it is written.
func (r *Rows) value(kind string, style int, value string) (Cell, error) {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(value))
		text, ok := r.strings.at(i)
		if err != nil || !ok {
			return Cell{}, broken(nil)
		}
		return Cell{unescaped(text), Text}, nil
	case "inlineStr", "str", "e":
		return Cell{unescaped(value), Text}, nil
	case "b":
		return Cell{strconv.FormatBool(strings.TrimSpace(value) == "1" || strings.TrimSpace(value) == "true"), Bool}, nil
	case "d":
		day, clock, timed := strings.Cut(value, "T")
		if !timed {
			return Cell{value, Date}, nil
		}
		return Cell{day + " " + strings.TrimSuffix(clock, "Z"), Datetime}, nil
	}
	value = strings.TrimSpace(value)
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return Cell{value, Text}, nil
	}
	var of format
	if style >= 0 && style < len(r.formats) {
		of = r.formats[style]
	}
	if cell, ok := r.moment(of, number); ok {
		return cell, nil
	}
	if of.percent {
		return Cell{plainNumber(number*100) + "%", Percent}, nil
	}
	if !isExact(value) {
		value = plainNumber(number)
	}
	return Cell{value, Number}, nil
}

// plainNumber is a number as the programs show it that hold it in binary.
func plainNumber(number float64) string {
	short, err := strconv.ParseFloat(strconv.FormatFloat(number, 'g', maxDigits, 64), 64)
	if err != nil {
		short = number
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// moment is a number of days as the date or time that its format makes of it.
func (r *Rows) moment(of format, days float64) (Cell, bool) {
	if !of.date && !of.clock || !(days >= 0 && days <= lastDay) {
		return Cell{}, false
	}
	millis := int64(days*millisOfDay + 0.5)
	if !of.date {
		seconds := (millis + 500) / 1000
		two := func(n int64) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
		hours := strconv.FormatInt(seconds/3600, 10)
		if len(hours) == 1 {
			hours = "0" + hours
		}
		return Cell{hours + ":" + two(seconds/60%60) + ":" + two(seconds%60), Time}, true
	}
	if millis += int64(r.shift) * millisOfDay; millis < firstDay*millisOfDay {
		return Cell{}, false
	}
	at := epoch.Add(time.Duration(millis/millisOfDay) * 24 * time.Hour).Add(time.Duration(millis%millisOfDay) * time.Millisecond)
	if !of.clock {
		return Cell{at.Format(time.DateOnly), Date}, true
	}
	return Cell{at.Format("2006-01-02 15:04:05.999"), Datetime}, true
}

// columnOf is the place of a cell from its name, such as 27 of AB12; -1 if it is none.
func columnOf(name string) int {
	column := 0
	for i, c := range []byte(name) {
		if c < 'A' || c > 'Z' || i > 3 {
			break
		}
		column = column*26 + int(c-'A') + 1
	}
	return column - 1
}

// unescaped puts the characters back that XML has no place for.
func unescaped(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	var out strings.Builder
	for text != "" {
		if text[0] == '_' && isEscape(text) {
			code, _ := strconv.ParseUint(text[2:6], 16, 16)
			out.WriteRune(rune(code))
			text = text[7:]
			continue
		}
		_, size := utf8.DecodeRuneInString(text)
		out.WriteString(text[:size])
		text = text[size:]
	}
	return out.String()
}
