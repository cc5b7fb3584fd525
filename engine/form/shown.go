package form

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/metadata/fieldtype"
)

// Page is a step of a form, compiled; a form without steps has one.
type Page struct {
	Step
	Inputs []*catalog.Field
	when   *expression.Program // nil: it is always shown
}

// asked are the fields that are asked so far, as conditions see them: nothing else of the record, and nobody's name. It implements
// expression.Names.
type asked struct {
	object string
	fields []*catalog.Field
}

// Object implements expression.Names.
func (a asked) Object() string { return a.object }

// Symbol implements expression.Names.
func (a asked) Symbol(name string) (expression.Symbol, bool) {
	for _, f := range a.fields {
		if f.Name == name {
			return f.Symbol(), true
		}
	}
	return expression.Symbol{}, false
}

// Symbols implements expression.Names.
func (a asked) Symbols() []string {
	names := make([]string, len(a.fields))
	for i, f := range a.fields {
		names[i] = f.Name
	}
	slices.Sort(names)
	return names
}

// when compiles a condition on what is asked so far; nil of none.
func (c *compiling) when(source, at string) *expression.Program {
	if source == "" {
		return nil
	}
	scope := expression.Scope{Record: asked{c.f.Object.Doc.Name, slices.Clone(c.f.Inputs)}, Result: fieldtype.BoolKind, Scale: -1}
	return c.Expression(source, scope, at)
}

// filled is what was filled in so far. It implements expression.Env.
type filled struct {
	values map[string]any
	now    time.Time
}

// Get implements expression.Env.
func (f filled) Get(p expression.Path) any { return f.values[p.Leaf.Name] }

// Now implements expression.Env.
func (f filled) Now() time.Time { return f.now }

// Location implements expression.Env: nobody knows where who fills it in is.
func (f filled) Location() *time.Location { return time.UTC }

// shows reports whether a condition holds; what can't be computed is not shown.
func (f filled) shows(when *expression.Program) bool {
	if when == nil {
		return true
	}
	holds, err := when.Holds(f)
	return err == nil && holds
}

// Told is a condition as people outside may read it: it says nothing that they are not asked. "" of none, and of one that reads constants.
func told(when *expression.Program) string {
	if when == nil || len(when.Constants()) > 0 {
		return ""
	}
	return when.Source()
}

// When is the condition under which a page is shown, for the browser to decide at once.
func (p *Page) When() string { return told(p.when) }

// When is the condition under which a field is shown, for the browser to decide at once.
func (f *Form) When(input string) string { return told(f.shown[input]) }

// Version is that of the text that people agree to in a language.
func (c *Consent) version(text string) string {
	if c.Version != "" {
		return c.Version
	}
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:6])
}

// Agreement is what people agree to, as they read it in a language, and its version; "" where nothing is asked for.
func (f *Form) Agreement(language string) (text, version string) {
	if f.Consent == nil {
		return "", ""
	}
	text = f.Doc.Consent.Text.In(language, "")
	return text, f.Doc.Consent.version(text)
}
