package triggers

import (
	"encoding/json"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/mail"
	"formwork/engine/template"
	"formwork/metadata"
	"formwork/workflows"
)

// composeType runs when somebody writes an e-mail about a record that they may read.
var composeType = of[composeSettings]("compose", `{
	"title": "Writing an e-mail",
	"description": "When somebody writes an e-mail about a record that they may read, from a template or freely. What they wrote is input.subject and input.text, in markup input.html where the text is that of a template which has some, and the e-mail that they answer input.answers. The first step sends it.",
	"properties": {
		"permissions": `+forWhom+`}}`)

type composeSettings struct{ people }

// Inputs of a message that somebody writes.
const (
	subjectInput  = "subject"
	textInput     = "text"
	templateInput = "template"
	languageInput = "language"
	answersInput  = "answers"
	htmlInput     = "html"
)

// composed is what whoever writes fills in, as fields are described.
const composed = `{
	"subject": {"type": "text", "label": {"en": "Subject", "zh": "主题"}, "required": true, "max_length": 500, "order": 10},
	"text": {"type": "long_text", "label": {"en": "Text", "zh": "正文"}, "required": true, "order": 20},
	"template": {"type": "text", "label": {"en": "Template", "zh": "模板"}, "max_length": 63, "order": 30},
	"language": {"type": "text", "label": {"en": "Language", "zh": "语言"}, "max_length": 35, "order": 40},
	"answers": {"type": "lookup", "object": "` + mail.ObjectName + `", "label": {"en": "Answers", "zh": "所回复的邮件"}, "order": 50},
	"html": {"type": "long_text", "label": {"en": "With markup", "zh": "带格式正文"}, "order": 60}}`

type composing struct {
	*composeSettings
	inputs []workflows.Input
}

func (s *composeSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !s.check(c) {
		return nil
	}
	var fields map[string]*metadata.Field
	if err := json.Unmarshal([]byte(composed), &fields); err != nil {
		panic(fmt.Errorf("reading what is filled in of an e-mail: %w", err))
	}
	inputs := c.Inputs(fields, "")
	if len(inputs) < len(fields) {
		return nil
	}
	for i := range inputs {
		inputs[i].Unasked = inputs[i].Field.Doc.Required == nil
	}
	return &composing{s, inputs}
}

func (*composing) Allows() workflows.Effect { return workflows.Waits }
func (*composing) Old() bool                { return false }

// Inputs implements workflows.Asking.
func (t *composing) Inputs() []workflows.Input { return t.inputs }

// Complete implements workflows.OnCompose: the markup of a template goes along with its text, and with no other. Nobody sends markup of their own.
// Faults: template.unknown (Invalid), and those of Template.Write.
func (t *composing) Complete(templates map[string]*template.Template, values map[string]any, eval template.Eval) error {
	values[htmlInput] = nil
	name, _ := values[templateInput].(string)
	if name == "" {
		return nil
	}
	of := templates[name]
	if of == nil {
		return fault.New(fault.Invalid, "template.unknown", "template", name).At("/inputs/" + templateInput)
	}
	language, _ := values[languageInput].(string)
	written, err := of.Write(language, eval)
	if err != nil {
		return err
	}
	text, problem := t.stored(textInput, written.Text)
	if problem != nil || text != values[textInput] {
		return nil // it was changed
	}
	markup, problem := t.stored(htmlInput, written.HTML)
	if problem != nil {
		return problem.At("/inputs/" + templateInput)
	}
	values[htmlInput] = markup
	return nil
}

// stored is a text as an input keeps it.
func (t *composing) stored(input, text string) (any, *fault.Fault) {
	for _, one := range t.inputs {
		if one.Field.Name == input {
			return one.Field.Value.Coerce(text)
		}
	}
	return nil, nil
}
