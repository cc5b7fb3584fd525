package fieldtype

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"formwork/engine/fault"
	"formwork/metadata"
)

// textual is what all values kept as text share.
type textual struct{}

func (textual) Storage() Storage { return Text }
func (textual) Kind() Kind       { return TextKind }
func (textual) AppendJSON(dst []byte, stored any) []byte {
	return metadata.AppendString(dst, stored.(string))
}
func (textual) CSV(stored any) string { return stored.(string) }

// folding is a textual that is also compared and sorted folded.
type folding struct{ textual }

func (folding) Fold(stored any) string { return Fold(stored.(string)) }

// line reads one line of text: no control characters, NFC, outer white space gone.
// "" with no problem is the empty value.
func line(in any, max int) (string, *fault.Fault) {
	s, problem := plain(in, false)
	if problem != nil {
		return "", problem
	}
	s = strings.TrimSpace(s)
	return s, tooLong(s, max)
}

// plain reads a text: valid UTF-8 in NFC without control characters; where several
// lines are allowed, with tabs and with newlines, which are always "\n".
func plain(in any, lines bool) (string, *fault.Fault) {
	s, ok := in.(string)
	if !ok {
		return "", fault.New(fault.Invalid, "field.not_a_text", "value", show(in))
	}
	if ascii(s) {
		return s, nil
	}
	if !utf8.ValidString(s) {
		return "", fault.New(fault.Invalid, "field.not_utf8")
	}
	if lines && strings.ContainsRune(s, '\r') {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	for _, r := range s {
		if unicode.IsControl(r) && !(lines && (r == '\n' || r == '\t')) {
			return "", fault.New(fault.Invalid, "field.control_character", "character", fmt.Sprintf("U+%04X", r))
		}
	}
	return norm.NFC.String(s), nil
}

// ascii reports whether a text is of printable ASCII only, which needs no more checks.
func ascii(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// tooLong checks a text against a limit in characters.
func tooLong(s string, max int) *fault.Fault {
	if len(s) <= max {
		return nil
	}
	if n := utf8.RuneCountInString(s); n > max {
		return fault.New(fault.Invalid, "field.too_long", "max", max, "length", n)
	}
	return nil
}

// show is an input as it appears in a message: short, on one line.
func show(in any) string {
	const longest = 60
	var s string
	switch in := in.(type) {
	case string:
		s = in
	case json.Number:
		s = string(in)
	case map[string]any:
		s = "{…}"
	case []any, []string:
		s = "[…]"
	default:
		s = fmt.Sprint(in)
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if utf8.RuneCountInString(s) > longest {
		s = string([]rune(s)[:longest]) + "…"
	}
	return s
}
