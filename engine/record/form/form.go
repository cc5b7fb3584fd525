// Package form tells the state of a record that is being written and not saved: its
// values, what may be entered in which field, and what stands in the way of saving it.
// It decides nothing about saving by itself, which write.Preview does, and writes nothing.
package form

import (
	"context"
	"maps"
	"strconv"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/draft"
	"formwork/engine/record/read"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/record/write"
	"formwork/metadata"
)

// Query is what is asked about a record that is being written.
type Query struct {
	ID         id.ID  // of a record that is changed; 0: of a new one
	RecordType string // of a new record, as if Data said it
	Layout     string // "": the one that fits
	Device     string // that the layout is for; "": any
	// Data are values as Create or Update take them.
	Data map[string]any
	// Changed names the members of Data that a person has touched; the others count as
	// not sent, so that what was computed before is computed anew. nil: all count.
	Changed []string
}

// Form is the state of a record that is being written.
type Form struct {
	Object     string
	ID         id.ID // 0: a new record
	Version    int64 // 0: a new record
	RecordType *string
	Layout     *string // nil: there is none
	// Values are a JSON object of the fields that the caller may read, as the API shows a
	// record. What only saving gives a new record is null: its id, version and automatic
	// numbers.
	Values []byte
	// Fields are those that the caller may read, by name; Tabs, Sections and Related those
	// of the layout, sections as "tab/section"; Rows the states of the fields of child rows,
	// row by row.
	Fields   map[string]FieldState
	Tabs     map[string]SectionState
	Sections map[string]SectionState
	Related  map[string]SectionState
	Rows     map[string][]map[string]RowState
	// Problems are what saving would answer with, and Warnings those of duplicate rules.
	Problems []*fault.Fault
	Warnings []write.Warning
}

// FieldState is what may be entered in a field now.
type FieldState struct {
	Visible  bool     `json:"visible"`
	Required bool     `json:"required"` // by the object, its stage, or the layout
	ReadOnly bool     `json:"read_only"`
	Options  []string `json:"options,omitzero"`  // that may be chosen, in order; nil: the field has none
	Open     bool     `json:"open,omitzero"`     // a value that no option names may be entered too
	Narrowed bool     `json:"narrowed,omitzero"` // of a reference: to some records only, see its candidates
}

// SectionState is whether a tab, a section or a related list of the layout is shown now.
type SectionState struct {
	Visible bool `json:"visible"`
}

// RowState is what may be entered in a field of one child row now.
type RowState struct {
	Required bool     `json:"required"`
	ReadOnly bool     `json:"read_only"`
	Options  []string `json:"options,omitzero"`
	Open     bool     `json:"open,omitzero"` // as of a FieldState
}

// Forms tells one caller the states of forms.
type Forms struct {
	session *session.Session
	reader  *read.Reader
	writer  *write.Writer
	cache   *Cache
}

// New makes Forms of a session, its reader and its writer; the cache is that of the
// session's snapshot.
func New(s *session.Session, r *read.Reader, w *write.Writer, c *Cache) Forms {
	return Forms{session: s, reader: r, writer: w, cache: c}
}

// Form tells the state of a record that is being written. Faults: those that Create or
// Update end with before they look at values; record.unknown_layout,
// record.form_record_type, record.form_changed, record.form_too_large.
func (f *Forms) Form(ctx context.Context, object string, q Query) (*Form, error) {
	data, err := q.sent()
	if err != nil {
		return nil, err
	}
	p, err := f.writer.Preview(ctx, object, q.ID, data)
	if err != nil {
		return nil, err
	}
	layout, err := f.layout(p.Draft.Mapping, p.Draft.Row, q)
	if err != nil {
		return nil, err
	}
	c, err := f.conditions(ctx, p.Object, layout)
	if err != nil {
		return nil, err
	}
	made := &Form{Object: p.Object.Object.Doc.Name, Problems: p.Problems, Warnings: p.Warnings}
	if layout != nil {
		made.Layout = &layout.Doc.Name
	}
	if q.ID != 0 {
		made.ID = q.ID
		made.Version, _ = p.Draft.Old[stored.SlotVersion].(int64)
	}
	st := &states{draft: p.Draft, env: &p.Draft.Env, row: p.Draft.Row, conditions: c}
	if !p.Readable {
		st.row = sentRow(p.Draft)
	}
	if name, ok := st.recordType(); ok {
		made.RecordType = &name
	}
	made.Tabs, made.Related = st.tabs(), st.related()
	made.Sections, made.Fields = st.sections(), st.fields()
	if made.Rows, err = st.rows(); err != nil {
		return nil, err
	}
	if made.Values, err = f.values(p, st.row); err != nil {
		return nil, err
	}
	return made, p.Draft.Failed()
}

// sent are the values that count as sent.
func (q Query) sent() (map[string]any, error) {
	data := make(map[string]any, len(q.Data)+1)
	if q.Changed == nil {
		maps.Copy(data, q.Data)
	}
	for i, name := range q.Changed {
		v, ok := q.Data[name]
		if !ok {
			return nil, fault.New(fault.Invalid, "record.form_changed", "field", session.Shorten(name)).At("/changed/" + strconv.Itoa(i))
		}
		data[name] = v
	}
	if q.RecordType == "" {
		return data, nil
	}
	if q.ID != 0 {
		return nil, fault.New(fault.Invalid, "record.form_record_type").At("/record_type")
	}
	if _, ok := data[recordTypeField]; !ok {
		data[recordTypeField] = q.RecordType
	}
	return data, nil
}

// recordTypeField is the field that says of which type a record is.
const recordTypeField = "record_type"

// layout is the one that the query names, or that fits the record; nil: there is none.
func (f *Forms) layout(m *stored.Mapping, row stored.Row, q Query) (*catalog.Layout, error) {
	o := m.Object
	if q.Layout == "" {
		recordType := ""
		if at, ok := m.ByName[recordTypeField]; ok {
			recordType, _ = row[at.Slot].(string)
		}
		return catalog.LayoutFor(f.session.Snapshot, o, recordType, q.Device), nil
	}
	l := catalog.Layouts(f.session.Snapshot)[q.Layout]
	if l == nil || l.Object.Doc.Name != o.Doc.Name {
		return nil, fault.New(fault.NotFound, "record.unknown_layout", "object", o.Doc.Name, "layout", session.Shorten(q.Layout)).At("/layout")
	}
	return l, nil
}

// values shows the record. One that the caller could not read if it were saved is shown
// as the caller sent it, with nothing that is computed.
func (f *Forms) values(p *write.Preview, row stored.Row) ([]byte, error) {
	d := p.Draft
	if !p.Readable {
		return appendSent(nil, p.Object, row), nil
	}
	shown, err := f.reader.Show(&d.Env, p.Object, nil)
	if err != nil {
		return nil, err
	}
	if d.Old == nil {
		blank := []string{query.ID.Name, query.Version.Name}
		for _, n := range d.Mapping.Numbers {
			if !d.Input.Sent[n.Slot] {
				blank = append(blank, n.Name)
			}
		}
		shown = shown.Blank(blank...)
	}
	return shown.AppendJSON(nil), nil
}

// sentRow is what was there with what the caller sent, and what new records begin with
// whatever their values are.
func sentRow(d *draft.Draft) stored.Row {
	r := make(stored.Row, len(d.Row))
	if d.Old != nil {
		copy(r, d.Old)
	} else {
		for _, f := range d.Mapping.Defaults {
			r[f.Slot] = d.Beginning(f).Initial
		}
	}
	for _, f := range d.Mapping.Fields {
		if d.Input.Sent[f.Slot] {
			r[f.Slot] = d.Row[f.Slot]
		}
	}
	return r
}

// appendSent appends the fields of a row that the caller may read.
func appendSent(dst []byte, a *session.Object, r stored.Row) []byte {
	dst = append(dst, '{')
	for i, name := range a.ReadableNames() {
		if i > 0 {
			dst = append(dst, ',')
		}
		f, _ := a.Object.Field(name)
		dst = append(metadata.AppendString(dst, name), ':')
		dst = stored.AppendValue(dst, f.Value, a.Value(r, f.Column))
	}
	return append(dst, '}')
}
