package triggers

import (
	"fmt"

	"formwork/metadata"
	"formwork/workflows"
)

// manualType runs when somebody asks for it, on a record that they may read.
var manualType = of[manualSettings]("manual", `{
	"title": "By hand",
	"description": "When somebody asks for it, on a record that they may read.",
	"properties": {
		"permissions": `+forWhom+`,
		"help": {"$ref": "#/$defs/text", "title": "Help", "description": "What it will do, told to whoever fills in what it asks for."},
		"inputs": {"$ref": "#/$defs/inputs"}}}`)

// forWhom is the schema of people.
const forWhom = `{
			"type": "array",
			"title": "For whom",
			"description": "Permission sets of which one holds one, and may read the record; whoever may change it when absent.",
			"minItems": 1,
			"maxItems": 50,
			"uniqueItems": true,
			"items": {"$ref": "#/$defs/name"}
		}`

// people are who may set off a workflow.
type people struct {
	Sets []string `json:"permissions"`
}

// check reports permission sets that are not there, and a workflow without an object.
func (s *people) check(c *workflows.Compiling) bool {
	if !c.NeedsObject() {
		return false
	}
	for i, name := range s.Sets {
		c.Permission(name, fmt.Sprint("/permissions/", i))
	}
	return true
}

// Permissions implements workflows.OnPress.
func (s *people) Permissions() []string { return s.Sets }

type manualSettings struct {
	people
	Said   metadata.Text              `json:"help"`
	Fields map[string]*metadata.Field `json:"inputs"`
}

type pressing struct {
	*manualSettings
	inputs []workflows.Input
}

func (s *manualSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !s.check(c) {
		return nil
	}
	return &pressing{s, c.Inputs(s.Fields, "/inputs")}
}

func (*pressing) Allows() workflows.Effect { return workflows.Waits }
func (*pressing) Old() bool                { return false }

// Help implements workflows.Helping.
func (p *pressing) Help() metadata.Text { return p.Said }

// Inputs implements workflows.Asking.
func (p *pressing) Inputs() []workflows.Input { return p.inputs }
