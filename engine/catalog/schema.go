package catalog

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
)

// maxColumns bounds the columns of an object: a table of SQLite has 2,000 at most, and
// those of removed fields stay for a while. Only hundreds of addresses come near it.
const maxColumns = 1500

// completeTables completes the objects' tables and writes down the schemas of their
// records, if nothing is wrong with the objects.
func (b *builder) completeTables() {
	if len(b.problems)+len(b.refused) > 0 {
		return
	}
	for _, o := range b.objects {
		if o.Table.Columns = o.tableColumns(); len(o.Table.Columns) > maxColumns {
			b.report(fault.New(fault.Invalid, "catalog.too_many_columns", "object", o.Doc.Name, "columns", len(o.Table.Columns), "max", maxColumns), pointerTo("object", o.Doc.Name)+"/fields")
			continue
		}
		o.Table.Search = len(o.Search) > 0
		if o.former != nil {
			o.SchemaJSON = o.former.SchemaJSON
			continue
		}
		o.SchemaJSON = o.recordSchema()
	}
}

// tableColumns are all columns of an object's table but the id: of fields, in
// their order, each followed by its companions, and of duplicate rules.
func (o *Object) tableColumns() []query.Column {
	var columns []query.Column
	add := func(c query.Column) {
		if c.Storage != fieldtype.None && c != query.ID {
			columns = append(columns, c)
		}
	}
	for _, f := range o.Fields {
		add(f.Column)
		add(f.Key)
		add(f.Exact)
		add(f.Count)
		for _, part := range f.Parts {
			add(part.Column)
		}
	}
	for _, rule := range o.Dupes {
		for _, m := range rule.Matches {
			add(m.Key)
		}
	}
	return columns
}

// recordSchema is the JSON Schema of a record as the API shows it.
func (o *Object) recordSchema() json.RawMessage {
	properties := make(map[string]any, len(o.Fields))
	required := []any{}
	for _, f := range o.Fields {
		if f.always() {
			required = append(required, f.Name)
		}
		properties[f.Name] = f.jsonSchema()
	}
	// Field types give plain JSON values, which always marshal.
	raw, _ := json.Marshal(map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"type":                 "object",
		"title":                o.Doc.Label.In("en", o.Doc.Name),
		"properties":           properties,
		"required":             required,
		"additionalProperties": false,
	})
	return raw
}

// always reports whether every record has a value of the field.
func (f *Field) always() bool { return f.Doc.Required != nil && f.Doc.Required.Always }

// jsonSchema is the JSON Schema of the field in a record.
func (f *Field) jsonSchema() map[string]any {
	if f.always() {
		return f.Value.Schema()
	}
	return orNull(f.Value.Schema())
}

// fieldSchema is the compiled JSON Schema of a field, made when it is first asked. Few
// are: what a caller sends is coerced, and only values that expressions made are checked.
type fieldSchema struct {
	once     sync.Once
	compiled *jsonschema.Schema
	err      error
}

// CheckShown holds a value, as the API shows it and decoded, to the field's JSON Schema.
// Pointers of the faults are into the value.
func (f *Field) CheckShown(value any) ([]*fault.Fault, error) {
	s := &f.schema
	s.once.Do(func() {
		// Field types give plain JSON values, which always marshal.
		raw, _ := json.Marshal(f.jsonSchema())
		s.compiled, s.err = schema.Compile(raw)
	})
	if s.err != nil {
		return nil, fmt.Errorf("compiling the schema of the field %s: %w", f.Name, s.err)
	}
	return schema.RecordFaults(s.compiled, value, s.compiled.Validate(value)), nil
}

// orNull is a schema that also takes null.
func orNull(s map[string]any) map[string]any {
	kind, plain := s["type"].(string)
	_, listed := s["enum"]
	_, fixed := s["const"]
	if !plain || listed || fixed {
		return map[string]any{"anyOf": []any{s, map[string]any{"type": "null"}}}
	}
	out := make(map[string]any, len(s))
	for key, v := range s {
		out[key] = v
	}
	out["type"] = []any{kind, "null"}
	return out
}
