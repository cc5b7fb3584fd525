package fieldtype

import (
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"formwork/engine/fault"
	"formwork/metadata"
)

// TimeType is a time of day, to the second.
type TimeType struct{}

func (TimeType) Name() string                   { return "time" }
func (TimeType) MayResult()                     {}
func (TimeType) SettingsSchema() map[string]any { return map[string]any{} }

func (TimeType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return timeValue{}, nil
}

type timeValue struct{ textual }

func (timeValue) Kind() Kind   { return TimeKind }
func (timeValue) Form() string { return "time" }

var timeLayouts = []string{"15:04:05", "15:04", "3:04:05PM", "3:04PM", "3PM"}

func (timeValue) Coerce(in any) (any, *fault.Fault) {
	s, ok := in.(string)
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_a_time", "value", show(in))
	}
	s = strings.ToUpper(strings.ReplaceAll(norm.NFKC.String(s), " ", ""))
	if s == "" {
		return nil, nil
	}
	for _, layout := range timeLayouts {
		// Go reads fractions after any seconds; a time of day has none.
		if t, err := time.Parse(layout, s); err == nil && t.Nanosecond() == 0 {
			return t.Format(time.TimeOnly), nil
		}
	}
	return nil, fault.New(fault.Invalid, "field.not_a_time", "value", show(in))
}

func (timeValue) Schema() map[string]any {
	return map[string]any{"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$"}
}
