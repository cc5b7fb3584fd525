package template

import (
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/metadata"
)

// Texts are a text in languages that stands in another document, with expressions in it as templates have them. Immutable.
type Texts struct {
	ReadsUser bool // expressions read the user, or where they are
	texts     metadata.Text
	parts     map[string]*part
}

// TextsOf compiles a text in languages, or reports what is wrong with it.
func TextsOf(c *catalog.Compiling, of metadata.Text, scope expression.Scope, at string) *Texts {
	b := binding{c: c, scope: scope, t: &Template{}}
	parts := b.parts(of, plain, at)
	return &Texts{b.t.ReadsUser, of, parts}
}

// Each writes it in each of its languages. Faults: those of Template.Write.
func (t *Texts) Each(eval Eval) (metadata.Text, error) {
	all := make(metadata.Text, len(t.parts))
	for _, language := range slices.Sorted(maps.Keys(t.parts)) {
		text, err := t.parts[language].write(eval, (*expression.Program).Text)
		if err != nil {
			return nil, err
		}
		all[language] = text
	}
	return all, nil
}

// Write writes it in a language, or the nearest there is; "" where there is none. Faults: those of Template.Write.
func (t *Texts) Write(language string, eval Eval) (string, error) {
	return in(t.parts, t.texts, language).write(eval, (*expression.Program).Text)
}
