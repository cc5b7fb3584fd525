package metadata

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"formwork/engine/fault"
)

// Limits of one document.
const (
	MaxDocument = 1 << 20 // bytes, in canonical form
	MaxDepth    = 32

	// maxWritten is how large it may be as it is written, with its white space.
	maxWritten = 8 * MaxDocument
)

// Parse reads one document: an effective one or a layer's, in which null removes.
// Its size and its head are checked, nothing else is; problems carry JSON pointers.
func Parse(raw []byte) (Document, []*fault.Fault) {
	v, problem := ReadJSON(raw, Limits{Bytes: maxWritten, Depth: MaxDepth})
	if problem != nil {
		return Document{}, []*fault.Fault{problem}
	}
	body, ok := v.(map[string]any)
	if !ok {
		return Document{}, []*fault.Fault{fault.New(fault.Invalid, "metadata.not_a_document")}
	}
	var problems []*fault.Fault
	name := func(key string) string {
		switch s, ok := body[key].(string); {
		case !ok:
			problems = append(problems, fault.New(fault.Invalid, "metadata.head", "key", key).At("/"+key))
		case !NamePattern.MatchString(s):
			problems = append(problems, fault.New(fault.Invalid, "metadata.bad_name", "name", shorten(s)).At("/"+key))
		default:
			return s
		}
		return ""
	}
	key := Key{Kind: name("kind"), Name: name("name")}
	problems = append(problems, nullsIn(body, "", true)...)
	d := Document{Key: key, Body: Canonical(body)}
	if len(d.Body) > MaxDocument {
		problems = append(problems, fault.New(fault.TooLarge, "metadata.too_large", "max", MaxDocument))
	}
	if problems != nil {
		return Document{}, problems
	}
	return d, nil
}

// nullsIn finds nulls; where a layer may remove, only those inside arrays.
func nullsIn(v any, pointer string, removing bool) (problems []*fault.Fault) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range keys(v) {
			under := pointer + "/" + EscapePointer(key)
			if v[key] == nil && !removing {
				problems = append(problems, fault.New(fault.Invalid, "metadata.null").At(under))
			}
			problems = append(problems, nullsIn(v[key], under, removing)...)
		}
	case []any:
		for i, item := range v {
			under := pointer + "/" + strconv.Itoa(i)
			if item == nil {
				problems = append(problems, fault.New(fault.Invalid, "metadata.null").At(under))
			}
			problems = append(problems, nullsIn(item, under, false)...)
		}
	}
	return problems
}

// Nulls tells where a document that is no patch holds null, which would be lost.
func (d Document) Nulls() []*fault.Fault {
	if !bytes.Contains(d.Body, []byte("null")) {
		return nil
	}
	return nullsIn(d.value(), "", false)
}

func shorten(s string) string {
	const longest = 80
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}

// Hide is the document of a layer that removes one of the layers below.
func Hide(key Key) Document { return Document{Key: key, Body: json.RawMessage("null")} }

// Hides reports whether the document removes one of the layers below.
func (d Document) Hides() bool { return string(d.Body) == "null" }

// Value is the decoded body; it is the caller's own.
func (d Document) Value() any { return d.value() }

// value decodes the body. Bodies are canonical, so one that does not decode is a
// programmer's mistake or a broken store, and panics.
func (d Document) value() any {
	v, problem := ReadJSON(d.Body, Limits{Bytes: 8 * MaxDocument, Depth: 2 * MaxDepth})
	if problem != nil {
		panic(fmt.Sprintf("metadata: document %s is not canonical: %v", d.Key, problem))
	}
	return v
}

// Decode reads a document into the Go type of its kind. Members that the type does
// not know are the schema's business.
func Decode[T any](d Document) (*T, error) {
	var t T
	if err := json.Unmarshal(d.Body, &t); err != nil {
		return nil, fmt.Errorf("decoding %s: %w", d.Key, err)
	}
	return &t, nil
}

// Canonical is the one form in which a decoded document (ReadJSON's types) is
// stored and compared: compact, with kind, name, type and label before the other
// keys, which are sorted.
func Canonical(v any) json.RawMessage { return AppendJSON(nil, v) }

// File is the form of a canonical body in files: indented by two spaces, with a
// final newline. What is short and holds nothing nested stays on one line. Parse
// of it gives the same document again.
func (d Document) File() []byte { return append(appendFile(nil, d.value(), 0), '\n') }

// lineWidth is how long a line of a file may get before its value is broken up.
const lineWidth = 100

func appendFile(dst []byte, v any, indent int) []byte {
	start := len(dst)
	if dst = appendLine(dst, v); len(dst)-start+indent <= lineWidth && flat(v) {
		return dst
	}
	dst = dst[:start]
	inner := indent + 2
	switch v := v.(type) {
	case map[string]any:
		dst = append(dst, '{')
		for i, key := range keys(v) {
			dst = newline(dst, i > 0, inner)
			dst = append(AppendString(dst, key), ": "...)
			dst = appendFile(dst, v[key], inner)
		}
		return append(newline(dst, false, indent), '}')
	case []any:
		dst = append(dst, '[')
		for i, item := range v {
			dst = appendFile(newline(dst, i > 0, inner), item, inner)
		}
		return append(newline(dst, false, indent), ']')
	}
	return AppendJSON(dst, v)
}

func newline(dst []byte, comma bool, indent int) []byte {
	if comma {
		dst = append(dst, ',')
	}
	dst = append(dst, '\n')
	for range indent {
		dst = append(dst, ' ')
	}
	return dst
}

// flat reports whether a value holds no object or array with anything in it.
func flat(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			if nested(member) {
				return false
			}
		}
	case []any:
		for _, item := range v {
			if nested(item) {
				return false
			}
		}
	}
	return true
}

func nested(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		return len(v) > 0
	case []any:
		return len(v) > 0
	}
	return false
}

// appendLine appends a flat value on one line, with a space after commas and colons.
func appendLine(dst []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		dst = append(dst, '{')
		for i, key := range keys(v) {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(AppendString(dst, key), ": "...)
			dst = AppendJSON(dst, v[key])
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = AppendJSON(dst, item)
		}
		return append(dst, ']')
	}
	return AppendJSON(dst, v)
}

// CompareKeys orders keys by kind, then name.
func CompareKeys(a, b Key) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func sortDocuments(documents []Document) {
	slices.SortFunc(documents, func(a, b Document) int { return CompareKeys(a.Key, b.Key) })
}

func byKey(documents []Document) map[Key]Document {
	m := make(map[Key]Document, len(documents))
	for _, d := range documents {
		m[d.Key] = d
	}
	return m
}
