package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/record"
	"formwork/workflows"
)

// deleteType moves a record to the bin.
var deleteType = of[deleteSettings]("delete", workflows.Writes, `{
	"title": "Delete a record",
	"description": "Moves a record to the bin. Where the expression leads to none, nothing is done.",
	"required": ["object", "record"],
	"properties": {
		"object": {"$ref": "#/$defs/name", "title": "Object"},
		"record": {"$ref": "#/$defs/expression", "title": "Record"},
		"next": {"$ref": "#/$defs/next"}}}`)

type deleteSettings struct {
	workflows.Next
	Object string `json:"object"`
	Record string `json:"record"`
}

type deleting struct {
	object *catalog.Object
	record *expression.Program
	next   string
}

func (s *deleteSettings) Compile(c *workflows.Compiling) workflows.Step {
	o := c.Written(s.Object, "/object")
	if o == nil {
		return nil
	}
	return &deleting{object: o, record: c.Record(o, s.Record, "/record"), next: s.To}
}

func (s *deleting) Do(x *workflows.Execution) (workflows.Outcome, error) {
	key, err := recordOf(x, s.object, s.record)
	if key == 0 || err != nil {
		return workflows.Outcome{Next: s.next}, err
	}
	return workflows.Outcome{Next: s.next}, x.Acts.Delete(s.object, key)
}

// Writes implements workflows.Writing.
func (s *deleting) Writes() []workflows.Write {
	return []workflows.Write{{Object: s.object, Action: record.Deleted}}
}
