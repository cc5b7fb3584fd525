package fieldtype

import (
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// LongTextType is text of several lines.
type LongTextType struct{}

const maxLongText = 100_000

func (LongTextType) Name() string { return "long_text" }

// AlsoCalled implements Called.
func (LongTextType) AlsoCalled() []string {
	return []string{"textarea", "text_area", "multiline", "memo"}
}

func (LongTextType) MayResult() {}

func (LongTextType) SettingsSchema() map[string]any {
	return map[string]any{
		"max_length": countSetting("Longest", "How many characters the text may have.", 1, maxLongText, maxLongText),
	}
}

// ShownSettings implements Shows.
func (LongTextType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("max_length")
}

func (LongTextType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	s, problems := settings[textSettings](f)
	if problems != nil {
		return nil, problems
	}
	v := longTextValue{max: maxLongText}
	if s.MaxLength != nil {
		v.max = *s.MaxLength
	}
	if v.max < 1 || v.max > maxLongText {
		return nil, []*fault.Fault{outOfRange("max_length", 1, maxLongText)}
	}
	return v, nil
}

type longTextValue struct {
	folding
	max int
}

// Coerce keeps the text as it is written but for line ends; blank text is empty.
func (v longTextValue) Coerce(in any) (any, *fault.Fault) {
	s, problem := plain(in, true)
	if problem != nil || strings.TrimSpace(s) == "" {
		return nil, problem
	}
	if problem := tooLong(s, v.max); problem != nil {
		return nil, problem
	}
	return s, nil
}

func (v longTextValue) Schema() map[string]any {
	return map[string]any{"type": "string", "maxLength": v.max}
}
