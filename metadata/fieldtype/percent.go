package fieldtype

import (
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// PercentType is a number of hundredths: 12.5 is 12.5 %.
type PercentType struct{}

func (PercentType) Name() string { return "percent" }

// AlsoCalled implements Called.
func (PercentType) AlsoCalled() []string {
	return []string{"percentage"}
}

func (PercentType) MayResult()                     {}
func (PercentType) SettingsSchema() map[string]any { return decimalSchema(2) }

// ShownSettings implements Shows.
func (PercentType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("scale", "min", "max")
}

func (PercentType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	v, _, problems := bindDecimal(f, 2)
	if problems != nil {
		return nil, problems
	}
	v.trim = func(text string) string { return strings.TrimSuffix(text, "%") }
	return v, nil
}
