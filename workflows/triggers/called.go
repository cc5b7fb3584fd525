package triggers

import (
	"formwork/metadata"
	"formwork/workflows"
)

// calledType runs when a step of another workflow calls it.
var calledType = of[calledSettings]("called", `{
	"title": "Called",
	"description": "When a step of another workflow calls it.",
	"properties": {
		"inputs": {"$ref": "#/$defs/inputs"},
		"answer": {"$ref": "#/$defs/computed", "title": "Answer", "description": "What later steps of the other workflow read as steps.<name>.<this>, computed when the run has ended; it may read the record and what all steps found."}}}`)

type calledSettings struct {
	Fields map[string]*metadata.Field       `json:"inputs"`
	Answer map[string]workflows.Computation `json:"answer"`
}

type called struct {
	*calledSettings
	inputs []workflows.Input
}

func (s *calledSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !c.NeedsObject() {
		return nil
	}
	return &called{s, c.Inputs(s.Fields, "/inputs")}
}

func (*called) Allows() workflows.Effect { return workflows.Waits }
func (*called) Old() bool                { return false }

// Inputs implements workflows.Asking.
func (t *called) Inputs() []workflows.Input { return t.inputs }

// Answers implements workflows.OnCall.
func (t *called) Answers() map[string]workflows.Computation { return t.Answer }
