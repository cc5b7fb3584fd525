package fieldtype

import (
	"encoding/json"

	"formwork/engine/fault"
	"formwork/metadata"
)

// NumberType is an exact number with a fixed number of digits after the point.
type NumberType struct{}

type decimalSettings struct {
	Scale    *int        `json:"scale"`
	Min      json.Number `json:"min"`
	Max      json.Number `json:"max"`
	Currency string      `json:"currency"`
}

func (NumberType) Name() string { return "number" }

// AlsoCalled implements Called.
func (NumberType) AlsoCalled() []string {
	return []string{"integer", "int", "decimal", "float", "double", "numeric", "bigint"}
}

func (NumberType) MayResult() {}

func (NumberType) SettingsSchema() map[string]any { return decimalSchema(0) }

func decimalSchema(scale int) map[string]any {
	return map[string]any{
		"scale": countSetting("Digits after the point", "Values are kept with exactly as many; what is more precise is rounded half away from zero.", 0, MaxScale, scale),
		"min":   numberSetting("Smallest", "The smallest value allowed.", 0),
		"max":   numberSetting("Greatest", "The greatest value allowed.", 100),
	}
}

// ShownSettings implements Shows.
func (NumberType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("scale", "min", "max")
}

func (NumberType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	v, _, problems := bindDecimal(f, 0)
	if problems != nil {
		return nil, problems
	}
	return v, nil
}

// bindDecimal reads the settings that all numbers share.
func bindDecimal(f *metadata.Field, scale int) (decimalValue, decimalSettings, []*fault.Fault) {
	s, problems := settings[decimalSettings](f)
	if problems != nil {
		return decimalValue{}, s, problems
	}
	if s.Scale != nil {
		scale = *s.Scale
	}
	if scale < 0 || scale > MaxScale {
		return decimalValue{}, s, []*fault.Fault{outOfRange("scale", 0, MaxScale)}
	}
	v := decimalValue{scale: scale}
	bound := func(name string, n json.Number) *int64 {
		if n == "" {
			return nil
		}
		units, digits, fits := Decimal(string(n), scale)
		if !digits || !fits {
			problems = append(problems, fault.New(fault.Invalid, "metadata.bad_bound", "value", show(n)).At("/"+name))
		}
		return &units
	}
	v.min, v.max = bound("min", s.Min), bound("max", s.Max)
	if problems == nil && v.min != nil && v.max != nil && *v.min > *v.max {
		problems = append(problems, fault.New(fault.Invalid, "metadata.bounds_crossed").At("/min"))
	}
	return v, s, problems
}
