// Package schema makes one JSON Schema (draft 2020-12) for each kind of document, and
// says what is wrong with a document or a record in coded faults. A kind says its own
// members; its schema is composed of these, the head of all documents and the shared
// definitions, among them the fields with the settings of every type.
package schema

import (
	"bytes"
	_ "embed" // the shared definitions
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

//go:embed definitions.json
var definitions []byte

// Kind is a kind of documents, as far as their schema goes.
type Kind interface {
	// Name is what the documents say as their "kind".
	Name() string
	// Schema is the JSON Schema of the members that the kind has besides those of all
	// documents: an object with title, description, properties, required and $defs. It
	// may refer to "#/$defs/" field, condition, name, text, expression, order,
	// icon, color, path, sort_key, sort, columns, option, options and system_right.
	Schema() json.RawMessage
}

// Schemas are the compiled schemas of all kinds. Safe for concurrent use.
type Schemas struct {
	types  *fieldtype.Registry
	kinds  []string
	called map[string]string // kinds by the names that other systems have for them
	byKind map[string]func() compiled
	mu     sync.Mutex
	in     map[told]json.RawMessage // what JSON was asked for in other languages than English
}

// told is a kind in a language.
type told struct{ kind, language string }

type compiled struct {
	raw    json.RawMessage
	schema *jsonschema.Schema
}

// New makes the schemas; each is composed and compiled when it is first used, so
// that a program which only serves records never pays for them. A schema that does
// not compile is a programmer's mistake (in a kind or a field type's settings, most
// likely) and panics.
func New[K Kind](types *fieldtype.Registry, kinds []K) *Schemas {
	s := &Schemas{types: types, called: map[string]string{}, byKind: map[string]func() compiled{}, in: map[told]json.RawMessage{}}
	for _, kind := range kinds {
		if called, ok := any(kind).(fieldtype.Called); ok {
			for _, name := range called.AlsoCalled() {
				s.called[name] = kind.Name()
			}
		}
		s.kinds = append(s.kinds, kind.Name())
		s.byKind[kind.Name()] = sync.OnceValue(func() compiled { return build(kind, types) })
	}
	sort.Strings(s.kinds)
	return s
}

func build(kind Kind, types *fieldtype.Registry) compiled {
	raw, err := json.Marshal(compose(kind, types))
	if err != nil {
		panic(fmt.Errorf("schema of %s: %w", kind.Name(), err))
	}
	schema, err := Compile(raw)
	if err != nil {
		panic(fmt.Errorf("schema of %s: %w", kind.Name(), err))
	}
	return compiled{raw, schema}
}

// Prepare composes all schemas, so that the first who needs one need not wait for it.
func (s *Schemas) Prepare() {
	for _, kind := range s.kinds {
		s.byKind[kind]()
	}
}

// Kinds lists the kinds of documents, sorted.
func (s *Schemas) Kinds() []string { return append([]string(nil), s.kinds...) }

// JSON is the schema of a kind, as editors use it, with titles and descriptions in a language (English, where it has no texts).
func (s *Schemas) JSON(kind, language string) (json.RawMessage, bool) {
	c, ok := s.byKind[kind]
	if !ok {
		return nil, false
	}
	if languages()[language] == nil {
		return c().raw, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of := told{kind, language}
	if s.in[of] == nil {
		raw, err := In(c().raw, language)
		if err != nil {
			panic(fmt.Errorf("schema of %s: %w", kind, err)) // it has been read before
		}
		s.in[of] = raw
	}
	return s.in[of], true
}

// Check returns everything that is wrong with the body of an effective document,
// sorted by place; nil if it is sound. Whether what it refers to exists is for
// others to say.
func (s *Schemas) Check(kind string, body json.RawMessage) []*fault.Fault {
	c, ok := s.byKind[kind]
	if !ok {
		return []*fault.Fault{s.unknownKind(kind)}
	}
	v, problem := metadata.ReadJSON(body, metadata.Limits{Bytes: metadata.MaxDocument, Depth: metadata.MaxDepth})
	if problem != nil {
		return []*fault.Fault{problem}
	}
	schema := c().schema
	var problems []*fault.Fault
	for _, f := range findings(schema, v, schema.Validate(v)) {
		problems = append(problems, s.documentFault(f).At(f.pointer))
	}
	return problems
}

func (s *Schemas) unknownKind(kind string) *fault.Fault {
	suggestion, ok := s.called[metadata.Plain(kind)]
	if !ok {
		suggestion, ok = metadata.Nearest(kind, s.kinds)
	}
	if ok {
		return fault.New(fault.Invalid, "schema.unknown_kind_near", "kind", short(kind), "suggestion", suggestion).At("/kind")
	}
	return fault.New(fault.Invalid, "schema.unknown_kind", "kind", short(kind), "kinds", strings.Join(s.kinds, ", ")).At("/kind")
}

var errReference = errors.New("a schema may refer to itself only")

// Compile compiles a schema. References to anything outside of it, be it a file or
// an address, are errors and are never followed. Formats are not asserted.
func Compile(raw json.RawMessage) (*jsonschema.Schema, error) {
	const name = "formwork:schema"
	compiler := jsonschema.NewCompiler()
	compiler.Draft = jsonschema.Draft2020
	for format := range jsonschema.Formats { // they inform editors; coercion is what checks
		compiler.Formats[format] = nil
	}
	compiler.ExtractAnnotations = true // examples, which messages show
	compiler.LoadURL = func(string) (io.ReadCloser, error) { return nil, errReference }
	if err := compiler.AddResource(name, bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("reading a schema: %w", err)
	}
	schema, err := compiler.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("compiling a schema: %w", err)
	}
	return schema, nil
}

type object = map[string]any

// compose makes the whole schema of a kind from what it says itself, the head that all
// kinds share, and the shared definitions.
func compose(kind Kind, types *fieldtype.Registry) object {
	s, defs := read(kind.Schema()), read(definitions)
	properties := object{
		"kind":        object{"const": kind.Name(), "title": "Kind"},
		"name":        ref("name"),
		"label":       object{"$ref": "#/$defs/text", "title": "Label"},
		"description": object{"$ref": "#/$defs/text", "title": "Description"},
	}
	said, _ := s["properties"].(object)
	maps.Copy(properties, said)
	own, _ := s["$defs"].(object)
	maps.Copy(defs, own)
	defs["system_right"] = object{"type": "string", "enum": metadata.SystemRights}
	required := []any{"kind", "name"}
	more, _ := s["required"].([]any)
	s["$schema"], s["type"] = "https://json-schema.org/draft/2020-12/schema", "object"
	s["required"], s["properties"], s["additionalProperties"] = append(required, more...), properties, false
	prune(s, defs, types)
	return s
}

// prune keeps the definitions that the schema uses; those of fields are made where
// they are used.
func prune(s, defs object, types *fieldtype.Registry) {
	used := object{}
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case object:
			if target, ok := v["$ref"].(string); ok {
				name := strings.TrimPrefix(target, "#/$defs/")
				if name == "field" && defs[name] == nil {
					addFields(defs, types)
				}
				if _, seen := used[name]; !seen && defs[name] != nil {
					used[name] = defs[name]
					visit(defs[name])
				}
			}
			for _, member := range v {
				visit(member)
			}
		case []any:
			for _, item := range v {
				visit(item)
			}
		}
	}
	delete(s, "$defs")
	visit(s)
	s["$defs"] = used
}

func read(raw []byte) object {
	var s object
	if err := json.Unmarshal(raw, &s); err != nil {
		panic(fmt.Errorf("reading a schema: %w", err))
	}
	return s
}

func ref(def string) object { return object{"$ref": "#/$defs/" + def} }

// addFields defines "field" as whichever of the types it says it is. A type's own
// settings are a definition, to which the common ones are added, and to those of a
// type that derives its value the settings of the result.
func addFields(defs object, types *fieldtype.Registry) {
	defs["common"].(object)["type"] = object{"type": "string"}
	defs["common"] = object{"properties": defs["common"]}
	names, results := types.Names(), []string{}
	for _, name := range names {
		if t, _ := types.Type(name); is[fieldtype.Results](t) {
			results = append(results, name)
		}
	}
	for _, name := range names {
		t, _ := types.Type(name)
		settings := object{"properties": t.SettingsSchema()}
		if r, ok := t.(fieldtype.Requires); ok {
			settings["required"] = r.RequiredSettings()
		}
		field := closed("common", "settings."+name)
		if is[fieldtype.Derives](t) {
			settings["properties"].(object)["result"].(object)["enum"] = results
			field = derived(defs, name, results)
		}
		defs["settings."+name], defs["field."+name] = settings, field
	}
	field := object{"type": "object", "title": "Field", "required": []string{"type"},
		"properties": object{"type": object{"type": "string", "enum": names, "title": "Type"}}}
	maps.Copy(field, whichever("type", names, func(name string) object { return ref("field." + name) }))
	defs["field"] = field
}

// Choose makes the definition of a value that has a type, of what all types share and the settings of
// each: that of the name, which has the title and what is shared, becomes whichever it says it is.
func Choose(defs map[string]any, name string, settings map[string]json.RawMessage) {
	shared := defs[name].(object)
	properties, _ := shared["properties"].(object)
	properties["type"] = object{"type": "string"}
	defs[name+".shared"] = object{"properties": properties}
	types := slices.Sorted(maps.Keys(settings))
	for _, t := range types {
		of := read(settings[t])
		own, _ := of["$defs"].(object)
		maps.Copy(defs, own)
		delete(of, "$defs")
		defs[name+".of."+t] = of
		defs[name+"."+t] = closed(name+".shared", name+".of."+t)
	}
	chosen := object{"type": "object", "title": shared["title"], "required": []string{"type"},
		"properties": object{"type": object{"type": "string", "enum": types, "title": "Type"}}}
	maps.Copy(chosen, whichever("type", types, func(t string) object { return ref(name + "." + t) }))
	defs[name] = chosen
}

// whichever asks for what then says of the value that a member has, if it is one of the
// values. It halves them until one is left: trying each in turn takes a validator
// longer than all that it finds.
func whichever(member string, values []string, then func(value string) object) object {
	is := func(values []string) object {
		return object{"required": []string{member}, "properties": object{member: object{"enum": values}}}
	}
	var among func(values []string) object
	among = func(values []string) object {
		if len(values) == 1 {
			return then(values[0])
		}
		half := len(values) / 2
		return object{"if": is(values[:half]), "then": among(values[:half]), "else": among(values[half:])}
	}
	if len(values) == 0 {
		return object{"if": false}
	}
	return object{"if": is(values), "then": among(values)}
}

// closed is what all of the definitions allow together, and nothing else.
func closed(parts ...string) object {
	refs := make([]any, len(parts))
	for i, part := range parts {
		refs[i] = ref(part)
	}
	return object{"allOf": refs, "unevaluatedProperties": false}
}

// derived takes the settings of the result's type, and no others where it says none.
func derived(defs object, name string, results []string) object {
	field := whichever("result", results, func(result string) object {
		def := "field." + name + "." + result
		defs[def] = closed("common", "settings."+name, "settings."+result)
		return ref(def)
	})
	field["else"] = closed("common", "settings."+name)
	return field
}

func is[T any](v any) bool { _, ok := v.(T); return ok }

// sortByPlace sorts findings by pointer, then keyword.
func sortByPlace(list []finding) {
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].pointer != list[j].pointer {
			return list[i].pointer < list[j].pointer
		}
		return list[i].keyword < list[j].keyword
	})
}
