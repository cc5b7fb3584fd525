package transfer

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/engine/record"
)

// format writes records one after the other.
type format struct {
	contentType string
	labels      bool // it can have labels
	begin       func(w io.Writer, columns []column) writer
}

type writer interface {
	record(r record.Record) error
	end() error
}

// formats by the name a caller gives. Adding one is adding a line.
var formats = map[string]format{
	"csv":   {"text/csv; charset=utf-8", true, beginCSV},
	"xlsx":  {WorkbookType, true, beginWorkbook},
	"jsonl": {"application/x-ndjson; charset=utf-8", false, beginLines},
}

// Formats lists the names of the formats that Open knows.
func Formats() []string {
	names := make([]string, 0, len(formats))
	for name := range formats {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Export is records on their way out, checked and ready to be written.
type Export struct {
	ContentType string
	format      format
	session     *record.Session
	object      string
	query       record.ListQuery
	columns     []column
}

// Open checks everything that can be refused before the first byte is written. With a
// language for labels, "" for none, a file is for people to read: see labelled.
func Open(ctx context.Context, s *record.Session, object, name string, q record.ListQuery, labels string) (*Export, error) {
	f, ok := formats[name]
	if !ok {
		return nil, fault.New(fault.Invalid, "import.unknown_format", "format", name, "formats", strings.Join(Formats(), ", ")).At("/format")
	}
	fields, err := s.Columns(ctx, object, q.Fields)
	if err != nil {
		return nil, err
	}
	e := &Export{ContentType: f.contentType, format: f, session: s, object: object, query: q, columns: plain(fields, s.Location())}
	if labels != "" {
		if err := e.withLabels(ctx, labels, fields); err != nil {
			return nil, err
		}
	}
	probe := e.query
	probe.Limit = 1
	if _, err := s.List(ctx, object, probe); err != nil {
		return nil, err
	}
	return e, nil
}

// Write streams the records, under the caller's policy, and says how many.
func (e *Export) Write(ctx context.Context, w io.Writer) (n int, err error) {
	out := e.format.begin(w, e.columns)
	for r, err := range e.session.Each(ctx, e.object, e.query) {
		if err != nil {
			return n, err
		}
		if err := out.record(r); err != nil {
			return n, fmt.Errorf("writing records: %w", err)
		}
		n++
	}
	return n, out.end()
}

// csvWriter writes a heading and a line a record. A cell that a spreadsheet would
// take for a formula begins with an apostrophe, which importing takes off again.
type csvWriter struct {
	csv     *csv.Writer
	columns []column
	cells   []string
	failed  error
}

func beginCSV(w io.Writer, columns []column) writer {
	out := &csvWriter{csv: csv.NewWriter(w), columns: columns, cells: make([]string, len(columns))}
	for i, c := range columns {
		out.cells[i] = guarded(c.heading)
	}
	out.failed = out.csv.Write(out.cells)
	return out
}

func (c *csvWriter) record(r record.Record) error {
	if c.failed != nil {
		return c.failed
	}
	for i, of := range c.columns {
		c.cells[i] = guarded(of.cell(r))
	}
	return c.csv.Write(c.cells)
}

func (c *csvWriter) end() error {
	c.csv.Flush()
	return c.csv.Error()
}

// guarded keeps a text from being run as a formula by the program that opens the
// file; numbers and telephone numbers stay as they are. Programs pass over blanks, tabs
// and line ends before a formula, and take its full-width signs for signs.
func guarded(cell string) string {
	if cell == "" {
		return cell
	}
	begins := strings.TrimLeftFunc(cell, func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.C, c) })
	first, _ := utf8.DecodeRuneInString(begins)
	if !strings.ContainsRune("\t\r'", rune(cell[0])) && (begins == "" || !strings.ContainsRune("=+-@＝＋－＠", first)) {
		return cell
	}
	if strings.ContainsRune("+-", rune(cell[0])) && strings.Trim(cell[1:], "0123456789 .,/()-") == "" {
		return cell
	}
	return "'" + cell
}

// unguarded undoes guarded.
func unguarded(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && guarded(cell[1:]) == cell {
		return cell[1:]
	}
	return cell
}

// lineWriter writes a JSON object a line.
type lineWriter struct {
	w      io.Writer
	buffer []byte
}

func beginLines(w io.Writer, _ []column) writer { return &lineWriter{w: w} }

func (l *lineWriter) record(r record.Record) error {
	l.buffer = append(r.AppendJSON(l.buffer[:0]), '\n')
	_, err := l.w.Write(l.buffer)
	return err
}

func (l *lineWriter) end() error { return nil }
