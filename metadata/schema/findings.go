package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"formwork/metadata"
)

// finding is one thing that a schema refuses, apart from any language.
type finding struct {
	pointer string // in the value
	keyword string // of JSON Schema: "required", "maxLength" …
	schema  *jsonschema.Schema
	value   any    // what is refused
	name    string // the member that is missing or unknown
}

// maxFindings bounds what one check reports.
const maxFindings = 500

// findings takes a validation error apart: one for each place and reason.
func findings(root *jsonschema.Schema, v any, err error) []finding {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		if err != nil {
			return []finding{{keyword: "validate", schema: root, value: v}}
		}
		return nil
	}
	var list []finding
	seen := map[string]bool{}
	leaves(invalid, func(leaf *jsonschema.ValidationError) {
		f := finding{pointer: plainPointer(leaf.InstanceLocation)}
		f.value = at(v, f.pointer)
		steps := metadata.Steps(plainPointer(leaf.KeywordLocation))
		if len(steps) > 0 {
			f.keyword = steps[len(steps)-1]
			f.schema = walk(root, steps[:len(steps)-1])
		}
		if f.schema == nil {
			f.schema = root
		}
		for _, f := range f.expand() {
			if key := f.pointer + "\n" + f.keyword; !seen[key] && len(list) < maxFindings {
				seen[key] = true
				list = append(list, f)
			}
		}
	})
	sortByPlace(list)
	return list
}

// plainPointer undoes the escaping of addresses that the validator adds to that of
// JSON pointers.
func plainPointer(location string) string {
	if pointer, err := url.PathUnescape(location); err == nil {
		return pointer
	}
	return location
}

// leaves visits the errors that have no causes; of alternatives only the first.
func leaves(e *jsonschema.ValidationError, visit func(*jsonschema.ValidationError)) {
	if len(e.Causes) == 0 {
		visit(e)
		return
	}
	causes := e.Causes
	if strings.HasSuffix(e.KeywordLocation, "/anyOf") || strings.HasSuffix(e.KeywordLocation, "/oneOf") {
		causes = causes[:1]
	}
	for _, cause := range causes {
		leaves(cause, visit)
	}
}

// expand makes one finding for every member that is missing or unknown; the place
// is where the member is, or should be.
func (f finding) expand() []finding {
	if f.keyword == "unevaluatedProperties" {
		// The place is the member itself. Members that are known but wrong are
		// reported here as well; of those something else speaks.
		steps := metadata.Steps(f.pointer)
		if f.name = steps[len(steps)-1]; known(f.schema, f.name) {
			return nil
		}
		f.keyword = "additionalProperties"
		return []finding{f}
	}
	object, ok := f.value.(map[string]any)
	if !ok {
		return []finding{f}
	}
	var names []string
	switch f.keyword {
	case "required":
		for _, name := range f.schema.Required {
			if _, has := object[name]; !has {
				names = append(names, name)
			}
		}
	case "additionalProperties":
		for name := range object {
			if !known(f.schema, name) {
				names = append(names, name)
			}
		}
	}
	if names == nil {
		return []finding{f}
	}
	list := make([]finding, len(names))
	for i, name := range names {
		list[i] = f
		list[i].name = name
		list[i].pointer += "/" + metadata.EscapePointer(name)
	}
	return list
}

// parts are a schema and those that hold for the same value with it.
func parts(s *jsonschema.Schema, visit func(*jsonschema.Schema)) {
	visit(s)
	if s.Ref != nil {
		parts(s.Ref, visit)
	}
	for _, part := range s.AllOf {
		parts(part, visit)
	}
}

// known reports whether a schema speaks of a member.
func known(s *jsonschema.Schema, name string) (yes bool) {
	parts(s, func(part *jsonschema.Schema) {
		_, has := part.Properties[name]
		yes = yes || has
		for pattern := range part.PatternProperties {
			yes = yes || pattern.MatchString(name)
		}
	})
	return yes
}

// members lists the names that a schema knows, sorted.
func members(s *jsonschema.Schema) []string {
	var names []string
	parts(s, func(part *jsonschema.Schema) {
		for name := range part.Properties {
			names = append(names, name)
		}
	})
	slices.Sort(names)
	return slices.Compact(names)
}

// pattern is the form of the names that a schema takes, if it takes any.
func pattern(s *jsonschema.Schema) (*regexp.Regexp, bool) {
	for p := range s.PatternProperties {
		return p, true
	}
	return nil, false
}

// at finds the part of a value that a pointer names.
func at(v any, pointer string) any {
	for _, step := range metadata.Steps(pointer) {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(inner) {
				return nil
			}
			v = inner[i]
		default:
			return nil
		}
	}
	return v
}

// walk follows the keywords of a location from a schema to the one they end in;
// nil where it goes through a keyword that is not used here.
func walk(s *jsonschema.Schema, steps []string) *jsonschema.Schema {
	for len(steps) > 0 && s != nil {
		next := ""
		if len(steps) > 1 {
			next = steps[1]
		}
		used := 1
		switch steps[0] {
		case "$ref":
			s = s.Ref
		case "then":
			s = s.Then
		case "else":
			s = s.Else
		case "not":
			s = s.Not
		case "items":
			s = s.Items2020
		case "additionalProperties":
			s, _ = s.AdditionalProperties.(*jsonschema.Schema)
		case "properties":
			s, used = s.Properties[next], 2
		case "patternProperties":
			s, used = patternProperty(s, next), 2
		case "allOf":
			s, used = nth(s.AllOf, next), 2
		case "anyOf":
			s, used = nth(s.AnyOf, next), 2
		case "oneOf":
			s, used = nth(s.OneOf, next), 2
		default:
			return nil
		}
		steps = steps[min(used, len(steps)):]
	}
	return s
}

func patternProperty(s *jsonschema.Schema, text string) *jsonschema.Schema {
	for p, schema := range s.PatternProperties {
		if p.String() == text {
			return schema
		}
	}
	return nil
}

func nth(list []*jsonschema.Schema, index string) *jsonschema.Schema {
	i, err := strconv.Atoi(index)
	if err != nil || i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

// short is a value as it appears in a message.
func short(v any) string {
	const longest = 60
	s := ""
	switch v := v.(type) {
	case string:
		s = v
	case map[string]any:
		s = "{…}"
	case []any:
		s = "[…]"
	case nil:
		s = "null"
	default:
		s = fmt.Sprint(v)
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}

// typeOf is the JSON type of a value.
func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case json.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return "number"
		}
		return "integer"
	}
	return "object"
}

// listing is a list of choices for a message.
func listing(choices []any) string {
	const shown = 12
	texts := make([]string, 0, len(choices))
	for _, c := range choices {
		if len(texts) == shown {
			texts = append(texts, "…")
			break
		}
		texts = append(texts, short(c))
	}
	return strings.Join(texts, ", ")
}

// nearest finds the choice that a value was probably meant to be.
func nearest(v any, choices []any) (string, bool) {
	s, ok := v.(string)
	if !ok {
		return "", false
	}
	var names []string
	for _, c := range choices {
		if name, ok := c.(string); ok {
			names = append(names, name)
		}
	}
	return metadata.Nearest(s, names)
}
