package steps

import (
	"fmt"

	"formwork/engine/expression"
	"formwork/workflows"
)

// switchType goes the way of the first of several conditions that holds.
var switchType = of[switchSettings]("switch", workflows.Computes, `{
	"title": "Switch",
	"description": "Goes the way of the first condition that holds.",
	"required": ["cases"],
	"properties": {
		"cases": {
			"type": "array",
			"title": "Cases",
			"minItems": 1,
			"maxItems": 50,
			"items": {
				"type": "object",
				"required": ["when"],
				"properties": {"when": {"$ref": "#/$defs/expression", "title": "When"}, "next": {"$ref": "#/$defs/next"}},
				"additionalProperties": false
			}
		},
		"else": {"$ref": "#/$defs/next", "title": "Else"}}}`)

type switchSettings struct {
	Cases []struct {
		When string `json:"when"`
		workflows.Next
	} `json:"cases"`
	Else string `json:"else"`
}

func (s *switchSettings) Exits() []workflows.Exit {
	exits := []workflows.Exit{{At: "/else", To: s.Else}}
	for i, one := range s.Cases {
		exits = append(exits, workflows.Exit{At: fmt.Sprintf("/cases/%d/next", i), To: one.To})
	}
	return exits
}

type switchCase struct {
	condition *expression.Program
	next      string
}

type switching struct {
	cases     []switchCase
	otherwise string
}

func (s *switchSettings) Compile(c *workflows.Compiling) workflows.Step {
	compiled := &switching{otherwise: s.Else}
	for i, one := range s.Cases {
		condition := c.Condition(one.When, fmt.Sprintf("/cases/%d/when", i))
		compiled.cases = append(compiled.cases, switchCase{condition, one.To})
	}
	return compiled
}

func (s *switching) Do(x *workflows.Execution) (workflows.Outcome, error) {
	for _, one := range s.cases {
		if held, err := x.Holds(one.condition); held || err != nil {
			return workflows.Outcome{Next: one.next}, err
		}
	}
	return workflows.Outcome{Next: s.otherwise}, nil
}
