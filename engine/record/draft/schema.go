package draft

import (
	"encoding/json"

	"formwork/engine/record/stored"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// CheckSchema holds new values that expressions made to the object's JSON Schema,
// field by field. What a caller sent meets it by having been coerced, and required
// fields are checked by themselves.
func (d *Draft) CheckSchema() {
	for _, f := range d.Mapping.Expressed {
		if _, put := d.put[f.Slot]; !put && !d.Input.Sent[f.Slot] {
			d.checkSchemaOf(f)
		}
	}
	if len(d.put) == 0 {
		return
	}
	for _, f := range d.Mapping.Fields {
		if _, put := d.put[f.Slot]; put {
			d.checkSchemaOf(f)
		}
	}
}

// Put gives a field a value that an expression made, whatever was sent.
func (d *Draft) Put(f *stored.Field, value any) {
	if d.put == nil {
		d.put = map[int]struct{}{}
	}
	d.Row[f.Slot], d.put[f.Slot] = value, struct{}{}
}

// checkSchemaOf holds one field to its JSON Schema, if it has a new value.
func (d *Draft) checkSchemaOf(f *stored.Field) {
	v := d.Row[f.Slot]
	if v == nil || d.Old != nil && stored.Same(d.Old[f.Slot], v) {
		return
	}
	shown, err := Shown(f.Value, v)
	if err != nil {
		d.Fail(err)
		return
	}
	problems, err := f.Field.CheckShown(shown)
	if err != nil {
		d.Fail(err)
		return
	}
	for _, problem := range problems {
		d.problemOf(f.Field, problem.Of(d.Session.Label(f.Field)).Under("/"+f.Name))
	}
}

// Shown is a value as the API shows it, decoded.
func Shown(value fieldtype.Value, stored any) (any, error) {
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
	return Decode(value.AppendJSON(nil, stored))
}

// Decode decodes what the platform wrote.
func Decode(raw []byte) (any, error) {
	v, problem := metadata.ReadJSON(raw, metadata.Limits{Bytes: len(raw), Depth: 2 * metadata.MaxDepth})
	if problem != nil {
		return nil, problem
	}
	return v, nil
}
