package transfer

import (
	"io"
	"time"

	"formwork/engine/record"
	"formwork/engine/transfer/workbook"
	"formwork/metadata/fieldtype"
)

// WorkbookType is the media type of workbooks.
const WorkbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// workbookWriter writes a workbook, with numbers, dates and times as such.
type workbookWriter struct {
	out     *workbook.Writer
	columns []column
	cells   []string
}

func beginWorkbook(w io.Writer, columns []column) writer {
	kinds := make([]workbook.Column, len(columns))
	for i, c := range columns {
		kinds[i] = workbook.Column{Heading: c.heading, Kind: cellKinds[c.kind]}
	}
	return &workbookWriter{out: workbook.NewWriter(w, kinds), columns: columns, cells: make([]string, len(columns))}
}

// cellKinds are the kinds of cells for those of fields; of others cells are texts.
var cellKinds = map[fieldtype.Kind]workbook.Kind{
	fieldtype.NumberKind:   workbook.Number,
	fieldtype.BoolKind:     workbook.Bool,
	fieldtype.DateKind:     workbook.Date,
	fieldtype.DatetimeKind: workbook.Datetime,
	fieldtype.TimeKind:     workbook.Time,
}

func (w *workbookWriter) record(r record.Record) error {
	for i, of := range w.columns {
		w.cells[i] = of.cell(r)
		if of.kind == fieldtype.DatetimeKind {
			w.cells[i] = localTime(w.cells[i], of.location)
		}
	}
	return w.out.Row(w.cells)
}

func (w *workbookWriter) end() error { return w.out.Close() }

// localTime is an instant as a clock shows it in a time zone, which importing takes it for.
func localTime(instant string, in *time.Location) string {
	at, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		return instant
	}
	return at.In(in).Format("2006-01-02 15:04:05.999")
}
