package transfer

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/transfer/workbook"
)

// sheet is a sheet of a workbook as CSV, in which it is kept and imported as any file: dates
// and times are written as ISO 8601 has them, numbers without groups, and a row has its number.
type sheet struct {
	rows   *workbook.Rows
	commas bool // before decimals
	number int  // of the row written last
	width  int  // of the heading
	text   bytes.Buffer
	out    *csv.Writer
	cells  []string
	err    error
}

// openSheet takes a workbook into memory, as far as the caller's budget allows, and opens a
// sheet, its first if none is named. Faults "import.too_large" (TooLarge), "import.unknown_sheet"
// (Invalid), those of package workbook and of package budget.
func openSheet(ctx context.Context, file io.Reader, o *Options) (s *sheet, sheets []string, name string, err error) {
	share := budget.From(ctx)
	raw, err := readWhole(file, workbook.MaxFile, func(bytes int64) error { return share.Hold(ctx, bytes) })
	if err != nil {
		return nil, nil, "", err
	}
	book, err := workbook.Open(raw, func(bytes int64) error { return share.Hold(ctx, bytes) })
	if err != nil {
		return nil, nil, "", err
	}
	if name = o.Sheet; name == "" {
		name = book.First()
	}
	rows, err := book.Rows(name)
	if fault.Is(err, "import.unknown_sheet") {
		return nil, nil, "", fault.From(err).At("/sheet")
	}
	if err != nil {
		return nil, nil, "", err
	}
	s = &sheet{rows: rows, commas: o.Decimal == ","}
	s.out = csv.NewWriter(&s.text)
	return s, book.Sheets(), name, nil
}

// readWhole reads a file of at most some bytes; hold is asked before more are kept. Fault
// "import.too_large" (TooLarge).
func readWhole(file io.Reader, most int, hold func(bytes int64) error) ([]byte, error) {
	var raw []byte
	for {
		if len(raw) == cap(raw) {
			room := max(2*cap(raw), 64<<10)
			if err := hold(int64(room)); err != nil { // the former is held while it is copied
				return nil, err
			}
			raw = append(make([]byte, 0, room), raw...)
		}
		n, err := file.Read(raw[len(raw):cap(raw)])
		raw = raw[:len(raw)+n]
		if len(raw) > most {
			return nil, fault.New(fault.TooLarge, "import.too_large", "limit", most)
		}
		if errors.Is(err, io.EOF) {
			return raw, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// Read implements io.Reader.
func (s *sheet) Read(p []byte) (int, error) {
	for s.text.Len() == 0 && s.err == nil {
		s.text.Reset()
		s.err = s.next()
	}
	if s.text.Len() == 0 {
		return 0, s.err
	}
	return s.text.Read(p)
}

// next writes a row, behind those that the sheet leaves out.
func (s *sheet) next() error {
	number, cells, err := s.rows.Next()
	if err != nil {
		_ = s.rows.Close() // nothing is lost of what was read
		return err
	}
	if s.width == 0 {
		if s.width = len(cells); s.width > maxColumns {
			return fault.New(fault.TooLarge, "import.too_many_columns", "limit", maxColumns)
		}
	}
	for s.number++; s.number < number; s.number++ {
		s.text.WriteByte('\n')
	}
	s.cells = s.cells[:0]
	empty := true
	for _, c := range cells {
		text := guarded(c.Text)
		if s.commas && (c.Kind == workbook.Number || c.Kind == workbook.Percent) {
			text = strings.Replace(text, ".", ",", 1)
		}
		s.cells = append(s.cells, text)
		empty = empty && text == ""
	}
	if empty {
		s.text.WriteByte('\n')
		return nil
	}
	for len(s.cells) < s.width {
		s.cells = append(s.cells, "")
	}
	if err := s.out.Write(s.cells); err != nil {
		return err
	}
	s.out.Flush()
	return s.out.Error()
}
