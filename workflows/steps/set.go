package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/record"
	"formwork/workflows"
)

// setType gives fields of the record that the run is about other values.
var setType = of[setSettings]("set", workflows.Sets, `{
	"title": "Set fields",
	"description": "Gives fields of the record other values.",
	"required": ["values"],
	"properties": {"values": {"$ref": "#/$defs/values"}, "next": {"$ref": "#/$defs/next"}}}`)

type setSettings struct {
	workflows.Next
	Values map[string]string `json:"values"`
}

type setStep struct {
	object *catalog.Object
	values []workflows.Value
	next   string
}

func (s *setSettings) Compile(c *workflows.Compiling) workflows.Step {
	if !c.NeedsObject() {
		return nil
	}
	return &setStep{object: c.Object(), values: c.Values(c.Object(), s.Values, "/values"), next: s.To}
}

func (s *setStep) Do(x *workflows.Execution) (workflows.Outcome, error) {
	values, err := x.Values(s.values)
	if err != nil {
		return workflows.Outcome{}, err
	}
	return workflows.Outcome{Next: s.next}, x.Acts.Put(values)
}

// Writes implements workflows.Writing.
func (s *setStep) Writes() []workflows.Write {
	return []workflows.Write{{Object: s.object, Action: record.Updated, Own: true, Values: s.values}}
}
