// Package pdftest reads what was printed back, for tests.
package pdftest

import (
	"bytes"
	"fmt"
	"unicode/utf16"

	"github.com/ledongthuc/pdf"
)

// Pages is the text of each page, whose strings are of UTF-16.
func Pages(raw []byte) (pages []string, err error) {
	r, err := pdf.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, fmt.Errorf("reading what was printed: %w", err)
	}
	for i := range r.NumPage() {
		var text []uint16
		pdf.Interpret(r.Page(i+1).V.Key("Contents"), func(stack *pdf.Stack, op string) {
			for stack.Len() > 0 {
				for units := []byte(stack.Pop().RawString()); op == "Tj" && len(units) > 1; units = units[2:] {
					text = append(text, uint16(units[0])<<8|uint16(units[1]))
				}
			}
		})
		pages = append(pages, string(utf16.Decode(text)))
	}
	return pages, nil
}
