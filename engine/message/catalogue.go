package message

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
)

// Catalogue maps code → language → text with {name} places.
type Catalogue map[string]map[string]string

// Load reads a catalogue from messages/*.json, one file an area: messages/record.json
// holds "not_found" for the code record.not_found, and "" for the code record. The
// files are part of the program; what can't be read panics.
func Load(files fs.FS) Catalogue {
	all := Catalogue{}
	names, err := fs.Glob(files, "messages/*.json")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		var file map[string]map[string]string
		if err := json.Unmarshal(raw, &file); err != nil {
			panic(fmt.Errorf("%s: %w", name, err))
		}
		area := strings.TrimSuffix(strings.TrimPrefix(name, "messages/"), ".json")
		for code, byLanguage := range file {
			if code != "" {
				code = "." + code
			}
			all[area+code] = byLanguage
		}
	}
	return all
}

// Text fills the places of a code's text with params and, beside them, with name,
// value pairs. The text is in English where there is none in the language; an unknown
// code is its own text.
func (c Catalogue) Text(code, language string, params map[string]any, pairs ...string) string {
	byLanguage, ok := c[code]
	if !ok {
		return code
	}
	base, _, _ := strings.Cut(language, "-")
	text, ok := byLanguage[language]
	if !ok {
		text, ok = byLanguage[base]
	}
	if !ok {
		text = byLanguage[Languages[0]]
	}
	if !strings.Contains(text, "{") {
		return text
	}
	replaced := make([]string, 0, 2*len(params)+len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		replaced = append(replaced, "{"+pairs[i]+"}", pairs[i+1])
	}
	for name, value := range params {
		replaced = append(replaced, "{"+name+"}", fmt.Sprint(value))
	}
	return strings.NewReplacer(replaced...).Replace(text)
}

// Known reports whether a code has a text in every language.
func (c Catalogue) Known(code string) bool {
	byLanguage := c[code]
	for _, language := range Languages {
		if byLanguage[language] == "" {
			return false
		}
	}
	return true
}
