package fault

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

//go:embed messages/*.json
var messageFiles embed.FS

// Languages that every message is written in; the first is the fallback.
var Languages = []string{"en", "zh"}

// texts maps code -> language -> text with {name} places. One file an area:
// messages/record.json holds "not_found" for the code record.not_found.
var texts = sync.OnceValue(func() map[string]map[string]string {
	all := map[string]map[string]string{}
	entries, err := messageFiles.ReadDir("messages")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		raw, err := messageFiles.ReadFile("messages/" + entry.Name())
		if err != nil {
			panic(err)
		}
		var file map[string]map[string]string
		if err := json.Unmarshal(raw, &file); err != nil {
			panic(fmt.Errorf("messages/%s: %w", entry.Name(), err))
		}
		area := strings.TrimSuffix(entry.Name(), ".json")
		for code, byLanguage := range file {
			if code != "" {
				code = "." + code
			}
			all[area+code] = byLanguage
		}
	}
	return all
})

// Text renders the fault's message in a language, English where that lacks, after
// what it speaks of if that was named.
func (f *Fault) Text(language string) string {
	if f.Subject == "" {
		return render(f.Code, f.Params, language)
	}
	return render("field.of", map[string]any{"subject": f.Subject, "text": render(f.Code, f.Params, language)}, language)
}

func render(code string, params map[string]any, language string) string {
	byLanguage, ok := texts()[code]
	if !ok {
		return code
	}
	text, ok := byLanguage[language]
	if !ok {
		text = byLanguage[Languages[0]]
	}
	if !strings.Contains(text, "{") {
		return text
	}
	hint := "" // {hint} is a sentence on what was probably meant, if that is known
	if suggestion := params["suggestion"]; suggestion != nil && suggestion != "" && strings.Contains(text, "{hint}") {
		hint = render("field.did_you_mean", map[string]any{"suggestion": suggestion}, language)
	}
	pairs := append(make([]string, 0, 2*len(params)+2), "{hint}", hint)
	for name, value := range params {
		pairs = append(pairs, "{"+name+"}", fmt.Sprint(value))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Known reports whether a code has a text in every language.
func Known(code string) bool {
	byLanguage := texts()[code]
	for _, language := range Languages {
		if byLanguage[language] == "" {
			return false
		}
	}
	return true
}
