package steps

import (
	"formwork/workflows"
)

// computeType computes values for later steps.
var computeType = of[computeSettings]("compute", workflows.Computes, `{
	"title": "Compute",
	"description": "Computes values, which later steps read as steps.<name>.<value>; nothing else is changed.",
	"required": ["values"],
	"properties": {"values": {"$ref": "#/$defs/computed"}, "next": {"$ref": "#/$defs/next"}}}`)

type computeSettings struct {
	workflows.Next
	Values map[string]workflows.Computation `json:"values"`
}

type computing struct {
	values []workflows.Computed
	next   string
}

func (s *computeSettings) Compile(c *workflows.Compiling) workflows.Step {
	c.Offer(workflows.OfferedBy(s.Values)...)
	return &computing{c.Computed(s.Values, "/values"), s.To}
}

func (s *computing) Do(x *workflows.Execution) (workflows.Outcome, error) {
	values, err := x.Compute(s.values)
	return workflows.Outcome{Next: s.next, Result: values}, err
}
