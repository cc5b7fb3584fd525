package steps

import (
	"formwork/workflows"
)

// stopType ends the run.
var stopType = of[stopSettings]("stop", workflows.Computes, `{"title": "Stop", "description": "Ends the run; what was done stays.", "properties": {}}`)

type stopSettings struct{}

func (*stopSettings) Exits() []workflows.Exit                       { return nil }
func (s *stopSettings) Compile(*workflows.Compiling) workflows.Step { return s }
func (*stopSettings) Do(*workflows.Execution) (workflows.Outcome, error) {
	return workflows.Outcome{}, nil
}
