package fieldtype

import (
	"formwork/engine/fault"
	"formwork/metadata"
)

// PicklistType is one of several options.
type PicklistType struct{}

func (PicklistType) Name() string { return "picklist" }

// AlsoCalled implements Called.
func (PicklistType) AlsoCalled() []string {
	return []string{"select", "enum", "dropdown", "choice", "combobox", "radio", "single_select"}
}

func (PicklistType) SettingsSchema() map[string]any { return optionSchema() }
func (PicklistType) Sample() string                 { return optionSample }

// ShownSettings implements Shows.
func (PicklistType) ShownSettings(metadata.Shown) metadata.Members { return shownOptions }

func (PicklistType) Bind(_ string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	c, problems := bindChoices(f, in)
	if problems != nil {
		return nil, problems
	}
	return picklistValue{choices: c}, nil
}

type picklistValue struct {
	textual
	*choices
}

func (v picklistValue) Coerce(in any) (any, *fault.Fault) {
	name, problem := v.find(in)
	if problem != nil || name == "" {
		return nil, problem
	}
	return name, nil
}

func (v picklistValue) Schema() map[string]any { return v.schema() }
