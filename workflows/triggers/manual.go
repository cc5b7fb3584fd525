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
		"permissions": {
			"type": "array",
			"title": "For whom",
			"description": "Permission sets of which one holds one, and may read the record; whoever may change it when absent.",
			"minItems": 1,
			"maxItems": 50,
			"uniqueItems": true,
			"items": {"$ref": "#/$defs/name"}
		},
		"inputs": {"$ref": "#/$defs/inputs"}}}`)

type manualSettings struct {
	Sets   []string                   `json:"permissions"`
	Fields map[string]*metadata.Field `json:"inputs"`
}

type pressing struct {
	*manualSettings
	inputs []workflows.Input
}

func (s *manualSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !c.NeedsObject() {
		return nil
	}
	for i, name := range s.Sets {
		c.Permission(name, fmt.Sprint("/permissions/", i))
	}
	return &pressing{s, c.Inputs(s.Fields, "/inputs")}
}

func (*pressing) Allows() workflows.Effect { return workflows.Waits }
func (*pressing) Old() bool                { return false }

// Permissions implements workflows.OnPress.
func (p *pressing) Permissions() []string { return p.Sets }

// Inputs implements workflows.Asking.
func (p *pressing) Inputs() []workflows.Input { return p.inputs }
