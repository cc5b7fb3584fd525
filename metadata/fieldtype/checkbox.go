package fieldtype

import (
	"strconv"

	"formwork/engine/fault"
	"formwork/metadata"
)

// CheckboxType is yes or no.
type CheckboxType struct{}

// answers are the texts, folded, that plainly mean yes or no.
var answers = map[string]bool{
	"true": true, "yes": true, "y": true, "1": true, "on": true, "是": true,
	"false": false, "no": false, "n": false, "0": false, "off": false, "否": false,
}

func (CheckboxType) Name() string { return "checkbox" }

// AlsoCalled implements Called.
func (CheckboxType) AlsoCalled() []string {
	return []string{"boolean", "bool", "flag", "toggle", "yes_no", "switch"}
}

func (CheckboxType) MayResult()                     {}
func (CheckboxType) SettingsSchema() map[string]any { return map[string]any{} }

func (CheckboxType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return checkboxValue{}, nil
}

type checkboxValue struct{}

func (checkboxValue) Storage() Storage { return Bool }
func (checkboxValue) Kind() Kind       { return BoolKind }

func (checkboxValue) Coerce(in any) (any, *fault.Fault) {
	switch in := in.(type) {
	case bool:
		return in, nil
	case string:
		folded := Fold(in)
		if folded == "" {
			return nil, nil
		}
		if answer, ok := answers[folded]; ok {
			return answer, nil
		}
	}
	return nil, fault.New(fault.Invalid, "field.not_a_boolean", "value", show(in))
}

func (checkboxValue) AppendJSON(dst []byte, stored any) []byte {
	return strconv.AppendBool(dst, stored.(bool))
}
func (checkboxValue) CSV(stored any) string  { return strconv.FormatBool(stored.(bool)) }
func (checkboxValue) Schema() map[string]any { return map[string]any{"type": "boolean"} }
