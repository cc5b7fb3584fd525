// Package metadata is the configuration language: the kinds of documents that
// make up a CRM, their layering and their differences. It is pure: no I/O, no
// database, no clock.
package metadata

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Key names a document. It is unique within a layer.
type Key struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

func (k Key) String() string { return k.Kind + "/" + k.Name }

// Valid reports whether a document may have the key.
func (k Key) Valid() bool { return NamePattern.MatchString(k.Kind) && NamePattern.MatchString(k.Name) }

// Document is one document of one layer, or an effective one, as canonical JSON
// (see Canonical). It is immutable.
type Document struct {
	Key
	Body json.RawMessage
}

// Head is what every document begins with.
type Head struct {
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	Label       Text   `json:"label,omitempty"`
	Description Text   `json:"description,omitempty"`
}

// NamePattern is what names of documents, fields, stages and so on look like.
var NamePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// Text is shown to people: one string for every language, or one a language.
// In JSON it is a string, or an object keyed by language ("en", "zh").
type Text map[string]string

// In returns the text in a language, else in the one that it is a variant of ("de" for
// "de-AT"), else in English, else any, else fallback.
func (t Text) In(language, fallback string) string {
	base, _, _ := strings.Cut(language, "-")
	for _, l := range [...]string{language, base, "", "en"} {
		if s, ok := t[l]; ok && s != "" {
			return s
		}
	}
	best := ""
	for l, s := range t { // the smallest language, so that the choice is stable
		if s != "" && (best == "" || l < best) {
			best = l
		}
	}
	if best != "" {
		return t[best]
	}
	return fallback
}

// Plain is a text that is the same in every language; ok is false for one in languages.
func (t Text) Plain() (text string, ok bool) {
	text, ok = t[""]
	return text, ok && len(t) == 1
}

// Size is how many bytes a text takes in all its languages.
func (t Text) Size() (bytes int) {
	for language, s := range t {
		bytes += len(language) + len(s)
	}
	return bytes
}

// Within is a text of which at most so many characters are left in each language, and … where there were more.
func (t Text) Within(limit int) Text {
	short := make(Text, len(t))
	for language, s := range t {
		if utf8.RuneCountInString(s) > limit {
			s = string([]rune(s)[:limit]) + "…"
		}
		short[language] = s
	}
	return short
}

// MarshalJSON writes a text without languages as a plain string.
func (t Text) MarshalJSON() ([]byte, error) {
	if s, ok := t.Plain(); ok {
		return json.Marshal(s)
	}
	return json.Marshal(map[string]string(t))
}

// UnmarshalJSON reads a plain string or an object keyed by language.
func (t *Text) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = Text{"": s}
		return nil
	}
	return json.Unmarshal(raw, (*map[string]string)(t))
}

// MarshalJSON writes true, false or the expression.
func (c Condition) MarshalJSON() ([]byte, error) {
	if c.When != "" {
		return json.Marshal(c.When)
	}
	return json.Marshal(c.Always)
}

// UnmarshalJSON reads a boolean or an expression.
func (c *Condition) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, &c.When)
	}
	return json.Unmarshal(raw, &c.Always)
}
