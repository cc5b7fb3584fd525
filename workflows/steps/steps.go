// Package steps are the built-in types of steps, a file each.
package steps

import (
	"encoding/json"
	"fmt"

	"formwork/workflows"
)

// All lists them.
func All() []workflows.StepType {
	return []workflows.StepType{branch{}, create{}, deleteStep{}, find{}, forEach{}, notify{}, refuse{}, set{}, stop{}, switchStep{}, update{}, wait{}}
}

// read decodes settings into an S.
func read[S any, P interface {
	*S
	workflows.Settings
}](raw json.RawMessage) (workflows.Settings, error) {
	s := P(new(S))
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("reading the settings of a step: %w", err)
	}
	return s, nil
}
