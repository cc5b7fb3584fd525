package fieldtype

import (
	"strconv"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/metadata"
)

// AnyLookupType refers to one record of one of several objects.
type AnyLookupType struct{}

func (AnyLookupType) Name() string { return "any_lookup" }

// AlsoCalled implements Called.
func (AnyLookupType) AlsoCalled() []string {
	return []string{"polymorphic", "dynamic_link"}
}

func (AnyLookupType) SettingsSchema() map[string]any {
	objects := setting("array", "Objects", "The objects whose records can be referred to; all when absent.", []any{[]any{"person", "company"}})
	objects["items"] = nameSetting("Object", "An object's name.")
	objects["minItems"], objects["maxItems"], objects["uniqueItems"] = 1, 100, true
	return map[string]any{"objects": objects, "on_delete": onDeleteSchema()}
}

// ShownSettings implements Shows.
func (AnyLookupType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("objects", "on_delete")
}

func (AnyLookupType) Bind(_ string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	s, problems := settings[lookupSettings](f)
	if problems != nil {
		return nil, problems
	}
	problems = checkTargets(s.Objects, func(i int) string { return "/objects/" + strconv.Itoa(i) }, in)
	action, problem := deleteAction(f, s.OnDelete)
	if problem != nil {
		problems = append(problems, problem)
	}
	if problems != nil {
		return nil, problems
	}
	if s.Objects == nil {
		s.Objects = in.Names("object")
	}
	return anyLookupValue{objects: s.Objects, onDelete: action}, nil
}

// AnyReference is the value of a reference to a record of one of some objects, where no field holds it.
func AnyReference(objects ...string) Value {
	return anyLookupValue{objects: objects, onDelete: "clear"}
}

// ReferredBy is the record of an object that a stored reference to any leads to; 0: it leads to another's.
func ReferredBy(stored, object string) id.ID {
	of, key, _ := strings.Cut(stored, "/")
	if parsed, ok := id.Parse(key); ok && of == object {
		return parsed
	}
	return 0
}

type anyLookupValue struct {
	textual
	objects  []string
	onDelete string
}

func (anyLookupValue) Kind() Kind          { return ReferenceKind }
func (anyLookupValue) Form() string        { return "any" }
func (v anyLookupValue) Targets() []string { return v.objects }
func (v anyLookupValue) OnDelete() string  { return v.onDelete }

// Coerce reads {"object": …, "id": …} or "object/id".
func (v anyLookupValue) Coerce(in any) (any, *fault.Fault) {
	if blank(in) {
		return nil, nil
	}
	var object, key string
	switch in := in.(type) {
	case string:
		object, key, _ = strings.Cut(strings.TrimSpace(in), "/")
	case map[string]any:
		for name := range in {
			if name != "object" && name != "id" {
				return nil, unknownPart(name, []string{"object", "id"})
			}
		}
		object, _ = in["object"].(string)
		key, _ = in["id"].(string)
	}
	parsed, ok := id.Parse(strings.ToLower(key))
	if !ok || object == "" {
		return nil, fault.New(fault.Invalid, "field.not_a_reference", "value", show(in))
	}
	if !contains(v.objects, object) {
		problem := fault.New(fault.Invalid, "field.wrong_object", "object", show(object), "objects", strings.Join(v.objects[:min(12, len(v.objects))], ", "))
		if suggestion, ok := metadata.Nearest(object, v.objects); ok {
			problem.Params["suggestion"] = suggestion
		}
		return nil, problem
	}
	return object + "/" + parsed.String(), nil
}

func (anyLookupValue) AppendJSON(dst []byte, stored any) []byte {
	object, key, _ := strings.Cut(stored.(string), "/")
	dst = metadata.AppendString(append(dst, `{"object":`...), object)
	return append(metadata.AppendString(append(dst, `,"id":`...), key), '}')
}

func (v anyLookupValue) Schema() map[string]any {
	return map[string]any{"type": "object", "required": []any{"object", "id"}, "additionalProperties": false,
		"properties": map[string]any{
			"object": map[string]any{"type": "string", "enum": list(v.objects)},
			"id":     map[string]any{"type": "string", "pattern": id.Pattern}}}
}
