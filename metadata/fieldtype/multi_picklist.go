package fieldtype

import (
	"formwork/engine/fault"
	"formwork/metadata"
)

// MultiPicklistType is any number of several options.
type MultiPicklistType struct{}

const maxChosen = 100

func (MultiPicklistType) Name() string { return "multi_picklist" }

// AlsoCalled implements Called.
func (MultiPicklistType) AlsoCalled() []string {
	return []string{"multi_select", "multiselect", "multiselect_picklist", "multi_enum", "checkboxes"}
}

func (MultiPicklistType) SettingsSchema() map[string]any { return optionSchema() }
func (MultiPicklistType) Sample() string                 { return optionSample }

// ShownSettings implements Shows.
func (MultiPicklistType) ShownSettings(metadata.Shown) metadata.Members { return shownOptions }

func (MultiPicklistType) Bind(_ string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	c, problems := bindChoices(f, in)
	if problems != nil {
		return nil, problems
	}
	return multiPicklistValue{choices: c}, nil
}

type multiPicklistValue struct {
	listed
	*choices
}

func (v multiPicklistValue) Coerce(in any) (any, *fault.Fault) {
	parts, problem := items(in, func(s string) bool { return v.byLabel[Fold(s)] != "" })
	if problem != nil {
		return nil, problem
	}
	return gather(parts, maxChosen, func(item any) (string, string, *fault.Fault) {
		name, problem := v.find(item)
		return name, name, problem
	})
}

func (v multiPicklistValue) Schema() map[string]any {
	return map[string]any{"type": "array", "maxItems": maxChosen, "uniqueItems": true, "items": v.schema()}
}
