package fieldtype

import (
	"strings"
	"unicode"

	"formwork/engine/fault"
	"formwork/metadata"
)

// EmailType is an e-mail address.
type EmailType struct{}

const maxEmail, maxLocal = 254, 64

func (EmailType) Name() string { return "email" }

// AlsoCalled implements Called.
func (EmailType) AlsoCalled() []string {
	return []string{"mail", "e_mail"}
}

func (EmailType) MayResult()                     {}
func (EmailType) SettingsSchema() map[string]any { return map[string]any{} }

func (EmailType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return emailValue{}, nil
}

type emailValue struct{ folding }

// Coerce keeps the part before the @ as written and the domain in lower case.
func (emailValue) Coerce(in any) (any, *fault.Fault) {
	s, problem := line(in, maxEmail)
	if problem != nil || s == "" {
		return nil, problem
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || !mailbox(s[:at]) || !domain(s[at+1:]) {
		return nil, fault.New(fault.Invalid, "field.not_an_email", "value", show(s))
	}
	return s[:at+1] + strings.ToLower(s[at+1:]), nil
}

// Email reads an e-mail address as fields of the type keep it.
func Email(s string) (string, *fault.Fault) {
	v, problem := emailValue{}.Coerce(s)
	address, _ := v.(string)
	if problem == nil && address == "" {
		problem = fault.New(fault.Invalid, "field.not_an_email", "value", show(s))
	}
	return address, problem
}

// mailbox checks the part before the @: what mail servers really give out, not
// everything that RFC 5322 allows in quotes.
func mailbox(s string) bool {
	if len(s) > maxLocal || strings.HasPrefix(s, ".") || strings.HasSuffix(s, ".") || strings.Contains(s, "..") {
		return false
	}
	for _, r := range s {
		if r > unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)) {
			continue
		}
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+/=?^_`{|}~-", r) {
			return false
		}
	}
	return true
}

// domain checks the name of a host that is known to everyone: at least two labels.
func domain(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 || len(s) > 253 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

func (emailValue) Schema() map[string]any {
	return map[string]any{"type": "string", "format": "email", "maxLength": maxEmail}
}
