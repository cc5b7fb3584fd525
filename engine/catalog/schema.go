package catalog

import (
	"bytes"
	"encoding/json"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
)

// maxColumns bounds the columns of an object: a table of SQLite has 2,000 at most, and
// those of removed fields stay for a while. Only hundreds of addresses come near it.
const maxColumns = 1500

// compileRecordSchemas compiles the JSON Schema of each object's records, if
// nothing is wrong with the objects, and completes their tables.
func (b *builder) compileRecordSchemas() {
	if len(b.problems)+len(b.refused) > 0 {
		return
	}
	for _, o := range b.objects {
		if o.Table.Columns = o.tableColumns(); len(o.Table.Columns) > maxColumns {
			b.report(fault.New(fault.Invalid, "catalog.too_many_columns", "object", o.Doc.Name, "columns", len(o.Table.Columns), "max", maxColumns), pointerTo("object", o.Doc.Name)+"/fields")
			continue
		}
		o.Table.Search = len(o.Search) > 0
		o.SchemaJSON = o.recordSchema()
		if b.former != nil {
			if before := b.former.Objects[o.Doc.Name]; before != nil && bytes.Equal(before.SchemaJSON, o.SchemaJSON) {
				o.Schema = before.Schema
				continue
			}
		}
		compiled, err := schema.Compile(o.SchemaJSON)
		if err != nil {
			b.report(fault.New(fault.Invalid, "catalog.record_schema").Because(err), pointerTo("object", o.Doc.Name))
			continue
		}
		o.Schema = compiled
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
		s := f.Value.Schema()
		always := f.Doc.Required != nil && f.Doc.Required.Always
		if always {
			required = append(required, f.Name)
		} else {
			s = orNull(s)
		}
		properties[f.Name] = s
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
