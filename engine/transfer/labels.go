package transfer

import (
	"context"
	"slices"
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/engine/record"
	"formwork/metadata/fieldtype"
)

// column is a column of an export for spreadsheets.
type column struct {
	heading  string
	kind     fieldtype.Kind // of what cells say
	location *time.Location // where times are told, in workbooks
	cell     func(r record.Record) string
}

// plain are columns as importing reads them back.
func plain(fields []record.RecordField, l *time.Location) []column {
	columns := make([]column, len(fields))
	for i, f := range fields {
		columns[i] = column{f.Name, f.Value.Kind(), l, func(r record.Record) string { return r.CSV(i) }}
	}
	return columns
}

// labelled are columns as people read them: labels of fields and options in a language,
// and of records that are referred to, their names, as far as the caller may read them.
// Returned with them are the fields to ask for.
func labelled(ctx context.Context, s *record.Session, object, language string, fields []record.RecordField) (columns []column, asked []string, err error) {
	for _, f := range fields {
		asked = append(asked, f.Name)
	}
	for i, f := range fields {
		made := column{headingOf(f, language), f.Value.Kind(), s.Location(), func(r record.Record) string { return r.CSV(i) }}
		if chooses, ok := f.Value.(fieldtype.Chooses); ok {
			made.cell = func(r record.Record) string { return optionsOf(chooses, r.Value(i), language) }
		}
		if target := f.Field.Target; target != nil && target.NameField != nil && len(asked) < record.MaxFields {
			path := f.Name + "." + target.NameField.Name
			reads, err := s.Reads(ctx, object, path)
			if err != nil {
				return nil, nil, err
			}
			at := slices.Index(asked, path)
			if reads && at < 0 {
				at, asked = len(asked), append(asked, path)
			}
			if reads {
				made.cell = func(r record.Record) string { return r.CSV(at) }
			}
		}
		columns = append(columns, made)
	}
	seen := map[string]int{}
	for _, c := range columns {
		seen[c.heading]++
	}
	for i := range columns {
		if seen[columns[i].heading] > 1 {
			columns[i].heading += " (" + fields[i].Name + ")"
		}
	}
	return columns, asked, nil
}

// headingOf is the label of a field, behind those of the lookups that lead to it.
func headingOf(f record.RecordField, language string) string {
	var labels []string
	for _, of := range append(slices.Clone(f.Via), f.Field) {
		label := of.Name
		if of.Doc != nil {
			label = of.Doc.Label.In(language, of.Name)
		}
		labels = append(labels, label)
	}
	return strings.Join(labels, " / ")
}

// optionsOf are the labels of the options in a value.
func optionsOf(c fieldtype.Chooses, stored any, language string) string {
	var names []string
	switch v := stored.(type) {
	case string:
		names = []string{v}
	case []string:
		names = v
	}
	labels := make([]string, len(names))
	for i, name := range names {
		labels[i] = name
		if o := c.Options()[name]; o != nil {
			labels[i] = o.Label.In(language, name)
		}
	}
	return strings.Join(labels, "; ")
}

// withLabels makes an export one that people read. Fault import.labels_csv where its format
// has no room for labels.
func (e *Export) withLabels(ctx context.Context, language string, fields []record.RecordField) (err error) {
	if !e.format.labels {
		return fault.New(fault.Invalid, "import.labels_csv").At("/labels")
	}
	e.columns, e.query.Fields, err = labelled(ctx, e.session, e.object, language, fields)
	return err
}
