package steps

import (
	"formwork/engine/expression"
	"formwork/engine/template"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// maxSaid is how many characters are told of a text in languages, in each.
const maxSaid = 2_000

// said is what people are told or asked: whoever reads it reads it in their language, as far as it is in that.
type said struct {
	one   *expression.Program
	texts *template.Texts // nil: one, whatever the language
}

// saidOf compiles what a document says: an expression where it is in no language.
func saidOf(c *workflows.Compiling, of metadata.Text, at string) *said {
	if source, one := of.Plain(); one {
		return &said{one: c.Expression(source, fieldtype.TextKind, -1, at)}
	}
	return &said{texts: c.Texts(of, at)}
}

// say writes it in all its languages: the record may be another one when it is read.
func (s *said) say(x *workflows.Execution) (metadata.Text, error) {
	if s.texts == nil {
		text, err := textOf(x, s.one)
		return metadata.Text{"": text}, err
	}
	all, err := s.texts.Each(x.Eval)
	return all.Within(maxSaid), err
}
