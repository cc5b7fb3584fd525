package read

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"

	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// A cursor says after which row a page begins: the row's sort values, with a
// fingerprint of the query, so that one of another list is refused. It is base64url
// of the fingerprint and, for each value, a tag and the value.

const maxCursor = 8 << 10

// fingerprint of what a cursor belongs to.
func fingerprint(parts ...string) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		h.Write(binary.AppendUvarint(nil, uint64(len(part)))) // a hash's Write can't fail
		h.Write([]byte(part))
	}
	return h.Sum64()
}

func encodeCursor(mark uint64, values []any) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 64), mark)
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 0)
		case bool:
			b = append(b, 1)
			if v {
				b[len(b)-1] = 2
			}
		case int64:
			b = binary.AppendVarint(append(b, 3), v)
		case string:
			b = append(binary.AppendUvarint(append(b, 4), uint64(len(v))), v...)
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor reads a cursor of the query with the fingerprint, whose sort is on
// columns of the given storages. Fault list.bad_cursor (Malformed).
func decodeCursor(cursor string, mark uint64, storages []fieldtype.Storage) ([]any, error) {
	bad := fault.New(fault.Malformed, "list.bad_cursor")
	if len(cursor) > maxCursor {
		return nil, bad
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < 8 || binary.BigEndian.Uint64(b) != mark {
		return nil, bad
	}
	b = b[8:]
	values := make([]any, len(storages))
	for i, storage := range storages {
		v, rest, ok := decodeKey(b, storage)
		if !ok {
			return nil, bad
		}
		values[i], b = v, rest
	}
	if len(b) > 0 {
		return nil, bad
	}
	return values, nil
}

// decodeKey reads one value, which must be of the storage's form or empty.
func decodeKey(b []byte, storage fieldtype.Storage) (v any, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, false
	}
	tag, b := b[0], b[1:]
	switch {
	case tag == 0:
		return nil, b, true
	case tag <= 2 && storage == fieldtype.Bool:
		return tag == 2, b, true
	case tag == 3 && storage == fieldtype.Int:
		n, size := binary.Varint(b)
		if size <= 0 {
			return nil, nil, false
		}
		return n, b[size:], true
	case tag == 4 && storage == fieldtype.Text:
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return nil, nil, false
		}
		return string(b[size : size+int(n)]), b[size+int(n):], true
	}
	return nil, nil, false
}
