// Package steps are the built-in types of steps, a file each.
package steps

import (
	"encoding/json"
	"fmt"

	"formwork/workflows"
)

// All lists them.
func All() []workflows.StepType {
	return []workflows.StepType{approvalType, askType, assignType, branchType, callType, computeType, countType, createType, deleteType, emailType, findType, forEachType, notifyType, parallelType, printType, refuseType, requestType, setType, stopType, switchType, updateType, upsertType, waitType}
}

// stepType is a type of steps whose settings are an S.
type stepType[S any, P interface {
	*S
	workflows.Settings
}] struct {
	name   string
	effect workflows.Effect
	schema string
}

// of makes a type of steps; see workflows.StepType.
func of[S any, P interface {
	*S
	workflows.Settings
}](name string, effect workflows.Effect, schema string) workflows.StepType {
	return stepType[S, P]{name, effect, schema}
}

func (t stepType[S, P]) Name() string             { return t.name }
func (t stepType[S, P]) Effect() workflows.Effect { return t.effect }
func (t stepType[S, P]) Schema() json.RawMessage  { return json.RawMessage(t.schema) }

func (t stepType[S, P]) Read(raw json.RawMessage) (workflows.Settings, error) {
	s := P(new(S))
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("reading the settings of a step %s: %w", t.name, err)
	}
	return s, nil
}
