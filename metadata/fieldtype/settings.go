package fieldtype

import (
	"encoding/json"

	"formwork/engine/fault"
	"formwork/metadata"
)

// settings decodes a field's JSON into a type's own settings.
func settings[T any](f *metadata.Field) (T, []*fault.Fault) {
	var s T
	if len(f.Settings) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(f.Settings, &s); err != nil {
		return s, []*fault.Fault{fault.New(fault.Invalid, "metadata.settings", "type", f.Type).Because(err)}
	}
	return s, nil
}

// The parts of settings schemas. Every setting has a title and a description, and
// examples where they help, so that an editor can explain it.

func textSetting(title, description string, examples ...any) map[string]any {
	return setting("string", title, description, examples)
}

func numberSetting(title, description string, examples ...any) map[string]any {
	return setting("number", title, description, examples)
}

func countSetting(title, description string, min, max, initial int) map[string]any {
	s := setting("integer", title, description, nil)
	s["minimum"], s["maximum"], s["default"] = min, max, initial
	return s
}

func choiceSetting(title, description string, choices ...string) map[string]any {
	s := setting("string", title, description, nil)
	s["enum"], s["default"] = list(choices), choices[0]
	return s
}

func nameSetting(title, description string, examples ...any) map[string]any {
	s := setting("string", title, description, examples)
	s["pattern"] = metadata.NamePattern.String()
	return s
}

func setting(kind, title, description string, examples []any) map[string]any {
	s := map[string]any{"type": kind, "title": title, "description": description}
	if len(examples) > 0 {
		s["examples"] = examples
	}
	return s
}

// list makes a decoded JSON array of texts.
func list(texts []string) []any {
	out := make([]any, len(texts))
	for i, s := range texts {
		out[i] = s
	}
	return out
}
