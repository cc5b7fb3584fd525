package steps

import (
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/workflows"
)

// refuseType ends the run as failed, with a message. Before a save it refuses the save.
var refuseType = of[refuseSettings]("refuse", workflows.Computes, `{
	"title": "Refuse",
	"description": "Ends the run as failed, with a message. Before a save it refuses the save.",
	"required": ["message"],
	"properties": {
		"message": {"$ref": "#/$defs/text", "title": "Message"},
		"field": {"$ref": "#/$defs/name", "title": "Field", "description": "At which the message is shown."}}}`)

type refuseSettings struct {
	Message metadata.Text `json:"message"`
	Field   string        `json:"field"`
}

func (*refuseSettings) Exits() []workflows.Exit { return nil }

// Fails implements workflows.Fails.
func (*refuseSettings) Fails() {}

func (s *refuseSettings) Compile(c *workflows.Compiling) workflows.Step {
	if s.Field != "" && c.Object() != nil {
		c.Field(c.Object(), s.Field, "/field")
	}
	return s
}

func (s *refuseSettings) Do(x *workflows.Execution) (workflows.Outcome, error) {
	f := fault.New(fault.Invalid, "workflow.refused", "message", s.Message.In(x.Language(), ""))
	if s.Field != "" {
		f = f.At("/" + s.Field)
	}
	return workflows.Outcome{}, f
}
