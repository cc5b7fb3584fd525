package record

import (
	"formwork/engine/id"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// appendValue appends a stored value as the API shows it.
func appendValue(dst []byte, value fieldtype.Value, stored any) []byte {
	if stored == nil {
		return append(dst, "null"...)
	}
	return value.AppendJSON(dst, stored)
}

// quotedKey is a key of a JSON object with its colon.
func quotedKey(name string) []byte { return append(metadata.AppendString(nil, name), ':') }

func appendID(dst []byte, key id.ID) []byte {
	if key == 0 {
		return append(dst, "null"...)
	}
	return append(key.Append(append(dst, '"')), '"')
}
