package stored

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// HasBinned reports whether there are records of an object in the bin.
func HasBinned(ctx context.Context, from store.Reader, object string) (bool, error) {
	_, found, err := store.First(ctx, from, query.Select{Table: BinTable, Filter: query.Is(ColObject, object)}, query.ID)
	return found, err
}

// EncodeRow writes a row's values by column, in stored form.
func EncodeRow(m *Mapping, r Row) json.RawMessage {
	dst := append(make([]byte, 0, 512), '{')
	for slot, v := range r {
		if v == nil || slot == SlotID {
			continue
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(metadata.AppendString(dst, m.Columns[slot].Name), ':')
		switch v := v.(type) {
		case bool:
			dst = strconv.AppendBool(dst, v)
		case int64:
			dst = strconv.AppendInt(dst, v, 10)
		case string:
			dst = metadata.AppendString(dst, v)
		case []string:
			dst = append(dst, '[')
			for i, s := range v {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = metadata.AppendString(dst, s)
			}
			dst = append(dst, ']')
		case json.RawMessage:
			dst = append(dst, v...)
		}
	}
	return append(dst, '}')
}

// DecodeRow reads what EncodeRow wrote; columns that are no more are left out.
func DecodeRow(m *Mapping, key id.ID, doc json.RawMessage) (Row, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(doc, &values); err != nil {
		return nil, fmt.Errorf("reading a record of %s in the bin: %w", m.Object.Doc.Name, err)
	}
	r := make(Row, len(m.Columns))
	r[SlotID] = int64(key)
	for name, raw := range values {
		slot, ok := m.Slots[name]
		if !ok {
			continue
		}
		v, err := decodeStored(m.Columns[slot].Storage, raw)
		if err != nil {
			return nil, fmt.Errorf("reading %s of a record of %s in the bin: %w", name, m.Object.Doc.Name, err)
		}
		r[slot] = v
	}
	return r, nil
}

func decodeStored(storage fieldtype.Storage, raw json.RawMessage) (any, error) {
	switch storage {
	case fieldtype.Bool:
		var v bool
		err := json.Unmarshal(raw, &v)
		return v, err
	case fieldtype.Int:
		var v int64
		err := json.Unmarshal(raw, &v)
		return v, err
	case fieldtype.Text:
		var v string
		err := json.Unmarshal(raw, &v)
		return v, err
	case fieldtype.List:
		var v []string
		err := json.Unmarshal(raw, &v)
		return v, err
	}
	return raw, nil
}
