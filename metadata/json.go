package metadata

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"

	"formwork/engine/fault"
)

// Limits of one JSON text from outside.
type Limits struct {
	Bytes int
	Depth int // nested arrays and objects
}

// maxNumber is how many characters a number may have, and maxExponent how far its
// point may be moved: what computes with big numbers stays cheap.
const (
	maxNumber   = 64
	maxExponent = 400
)

// ReadJSON decodes one JSON value into nil, bool, json.Number, string, []any and
// map[string]any. It refuses what encoding/json lets pass: invalid UTF-8, the same
// key twice, data after the value, and numbers of absurd size.
func ReadJSON(raw []byte, limits Limits) (any, *fault.Fault) {
	if len(raw) > limits.Bytes {
		return nil, fault.New(fault.TooLarge, "metadata.too_large", "max", limits.Bytes)
	}
	if !utf8.Valid(raw) {
		return nil, fault.New(fault.Malformed, "metadata.not_utf8")
	}
	if !json.Valid(raw) {
		line, column := place(raw, syntaxOffset(raw))
		return nil, fault.New(fault.Malformed, "metadata.not_json", "line", line, "column", column)
	}
	r := reader{raw: raw, depth: limits.Depth, limit: limits.Depth}
	return r.value("")
}

// syntaxOffset is where a text stops being JSON.
func syntaxOffset(raw []byte) int {
	var v json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(raw, &v); errors.As(err, &syntax) {
		return max(int(syntax.Offset)-1, 0)
	}
	return len(raw)
}

// place is the line and the column, in characters and from 1, of an offset.
func place(raw []byte, offset int) (line, column int) {
	line, column = 1, 1
	for _, c := range string(raw[:min(offset, len(raw))]) {
		if c == '\n' {
			line, column = line+1, 1
		} else {
			column++
		}
	}
	return line, column
}

// reader walks a text that is known to be valid JSON.
type reader struct {
	raw          []byte
	at           int
	depth, limit int
}

func (r *reader) skip() {
	for r.at < len(r.raw) {
		switch r.raw[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *reader) value(pointer string) (any, *fault.Fault) {
	r.skip()
	switch c := r.raw[r.at]; c {
	case '{', '[':
		if r.depth--; r.depth < 0 {
			return nil, fault.New(fault.Malformed, "metadata.too_deep", "max", r.limit).At(pointer)
		}
		defer func() { r.depth++ }()
		if r.at++; c == '{' {
			return r.object(pointer)
		}
		return r.array(pointer)
	case '"':
		return r.text(), nil
	case 't':
		r.at += len("true")
		return true, nil
	case 'f':
		r.at += len("false")
		return false, nil
	case 'n':
		r.at += len("null")
		return nil, nil
	}
	start := r.at
	for r.at < len(r.raw) && numeric(r.raw[r.at]) {
		r.at++
	}
	n := json.Number(r.raw[start:r.at])
	if !Sane(n) {
		return nil, fault.New(fault.Malformed, "metadata.absurd_number").At(pointer)
	}
	return n, nil
}

func numeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// Sane reports whether a number is short enough to be computed with.
func Sane(n json.Number) bool {
	if len(n) > maxNumber {
		return false
	}
	for i := range len(n) {
		if n[i] == 'e' || n[i] == 'E' {
			exponent, err := strconv.Atoi(string(n[i+1:]))
			return err == nil && -maxExponent <= exponent && exponent <= maxExponent
		}
	}
	return true
}

func (r *reader) text() string {
	start := r.at
	plain := true
	for r.at++; r.raw[r.at] != '"'; r.at++ {
		if r.raw[r.at] == '\\' {
			plain = false
			r.at++
		}
	}
	r.at++
	if plain {
		return string(r.raw[start+1 : r.at-1])
	}
	var s string
	_ = json.Unmarshal(r.raw[start:r.at], &s) // valid: the whole text is
	return s
}

func (r *reader) array(pointer string) (any, *fault.Fault) {
	list := []any{}
	for {
		r.skip()
		switch r.raw[r.at] {
		case ']':
			r.at++
			return list, nil
		case ',':
			r.at++
		}
		v, problem := r.value(pointer + "/" + strconv.Itoa(len(list)))
		if problem != nil {
			return nil, problem
		}
		list = append(list, v)
	}
}

func (r *reader) object(pointer string) (any, *fault.Fault) {
	object := map[string]any{}
	for {
		r.skip()
		switch r.raw[r.at] {
		case '}':
			r.at++
			return object, nil
		case ',':
			r.at++
			r.skip()
		}
		key := r.text()
		under := pointer + "/" + EscapePointer(key)
		if _, twice := object[key]; twice {
			return nil, fault.New(fault.Malformed, "metadata.duplicate_key", "key", key).At(under)
		}
		r.skip()
		r.at++ // the colon
		v, problem := r.value(under)
		if problem != nil {
			return nil, problem
		}
		object[key] = v
	}
}

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
