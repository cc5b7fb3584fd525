package steps

import (
	"formwork/engine/expression"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
	"formwork/workflows/outside"
)

// maxFileName is how many characters of the name of a file later steps read.
const maxFileName = 255

// printType prints a document of the record, and keeps it with that.
var printType = of[printSettings]("print", workflows.Waits, `{
	"title": "Print a document",
	"description": "Prints a document of the record as a PDF, as the run reads it, and attaches the file to the record; later steps read its id and name as steps.<name>.file and steps.<name>.name.",
	"required": ["template"],
	"properties": {
		"template": {"$ref": "#/$defs/name", "title": "Template", "description": "One with a document, for records of the object.", "examples": ["quote_document"]},
		"language": {"$ref": "#/$defs/expression", "title": "Language", "description": "Of the document; English, or what it has, when absent.", "examples": ["country == 'CN' ? 'zh' : 'en'"]},
		"next": {"$ref": "#/$defs/next"}}}`)

type printSettings struct {
	workflows.Next
	Template string `json:"template"`
	Language string `json:"language"`
}

// Retries implements workflows.Tries.
func (*printSettings) Retries() {}

type printing struct {
	template string
	language *expression.Program
	next     string
}

func (s *printSettings) Compile(c *workflows.Compiling) workflows.Step {
	if !c.NeedsObject() {
		return nil
	}
	c.Document(s.Template, "/template")
	p := &printing{template: s.Template, next: s.To}
	if s.Language != "" {
		p.language = c.Expression(s.Language, fieldtype.TextKind, -1, "/language")
	}
	c.Offer(workflows.Offered("file", fieldtype.Lines(maxFileName)), workflows.Offered("name", fieldtype.Lines(maxFileName)))
	return p
}

func (p *printing) Do(x *workflows.Execution) (workflows.Outcome, error) {
	if x.Asked() == 0 {
		language, err := textOf(x, p.language)
		if err != nil {
			return workflows.Outcome{}, err
		}
		asked, err := x.Acts.Print(outside.Print{Template: p.template, Language: language})
		return workflows.Outcome{Asked: asked}, err
	}
	is, err := x.Acts.Printed(x.Asked())
	switch {
	case err != nil:
		return workflows.Outcome{}, err
	case is.State == outside.Pending:
		return workflows.Outcome{Asked: x.Asked()}, nil
	case is.State == outside.Failed:
		return workflows.Outcome{}, is.Fault
	case is.File == 0:
		return workflows.Outcome{Next: p.next, Result: map[string]any{}}, nil
	}
	return workflows.Outcome{Next: p.next, Result: map[string]any{"file": is.File.String(), "name": is.Name}}, nil
}
