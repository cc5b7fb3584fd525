package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/record"
	"formwork/workflows"
)

// createType makes a record.
var createType = of[createSettings]("create", workflows.Writes, `{
	"title": "Create a record",
	"description": "Makes a record; later steps read it as steps.<name>.record.",
	"required": ["object", "values"],
	"properties": {
		"object": {"$ref": "#/$defs/name", "title": "Object"},
		"values": {"$ref": "#/$defs/values"},
		"next": {"$ref": "#/$defs/next"}}}`)

type createSettings struct {
	workflows.Next
	Object string            `json:"object"`
	Values map[string]string `json:"values"`
}

type creating struct {
	object *catalog.Object
	values []workflows.Value
	next   string
}

func (s *createSettings) Compile(c *workflows.Compiling) workflows.Step {
	o := c.Written(s.Object, "/object")
	if o == nil {
		return nil
	}
	c.Offer(workflows.Reference("record", o))
	return &creating{object: o, values: c.Values(o, s.Values, "/values"), next: s.To}
}

func (s *creating) Do(x *workflows.Execution) (workflows.Outcome, error) {
	values, err := x.Values(s.values)
	if err != nil {
		return workflows.Outcome{}, err
	}
	key, err := x.Acts.Create(s.object, values)
	if err != nil {
		return workflows.Outcome{}, err
	}
	return workflows.Outcome{Next: s.next, Result: map[string]any{"record": int64(key)}}, nil
}

// Writes implements workflows.Writing.
func (s *creating) Writes() []workflows.Write {
	return []workflows.Write{{Object: s.object, Action: record.Created, Values: s.values}}
}
