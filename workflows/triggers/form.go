package triggers

import (
	"formwork/engine/fault"
	"formwork/engine/form"
	"formwork/engine/record"
	"formwork/workflows"
)

// formType runs after somebody has sent a form, on the record that it made.
var formType = of[formSettings]("form", `{
	"title": "Form",
	"description": "After somebody has sent a form: a run is about the record that it made. Records that are made otherwise do not set it off.",
	"required": ["form"],
	"properties": {
		"form": {"$ref": "#/$defs/name", "title": "Form", "description": "Of the object of the workflow.", "examples": ["contact_us"]}}}`)

type formSettings struct {
	Form string `json:"form"`
}

type filled struct{ *formSettings }

func (s *formSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !c.NeedsObject() {
		return nil
	}
	f := c.Form(s.Form, "/form")
	if f == nil {
		return nil
	}
	if f.Object.Doc.Name != c.Object().Doc.Name {
		c.Report(fault.New(fault.Invalid, "workflow.form_of_other", "form", s.Form, "object", f.Object.Doc.Name), "/form")
		return nil
	}
	return &filled{s}
}

func (*filled) Allows() workflows.Effect { return workflows.Waits }
func (*filled) Old() bool                { return false }
func (*filled) Before() bool             { return false }

// On implements workflows.OnSave.
func (*filled) On() []record.Action { return []record.Action{record.Created} }

// Fires implements workflows.OnSave.
func (t *filled) Fires(c workflows.Saved) bool { return form.SentBy(t.Form, c.Via()) }
