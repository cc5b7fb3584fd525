package fieldtype

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"

	"formwork/engine/fault"
	"formwork/metadata"
)

// ChildrenType is a table of rows that belong to the record and are edited inside
// it. Rows may have rows of their own.
type ChildrenType struct{}

type childrenSettings struct {
	Fields  map[string]*metadata.Field `json:"fields"`
	MaxRows *int                       `json:"max_rows"`
}

const (
	maxRows       = 500
	maxRowFields  = 50
	maxChildDepth = 3
	maxRowsBytes  = 1 << 20
)

func (ChildrenType) Name() string { return "children" }

// AlsoCalled implements Called.
func (ChildrenType) AlsoCalled() []string {
	return []string{"table", "child_table", "subform", "one_to_many"}
}

func (ChildrenType) RequiredSettings() []string { return []string{"fields"} }
func (ChildrenType) Sample() string             { return `{"fields":{"name":{"type":"text"}}}` }

func (ChildrenType) SettingsSchema() map[string]any {
	fields := setting("object", "Fields", "The fields of a row, by name.", []any{
		map[string]any{"item": map[string]any{"type": "text"}, "quantity": map[string]any{"type": "number"}}})
	fields["patternProperties"] = map[string]any{metadata.NamePattern.String(): map[string]any{"$ref": "#/$defs/field"}}
	fields["additionalProperties"] = false
	fields["minProperties"], fields["maxProperties"] = 1, maxRowFields
	return map[string]any{
		"fields":   fields,
		"max_rows": countSetting("Most rows", "How many rows there may be.", 1, maxRows, maxRows),
	}
}

// ShownSettings implements Shows: the fields of a row are shown as other fields are.
func (ChildrenType) ShownSettings(field metadata.Shown) metadata.Members {
	return metadata.Members{"fields": metadata.Each(field), "max_rows": metadata.Whole}
}

func (ChildrenType) Bind(_ string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	depth := 1
	if nested, ok := in.(rowContext); ok {
		depth = nested.depth + 1
	}
	if depth > maxChildDepth {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.children_too_deep", "max", maxChildDepth)}
	}
	s, problems := settings[childrenSettings](f)
	if problems != nil {
		return nil, problems
	}
	v := childrenValue{max: maxRows, fields: make(map[string]Nested, len(s.Fields))}
	if s.MaxRows != nil {
		v.max = *s.MaxRows
	}
	if v.max < 1 || v.max > maxRows {
		problems = append(problems, outOfRange("max_rows", 1, maxRows))
	}
	if len(s.Fields) == 0 || len(s.Fields) > maxRowFields {
		problems = append(problems, fault.New(fault.Invalid, "metadata.row_fields", "max", maxRowFields).At("/fields"))
	}
	for name, field := range s.Fields {
		value, wrong := bindRowField(name, field, rowContext{in, depth})
		for _, problem := range wrong {
			problems = append(problems, problem.Under("/fields/"+metadata.EscapePointer(name)))
		}
		v.fields[name] = Nested{Field: field, Value: value}
		v.names = append(v.names, name)
	}
	if problems != nil {
		return nil, problems
	}
	sort.Strings(v.names)
	return v, nil
}

// rowContext is the context of fields in rows.
type rowContext struct {
	Context
	depth int
}

// bindRowField binds a field of a row. What needs a record of its own, such as a
// key or a default, has no place in a row.
func bindRowField(name string, f *metadata.Field, in rowContext) (Value, []*fault.Fault) {
	if f == nil {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.null")}
	}
	t, ok := in.Type(f.Type)
	if !ok {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.unknown_name", "kind", "type", "name", show(f.Type)).At("/type")}
	}
	var problems []*fault.Fault
	for setting, given := range map[string]bool{
		"default": f.Default != nil, "default_expr": f.DefaultExpr != "", "unique": f.Unique, "case_sensitive": f.CaseSensitive, "indexed": f.Indexed,
		"required": f.Required != nil && f.Required.When != "", "visible_when": f.VisibleWhen != "",
	} {
		if given {
			problems = append(problems, fault.New(fault.Invalid, "metadata.not_in_rows", "setting", setting).At("/"+setting))
		}
	}
	value, wrong := t.Bind(name, f, in)
	if problems = append(problems, wrong...); problems != nil {
		return nil, problems
	}
	for _, can := range []bool{is[Rolls](value), is[Counts](value), is[Opens](value), is[Files](value)} {
		if can {
			return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.type_not_in_rows", "type", f.Type).At("/type")}
		}
	}
	return value, nil
}

func is[T any](v any) bool { _, ok := v.(T); return ok }

// childrenValue handles rows: an array of objects, stored as the API shows it.
type childrenValue struct {
	structured
	max    int
	fields map[string]Nested
	names  []string // sorted
}

func (childrenValue) Kind() Kind                  { return RowsKind }
func (childrenValue) Form() string                { return "rows" }
func (v childrenValue) Fields() map[string]Nested { return v.fields }

func (v childrenValue) Coerce(in any) (any, *fault.Fault) {
	if blank(in) {
		return nil, nil
	}
	decoded, ok := fromText(in, metadata.Limits{Bytes: maxRowsBytes, Depth: metadata.MaxDepth})
	rows, isArray := decoded.([]any)
	if !ok || !isArray {
		return nil, fault.New(fault.Invalid, "field.not_rows", "value", show(in))
	}
	if len(rows) > v.max {
		return nil, fault.New(fault.Invalid, "field.too_many", "max", v.max)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	var problems []*fault.Fault
	values := make([]map[string]any, len(rows))
	for i, row := range rows {
		var wrong []*fault.Fault
		values[i], wrong = v.row(row)
		for _, problem := range wrong {
			problems = append(problems, problem.Under("/"+strconv.Itoa(i)))
		}
	}
	if problems != nil {
		return nil, fault.From(fault.All(fault.Invalid, "field.rows", problems))
	}
	body := appendRows(nil, v.fields, v.names, values)
	if len(body) > maxRowsBytes {
		return nil, fault.New(fault.Invalid, "field.too_large", "max", maxRowsBytes)
	}
	return body, nil
}

// AppendJSON shows the fields that rows have now: values of one that has been removed
// stay stored, for it may come back, until the rows are written anew.
func (v childrenValue) AppendJSON(dst []byte, stored any) []byte {
	raw := stored.(json.RawMessage)
	rows, problem := metadata.ReadJSON(raw, metadata.Limits{Bytes: 2 * maxRowsBytes, Depth: 2 * metadata.MaxDepth})
	if problem != nil || !leaveOut(v.fields, rows) {
		return append(dst, raw...)
	}
	return metadata.AppendJSON(dst, rows)
}

// leaveOut takes what is no field out of rows, and reports whether there was any.
func leaveOut(fields map[string]Nested, rows any) (some bool) {
	list, _ := rows.([]any)
	for _, row := range list {
		object, _ := row.(map[string]any)
		for name, value := range object {
			field, known := fields[name]
			if !known {
				delete(object, name)
				some = true
			} else if nests, ok := field.Value.(Nests); ok && leaveOut(nests.Fields(), value) {
				some = true
			}
		}
	}
	return some
}

// row coerces one row to its values in stored form.
func (v childrenValue) row(in any) (map[string]any, []*fault.Fault) {
	object, ok := in.(map[string]any)
	if !ok {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "field.not_rows", "value", show(in))}
	}
	var problems []*fault.Fault
	for name := range object {
		if _, known := v.fields[name]; !known {
			problems = append(problems, unknownField(name, v.names).At("/"+metadata.EscapePointer(name)))
		}
	}
	row := make(map[string]any, len(object))
	for _, name := range v.names {
		field := v.fields[name]
		var problem *fault.Fault
		if in := object[name]; in != nil {
			row[name], problem = field.Value.Coerce(in)
		}
		if problem == nil && row[name] == nil && field.required() {
			problem = fault.New(fault.Invalid, "field.required")
		}
		if problem != nil {
			problems = append(problems, problem.Under("/"+name))
		}
	}
	return row, problems
}

// required reports whether every row must have a value; what is computed comes later.
func (n Nested) required() bool {
	return n.Field.Required != nil && n.Field.Required.Always && !is[Computes](n.Value)
}

func unknownField(name string, among []string) *fault.Fault {
	if suggestion, ok := metadata.Nearest(name, among); ok {
		return fault.New(fault.Invalid, "field.unknown_near", "name", show(name), "suggestion", suggestion)
	}
	return fault.New(fault.Invalid, "field.unknown", "name", show(name))
}

func (v childrenValue) Schema() map[string]any {
	properties := make(map[string]any, len(v.fields))
	var required []any
	for _, name := range v.names {
		field := v.fields[name]
		properties[name] = field.Value.Schema()
		if field.required() {
			required = append(required, name)
		}
	}
	row := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		row["required"] = required
	}
	return map[string]any{"type": "array", "maxItems": v.max, "items": row}
}

// Rows reads stored rows: of each the values of its fields in stored form, nil
// where empty. Their members' values may be computed anew and written back with
// AppendRows.
func Rows(v Nests, stored json.RawMessage) ([]map[string]any, error) {
	decoded, problem := metadata.ReadJSON(stored, metadata.Limits{Bytes: 2 * maxRowsBytes, Depth: 2 * metadata.MaxDepth})
	if problem != nil {
		return nil, fmt.Errorf("reading rows: %w", problem)
	}
	list, ok := decoded.([]any)
	if !ok {
		return nil, fmt.Errorf("reading rows: not an array")
	}
	fields := v.Fields()
	rows := make([]map[string]any, len(list))
	for i, item := range list {
		object, _ := item.(map[string]any)
		row := make(map[string]any, len(fields))
		for name, in := range object {
			field, known := fields[name]
			if !known || in == nil {
				continue // a field that has been removed since
			}
			if value, problem := field.Value.Coerce(in); problem == nil {
				row[name] = value
			}
		}
		rows[i] = row
	}
	return rows, nil
}

// AppendRows appends rows with values in stored form as they are stored.
func AppendRows(dst []byte, v Nests, rows []map[string]any) json.RawMessage {
	fields := v.Fields()
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	return appendRows(dst, fields, names, rows)
}

func appendRows(dst []byte, fields map[string]Nested, names []string, rows []map[string]any) json.RawMessage {
	dst = append(dst, '[')
	for i, row := range rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		empty := true
		for _, name := range names {
			stored := row[name]
			if stored == nil {
				continue
			}
			if !empty {
				dst = append(dst, ',')
			}
			empty = false
			dst = append(metadata.AppendString(dst, name), ':')
			dst = fields[name].Value.AppendJSON(dst, stored)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
