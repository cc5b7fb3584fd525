package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// updateType changes any record.
var updateType = of[updateSettings]("update", workflows.Writes, `{
	"title": "Update a record",
	"description": "Changes a record that the run's own leads to, or that a step found. Where it leads to none, nothing is done.",
	"required": ["object", "record", "values"],
	"properties": {
		"object": {"$ref": "#/$defs/name", "title": "Object"},
		"record": {"$ref": "#/$defs/expression", "title": "Record", "examples": ["account"]},
		"values": {"$ref": "#/$defs/values"},
		"next": {"$ref": "#/$defs/next"}}}`)

type updateSettings struct {
	workflows.Next
	Object string            `json:"object"`
	Record string            `json:"record"`
	Values map[string]string `json:"values"`
}

type updating struct {
	object *catalog.Object
	record *expression.Program
	values []workflows.Value
	next   string
}

func (s *updateSettings) Compile(c *workflows.Compiling) workflows.Step {
	o := c.Written(s.Object, "/object")
	if o == nil {
		return nil
	}
	return &updating{object: o, record: c.Record(o, s.Record, "/record"), values: c.Values(o, s.Values, "/values"), next: s.To}
}

func (s *updating) Do(x *workflows.Execution) (workflows.Outcome, error) {
	key, err := recordOf(x, s.object, s.record)
	if key == 0 || err != nil {
		return workflows.Outcome{Next: s.next}, err
	}
	values, err := x.Values(s.values)
	if err != nil {
		return workflows.Outcome{}, err
	}
	return workflows.Outcome{Next: s.next}, x.Acts.Update(s.object, key, values)
}

// Writes implements workflows.Writing.
func (s *updating) Writes() []workflows.Write {
	return []workflows.Write{{Object: s.object, Action: record.Updated, Values: s.values}}
}

// recordOf is the record of an object that an expression leads to; 0: none.
func recordOf(x *workflows.Execution, o *catalog.Object, p *expression.Program) (id.ID, error) {
	v, err := x.Eval(p)
	if to, ok := v.(string); ok { // a reference to records of any object
		return fieldtype.ReferredBy(to, o.Doc.Name), err
	}
	key, _ := v.(int64)
	return id.ID(key), err
}
