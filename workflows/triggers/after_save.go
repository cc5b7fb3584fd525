package triggers

import (
	"formwork/workflows"
)

// afterSaveType runs after a record was saved or deleted, apart from the save: whatever becomes of the
// run, the change stays.
var afterSaveType = of[afterSaveSettings]("after_save", `{
	"title": "After a save",
	"description": "After a record was saved or deleted: other records can be changed, people told, and the run may wait.",
	"required": ["on"],
	"properties": {"on": {"$ref": "#/$defs/actions"}, "fields": {"$ref": "#/$defs/fields"}}}`)

type afterSaveSettings struct{ changes }

func (s *afterSaveSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	if !s.check(c) {
		return nil
	}
	return s
}

func (*afterSaveSettings) Allows() workflows.Effect { return workflows.Waits }
func (*afterSaveSettings) Old() bool                { return true }
func (*afterSaveSettings) Before() bool             { return false }
