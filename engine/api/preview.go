package api

import (
	"github.com/gofiber/fiber/v2"

	"formwork/engine/transfer"
)

// ImportPreview is what a file holds that may be imported, and where its columns probably go.
type ImportPreview struct {
	Upload  string          `json:"upload" schema:"ID"` // the file, for POST /imports; it is kept for a day
	File    string          `json:"file,omitempty"`     // as its sender calls it
	Sheet   string          `json:"sheet,omitempty"`    // of a workbook
	Sheets  []string        `json:"sheets,omitempty"`   // all that there are
	Rows    int64           `json:"rows"`               // that were looked at
	More    bool            `json:"more,omitempty"`     // there are others behind them
	Columns []PreviewColumn `json:"columns"`
	// Unknown are values that are no option of their field, or name no record, or several.
	Unknown []UnknownValues `json:"unknown"`
}

// PreviewColumn is a column of a file.
type PreviewColumn struct {
	Heading   string           `json:"heading"`
	Samples   []string         `json:"samples"`             // the first three that differ
	Field     string           `json:"field,omitempty"`     // where it probably goes
	Certainty float64          `json:"certainty,omitempty"` // of that, from 0 to 1
	Source    *transfer.Source `json:"source,omitempty"`    // of the field, for the options of the import
	As        *ProposedField   `json:"as,omitempty"`        // the field that it would be of a new object
}

// ProposedField is the field that a column would be.
type ProposedField struct {
	Type     string   `json:"type"`
	Scale    int      `json:"scale,omitempty"`    // of a number
	Currency string   `json:"currency,omitempty"` // the ISO 4217 code
	Options  []string `json:"options,omitempty"`  // labels, the most frequent first
	Object   string   `json:"object,omitempty"`   // that it refers to
	Misfits  int64    `json:"misfits,omitempty"`  // rows whose values it would not take
	Names    bool     `json:"names,omitempty"`    // it names the records
}

// UnknownValues are the cells of a column that are no values of its field.
type UnknownValues struct {
	Field  string         `json:"field"`
	Column string         `json:"column"`
	Values []UnknownValue `json:"values"`         // the most frequent first, at most 100
	More   bool           `json:"more,omitempty"` // there are others
}

// UnknownValue is a cell that is no value of its field.
type UnknownValue struct {
	Value string `json:"value"`
	Count int64  `json:"count"` // of rows
}

// previewImport is POST /imports/preview.
func (s *Server) previewImport(r *request) error {
	options, file, err := r.importForm()
	if err != nil {
		return err
	}
	p, err := s.o.Imports.Preview(r.ctx, r.tenant, r.caller, *options, file)
	if err != nil {
		return err
	}
	answer := ImportPreview{Upload: p.Upload.String(), File: p.File, Sheet: p.Sheet, Sheets: p.Sheets, Rows: p.Rows, More: p.More,
		Columns: []PreviewColumn{}, Unknown: []UnknownValues{}}
	for _, c := range p.Columns {
		shown := PreviewColumn{Heading: c.Heading, Samples: append([]string{}, c.Samples...)}
		if c.Guess != nil {
			shown.Field, shown.Certainty, shown.Source = c.Guess.Field, c.Guess.Certainty, c.Guess.Source
		}
		if c.As != nil {
			as := ProposedField(*c.As)
			shown.As = &as
		}
		answer.Columns = append(answer.Columns, shown)
	}
	for _, u := range p.Unknown {
		shown := UnknownValues{Field: u.Field, Column: u.Column, More: u.More}
		for _, v := range u.Values {
			shown.Values = append(shown.Values, UnknownValue(v))
		}
		answer.Unknown = append(answer.Unknown, shown)
	}
	return r.json(fiber.StatusOK, answer)
}
