package fieldtype

import (
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// LongTextType is text of several lines.
type LongTextType struct{}

// Bounds of long texts, in characters.
const (
	maxLongText   = 1_000_000
	usualLongText = 100_000 // where a field says none
	// maxOrdered is how long a text may be by which records are sorted, grouped, indexed and
	// matched: a longer one is neither in an index nor held for many records at once.
	maxOrdered = 100_000
)

func (LongTextType) Name() string { return "long_text" }

// AlsoCalled implements Called.
func (LongTextType) AlsoCalled() []string {
	return []string{"textarea", "text_area", "multiline", "memo"}
}

func (LongTextType) MayResult() {}

func (LongTextType) SettingsSchema() map[string]any {
	return map[string]any{
		"max_length": countSetting("Longest", "How many characters the text may have.", 1, maxLongText, usualLongText),
	}
}

// ShownSettings implements Shows.
func (LongTextType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("max_length")
}

func (LongTextType) Bind(_ string, f *metadata.Field, _ Context) (Value, []*fault.Fault) {
	max, problems := longest(f)
	switch {
	case problems != nil:
		return nil, problems
	case max > maxOrdered:
		return unorderedLongText{max: max}, nil
	}
	return longTextValue{max: max}, nil
}

// longest is how many characters a long text may have, by the settings of its field.
func longest(f *metadata.Field) (int, []*fault.Fault) {
	s, problems := settings[textSettings](f)
	switch {
	case problems != nil:
		return 0, problems
	case s.MaxLength == nil:
		return usualLongText, nil
	case *s.MaxLength < 1 || *s.MaxLength > maxLongText:
		return 0, []*fault.Fault{outOfRange("max_length", 1, maxLongText)}
	}
	return *s.MaxLength, nil
}

// Lines is the value of a text of lines, of so many characters, where no field holds it.
func Lines(max int) Value { return longTextValue{max: max} }

type longTextValue struct {
	folding
	max int
}

func (v longTextValue) Coerce(in any) (any, *fault.Fault) { return linesOf(in, v.max) }
func (v longTextValue) Schema() map[string]any            { return linesSchema(v.max) }

// unorderedLongText is one that may be too long to be compared.
type unorderedLongText struct {
	textual
	max int
}

func (unorderedLongText) Unordered()                          {}
func (v unorderedLongText) Coerce(in any) (any, *fault.Fault) { return linesOf(in, v.max) }
func (v unorderedLongText) Schema() map[string]any            { return linesSchema(v.max) }

// linesOf keeps a text as it is written but for line ends; blank text is empty.
func linesOf(in any, max int) (any, *fault.Fault) {
	s, problem := plain(in, true)
	if problem != nil || strings.TrimSpace(s) == "" {
		return nil, problem
	}
	if problem := tooLong(s, max); problem != nil {
		return nil, problem
	}
	return s, nil
}

func linesSchema(max int) map[string]any {
	return map[string]any{"type": "string", "maxLength": max}
}
