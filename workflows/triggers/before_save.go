package triggers

import (
	"formwork/workflows"
)

// beforeSaveType runs in the transaction that saves a record, before it is saved: it may change the
// record or refuse the change, and nothing else.
var beforeSaveType = of[beforeSaveSettings]("before_save", `{
	"title": "Before a save",
	"description": "Before a record is saved or deleted, together with it: the record can be changed, or the save refused.",
	"required": ["on"],
	"properties": {"on": {"$ref": "#/$defs/actions"}, "fields": {"$ref": "#/$defs/fields"}}}`)

type beforeSaveSettings struct{ changes }

func (s *beforeSaveSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !s.check(c) {
		return nil
	}
	return s
}

func (*beforeSaveSettings) Allows() workflows.Effect { return workflows.Sets }
func (*beforeSaveSettings) Old() bool                { return true }
func (*beforeSaveSettings) Before() bool             { return true }
