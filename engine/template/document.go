package template

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/pdf"
	"formwork/engine/record"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
)

// Document is what a template prints of a record.
type Document struct {
	Name   metadata.Text `json:"name"` // of the file, without its ending; the label when absent
	Page   Page          `json:"page"`
	Header Edge          `json:"header"`
	Footer Edge          `json:"footer"`
	Body   Body          `json:"body"`
}

// Page is the paper.
type Page struct {
	Size      string  `json:"size"` // "a4" when absent, or "letter"
	Landscape bool    `json:"landscape"`
	Margin    float64 `json:"margin"` // millimetres; 20 when absent
}

// Edge is what stands above or below the body of every page.
type Edge struct {
	Left   metadata.Text `json:"left"`
	Center metadata.Text `json:"center"`
	Right  metadata.Text `json:"right"`
}

// Body is blocks by name, in their order.
type Body map[string]json.RawMessage

// Block is what blocks of all types have.
type Block struct {
	Type  string `json:"type"`
	Order int    `json:"order"`
	If    string `json:"if"` // a condition on the record; "": always
}

// document is one compiled. Immutable.
type document struct {
	name           words
	header, footer [3]words
	body           []block
}

// block is a block compiled. Immutable.
type block interface {
	// set is what it comes to.
	set(p *printing) ([]pdf.Block, error)
}

// blockType is a type of blocks.
type blockType interface {
	name() string
	// schema is that of its settings.
	schema() string
	// compile compiles one, or reports what is wrong with it.
	compile(b *binding, raw json.RawMessage, at string) block
}

// blockTypes are all there are.
func blockTypes() []blockType {
	return []blockType{headingType{}, paragraphType{}, tableType{}, columnsType{}, groupType{}, lineType{}, spaceType{}, imageType{}, pageBreakType{}}
}

// withBlocks composes the schema of templates.
func withBlocks(file []byte) json.RawMessage {
	var s map[string]any
	if err := json.Unmarshal(file, &s); err != nil {
		panic(fmt.Errorf("the schema of templates: %w", err)) // embedded beside this
	}
	settings := map[string]json.RawMessage{}
	for _, t := range blockTypes() {
		settings[t.name()] = json.RawMessage(t.schema())
	}
	schema.Choose(s["$defs"].(map[string]any), "block", settings)
	raw, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Errorf("the schema of templates: %w", err))
	}
	return raw
}

// words are a text of a document in all its languages.
type words struct {
	texts metadata.Text
	parts map[string]*part
}

// words compiles a text in which <b> and <i> are styles.
func (b *binding) words(of metadata.Text, at string) words {
	styled := *b
	styled.styled = true
	return words{of, styled.parts(of, plain, at)}
}

func (b *binding) document(d *Document, at string) *document {
	paged := *b
	paged.paged = true
	edge := func(e Edge, at string) [3]words {
		return [3]words{paged.words(e.Left, at+"/left"), paged.words(e.Center, at+"/center"), paged.words(e.Right, at+"/right")}
	}
	return &document{name: words{d.Name, b.parts(d.Name, plain, at+"/name")}, header: edge(d.Header, at+"/header"), footer: edge(d.Footer, at+"/footer"), body: b.body(d.Body, at+"/body")}
}

// conditional is a block that stands there where a condition holds.
type conditional struct {
	block
	when *expression.Program // nil: always
}

func (c conditional) set(p *printing) ([]pdf.Block, error) {
	if c.when != nil {
		held, err := p.from.Eval(c.when)
		if yes, _ := held.(bool); !yes || err != nil {
			return nil, err
		}
	}
	return c.block.set(p)
}

// body compiles blocks in their order.
func (b *binding) body(of Body, at string) []block {
	heads := make(map[string]Block, len(of))
	for name, raw := range of {
		var head Block
		if json.Unmarshal(raw, &head) == nil { // else the schema has refused it
			heads[name] = head
		}
	}
	names := slices.SortedFunc(maps.Keys(heads), func(x, y string) int { return cmp.Or(cmp.Compare(heads[x].Order, heads[y].Order), cmp.Compare(x, y)) })
	types := map[string]blockType{}
	for _, t := range blockTypes() {
		types[t.name()] = t
	}
	var blocks []block
	for _, name := range names {
		t, here := types[heads[name].Type], at+"/"+name
		if t == nil {
			continue
		}
		c := conditional{block: t.compile(b, of[name], here)}
		if when := heads[name].If; when != "" {
			c.when = b.expression(when, b.scope, fieldtype.BoolKind, here+"/if")
		}
		if c.block != nil {
			blocks = append(blocks, c)
		}
	}
	return blocks
}

// expression compiles one beside texts.
func (b *binding) expression(source string, scope expression.Scope, result fieldtype.Kind, at string) *expression.Program {
	scope.Result = result
	p := b.c.Expression(source, scope, at)
	if p != nil {
		b.t.ReadsUser = b.t.ReadsUser || p.UsesUser() || p.UsesClock()
	}
	return p
}

// Prints reports whether there is a document.
func (t *Template) Prints() bool { return t.printed != nil }

// Printing is what a document is printed from.
type Printing struct {
	Language string
	From     *record.Sheet
	// Picture is a picture that a field holds, as a JPEG or PNG; nil: it can't be shown.
	Picture func(context.Context, fieldtype.FileRef) ([]byte, error)
}

// printing is a document being printed.
type printing struct {
	Printing
	ctx  context.Context
	from *record.Sheet
	text int // bytes so far
	rows int
}

// Print is the document of a record, and the name of its file without an ending. Faults: those of expressions; template.too_large,
// print.text, print.rows (TooLarge); print.hidden (Forbidden).
func (t *Template) Print(ctx context.Context, with Printing) (d *pdf.Document, name string, err error) {
	p := &printing{Printing: with, ctx: ctx, from: with.From}
	page := t.Doc.Printed.Page
	size := pdf.A4
	if page.Size == "letter" {
		size = pdf.Letter
	}
	if page.Landscape {
		size[0], size[1] = size[1], size[0]
	}
	if name, err = p.plain(t.printed.name); err != nil {
		return nil, "", err
	}
	name = cmp.Or(strings.Join(strings.Fields(name), " "), t.Doc.Label.In(with.Language, t.Doc.Name))
	d = &pdf.Document{Title: name, Language: with.Language, At: with.From.Updated(), Width: size[0], Height: size[1], Margin: cmp.Or(page.Margin, 20) * pdf.Millimetre}
	if d.Header, err = p.edge(t.printed.header); err != nil {
		return nil, "", err
	}
	if d.Footer, err = p.edge(t.printed.footer); err != nil {
		return nil, "", err
	}
	d.Body, err = p.set(t.printed.body)
	return d, name, err
}

func (p *printing) set(blocks []block) ([]pdf.Block, error) {
	var all []pdf.Block
	for _, b := range blocks {
		set, err := b.set(p)
		if err != nil {
			return nil, err
		}
		all = append(all, set...)
	}
	return all, p.ctx.Err()
}

func (p *printing) edge(of [3]words) (pdf.Edge, error) {
	var texts [3]pdf.Text
	for i, w := range of {
		var err error
		if texts[i], err = p.words(w); err != nil {
			return pdf.Edge{}, err
		}
	}
	return pdf.Edge{Left: texts[0], Center: texts[1], Right: texts[2]}, nil
}

// plain is a text without styles.
func (p *printing) plain(w words) (string, error) {
	text, err := in(w.parts, w.texts, p.Language).write(p.from.Eval, p.show)
	if err != nil {
		return "", err
	}
	return text, p.count(text)
}

// words is a text in its styles.
func (p *printing) words(w words) (pdf.Text, error) {
	text, err := p.plain(w)
	return spans(text), err
}

// count bounds what a document holds before it is set.
func (p *printing) count(text string) error {
	if p.text += len(text); p.text > pdf.MaxText {
		return fault.New(fault.TooLarge, "print.text", "limit", pdf.MaxText)
	}
	return nil
}

// show is a value as the language writes it, without what texts reserve.
func (p *printing) show(program *expression.Program, v any) string {
	return unreserved.Replace(shown(program, v, p.Language, p.from.Location()))
}

// Printable are the templates that print records of an object, by name.
func Printable(s *catalog.Snapshot, object string) []*Template {
	all := Of(s)
	var found []*Template
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if t := all[name]; t.Prints() && t.Doc.Object == object {
			found = append(found, t)
		}
	}
	return found
}
