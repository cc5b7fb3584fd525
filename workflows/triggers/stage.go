package triggers

import (
	"fmt"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/workflows"
)

// stageType runs after a record came into a stage, or left one.
var stageType = of[stageSettings]("stage", `{
	"title": "Stage",
	"description": "After a record came into one of some stages, or left one.",
	"minProperties": 2,
	"properties": {
		"entered": {"$ref": "#/$defs/stages", "title": "Entered"},
		"left": {"$ref": "#/$defs/stages", "title": "Left"}},
	"$defs": {"stages": {"type": "array", "minItems": 1, "maxItems": 100, "uniqueItems": true, "items": {"$ref": "#/$defs/name"}}}}`)

type stageSettings struct {
	Entered []string `json:"entered"`
	Left    []string `json:"left"`
}

type staged struct {
	field         string
	column        query.Column
	entered, left []string
}

func (s *stageSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	o := c.Object()
	if o == nil || o.Stages == nil {
		c.Report(fault.New(fault.Invalid, "workflow.needs_stages"), "/type")
		return nil
	}
	for member, names := range map[string][]string{"entered": s.Entered, "left": s.Left} {
		for i, name := range names {
			if o.Stages.ByName[name] == nil {
				c.Report(fault.New(fault.Invalid, "workflow.unknown_stage", "stage", name, "object", o.Doc.Name), fmt.Sprintf("/%s/%d", member, i))
			}
		}
	}
	return &staged{field: o.Stages.Field.Name, column: o.Stages.Field.Column, entered: s.Entered, left: s.Left}
}

func (*staged) Allows() workflows.Effect { return workflows.Waits }
func (*staged) Old() bool                { return true }
func (*staged) Before() bool             { return false }

// On implements workflows.OnSave: a record may begin in a stage.
func (*staged) On() []record.Action { return []record.Action{record.Created, record.Updated} }

// Fires implements workflows.OnSave.
func (s *staged) Fires(c workflows.Saved) bool {
	from, _ := c.Was(s.field).(string)
	to, _ := c.Get(s.field).(string)
	return from != to && (slices.Contains(s.entered, to) || slices.Contains(s.left, from))
}

// Watches implements workflows.OnFields.
func (s *staged) Watches() []string { return []string{s.field} }

// Implies implements workflows.Implying.
func (s *staged) Implies() query.Filter {
	if len(s.left) > 0 {
		return nil
	}
	in := query.In{Ref: query.Field(s.column)}
	for _, name := range s.entered {
		in.Values = append(in.Values, name)
	}
	return in
}
