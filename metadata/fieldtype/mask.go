package fieldtype

import (
	"strings"
	"unicode/utf8"
)

// Mask hides a part of a text. Its pattern shows as many characters at the beginning and at the
// end of the text as it begins and ends with #; what stands between is shown instead of the
// rest: "###****####" makes 138****5678 of 13812345678.
type Mask struct {
	head, tail int // characters that are shown
	between    string
}

// hiddenText stands for what is hidden where a pattern doesn't say what does.
const hiddenText = "***"

// MaskOf is the mask of a field with a pattern; nil where there is none, and of values that are
// no plain text: these can be hidden as a whole only.
func MaskOf(v Value, pattern string) *Mask {
	if pattern == "" || v == nil || v.Kind() != TextKind || v.Storage() != Text && v.Storage() != None || is[Chooses](v) || is[Refers](v) || is[Formed](v) {
		return nil
	}
	rest := strings.TrimLeft(pattern, "#")
	between := strings.TrimRight(rest, "#")
	m := &Mask{head: len(pattern) - len(rest), tail: len(rest) - len(between), between: strings.ReplaceAll(between, "#", "*")}
	if m.between == "" {
		m.between = hiddenText
	}
	return m
}

// Text is what is shown of a text. One that is too short for as many characters to be hidden as
// the pattern has between shows none. An empty text stays empty.
func (m *Mask) Text(s string) string {
	if s == "" {
		return ""
	}
	n := utf8.RuneCountInString(s)
	if n < m.head+m.tail+utf8.RuneCountInString(m.between) {
		return m.between
	}
	runes := []rune(s)
	return string(runes[:m.head]) + m.between + string(runes[n-m.tail:])
}
