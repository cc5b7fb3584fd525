package steps

import (
	"encoding/json"

	"formwork/workflows"
)

// stop ends the run.
type stop struct{}

func (stop) Name() string             { return "stop" }
func (stop) Effect() workflows.Effect { return workflows.Computes }

func (stop) Schema() json.RawMessage {
	return json.RawMessage(`{"title": "Stop", "description": "Ends the run; what was done stays.", "properties": {}}`)
}

func (stop) Read(settings json.RawMessage) (workflows.Settings, error) {
	return read[stopSettings](settings)
}

type stopSettings struct{}

func (*stopSettings) Exits() []workflows.Exit                       { return nil }
func (s *stopSettings) Compile(*workflows.Compiling) workflows.Step { return s }
func (*stopSettings) Do(*workflows.Execution) (workflows.Outcome, error) {
	return workflows.Outcome{}, nil
}
