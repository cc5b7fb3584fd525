package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// countType counts the records that a condition holds for.
var countType = of[countSettings]("count", workflows.Computes, `{
	"title": "Count records",
	"description": "Counts the records for which a condition holds; later steps read how many as steps.<name>.count.",
	"required": ["object", "filter"],
	"properties": {
		"object": {"$ref": "#/$defs/name", "title": "Object"},
		"filter": {"$ref": "#/$defs/expression", "title": "Filter", "examples": ["owner == user and status == 'new'"]},
		"next": {"$ref": "#/$defs/next"}}}`)

type countSettings struct {
	workflows.Next
	Object string `json:"object"`
	Filter string `json:"filter"`
}

type counting struct {
	object *catalog.Object
	filter *expression.Program
	next   string
}

func (s *countSettings) Compile(c *workflows.Compiling) workflows.Step {
	o := c.Find(s.Object, "/object")
	if o == nil {
		return nil
	}
	c.Offer(workflows.Offered("count", fieldtype.Number(0)))
	return &counting{object: o, filter: c.Filter(o, s.Filter, "/filter"), next: s.To}
}

func (s *counting) Do(x *workflows.Execution) (workflows.Outcome, error) {
	n, err := x.Count(s.object, s.filter)
	return workflows.Outcome{Next: s.next, Result: map[string]any{"count": n}}, err
}
