package fieldtype

import (
	"formwork/engine/fault"
	"formwork/metadata"
)

// JSONType is a JSON object or array that the platform keeps and does not
// understand. Texts and numbers have types of their own.
type JSONType struct{}

var jsonLimits = metadata.Limits{Bytes: 64 << 10, Depth: 20}

func (JSONType) Name() string { return "json" }

// AlsoCalled implements Called.
func (JSONType) AlsoCalled() []string {
	return []string{"object", "jsonb", "map"}
}

func (JSONType) SettingsSchema() map[string]any { return map[string]any{} }

func (JSONType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return jsonValue{}, nil
}

type jsonValue struct{ structured }

func (jsonValue) Kind() Kind { return AnyKind }

func (jsonValue) Coerce(in any) (any, *fault.Fault) {
	if blank(in) {
		return nil, nil
	}
	v, ok := fromText(in, jsonLimits)
	switch v.(type) {
	case map[string]any, []any:
	default:
		ok = false
	}
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_json", "value", show(in))
	}
	if !within(v, jsonLimits.Depth) {
		return nil, fault.New(fault.Invalid, "field.too_deep", "max", jsonLimits.Depth)
	}
	body := metadata.Canonical(v)
	if len(body) > jsonLimits.Bytes {
		return nil, fault.New(fault.Invalid, "field.too_large", "max", jsonLimits.Bytes)
	}
	return body, nil
}

// within reports whether a value's objects and arrays are nested at most depth deep.
func within(v any, depth int) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			if depth == 0 || !within(member, depth-1) {
				return false
			}
		}
		return depth > 0
	case []any:
		for _, item := range v {
			if depth == 0 || !within(item, depth-1) {
				return false
			}
		}
		return depth > 0
	}
	return true
}

func (jsonValue) Schema() map[string]any {
	return map[string]any{"type": []any{"object", "array"}}
}
