package triggers

import (
	"fmt"

	"formwork/workflows"
)

// manualType runs when somebody asks for it, on a record that they may read.
var manualType = of[manualSettings]("manual", `{
	"title": "By hand",
	"description": "When somebody asks for it, on a record that they may read.",
	"properties": {
		"permissions": {
			"type": "array",
			"title": "For",
			"description": "Permission sets of which one holds one, and may read the record; whoever may change it when absent.",
			"minItems": 1,
			"maxItems": 50,
			"uniqueItems": true,
			"items": {"$ref": "#/$defs/name"}
		}}}`)

type manualSettings struct {
	Sets []string `json:"permissions"`
}

func (s *manualSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !c.NeedsObject() {
		return nil
	}
	for i, name := range s.Sets {
		c.Permission(name, fmt.Sprint("/permissions/", i))
	}
	return s
}

func (*manualSettings) Allows() workflows.Effect { return workflows.Waits }
func (*manualSettings) Old() bool                { return false }

// Permissions implements workflows.OnPress.
func (s *manualSettings) Permissions() []string { return s.Sets }
