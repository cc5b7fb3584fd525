// Package triggers are the built-in types of triggers, a file each.
package triggers

import (
	"encoding/json"
	"fmt"

	"formwork/engine/record"
	"formwork/workflows"
)

// All lists them.
func All() []workflows.TriggerType {
	return []workflows.TriggerType{afterSaveType, beforeSaveType, calledType, composeType, dateType, emailType, formType, manualType, momentType, scheduleType, stageType, webhookType}
}

// triggerType is a type of triggers whose settings are an S.
type triggerType[S any, P interface {
	*S
	workflows.TriggerSettings
}] struct{ name, schema string }

// of makes a type of triggers; see workflows.TriggerType.
func of[S any, P interface {
	*S
	workflows.TriggerSettings
}](name, schema string) workflows.TriggerType {
	return triggerType[S, P]{name, schema}
}

func (t triggerType[S, P]) Name() string            { return t.name }
func (t triggerType[S, P]) Schema() json.RawMessage { return json.RawMessage(t.schema) }

func (t triggerType[S, P]) Read(raw json.RawMessage) (workflows.TriggerSettings, error) {
	s := P(new(S))
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("reading the settings of a trigger %s: %w", t.name, err)
	}
	return s, nil
}

// changes are what is done to a record, and the fields that are to be among what changed.
type changes struct {
	Actions []record.Action `json:"on"`
	Fields  []string        `json:"fields"`
}

// check reports fields that are not there, and a workflow without an object.
func (s *changes) check(c *workflows.Compiling) bool {
	if !c.NeedsObject() {
		return false
	}
	for i, name := range s.Fields {
		c.Field(c.Object(), name, fmt.Sprint("/fields/", i))
	}
	return true
}

// On implements workflows.OnSave.
func (s *changes) On() []record.Action { return s.Actions }

// Fires implements workflows.OnSave.
func (s *changes) Fires(c workflows.Saved) bool {
	if len(s.Fields) == 0 || c.Action() == record.Deleted {
		return true
	}
	for _, name := range s.Fields {
		if !record.Same(c.Was(name), c.Get(name)) {
			return true
		}
	}
	return false
}

// Watches implements workflows.OnFields.
func (s *changes) Watches() []string { return s.Fields }
