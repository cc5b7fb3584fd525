package fieldtype

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"formwork/engine/fault"
	"formwork/metadata"
)

// PhoneType is a telephone number, kept as it was written.
type PhoneType struct{}

const maxPhone = 40

func (PhoneType) Name() string { return "phone" }

// AlsoCalled implements Called.
func (PhoneType) AlsoCalled() []string {
	return []string{"telephone", "tel"}
}

func (PhoneType) MayResult()                     {}
func (PhoneType) SettingsSchema() map[string]any { return map[string]any{} }

func (PhoneType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return phoneValue{}, nil
}

type phoneValue struct{ folding }

var (
	// phoneForm is a number of 3 to 20 digits, with what people put between them.
	phoneForm = regexp.MustCompile(`(?i)^\+?[0-9 ().\-/*#]+?( ?(x|ext\.?|#|;ext=) ?[0-9]{1,8})?$`)
	extension = regexp.MustCompile(`(?i) ?(x|ext\.?|#|;ext=) ?[0-9]{1,8}$`)
)

func (phoneValue) Coerce(in any) (any, *fault.Fault) {
	s, problem := line(in, maxPhone)
	if problem != nil || s == "" {
		return nil, problem
	}
	digits := len(onlyDigits(norm.NFKC.String(s)))
	if digits < 3 || digits > 20 || !phoneForm.MatchString(norm.NFKC.String(s)) {
		return nil, fault.New(fault.Invalid, "field.not_a_phone", "value", show(s))
	}
	return s, nil
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func (phoneValue) Schema() map[string]any {
	return map[string]any{"type": "string", "maxLength": maxPhone}
}
