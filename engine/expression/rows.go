package expression

import (
	"encoding/json"

	"formwork/engine/id"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// row is a child row as decoded JSON.
type row map[string]any

// decodeRows reads child rows, which are stored as a JSON array of objects whose
// values are as the API shows them. What is not that reads as no rows.
func decodeRows(f *frame, stored any) ([]any, error) {
	raw, ok := stored.(json.RawMessage)
	if !ok {
		return []any{}, nil
	}
	if err := f.spend(len(raw) / 8); err != nil {
		return nil, err
	}
	v, _ := metadata.ReadJSON(raw, metadata.Limits{Depth: 2 * metadata.MaxDepth})
	decoded, _ := v.([]any)
	return asRows(decoded), nil
}

// asRows takes the objects of a decoded array.
func asRows(decoded []any) []any {
	all := make([]any, 0, len(decoded))
	for _, item := range decoded {
		if values, ok := item.(map[string]any); ok {
			all = append(all, row(values))
		}
	}
	return all
}

// cell is the value of a row's field in the form of the machine. It was checked
// when it was stored; what does not fit any more reads as empty.
func (n *node) cell(r row) any {
	value := r[n.sym.Name]
	switch n.kind {
	case fieldtype.RowsKind:
		nested, _ := value.([]any)
		return asRows(nested)
	case fieldtype.NumberKind:
		if units, digits, fits := fieldtype.Decimal(literalOf(value), n.scale); digits && fits {
			return machineForm(n.kind, n.scale, units)
		}
		return nil
	case fieldtype.DurationKind:
		if units, digits, fits := fieldtype.Decimal(literalOf(value), 0); digits && fits {
			return units
		}
		return nil
	case fieldtype.DatetimeKind:
		text, _ := value.(string)
		if ms, ok := readDatetime(text); ok {
			return ms
		}
		return nil
	case fieldtype.ReferenceKind:
		return n.reference(value)
	case fieldtype.ListKind:
		items, _ := value.([]any)
		list := make([]string, 0, len(items))
		for _, item := range items {
			if text, ok := item.(string); ok {
				list = append(list, text)
			}
		}
		return machineForm(n.kind, 0, list)
	case fieldtype.ObjectKind, fieldtype.AnyKind, fieldtype.LinkKind:
		if value == nil {
			return nil
		}
		raw, err := json.Marshal(value)
		if err != nil {
			return nil
		}
		return json.RawMessage(raw)
	}
	return machineForm(n.kind, 0, value)
}

// literalOf is the text of a JSON number, "" for what is none.
func literalOf(value any) string {
	number, _ := value.(json.Number)
	return string(number)
}

// reference reads an id, or {"object": …, "id": …}.
func (n *node) reference(value any) any {
	switch v := value.(type) {
	case string:
		if i, ok := id.Parse(v); ok && !n.multi {
			return int64(i)
		}
	case map[string]any:
		object, _ := v["object"].(string)
		key, _ := v["id"].(string)
		if _, ok := id.Parse(key); ok && n.multi && object != "" {
			return object + "/" + key
		}
	}
	return nil
}
