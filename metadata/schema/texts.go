package schema

import (
	_ "embed" // the texts
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed zh.json
var chinese []byte

// languages are what titles and descriptions of schemas are in besides English, in which they are written: a text for each.
var languages = sync.OnceValue(func() map[string]map[string]string {
	var zh map[string]string
	if err := json.Unmarshal(chinese, &zh); err != nil {
		panic(fmt.Errorf("texts of schemas: %w", err))
	}
	return map[string]map[string]string{"zh": zh}
})

// Text is a title or description of a schema in a language, as it is where it is not known in that.
func Text(english, language string) string {
	if text, ok := languages()[language][english]; ok {
		return text
	}
	return english
}

// In is a schema whose titles and descriptions are in a language, as far as they are known in it.
func In(schema json.RawMessage, language string) (json.RawMessage, error) {
	if languages()[language] == nil {
		return schema, nil
	}
	var v any
	if err := json.Unmarshal(schema, &v); err != nil {
		return nil, fmt.Errorf("reading a schema: %w", err)
	}
	EachText(v, func(text string) string { return Text(text, language) })
	return json.Marshal(v)
}

// EachText replaces the titles and descriptions of a schema, as encoding/json decodes it.
func EachText(schema any, replace func(text string) string) {
	switch s := schema.(type) {
	case []any:
		for _, member := range s {
			EachText(member, replace)
		}
	case object:
		for keyword, value := range s {
			switch keyword {
			case "title", "description":
				if text, ok := value.(string); ok {
					s[keyword] = replace(text)
				}
			case "properties", "patternProperties", "$defs": // whose members are names
				members, _ := value.(object)
				for _, member := range members {
					EachText(member, replace)
				}
			case "const", "enum", "default", "examples": // values
			default:
				EachText(value, replace)
			}
		}
	}
}
