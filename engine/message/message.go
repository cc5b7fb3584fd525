// Package message is what the program says in the languages of its users: texts by
// stable codes, with {name} places for parameters. What goes wrong is a fault
// (engine/fault), whose texts are kept in the same form; everything else is a Message.
package message

import (
	"embed"
	"sync"
)

// Languages that every text is written in; the first is the fallback.
var Languages = []string{"en", "zh"}

// Message is something to be said, in whatever language its reader has. It is immutable.
type Message struct {
	Code   string         // stable, dotted: "access.owner"
	Params map[string]any // fill the {name} places of the code's text
}

// New makes a message. params are name, value pairs for the text of the code.
func New(code string, params ...any) *Message { return &Message{Code: code, Params: Params(params)} }

// Params makes a map of name, value pairs; nil of none.
func Params(pairs []any) map[string]any {
	if len(pairs) == 0 {
		return nil
	}
	params := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		params[pairs[i].(string)] = pairs[i+1]
	}
	return params
}

//go:embed messages/*.json
var files embed.FS

var texts = sync.OnceValue(func() Catalogue { return Load(files) })

// Text is the message in a language, English where that lacks.
func (m *Message) Text(language string) string { return texts().Text(m.Code, language, m.Params) }

// Known reports whether a code has a text in every language.
func Known(code string) bool { return texts().Known(code) }
