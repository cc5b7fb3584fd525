package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/workflows"
)

// callType runs another workflow.
var callType = of[callSettings]("call", workflows.Waits, `{
	"title": "Call a workflow",
	"description": "Runs a workflow whose trigger is “called”, and waits until it has ended; later steps read what it answers as steps.<name>.<this>. Where its condition does not hold, or the record leads to none, nothing is done.",
	"required": ["workflow"],
	"properties": {
		"workflow": {"$ref": "#/$defs/name", "title": "Workflow"},
		"record": {"$ref": "#/$defs/expression", "title": "Record", "description": "On which it runs; that of the run when absent.", "examples": ["account"]},
		"inputs": {
			"type": "object", "title": "Inputs", "description": "What it is given, each by an expression; else it begins as it says itself.", "maxProperties": 30,
			"patternProperties": {"^[a-z][a-z0-9_]{0,62}$": {"$ref": "#/$defs/expression"}},
			"additionalProperties": false, "examples": [{"reason": "'Large: ' + name"}]},
		"next": {"$ref": "#/$defs/next"}}}`)

type callSettings struct {
	workflows.Next
	Workflow string            `json:"workflow"`
	Record   string            `json:"record"`
	Inputs   map[string]string `json:"inputs"`
}

type calling struct {
	workflow string
	object   *catalog.Object     // of the record that it is about
	record   *expression.Program // nil: that of the run
	inputs   []workflows.Value
	answer   workflows.Result
	next     string
}

func (s *callSettings) Compile(c *workflows.Compiling) workflows.Step {
	called := c.Called(s.Workflow, "/workflow")
	if called == nil {
		return nil
	}
	r := &calling{workflow: s.Workflow, object: called.Object, inputs: c.Given(called.Inputs, s.Inputs, "/inputs"), answer: called.Answer, next: s.To}
	switch {
	case s.Record != "":
		r.record = c.Record(called.Object, s.Record, "/record")
	case c.NeedsObject() && c.Object().Doc.Name != called.Object.Doc.Name:
		c.Report(fault.New(fault.Invalid, "workflow.called_elsewhere", "workflow", s.Workflow, "object", called.Object.Doc.Name), "/workflow")
	}
	c.Offer(called.Answer...)
	return r
}

func (s *calling) Do(x *workflows.Execution) (workflows.Outcome, error) {
	run := x.Asked()
	if run == 0 {
		record, err := s.about(x)
		if err != nil || record == 0 {
			return workflows.Outcome{Next: s.next}, err
		}
		inputs, err := x.Values(s.inputs)
		if err != nil {
			return workflows.Outcome{}, err
		}
		if run, err = x.Acts.Begin(s.workflow, record, inputs); err != nil || run == 0 {
			return workflows.Outcome{Next: s.next}, err
		}
	}
	ending, err := x.Acts.Ended(run)
	switch {
	case err != nil:
		return workflows.Outcome{}, err
	case !ending.Ended:
		return workflows.Outcome{Asked: run}, nil
	case ending.Fault != nil:
		return workflows.Outcome{}, ending.Fault
	}
	result, err := s.answer.Read(ending.Answer)
	return workflows.Outcome{Next: s.next, Result: result}, err
}

// about is the record that the called run is about; 0: none.
func (s *calling) about(x *workflows.Execution) (id.ID, error) {
	if s.record == nil {
		return x.Record(), nil
	}
	return recordOf(x, s.object, s.record)
}
