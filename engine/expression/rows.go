package expression

import (
	"bytes"
	"encoding/json"

	"formwork/metadata/fieldtype"
)

// row is a child row: its values as decoded JSON, and in the form of the machine
// once they were asked for.
type row struct {
	values map[string]any
}

// decodeRows reads child rows, which are stored as a JSON array of objects whose
// values are as the API shows them. Each row is charged once.
func decodeRows(f *frame, stored any, names Names) ([]any, error) {
	raw, ok := stored.(json.RawMessage)
	if !ok {
		return []any{}, nil
	}
	if err := f.spend(len(raw) / 8); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var decoded []map[string]any
	if decoder.Decode(&decoded) != nil {
		return []any{}, nil
	}
	return asRows(decoded), nil
}

func asRows(decoded []map[string]any) []any {
	all := make([]any, len(decoded))
	for i, values := range decoded {
		all[i] = &row{values}
	}
	return all
}

// cellReader makes the function that reads a field of a row.
func cellReader(sym Symbol, n *node) func(f *frame, r *row) (any, error) {
	return func(f *frame, r *row) (any, error) {
		value := r.values[sym.Name]
		if value == nil {
			if n.kind == fieldtype.RowsKind {
				return []any{}, nil
			}
			return nil, nil
		}
		if n.kind == fieldtype.RowsKind {
			list, _ := value.([]any)
			nested := make([]any, 0, len(list))
			for _, item := range list {
				if values, ok := item.(map[string]any); ok {
					nested = append(nested, &row{values})
				}
			}
			return nested, f.spend(len(nested))
		}
		stored, problem := sym.Value.Coerce(value)
		if problem != nil {
			return nil, nil
		}
		return machineForm(n.kind, n.scale, stored), nil
	}
}
