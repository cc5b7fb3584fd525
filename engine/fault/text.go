package fault

import (
	"embed"
	"maps"
	"slices"
	"sync"

	"formwork/engine/message"
)

// Languages that every text is written in; the first is the fallback.
var Languages = message.Languages

//go:embed messages/*.json
var files embed.FS

var texts = sync.OnceValue(func() message.Catalogue { return message.Load(files) })

// Codes are all codes that there are texts for, sorted.
func Codes() []string { return slices.Sorted(maps.Keys(texts())) }

// Text renders the fault's message in a language, English where that lacks, after
// what it speaks of if that was named.
func (f *Fault) Text(language string) string {
	hint := "" // {hint} is a sentence on what was probably meant, if that is known
	if suggestion := f.Params["suggestion"]; suggestion != nil && suggestion != "" {
		hint = texts().Text("field.did_you_mean", language, map[string]any{"suggestion": suggestion})
	}
	text := texts().Text(f.Code, language, f.Params, "hint", hint)
	if f.Subject == "" {
		return text
	}
	return texts().Text("field.of", language, nil, "subject", f.Subject, "text", text)
}

// Known reports whether a code has a text in every language.
func Known(code string) bool { return texts().Known(code) }
