// Package template is texts that are written for a record, and documents that are printed of one: documents of the kind "template",
// compiled when a revision is published.
//
// What stands in {{ … }} is an expression, or one of if, else and end. In HTML each value is escaped as its place asks for:
// html/template finds the place.
package template

import (
	_ "embed" // the schema
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	text "text/template"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/pdf"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// KindName is what the documents say as their "kind".
const KindName = "template"

// MaxBytes is how many bytes one of the texts has at most that are written.
const MaxBytes = 128 << 10

// Definition is a document of a template.
type Definition struct {
	metadata.Head
	Object  string        `json:"object"` // of the record that it is written for; "": of none
	Subject metadata.Text `json:"subject"`
	Text    metadata.Text `json:"text"`
	HTML    metadata.Text `json:"html"`     // none: without markup
	Printed *Document     `json:"document"` // nil: none
	// Unsubscribe: whoever it goes to can have no more of its like.
	Unsubscribe bool `json:"unsubscribe"`
}

// Template is a definition compiled. Immutable.
type Template struct {
	Doc                 *Definition
	ReadsUser           bool // expressions read the user, or where they are
	subject, text, html map[string]*part
	printed             *document // nil: none
}

// Written is what a template came to.
type Written struct {
	Subject, Text string
	HTML          string // "": without markup
	Language      string // of the text; "": it does not say
}

// UnsubscribeLink stands in what is written where the link to unsubscribe is to be, which is made when a message is sent. It leads nowhere.
const UnsubscribeLink = "https://unsubscribe.invalid/"

// Eval computes the value of an expression for a record, in stored form.
type Eval func(*expression.Program) (any, error)

// Write writes a template in a language, or the nearest there is. Faults: those of expressions; template.too_large (TooLarge).
func (t *Template) Write(language string, eval Eval) (w Written, err error) {
	for _, of := range []struct {
		texts metadata.Text
		parts map[string]*part
		to    *string
	}{{t.Doc.Subject, t.subject, &w.Subject}, {t.Doc.Text, t.text, &w.Text}, {t.Doc.HTML, t.html, &w.HTML}} {
		if *of.to, err = in(of.parts, of.texts, language).write(eval, (*expression.Program).Text); err != nil {
			return Written{}, err
		}
	}
	w.Language = nearest(t.Doc.Text, language)
	return w, nil
}

// Languages are those that it has texts in, in order; none where it is the same in all.
func (t *Template) Languages() []string {
	known := map[string]bool{}
	for _, texts := range []metadata.Text{t.Doc.Subject, t.Doc.Text, t.Doc.HTML} {
		for l := range texts {
			known[l] = l != ""
		}
	}
	delete(known, "")
	return slices.Sorted(maps.Keys(known))
}

// in is the part in a language, as Text.In chooses it; nil: there is none.
func in(parts map[string]*part, texts metadata.Text, language string) *part {
	return parts[nearest(texts, language)]
}

// nearest is the language that Text.In chooses.
func nearest(texts metadata.Text, language string) string {
	known := make(metadata.Text, len(texts))
	for l := range texts {
		known[l] = l
		if l == "" {
			known[l] = "\x00" // Text.In passes over what is empty
		}
	}
	return strings.Trim(known.In(language, ""), "\x00")
}

// Of are the templates of a configuration, by name.
func Of(s *catalog.Snapshot) map[string]*Template {
	return catalog.Of[map[string]*Template](s, KindName)
}

//go:embed template.json
var schemaFile []byte

// Kind is the kind of documents.
func Kind() catalog.Kind { return kind{} }

type kind struct{ catalog.Documents[Definition] }

func (kind) Name() string            { return KindName }
func (kind) Schema() json.RawMessage { return withBlocks(schemaFile) }
func (kind) Needs() []string         { return []string{"object"} }

// Trusted implements catalog.Trusted: what is written is sent to people outside, of fields that its author may not read.
func (kind) Trusted() {}

// AlsoCalled are the names that other systems have for the kind.
func (kind) AlsoCalled() []string {
	return []string{"email_template", "mail_template", "message_template"}
}

func (kind) Compile(c *catalog.Compiling) any {
	return catalog.EachOf(c, Of, func(d *Definition, at string) *Template { return compile(c, d, at) })
}

func compile(c *catalog.Compiling, d *Definition, at string) *Template {
	b := binding{c: c, scope: expression.Scope{User: c.User(), Result: fieldtype.AnyKind, Scale: -1}, t: &Template{Doc: d}}
	if d.Object != "" {
		o := c.Object(d.Object, at+"/object")
		if o == nil {
			return nil
		}
		b.object, b.scope.Record = o, o
	}
	b.t.subject = b.parts(d.Subject, plain, at+"/subject")
	b.unsubscribes = d.Unsubscribe // which no subject holds
	b.t.text = b.parts(d.Text, plain, at+"/text")
	b.t.html = b.parts(d.HTML, marked, at+"/html")
	b.unsubscribes = false
	if d.Printed != nil && b.scope.Record != nil {
		b.t.printed = b.document(d.Printed, at+"/document")
	}
	return b.t
}

// binding is a template being compiled.
type binding struct {
	c      *catalog.Compiling
	object *catalog.Object // nil: of no record
	scope  expression.Scope
	t      *Template
	styled bool // a text of a document: <b> and <i> are styles
	paged  bool // that has page numbers
	// unsubscribes: the link to unsubscribe may stand in what is compiled.
	unsubscribes bool
}

// executes is a text parsed, in which holes are calls of a *writing.
type executes interface {
	Execute(w io.Writer, data any) error
}

// The delimiters are no characters of a text that people write; a source that has them is refused.
const (
	opens, closes = "\x01", "\x02"
	reserved      = opens + closes + styleMarks + pdf.PageNumber + pdf.PageCount
)

func plain(source string) (executes, error) {
	return text.New("").Delims(opens, closes).Parse(source)
}

// marked is a text with markup. That each hole has a place where a value can be escaped shows when it is first written.
func marked(source string) (executes, error) {
	t, err := template.New("").Delims(opens, closes).Parse(source)
	if err == nil {
		err = t.Execute(io.Discard, &writing{})
	}
	return t, err
}

func (b *binding) parts(of metadata.Text, parse func(string) (executes, error), at string) map[string]*part {
	parts := make(map[string]*part, len(of))
	for _, language := range slices.Sorted(maps.Keys(of)) {
		at := at
		if language != "" {
			at += "/" + language
		}
		if p := b.part(of[language], parse, at); p != nil {
			parts[language] = p
		}
	}
	return parts
}

// part compiles a source, or reports what is wrong with it.
func (b *binding) part(source string, parse func(string) (executes, error), at string) *part {
	if strings.ContainsAny(source, reserved) {
		b.c.Report(fault.New(fault.Invalid, "template.control"), at)
		return nil
	}
	p := &part{}
	var out strings.Builder
	open := 0 // ifs that have no end yet
	for tokens := source; tokens != ""; {
		before, hole, rest, found, ended := cut(tokens)
		if b.styled {
			before = styles.Replace(before)
		}
		out.WriteString(before)
		if found && !ended {
			b.c.Report(fault.New(fault.Invalid, "template.open", "hole", clip(hole)), at)
			return nil
		}
		if number := pageNumbers[hole]; found && b.paged && number != "" {
			out.WriteString(number)
		} else if found {
			call, opened := b.hole(p, hole, at)
			if open += opened; call == "" || open < 0 {
				b.unbalanced(call != "", at)
				return nil
			}
			out.WriteString(opens + call + closes)
		}
		tokens = rest
	}
	if open != 0 {
		b.unbalanced(true, at)
		return nil
	}
	if b.styled && !balanced(out.String()) {
		b.c.Report(fault.New(fault.Invalid, "template.styles"), at)
		return nil
	}
	body, err := parse(out.String())
	if err != nil {
		var escaping *template.Error
		if errors.As(err, &escaping) {
			b.c.Report(fault.New(fault.Invalid, "template.place", "line", escaping.Line), at)
		} else {
			b.unbalanced(true, at)
		}
		return nil
	}
	p.body = body
	return p
}

func (b *binding) unbalanced(known bool, at string) {
	if known {
		b.c.Report(fault.New(fault.Invalid, "template.unbalanced"), at)
	}
}

// hole is the call that stands for what is between braces, "" where its expression is reported; and how many more ends it asks for.
func (b *binding) hole(p *part, hole, at string) (call string, opened int) {
	word, rest, _ := strings.Cut(hole, " ")
	switch {
	case hole == "else":
		return "else", 0
	case hole == "end":
		return "end", -1
	case b.unsubscribes && hole == "unsubscribe_link":
		return ".Unsubscribe", 0
	case word == "if":
		n := b.program(p, rest, fieldtype.BoolKind, at)
		return calling("if .Holds", n), 1
	}
	return calling(".Value", b.program(p, hole, fieldtype.AnyKind, at)), 0
}

// program compiles an expression and is its number, -1 where it is reported.
func (b *binding) program(p *part, source string, kind fieldtype.Kind, at string) int {
	scope := b.scope
	scope.Result = kind
	compiled := b.c.Expression(source, scope, at)
	if compiled == nil {
		return -1
	}
	if kind == fieldtype.AnyKind && fieldtype.Loose(compiled.Kind(), 0) == nil {
		b.c.Report(fault.New(fault.Invalid, "template.no_value", "hole", clip(source)), at)
		return -1
	}
	b.t.ReadsUser = b.t.ReadsUser || compiled.UsesUser() || compiled.UsesClock()
	p.programs = append(p.programs, compiled)
	return len(p.programs) - 1
}
