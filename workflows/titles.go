package workflows

import (
	"encoding/json"

	"formwork/engine/message"
	"formwork/metadata"
)

// StepTitle is what people call a step of the workflow: its label, else the title of its type; its name, of one that is not
// there any more.
func (w *Workflow) StepTitle(name, language string) string {
	n := w.Nodes[name]
	if n == nil {
		return name
	}
	var said struct {
		Label metadata.Text `json:"label"`
	}
	if err := json.Unmarshal(w.Doc.Steps[name], &said); err != nil { // it was compiled
		return name
	}
	return said.Label.In(language, TitleOf("step", n.Type, language))
}

// TitleOf is what a type of steps ("step") or triggers ("trigger") is called in a language; of one that the program has no texts
// for, such as a plugin's, what its schema says.
func TitleOf(of string, t interface {
	Name() string
	Schema() json.RawMessage
}, language string) string {
	if code := of + "." + t.Name(); message.Known(code) {
		return message.New(code).Text(language)
	}
	var schema struct {
		Title string `json:"title"`
	}
	if json.Unmarshal(t.Schema(), &schema) != nil || schema.Title == "" {
		return t.Name()
	}
	return schema.Title
}
