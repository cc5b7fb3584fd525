package workflows

import (
	"encoding/json"

	"formwork/metadata"
	"formwork/metadata/schema"
)

// Asks reports whether a step asks people about the record.
func (w *Workflow) Asks(step string) bool {
	n := w.Nodes[step]
	if n == nil {
		return false
	}
	_, asks := n.Step.(Locking)
	return asks
}

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
	var of struct {
		Title string `json:"title"`
	}
	if err := json.Unmarshal(n.Type.Schema(), &of); err != nil || of.Title == "" {
		of.Title = n.Type.Name()
	}
	return said.Label.In(language, schema.Text(of.Title, language))
}
