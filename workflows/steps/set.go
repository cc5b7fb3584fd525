package steps

import (
	"encoding/json"

	"formwork/workflows"
)

// set gives fields of the record that the run is about other values.
type set struct{}

func (set) Name() string             { return "set" }
func (set) Effect() workflows.Effect { return workflows.Sets }

func (set) Schema() json.RawMessage {
	return json.RawMessage(`{
		"title": "Set fields",
		"description": "Gives fields of the record other values.",
		"required": ["values"],
		"properties": {"values": {"$ref": "#/$defs/values"}, "next": {"$ref": "#/$defs/next"}}}`)
}

func (set) Read(settings json.RawMessage) (workflows.Settings, error) {
	return read[setSettings](settings)
}

type setSettings struct {
	workflows.Next
	Values map[string]string `json:"values"`
}

type setStep struct {
	values []workflows.Value
	next   string
}

func (s *setSettings) Compile(c *workflows.Compiling) workflows.Step {
	if !c.NeedsObject() {
		return nil
	}
	return &setStep{values: c.Values(c.Object(), s.Values, "/values"), next: s.To}
}

func (s *setStep) Do(x *workflows.Execution) (workflows.Outcome, error) {
	values, err := x.Values(s.values)
	if err != nil {
		return workflows.Outcome{}, err
	}
	return workflows.Outcome{Next: s.next}, x.Acts.Put(values)
}
