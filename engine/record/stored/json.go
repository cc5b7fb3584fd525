package stored

import (
	"formwork/engine/id"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// AppendValue appends a stored value as the API shows it.
func AppendValue(dst []byte, value fieldtype.Value, stored any) []byte {
	if stored == nil {
		return append(dst, "null"...)
	}
	return value.AppendJSON(dst, stored)
}

// JSONKey is a key of a JSON object with its colon.
func JSONKey(name string) []byte { return append(metadata.AppendString(nil, name), ':') }

// AppendID appends an id as the API shows it; null for none.
func AppendID(dst []byte, key id.ID) []byte {
	if key == 0 {
		return append(dst, "null"...)
	}
	return append(key.Append(append(dst, '"')), '"')
}
