package fieldtype

import (
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/metadata"
)

// TextType is one line of text.
type TextType struct{}

type textSettings struct {
	MaxLength *int   `json:"max_length"`
	MinLength int    `json:"min_length"`
	Pattern   string `json:"pattern"`
}

const maxText = 10_000

func (TextType) Name() string { return "text" }

// AlsoCalled implements Called.
func (TextType) AlsoCalled() []string {
	return []string{"string", "varchar", "char", "short_text", "single_line"}
}

func (TextType) MayResult() {}

func (TextType) SettingsSchema() map[string]any {
	return map[string]any{
		"max_length": countSetting("Longest", "How many characters the text may have.", 1, maxText, 255),
		"min_length": countSetting("Shortest", "How many characters the text must have, unless it is empty.", 0, maxText, 0),
		"pattern":    patternSetting(),
	}
}

func patternSetting() map[string]any {
	s := textSetting("Pattern", "A regular expression (RE2) that the text must match; ^ and $ tie it to the ends.", "^[A-Z]{2}-[0-9]+$")
	s["maxLength"] = MaxPattern
	return s
}

// ShownSettings implements Shows.
func (TextType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("max_length", "min_length", "pattern")
}

func (TextType) Bind(_ string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	s, problems := settings[textSettings](f)
	if problems != nil {
		return nil, problems
	}
	v := textValue{max: 255, min: s.MinLength}
	if s.MaxLength != nil {
		v.max = *s.MaxLength
	}
	if v.max < 1 || v.max > maxText {
		problems = append(problems, outOfRange("max_length", 1, maxText))
	}
	if v.min < 0 || v.min > v.max {
		problems = append(problems, outOfRange("min_length", 0, v.max))
	}
	if s.Pattern != "" {
		var problem *fault.Fault
		if v.pattern, problem = in.Pattern(s.Pattern); problem != nil {
			problems = append(problems, problem.At("/pattern"))
		}
	}
	if problems != nil {
		return nil, problems
	}
	return v, nil
}

// Line is a line of text of any kind, as a computation results in it.
func Line() Value { return textValue{max: maxText} }

// outOfRange is the problem of a whole number setting.
func outOfRange(name string, min, max int) *fault.Fault {
	return fault.New(fault.Invalid, "metadata.setting_out_of_range", "setting", name, "min", min, "max", max).At("/" + name)
}

type textValue struct {
	folding
	min, max int
	pattern  *Pattern
}

func (v textValue) Coerce(in any) (any, *fault.Fault) {
	s, problem := line(in, v.max)
	if problem != nil || s == "" {
		return nil, problem
	}
	if v.min > 0 && utf8.RuneCountInString(s) < v.min {
		return nil, fault.New(fault.Invalid, "field.too_short", "min", v.min)
	}
	if v.pattern != nil && !v.pattern.MatchString(s) {
		return nil, fault.New(fault.Invalid, "field.pattern", "value", show(s), "pattern", v.pattern.String())
	}
	return s, nil
}

func (v textValue) Schema() map[string]any {
	s := map[string]any{"type": "string", "maxLength": v.max}
	if v.min > 0 {
		s["minLength"] = v.min
	}
	if v.pattern != nil {
		s["pattern"] = v.pattern.String()
	}
	return s
}
