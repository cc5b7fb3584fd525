package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/metadata"
)

// fit reads JSON into a struct, whose members are all that it may have. Faults:
// api.json_type and api.unknown_member (Malformed), api.not_a_time (Invalid), each with
// the pointer of the value, and those of types that read themselves.
func fit(raw []byte, into any) error {
	v, err := parse(raw)
	if err != nil {
		return err
	}
	if _, ok := v.(map[string]any); !ok {
		return wrongKind("object", v, "")
	}
	if f := fits(v, reflect.TypeOf(into).Elem(), ""); f != nil {
		return f
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return fault.New(fault.Malformed, "api.unreadable").Because(err)
	}
	return nil
}

var readsItself = reflect.TypeFor[json.Unmarshaler]()

// fits finds the first thing in a JSON value that a Go type can't be read from; at is
// the value's pointer. null is what is absent.
func fits(v any, t reflect.Type, at string) *fault.Fault {
	switch {
	case v == nil:
		return nil
	case t.Kind() == reflect.Pointer:
		return fits(v, t.Elem(), at)
	case reflect.PointerTo(t).Implements(readsItself):
		return fitsItself(v, t, at)
	}
	switch in := v.(type) {
	case map[string]any:
		switch t.Kind() {
		case reflect.Struct:
			return fitsStruct(in, t, at)
		case reflect.Map:
			return each(in, at, func(string) (reflect.Type, bool) { return t.Elem(), true })
		}
	case []any:
		if t.Kind() == reflect.Slice {
			for i, item := range in {
				if f := fits(item, t.Elem(), at+"/"+strconv.Itoa(i)); f != nil {
					return f
				}
			}
			return nil
		}
	}
	if want := jsonKindOf(t); want != "" && want != jsonKind(v) {
		return wrongKind(want, v, at)
	}
	if number, ok := v.(json.Number); ok && (reflect.New(t).Elem().CanInt()) {
		if _, err := strconv.ParseInt(string(number), 10, t.Bits()); err != nil {
			return fault.New(fault.Malformed, "api.json_type", "want", "integer", "got", "number "+clip(string(number))).At(at)
		}
	}
	return nil
}

// fitsStruct checks an object's members by the names that the struct's fields have in JSON.
func fitsStruct(in map[string]any, t reflect.Type, at string) *fault.Fault {
	members := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			members[name] = field.Type
		}
	}
	return each(in, at, func(name string) (reflect.Type, bool) {
		of, known := members[name]
		return of, known
	})
}

// each checks the members of an object, in the order of their names.
func each(in map[string]any, at string, typeOf func(name string) (reflect.Type, bool)) *fault.Fault {
	for _, name := range sortedNames(in) {
		pointer := at + "/" + metadata.EscapePointer(name)
		t, known := typeOf(name)
		if !known {
			return fault.New(fault.Malformed, "api.unknown_member", "name", clip(name)).At(pointer)
		}
		if f := fits(in[name], t, pointer); f != nil {
			return f
		}
	}
	return nil
}

// unknownField begins what encoding/json says of a member that a struct has not.
const unknownField = "json: unknown field "

// fitsItself tries a type that reads itself.
func fitsItself(v any, t reflect.Type, at string) *fault.Fault {
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, reflect.New(t).Interface())
	}
	var known *fault.Fault
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known.Under(at)
	case errors.As(err, &wrong):
		inside := strings.TrimSuffix("/"+strings.ReplaceAll(wrong.Field, ".", "/"), "/")
		return fault.New(fault.Malformed, "api.json_type", "want", jsonKindOf(wrong.Type), "got", wrong.Value).At(at + inside)
	case strings.HasPrefix(err.Error(), unknownField):
		name := strings.Trim(strings.TrimPrefix(err.Error(), unknownField), `"`)
		return fault.New(fault.Malformed, "api.unknown_member", "name", clip(name)).At(at + "/" + metadata.EscapePointer(name))
	case t == reflect.TypeFor[time.Time]() && jsonKind(v) == "string":
		return fault.New(fault.Invalid, "api.not_a_time", "value", clip(v.(string))).At(at)
	case t == reflect.TypeFor[time.Time]():
		return wrongKind("string", v, at)
	}
	return fault.New(fault.Malformed, "api.unreadable").At(at).Because(err)
}

func wrongKind(want string, v any, at string) *fault.Fault {
	return fault.New(fault.Malformed, "api.json_type", "want", want, "got", jsonKind(v)).At(at)
}

func sortedNames(in map[string]any) []string {
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// jsonKindOf names the kind of JSON value that a Go type is read from; "" for any.
func jsonKindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		if t == reflect.TypeFor[json.Number]() {
			return "number"
		}
		return "string"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Interface:
		return ""
	}
	return "number"
}
