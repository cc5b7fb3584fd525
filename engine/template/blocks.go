package template

import (
	"cmp"
	"encoding/json"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/pdf"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// aligns are the words for where texts stand.
var aligns = map[string]pdf.Align{"left": pdf.Left, "center": pdf.Center, "right": pdf.Right}

// settings are those of a block; what the schema has refused reads as the zero value.
func settings[T any](raw json.RawMessage) (s T) {
	_ = json.Unmarshal(raw, &s)
	return s
}

// heading is a line above what follows it.
type headingType struct{}

func (headingType) name() string { return "heading" }
func (headingType) schema() string {
	return `{
	"title": "Heading",
	"description": "Stays on the page of what follows it.",
	"required": ["text"],
	"properties": {
		"text": {"$ref": "#/$defs/printed", "title": "Text"},
		"level": {"type": "integer", "minimum": 1, "maximum": 3, "default": 1, "title": "Level"},
		"align": {"$ref": "#/$defs/align"}}}`
}

type heading struct {
	text words
	as   pdf.Paragraph
}

func (headingType) compile(b *binding, raw json.RawMessage, at string) block {
	s := settings[struct {
		Text  metadata.Text `json:"text"`
		Level int           `json:"level"`
		Align string        `json:"align"`
	}](raw)
	size := map[int]float64{1: 18, 2: 13, 3: 10.5}[cmp.Or(s.Level, 1)]
	return &heading{b.words(s.Text, at+"/text"), pdf.Paragraph{Size: size, Align: aligns[s.Align], Before: size * 0.7, After: size * 0.3, Keeps: true}}
}

func (h *heading) set(p *printing) ([]pdf.Block, error) {
	as := h.as
	var err error
	as.Text, err = p.words(h.text)
	for i := range as.Text {
		as.Text[i].Bold = true
	}
	return []pdf.Block{&as}, err
}

// paragraph is a text.
type paragraphType struct{}

func (paragraphType) name() string { return "paragraph" }
func (paragraphType) schema() string {
	return `{
	"title": "Paragraph",
	"required": ["text"],
	"properties": {
		"text": {"$ref": "#/$defs/printed", "title": "Text"},
		"size": {"enum": ["small", "normal", "large"], "default": "normal", "title": "Size"},
		"align": {"$ref": "#/$defs/align"}}}`
}

type paragraph struct {
	text words
	as   pdf.Paragraph
}

func (paragraphType) compile(b *binding, raw json.RawMessage, at string) block {
	s := settings[struct {
		Text  metadata.Text `json:"text"`
		Size  string        `json:"size"`
		Align string        `json:"align"`
	}](raw)
	size := map[string]float64{"small": 8, "large": 12}[s.Size]
	return &paragraph{b.words(s.Text, at+"/text"), pdf.Paragraph{Size: size, Align: aligns[s.Align], After: 6}}
}

func (b *paragraph) set(p *printing) ([]pdf.Block, error) {
	as := b.as
	var err error
	as.Text, err = p.words(b.text)
	return []pdf.Block{&as}, err
}

// columns are blocks side by side.
type columnsType struct{}

func (columnsType) name() string { return "columns" }
func (columnsType) schema() string {
	return `{
	"title": "Columns",
	"description": "Blocks side by side, such as two addresses.",
	"required": ["columns"],
	"properties": {
		"columns": {"type": "object", "minProperties": 2, "maxProperties": 4, "propertyNames": {"$ref": "#/$defs/name"}, "title": "Columns", "additionalProperties": {
			"type": "object",
			"required": ["body"],
			"properties": {
				"order": {"$ref": "#/$defs/order"},
				"width": {"$ref": "#/$defs/width"},
				"body": {"$ref": "#/$defs/body"}},
			"additionalProperties": false}}}}`
}

type columns struct {
	shares []float64
	bodies [][]block
}

// sideBySide is one of the columns.
type sideBySide struct {
	Order int     `json:"order"`
	Width float64 `json:"width"`
	Body  Body    `json:"body"`
}

func (columnsType) compile(b *binding, raw json.RawMessage, at string) block {
	s := settings[struct {
		Columns map[string]sideBySide `json:"columns"`
	}](raw)
	compiled := &columns{}
	for _, name := range inOrder(s.Columns, func(c sideBySide) int { return c.Order }) {
		c := s.Columns[name]
		compiled.shares = append(compiled.shares, cmp.Or(c.Width, 1))
		compiled.bodies = append(compiled.bodies, b.body(c.Body, at+"/columns/"+name+"/body"))
	}
	if len(compiled.bodies) == 0 {
		return nil
	}
	return compiled
}

func (c *columns) set(p *printing) ([]pdf.Block, error) {
	side := &pdf.Columns{Shares: c.shares}
	for _, body := range c.bodies {
		set, err := p.set(body)
		if err != nil {
			return nil, err
		}
		side.Bodies = append(side.Bodies, set)
	}
	return []pdf.Block{side}, nil
}

// group is blocks of which one condition holds.
type groupType struct{}

func (groupType) name() string { return "group" }
func (groupType) schema() string {
	return `{
	"title": "Group",
	"description": "Blocks that are there together, if a condition holds.",
	"required": ["body"],
	"properties": {"body": {"$ref": "#/$defs/body"}}}`
}

type group struct{ body []block }

func (groupType) compile(b *binding, raw json.RawMessage, at string) block {
	s := settings[struct {
		Body Body `json:"body"`
	}](raw)
	return &group{b.body(s.Body, at+"/body")}
}

func (g *group) set(p *printing) ([]pdf.Block, error) { return p.set(g.body) }

// fixed is a block that is always the same.
type fixed struct{ pdf.Block }

func (f fixed) set(*printing) ([]pdf.Block, error) { return []pdf.Block{f.Block}, nil }

type lineType struct{}

func (lineType) name() string                                    { return "line" }
func (lineType) schema() string                                  { return `{"title": "Line"}` }
func (lineType) compile(*binding, json.RawMessage, string) block { return fixed{pdf.Line{}} }

type pageBreakType struct{}

func (pageBreakType) name() string                                    { return "page_break" }
func (pageBreakType) schema() string                                  { return `{"title": "Page break"}` }
func (pageBreakType) compile(*binding, json.RawMessage, string) block { return fixed{pdf.Break{}} }

type spaceType struct{}

func (spaceType) name() string { return "space" }
func (spaceType) schema() string {
	return `{
	"title": "Space",
	"properties": {"height": {"type": "number", "exclusiveMinimum": 0, "maximum": 200, "default": 5, "title": "Height", "description": "In millimetres."}}}`
}

func (spaceType) compile(_ *binding, raw json.RawMessage, _ string) block {
	s := settings[struct {
		Height float64 `json:"height"`
	}](raw)
	return fixed{pdf.Space{Height: cmp.Or(s.Height, 5) * pdf.Millimetre}}
}

// imageType is a picture that a field of the record holds.
type imageType struct{}

func (imageType) name() string { return "image" }
func (imageType) schema() string {
	return `{
	"title": "Picture",
	"description": "The first picture in a field of files; nothing where there is none.",
	"required": ["field"],
	"properties": {
		"field": {"$ref": "#/$defs/name", "title": "Field"},
		"width": {"type": "number", "minimum": 5, "maximum": 250, "default": 40, "title": "Width", "description": "In millimetres, at most."},
		"align": {"$ref": "#/$defs/align"}}}`
}

type picture struct {
	field *catalog.Field
	as    pdf.Picture
}

func (imageType) compile(b *binding, raw json.RawMessage, at string) block {
	s := settings[struct {
		Field string  `json:"field"`
		Width float64 `json:"width"`
		Align string  `json:"align"`
	}](raw)
	f := b.c.Field(b.object, s.Field, at+"/field")
	if f == nil {
		return nil
	}
	if _, ok := f.Value.(fieldtype.Files); !ok {
		b.c.Report(fault.New(fault.Invalid, "template.no_files", "field", s.Field), at+"/field")
		return nil
	}
	return &picture{f, pdf.Picture{Width: cmp.Or(s.Width, 40) * pdf.Millimetre, Align: aligns[s.Align]}}
}

func (i *picture) set(p *printing) ([]pdf.Block, error) {
	held, err := p.Printing.From.Value(i.field)
	if err != nil {
		return nil, err
	}
	for _, ref := range fieldtype.FileRefs(held) {
		as := i.as
		if as.Data, err = p.Picture(p.ctx, ref); err != nil {
			return nil, err
		}
		if as.Data != nil {
			return []pdf.Block{&as}, nil
		}
	}
	return nil, nil
}
