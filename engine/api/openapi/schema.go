// Package openapi writes OpenAPI 3.1 documents: the parts of a document as Go types,
// and JSON Schemas of the Go types that requests and answers are made of. It knows no
// route and no type of the program.
package openapi

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"time"
)

// Schema is a JSON Schema (draft 2020-12).
type Schema = map[string]any

// schemaPath is where schemas stand among the components.
const schemaPath = "#/components/schemas/"

// Reference is the schema of a component.
func Reference(name string) Schema { return Schema{"$ref": schemaPath + name} }

// Nullable is a schema that also holds for null.
func Nullable(s Schema) Schema {
	kind, plain := s["type"].(string)
	if !plain {
		return Schema{"anyOf": []any{s, Schema{"type": "null"}}}
	}
	wider := maps.Clone(s)
	wider["type"] = []string{kind, "null"}
	if options, ok := s["enum"].([]any); ok {
		wider["enum"] = append(append([]any{}, options...), nil)
	}
	return wider
}

// Schemas makes schemas of Go types as encoding/json writes and reads them. Structs
// become components, named like the type ("Job"; "JobPage" for Page[Job]).
//
// A member is required unless it has omitempty or omitzero; one that is a pointer and
// required may be null. These tags of a field say more of it, or of its elements where
// it is a list or a map:
//
//	schema:"ID"   a component, instead of what the Go type says
//	enum:"a,b"    the values that a text may have
//
// An embedded struct's members are those of the struct around it; an embedded type with
// a schema of its own becomes a part of "allOf".
type Schemas struct {
	components map[string]Schema
	made       map[string]reflect.Type // what components were made of
	own        map[reflect.Type]Schema
	names      map[reflect.Type]string
	text       func(t reflect.Type, member string) string

	prefix string                // of the components that depend on bound types
	bound  map[reflect.Type]bool // types with another schema under this prefix
}

// NewSchemas starts with no components. own are types with a schema of their own, names
// the components of types that are not to be named like the type. text is what is said
// about a struct, or about one of its members by its name in JSON.
func NewSchemas(own map[reflect.Type]Schema, names map[reflect.Type]string, text func(t reflect.Type, member string) string) *Schemas {
	all := map[reflect.Type]Schema{
		reflect.TypeFor[time.Time]():       {"type": "string", "format": "date-time"},
		reflect.TypeFor[json.RawMessage](): {},
		reflect.TypeFor[json.Number]():     {"type": "number"},
	}
	maps.Copy(all, own)
	return &Schemas{components: map[string]Schema{}, made: map[string]reflect.Type{}, own: all, names: names, text: text}
}

// Components are the components made so far, by name. Others may be added.
func (s *Schemas) Components() map[string]Schema { return s.components }

// Bind returns schemas with the same components under which some types look otherwise.
// Components that depend on these are named with a prefix: "account.merge".
func (s *Schemas) Bind(prefix string, types map[reflect.Type]Schema) *Schemas {
	under := *s
	under.own, under.prefix, under.bound = maps.Clone(s.own), prefix, map[reflect.Type]bool{}
	for t, schema := range types {
		under.own[t], under.bound[t] = schema, true
	}
	return &under
}

// Of is the schema of a type.
func (s *Schemas) Of(t reflect.Type) Schema {
	if own, ok := s.own[t]; ok {
		return own
	}
	switch t.Kind() {
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32:
		return Schema{"type": "integer"}
	case reflect.Int64:
		return Schema{"type": "integer", "format": "int64"}
	case reflect.Float64:
		return Schema{"type": "number"}
	case reflect.Pointer:
		return s.Of(t.Elem())
	case reflect.Slice, reflect.Array:
		return Schema{"type": "array", "items": s.Of(t.Elem())}
	case reflect.Map:
		return Schema{"type": "object", "additionalProperties": s.Of(t.Elem())}
	case reflect.Interface:
		return Schema{}
	case reflect.Struct:
		return s.component(t)
	}
	panic("openapi: " + t.String() + " has no schema")
}

func (s *Schemas) component(t reflect.Type) Schema {
	name := s.name(t)
	switch of, made := s.made[name]; {
	case !made:
		s.made[name] = t // before the rest, for a type may lead back to itself
		s.components[name] = s.Object(t)
	case of != t:
		panic("openapi: " + of.String() + " and " + t.String() + " would both be " + name)
	}
	return Reference(name)
}

// name is the name of a type's component.
func (s *Schemas) name(t reflect.Type) string {
	name, given := s.names[t]
	if !given {
		name = nameOf(t)
	}
	if s.depends(t, map[reflect.Type]bool{}) {
		name = s.prefix + "." + strings.ToLower(name[:1]) + name[1:]
	}
	return name
}

// nameOf is the name of a type; of a generic one, with the type that it was made for.
func nameOf(t reflect.Type) string {
	name, of, _ := strings.Cut(strings.TrimSuffix(t.Name(), "]"), "[")
	if name == "" {
		panic("openapi: a struct without a name has no schema: " + t.String())
	}
	if of = of[strings.LastIndexByte(of, '.')+1:]; of != "" {
		return exported(of) + exported(name)
	}
	return exported(name)
}

func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// depends reports whether a type's schema is made of a bound type's.
func (s *Schemas) depends(t reflect.Type, seen map[reflect.Type]bool) bool {
	if s.bound[t] || seen[t] {
		return s.bound[t]
	}
	if _, own := s.own[t]; own {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return s.depends(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if s.depends(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// Object is the schema of a struct itself, whatever is to be said instead of it.
func (s *Schemas) Object(t reflect.Type) Schema {
	properties, required := Schema{}, []string{}
	var parts []any
	s.members(t, properties, &required, &parts)
	schema := Schema{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	if parts != nil {
		schema = Schema{"allOf": append(parts, schema)}
	}
	if text := s.text(t, ""); text != "" {
		schema["description"] = text
	}
	return schema
}

// members adds the members of a struct, and the schemas of what it embeds to parts.
func (s *Schemas) members(t reflect.Type, properties Schema, required *[]string, parts *[]any) {
	for i := range t.NumField() {
		field := t.Field(i)
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case tag == "-" || !field.IsExported() && !field.Anonymous:
			continue
		case field.Anonymous && tag == "":
			if own, ok := s.own[field.Type]; ok {
				*parts = append(*parts, own)
			} else {
				s.members(field.Type, properties, required, parts)
			}
			continue
		case tag == "":
			panic("openapi: " + t.String() + "." + field.Name + " has no name in JSON")
		}
		member := s.member(field)
		if optional := strings.Contains(options, "omit"); !optional {
			*required = append(*required, tag)
			if field.Type.Kind() == reflect.Pointer {
				member = Nullable(member)
			}
		}
		if text := s.text(t, tag); text != "" {
			member = maps.Clone(member)
			member["description"] = text
		}
		properties[tag] = member
	}
}

// member is the schema of a field, by its tags and its type.
func (s *Schemas) member(field reflect.StructField) Schema {
	if component := field.Tag.Get("schema"); component != "" {
		return around(field.Type, Reference(component))
	}
	if options := field.Tag.Get("enum"); options != "" {
		return around(field.Type, Schema{"type": "string", "enum": Options(strings.Split(options, ",")...)})
	}
	return s.Of(field.Type)
}

// around is the schema of a type whose values, or whose elements, are as a schema says.
func around(t reflect.Type, inner Schema) Schema {
	switch {
	case t == reflect.TypeFor[json.RawMessage](), t == reflect.TypeFor[map[string]any]():
		return inner
	case t.Kind() == reflect.Pointer:
		return around(t.Elem(), inner)
	case t.Kind() == reflect.Slice:
		return Schema{"type": "array", "items": around(t.Elem(), inner)}
	case t.Kind() == reflect.Map:
		return Schema{"type": "object", "additionalProperties": around(t.Elem(), inner)}
	}
	return inner
}

// Options are the values of an enum.
func Options(values ...string) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}
