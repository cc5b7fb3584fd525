package transfer

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Options say what a file is and where its columns go.
type Options struct {
	// Object may be empty of a preview: then it is of an object that is to be made.
	Object string `json:"object"`
	// Mode is "create" (the default), "update" or "upsert"; the latter two find
	// records by Key.
	Mode string   `json:"mode,omitempty" enum:"create,update,upsert"`
	Key  []string `json:"key,omitempty"`
	// Fields says where each field's value comes from. Absent: every column whose
	// heading is a field's name or label goes there.
	Fields    map[string]*Source `json:"fields,omitempty"`
	Encoding  string             `json:"encoding,omitempty"`  // of CSV: utf-8 unless there is a byte order mark
	Delimiter string             `json:"delimiter,omitempty"` // of CSV: guessed when absent
	Sheet     string             `json:"sheet,omitempty"`     // of a workbook: the first when absent
	// Decimal is what numbers have before their decimals: "." (the default) or ",", and
	// then points or spaces between thousands.
	Decimal string `json:"decimal,omitempty"`
	DryRun  bool   `json:"dry_run,omitempty"`
	// AnyStage: new records may begin in any stage, as those do that were elsewhere before.
	// Needs the right import_stages.
	AnyStage bool `json:"any_stage,omitempty"`
	// At says where the time comes from at which the record of a row was made or changed; a
	// cell that is empty: now. Rows of one record are in the order of their times. Needs the
	// right import_stages.
	At *Source `json:"at,omitempty"`
}

// Source is where a field's value comes from. In JSON it may be just a column's heading.
type Source struct {
	Column string `json:"column,omitempty"`
	// Expression computes the value from the cells of the row, named like the
	// columns (lower case, _ for what is no letter or digit). Instead of Column.
	Expression string `json:"expression,omitempty"`
	// Values replaces cells: {"GTXPro": "GTX Pro"}.
	Values map[string]string `json:"values,omitempty"`
	// Format of dates and times: d, dd, m, mm, yy, yyyy, HH, MM, SS.
	Format string `json:"format,omitempty"`
	// Match finds the record a lookup refers to by one of its fields; by id when absent.
	Match string `json:"match,omitempty"`
	// Default is used where the cell is empty.
	Default string `json:"default,omitempty"`
}

// UnmarshalJSON reads a heading or a whole source.
func (s *Source) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &s.Column)
	}
	type plain Source
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	return decoder.Decode((*plain)(s))
}

// mapping turns the cells of a row into the data of a record. Immutable.
type mapping struct {
	object  *catalog.Object
	targets []target
	at      *target // of the time at which records were made or changed; nil: now
	// How the record of a row is found, if neither, by the values of the key's fields.
	byID   bool
	unique string // the name of the unique key that the key's fields are
	// sought are the fields by which records are found and that are not filled.
	sought []string
}

// searched reports whether records are found by fields that several may agree in.
func (m *mapping) searched() bool { return !m.byID && m.unique == "" }

const idField = "id"

// id takes the record's id out of a row's data.
func (m *mapping) id(data map[string]any) (id.ID, error) {
	text, _ := data[idField].(string)
	delete(data, idField)
	found, ok := id.Parse(text)
	if !ok {
		return 0, fault.New(fault.Invalid, "field.not_an_id", "value", text).At("/" + idField)
	}
	return found, nil
}

// clock tells expressions and cells without an offset what time it is, and where.
type clock struct {
	now      time.Time
	location *time.Location
}

// target is one field and where its value comes from.
type target struct {
	field   *catalog.Field
	source  *Source
	column  int // -1: an expression
	program *expression.Program
	layout  string // Go's form of Source.Format
	commas  bool   // numbers are written with a decimal comma
	cells   *cellNames
}

// permit is what the caller may do with fields. What they may not looks as if it were
// not there.
type permit struct {
	fills func(*catalog.Field) bool // of the object that is imported
	reads func(*catalog.Object, *catalog.Field) bool
	// constants are what expressions may read beside the cells.
	constants expression.Constants
}

// nearest is the name of a field, of those that may be used, that is like another.
func nearest(name string, object *catalog.Object, may func(*catalog.Field) bool) string {
	var names []string
	for _, f := range object.Fields {
		if may(f) {
			names = append(names, f.Name)
		}
	}
	suggestion, _ := metadata.Nearest(name, names)
	return suggestion
}

// compile checks options against the columns of a file and an object; all problems
// come at once, with pointers into the options.
func compile(o *Options, header []string, object *catalog.Object, may permit) (*mapping, error) {
	var problems []*fault.Fault
	if strings.ToLower(o.Mode) != o.Mode || !oneOf(o.Mode, "", "create", "update", "upsert") {
		problems = append(problems, fault.New(fault.Invalid, "import.unknown_mode", "mode", o.Mode).At("/mode"))
	}
	m := &mapping{object: object, byID: len(o.Key) == 1 && o.Key[0] == idField, unique: uniqueKey(object, o.Key)}
	if o.Mode != "" && o.Mode != "create" {
		m.seek(o.Key, may)
	}
	fields := o.Fields
	if fields == nil {
		fields = m.guess(header, may)
		if len(fields) == 0 {
			problems = append(problems, fault.New(fault.Invalid, "import.no_column_fits", "object", object.Doc.Name).At("/fields"))
		}
	}
	if !oneOf(o.Decimal, "", ".", ",") {
		problems = append(problems, fault.New(fault.Invalid, "import.decimal").At("/decimal"))
	}
	cells := newCellNames(header)
	for _, name := range sortedKeys(fields) {
		t, problem := m.bind(name, fields[name], header, cells, may)
		if problem != nil {
			problems = append(problems, problem.Under("/fields/"+name))
			continue
		}
		t.commas = o.Decimal == "," && t.column >= 0 && t.field.Value.Kind() == fieldtype.NumberKind
		m.targets = append(m.targets, t)
	}
	if o.At != nil {
		at := target{field: createdAt(object)}
		if problem := at.bind(o.At, header, cells, may); problem != nil {
			problems = append(problems, problem.Under("/at"))
		}
		m.at = &at
	}
	if needsKey := oneOf(o.Mode, "update", "upsert"); needsKey != (len(o.Key) > 0) {
		problems = append(problems, fault.New(fault.Invalid, "import.key_and_mode").At("/key"))
	}
	for _, name := range o.Key {
		if fields[name] == nil {
			problems = append(problems, fault.New(fault.Invalid, "import.key_not_mapped", "field", name).At("/key"))
		}
	}
	if err := fault.All(fault.Invalid, "import.options", problems); err != nil {
		return nil, err
	}
	return m, nil
}

// uniqueKey is the name of the unique key of exactly these fields, "" for none.
func uniqueKey(object *catalog.Object, fields []string) string {
	for _, key := range object.Unique {
		covered := len(key.Fields) == len(fields)
		for _, f := range key.Fields {
			covered = covered && oneOf(f.Name, fields...)
		}
		if covered {
			return key.Name
		}
	}
	return ""
}

// filled reports whether a field is one that people fill.
func filled(f *catalog.Field) bool {
	if f.Doc == nil {
		return f.Name == query.Owner.Name
	}
	_, rolls := f.Value.(fieldtype.Rolls)
	_, counts := f.Value.(fieldtype.Counts)
	return !f.Doc.ReadOnly && f.Formula == nil && !rolls && !counts
}

// takes reports whether a column may go to a field: one that is filled, or one by which
// records are found.
func (m *mapping) takes(f *catalog.Field, may permit) bool {
	return filled(f) && may.fills(f) || m.byID && f.Name == idField && may.reads(m.object, f) || oneOf(f.Name, m.sought...)
}

// seek notes the fields of a key that the caller may read and not fill: an update finds its
// record by them and leaves them as they are.
func (m *mapping) seek(key []string, may permit) {
	for _, name := range key {
		f, ok := m.object.Field(name)
		if ok && !m.byID && f.Column.Storage != fieldtype.None && may.reads(m.object, f) && !(filled(f) && may.fills(f)) {
			m.sought = append(m.sought, name)
		}
	}
}

// bind checks one field's source.
func (m *mapping) bind(name string, source *Source, header []string, cells *cellNames, may permit) (target, *fault.Fault) {
	field, ok := m.object.Field(name)
	if !ok || !may.reads(m.object, field) {
		takes := func(f *catalog.Field) bool { return m.takes(f, may) }
		return target{}, fault.New(fault.Invalid, "import.unknown_field", "field", name, "suggestion", nearest(name, m.object, takes))
	}
	if !m.takes(field, may) {
		return target{}, fault.New(fault.Forbidden, "record.read_only", "field", name)
	}
	t := target{field: field}
	problem := t.bind(source, header, cells, may)
	return t, problem
}

// createdAt is the field whose values are times at which records are made.
func createdAt(object *catalog.Object) *catalog.Field {
	field, _ := object.Field(query.CreatedAt.Name)
	return field
}

// bind checks where a target's values come from.
func (t *target) bind(source *Source, header []string, cells *cellNames, may permit) *fault.Fault {
	if source == nil || (source.Column == "") == (source.Expression == "") {
		return fault.New(fault.Invalid, "import.column_or_expression")
	}
	field := t.field
	t.source, t.column, t.cells = source, -1, cells
	if source.Column != "" {
		for i, column := range header {
			if column == source.Column {
				t.column = i
			}
		}
		if t.column < 0 {
			suggestion, _ := metadata.Nearest(source.Column, header)
			return fault.New(fault.Invalid, "import.unknown_column", "column", source.Column, "suggestion", suggestion)
		}
	} else {
		program, wrong := expression.Compile(source.Expression, expression.Scope{Record: cells, Result: fieldtype.TextKind, Scale: -1, Constants: may.constants})
		if len(wrong) > 0 {
			return wrong[0].Fault("/expression")
		}
		t.program = program
	}
	if source.Match != "" {
		if field.Target == nil {
			return fault.New(fault.Invalid, "import.match_needs_lookup").At("/match")
		}
		reads := func(f *catalog.Field) bool { return may.reads(field.Target, f) }
		if by, ok := field.Target.Field(source.Match); !ok || !reads(by) {
			return fault.New(fault.Invalid, "import.unknown_field", "field", source.Match, "suggestion", nearest(source.Match, field.Target, reads)).At("/match")
		}
	}
	if source.Format != "" {
		layout, ok := goLayout(source.Format)
		if !ok || field.Value.Kind() != fieldtype.DateKind && field.Value.Kind() != fieldtype.DatetimeKind && field.Value.Kind() != fieldtype.TimeKind {
			return fault.New(fault.Invalid, "import.format", "format", source.Format).At("/format")
		}
		t.layout = layout
	}
	return nil
}

// shown is the text of a field in the form in which records show it, so that rows
// which write one value in two ways ("1,000" and 1000) have one key. What is matched
// with other records, or is no value, stays as it is.
func (m *mapping) shown(name, text string) string {
	for i := range m.targets {
		t := &m.targets[i]
		if t.field.Name != name || t.source.Match != "" {
			continue
		}
		if stored, problem := t.field.Value.Coerce(text); problem == nil && stored != nil {
			return t.field.Value.CSV(stored)
		}
	}
	return text
}

// instant is the value of a row's cell as a time, of a target that takes times; the zero
// time if it is empty.
func (t *target) instant(cells []string, c clock) (time.Time, *fault.Fault) {
	text, problem := t.text(cells, c)
	if problem != nil || text == "" {
		return time.Time{}, problem
	}
	value, problem := t.field.Value.Coerce(text)
	if problem != nil {
		return time.Time{}, problem.Of(t.source.Column)
	}
	milliseconds, _ := value.(int64)
	return time.UnixMilli(milliseconds), nil
}

// text is the value of a row's cell as text, "" if it is empty.
func (t *target) text(cells []string, c clock) (string, *fault.Fault) {
	value := ""
	if t.program != nil {
		result, err := t.program.Eval(rowEnv{names: t.cells, cells: cells, clock: c})
		if err != nil {
			return "", fault.From(err)
		}
		value, _ = result.(string)
	} else {
		value = unguarded(strings.TrimSpace(cells[t.column]))
		if t.commas {
			value = pointed.Replace(value)
		}
	}
	if replaced, ok := t.source.Values[value]; ok {
		value = replaced
	}
	if value == "" {
		value = t.source.Default
	}
	if value == "" {
		return "", nil
	}
	if t.layout == "" {
		switch t.field.Value.Kind() {
		case fieldtype.DatetimeKind:
			return located(value, c.location), nil
		case fieldtype.DateKind:
			return strings.TrimSuffix(value, " 00:00:00"), nil // as workbooks have days that are formatted with a time
		}
		return value, nil
	}
	when, err := time.ParseInLocation(t.layout, value, c.location)
	if err != nil {
		return "", fault.New(fault.Invalid, "import.not_of_format", "value", value, "format", t.source.Format)
	}
	switch t.field.Value.Kind() {
	case fieldtype.DatetimeKind:
		return when.Format(time.RFC3339), nil
	case fieldtype.TimeKind:
		return when.Format(time.TimeOnly), nil
	}
	return when.Format(time.DateOnly), nil
}

// pointed writes a number that has a decimal comma with a decimal point.
var pointed = strings.NewReplacer(",", ".", ".", ",", " ", "", "\u00A0", "", "\u202F", "")

// located adds the offset from UTC to a datetime that has none: files tell the time
// where their writer is.
func located(value string, l *time.Location) string {
	for _, layout := range []string{"2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2T15:4:5", "2006-1-2T15:4", "2006/1/2 15:4:5", "2006/1/2 15:4"} {
		if when, err := time.ParseInLocation(layout, value, l); err == nil {
			return when.Format(time.RFC3339Nano)
		}
	}
	return value
}

// guess maps every column whose heading is a field's name or, folded, its label, if the
// caller may fill the field.
func (m *mapping) guess(header []string, may permit) map[string]*Source {
	out := map[string]*Source{}
	for _, field := range m.object.Fields {
		if !m.takes(field, may) {
			continue
		}
		for _, column := range header {
			if column != "" && (column == field.Name || field.Doc != nil && isLabel(column, field.Doc.Label)) {
				out[field.Name] = &Source{Column: column}
				break
			}
		}
	}
	return out
}

func isLabel(column string, label metadata.Text) bool {
	for _, text := range label {
		if fieldtype.Fold(text) == fieldtype.Fold(column) {
			return true
		}
	}
	return false
}

// goLayout turns a format as people write it into Go's.
func goLayout(format string) (string, bool) {
	tokens := []struct{ token, layout string }{
		{"yyyy", "2006"}, {"yy", "06"}, {"mm", "01"}, {"m", "1"}, {"dd", "02"}, {"d", "2"},
		{"HH", "15"}, {"MM", "04"}, {"SS", "05"},
	}
	var out strings.Builder
next:
	for format != "" {
		for _, t := range tokens {
			if strings.HasPrefix(format, t.token) {
				out.WriteString(t.layout)
				format = format[len(t.token):]
				continue next
			}
		}
		if !strings.ContainsRune("/-.: T", rune(format[0])) {
			return "", false
		}
		out.WriteByte(format[0])
		format = format[1:]
	}
	return out.String(), true
}

func oneOf(s string, among ...string) bool {
	for _, a := range among {
		if s == a {
			return true
		}
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
