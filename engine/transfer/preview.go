package transfer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Bounds of what a preview looks at and tells.
const (
	sampleRows    = 200      // by which guesses are made
	toldSamples   = 3        // of a column
	maxSample     = 200      // characters of one
	countedRows   = 100_000  // whose values are counted
	countedBytes  = 64 << 20 // of them
	maxValues     = 1_000    // of a field that are told apart while they are counted
	maxValueBytes = 4 << 20  // of all of them
	toldValues    = 100      // unknown ones of a field
)

// Preview is what a file holds, as far as it was looked at, and what importing it would take.
type Preview struct {
	Upload  id.ID // the file, for Start
	File    string
	Sheet   string   // of a workbook
	Sheets  []string // all that there are
	Columns []PreviewColumn
	Rows    int64 // that were looked at
	More    bool  // there are others behind them
	Unknown []UnknownValues
}

// PreviewColumn is a column of a file.
type PreviewColumn struct {
	Heading string
	Samples []string  // the first that differ, not empty
	Guess   *Guess    // nil: none
	As      *Proposal // the field that it would be; nil where there is an object
}

// UnknownValues are cells that are no value of the field they go to: no option, or the name of no
// record, or of several.
type UnknownValues struct {
	Field  string
	Column string
	Values []ValueCount // the most frequent first
	More   bool         // there are others
}

// ValueCount is a cell, and in how many rows it is.
type ValueCount struct {
	Value string
	Count int64
}

// Preview keeps a file, unless it was uploaded before, and says what is in it and where its
// columns probably go. Unknown values are told of the fields of the options, or of those that
// were guessed if there are none. Without an object it says what fields of a new one the
// columns would be. Faults are those of Start.
func (s *Service) Preview(ctx context.Context, t store.Tenant, c *policy.Caller, o Options, file File) (*Preview, error) {
	if o.Object == "" {
		return s.propose(ctx, t, c, o, file)
	}
	snapshot, err := s.snapshots.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	object, may, err := s.permitted(ctx, snapshot, c, &o)
	if err != nil {
		return nil, err
	}
	up, err := s.received(ctx, t, c, &o, file)
	if err != nil {
		return nil, err
	}
	p := &Preview{Upload: up.id, File: up.name, Sheet: up.sheet, Sheets: up.sheets}
	look := &looking{up: up, clock: clock{now: s.now(), location: cmp.Or(c.Location, time.UTC)},
		open: func() (*rows, error) {
			return newRows(&kept{ctx: ctx, tenant: t, of: up.id, size: up.size}, up.delimiter)
		}}
	if err := look.columns(p, object, &o, may); err != nil {
		return nil, err
	}
	if o.Fields == nil {
		o.Fields = map[string]*Source{}
		for _, column := range p.Columns {
			if column.Guess != nil {
				o.Fields[column.Guess.Field] = column.Guess.Source
			}
		}
	}
	headings := make([]string, len(p.Columns))
	for i, column := range p.Columns {
		headings[i] = column.Heading
	}
	m, err := compile(&Options{Object: o.Object, Fields: o.Fields, Decimal: o.Decimal}, headings, object, may)
	if err != nil {
		return nil, err
	}
	if err := look.count(p, m); err != nil {
		return nil, err
	}
	return p, look.judge(ctx, p, s.records.As(t, snapshot, c))
}

// looking is a preview while it is made.
type looking struct {
	up     *upload
	clock  clock
	open   func() (*rows, error)
	counts []*counted
	bytes  int // of the values that are counted
}

// counted are the values of a field.
type counted struct {
	target *target
	rows   map[string]int64
	more   bool
}

// columns tells the columns, and guesses where they go.
func (l *looking) columns(p *Preview, object *catalog.Object, o *Options, may permit) error {
	rows, err := l.open()
	if err != nil {
		return err
	}
	samples := make([][]string, len(rows.header))
	told := make([][]string, len(rows.header))
	for range sampleRows {
		cells, err := nextOf(rows)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for i := range min(len(cells), len(samples)) {
			text := unguarded(strings.TrimSpace(cells[i]))
			if text == "" {
				continue
			}
			text = strings.Clone(shortSample(text))
			samples[i] = append(samples[i], text)
			if len(told[i]) < toldSamples && !slices.Contains(told[i], text) {
				told[i] = append(told[i], text)
			}
		}
	}
	m := &mapping{object: object, byID: len(o.Key) == 1 && o.Key[0] == idField, unique: uniqueKey(object, o.Key)}
	if oneOf(o.Mode, "update", "upsert") {
		m.seek(o.Key, may)
	}
	guesses := m.guesses(rows.header, samples, may)
	for i, heading := range rows.header {
		p.Columns = append(p.Columns, PreviewColumn{Heading: heading, Samples: told[i], Guess: guesses[i]})
	}
	return nil
}

// nextOf is the next row; one with another number of cells counts as any, and what breaks the
// file off ends it.
func nextOf(r *rows) ([]string, error) {
	cells, err := r.next()
	switch {
	case err == nil || fault.Is(err, "import.wrong_number_of_cells"):
		return cells, nil
	case fault.KindOf(err).Breaks():
		return nil, err
	}
	return nil, io.EOF
}

// count counts the values of the fields that not every value fits.
func (l *looking) count(p *Preview, m *mapping) error {
	for i := range m.targets {
		t := &m.targets[i]
		if _, chooses := t.field.Value.(fieldtype.Chooses); t.column >= 0 && (chooses || t.source.Match != "") {
			l.counts = append(l.counts, &counted{target: t, rows: map[string]int64{}})
		}
	}
	rows, err := l.open()
	if err != nil {
		return err
	}
	return p.look(rows, func(cells []string) {
		for _, c := range l.counts {
			if c.target.column < len(cells) {
				l.add(c, unguarded(strings.TrimSpace(cells[c.target.column])))
			}
		}
	})
}

// look takes the rows of a file, as many as a preview looks at.
func (p *Preview) look(rows *rows, take func(cells []string)) error {
	for begin := rows.offset(); ; {
		cells, err := nextOf(rows)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if p.Rows == countedRows || rows.offset()-begin > countedBytes {
			p.More = true
			return nil
		}
		p.Rows++
		take(cells)
	}
}

// add counts a value, if there is room for it.
func (l *looking) add(c *counted, value string) {
	if value == "" {
		return
	}
	if _, known := c.rows[value]; !known {
		if len(c.rows) >= maxValues || l.bytes+len(value) > maxValueBytes {
			c.more = true
			return
		}
		l.bytes += len(value)
		value = strings.Clone(value)
	}
	c.rows[value]++
}

// judge tells which of the values that were counted are none of their fields.
func (l *looking) judge(ctx context.Context, p *Preview, session *record.Session) error {
	for _, c := range l.counts {
		meant := map[string]string{} // by what is written
		for value := range c.rows {
			replaced, ok := c.target.source.Values[value]
			if !ok {
				replaced = value
			}
			if replaced = cmp.Or(replaced, c.target.source.Default); replaced != "" {
				meant[value] = replaced
			}
		}
		known := map[string][]string{}
		if c.target.source.Match != "" {
			var texts []string
			for _, text := range meant {
				if _, asked := known[text]; !asked {
					known[text] = nil
					texts = append(texts, text)
				}
			}
			if err := match(ctx, session, c.target, texts, known); err != nil {
				return err
			}
		}
		unknown := UnknownValues{Field: c.target.field.Name, Column: c.target.source.Column, More: c.more}
		for value, text := range meant {
			fits := len(known[text]) == 1
			if c.target.source.Match == "" {
				_, problem := c.target.field.Value.Coerce(text)
				fits = problem == nil
			}
			if !fits {
				unknown.Values = append(unknown.Values, ValueCount{value, c.rows[value]})
			}
		}
		slices.SortFunc(unknown.Values, func(a, b ValueCount) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
		})
		if len(unknown.Values) > toldValues {
			unknown.Values, unknown.More = unknown.Values[:toldValues], true
		}
		if len(unknown.Values) > 0 {
			p.Unknown = append(p.Unknown, unknown)
		}
	}
	return nil
}
