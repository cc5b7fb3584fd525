package record

import (
	"encoding/json"

	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
)

// checkSchema holds new values that expressions made to the object's JSON Schema,
// field by field. What a caller sent meets it by having been coerced, and required
// fields are checked by themselves.
func (d *draft) checkSchema() {
	if d.mapping.object.Schema == nil {
		return
	}
	for _, f := range d.mapping.expressed {
		v := d.row[f.slot]
		if v == nil || d.input.sent[f.slot] || (d.old != nil && same(d.old[f.slot], v)) {
			continue
		}
		property := d.mapping.object.Schema.Properties[f.Name]
		if property == nil {
			continue
		}
		shown, err := shownValue(f.Value, v)
		if err != nil {
			d.fail(err)
			continue
		}
		for _, problem := range schema.RecordFaults(property, shown, property.Validate(shown)) {
			d.problem(problem.Of(d.s.label(f.Field)).Under("/" + f.Name))
		}
	}
}

// shownValue is a value as the API shows it, decoded.
func shownValue(value fieldtype.Value, stored any) (any, error) {
	switch v := stored.(type) {
	case bool:
		return v, nil
	case string:
		switch value.Kind() {
		case fieldtype.TextKind, fieldtype.DateKind, fieldtype.TimeKind:
			return v, nil
		}
	case int64:
		if value.Kind() == fieldtype.NumberKind {
			return json.Number(value.CSV(stored)), nil
		}
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list, nil
	}
	return decodeJSON(value.AppendJSON(nil, stored))
}

// decodeJSON decodes what the platform wrote.
func decodeJSON(raw []byte) (any, error) {
	v, problem := metadata.ReadJSON(raw, metadata.Limits{Bytes: len(raw), Depth: 2 * metadata.MaxDepth})
	if problem != nil {
		return nil, problem
	}
	return v, nil
}
