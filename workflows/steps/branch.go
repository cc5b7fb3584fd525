package steps

import (
	"formwork/engine/expression"
	"formwork/workflows"
)

// branchType goes one way if a condition holds, and another if it does not.
var branchType = of[branchSettings]("branch", workflows.Computes, `{
	"title": "Branch",
	"description": "Goes one way if a condition holds, and another if it does not.",
	"required": ["if"],
	"properties": {
		"if": {"$ref": "#/$defs/expression", "title": "If"},
		"then": {"$ref": "#/$defs/next", "title": "Then"},
		"else": {"$ref": "#/$defs/next", "title": "Else"}}}`)

type branchSettings struct {
	If   string `json:"if"`
	Then string `json:"then"`
	Else string `json:"else"`
}

func (s *branchSettings) Exits() []workflows.Exit {
	return []workflows.Exit{{At: "/then", To: s.Then}, {At: "/else", To: s.Else}}
}

type branchStep struct {
	condition       *expression.Program
	then, otherwise string
}

func (s *branchSettings) Compile(c *workflows.Compiling) workflows.Step {
	return &branchStep{condition: c.Condition(s.If, "/if"), then: s.Then, otherwise: s.Else}
}

func (s *branchStep) Do(x *workflows.Execution) (workflows.Outcome, error) {
	held, err := x.Holds(s.condition)
	if held {
		return workflows.Outcome{Next: s.then}, err
	}
	return workflows.Outcome{Next: s.otherwise}, err
}
