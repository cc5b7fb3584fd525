package metadata

import (
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// first are the keys that come before the others, in this order, so that files
// are pleasant to read: what a thing is, then what it says.
var first = []string{"kind", "name", "type", "label"}

// keys lists an object's keys in canonical order.
func keys(object map[string]any) []string {
	list := make([]string, 0, len(object))
	for key := range object {
		list = append(list, key)
	}
	slices.SortFunc(list, func(a, b string) int {
		if x, y := rank(a), rank(b); x != y {
			return x - y
		}
		if a < b {
			return -1
		}
		return 1
	})
	return list
}

func rank(key string) int {
	for i, name := range first {
		if name == key {
			return i
		}
	}
	return len(first)
}

// AppendJSON appends a decoded JSON value in canonical form: compact, keys in a
// fixed order, numbers as they were written. v is of ReadJSON's types.
func AppendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case json.Number:
		return append(dst, v...)
	case string:
		return AppendString(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, item)
		}
		return append(dst, ']')
	case map[string]any:
		dst = append(dst, '{')
		for i, key := range keys(v) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(AppendString(dst, key), ':')
			dst = AppendJSON(dst, v[key])
		}
		return append(dst, '}')
	}
	panic("metadata: not a decoded JSON value")
}

// AppendString appends a JSON string. Unlike encoding/json's it leaves <, > and &
// readable.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), `\ufffd`...)
				start = i + size
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
