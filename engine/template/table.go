package template

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/pdf"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// tableType is records of an object, a row each.
type tableType struct{}

func (tableType) name() string { return "table" }
func (tableType) schema() string {
	return `{
	"title": "Table",
	"description": "Records of an object, a row each, in which record is the one that is printed.",
	"required": ["object", "filter", "columns"],
	"properties": {
		"object": {"$ref": "#/$defs/name", "title": "Object"},
		"filter": {"$ref": "#/$defs/expression", "title": "Filter", "examples": ["opportunity == record.id"]},
		"sort": {"$ref": "#/$defs/sort"},
		"columns": {"type": "object", "minProperties": 1, "maxProperties": 12, "propertyNames": {"$ref": "#/$defs/name"}, "title": "Columns", "additionalProperties": {
			"type": "object",
			"required": ["value"],
			"properties": {
				"order": {"$ref": "#/$defs/order"},
				"label": {"$ref": "#/$defs/printed", "title": "Label"},
				"value": {"$ref": "#/$defs/expression", "title": "Value", "examples": ["quantity * unit_price"]},
				"width": {"$ref": "#/$defs/width"},
				"align": {"$ref": "#/$defs/align"},
				"total": {"$ref": "#/$defs/printed", "title": "Total", "description": "What stands below the rows, of the record that is printed.", "examples": ["{{ items_total }}"]}},
			"additionalProperties": false}}}}`
}

// Column is one of a table.
type Column struct {
	Order int           `json:"order"`
	Label metadata.Text `json:"label"`
	Value string        `json:"value"`
	Width float64       `json:"width"`
	Align string        `json:"align"`
	Total metadata.Text `json:"total"`
}

type table struct {
	object  *catalog.Object
	filter  *expression.Program
	sort    []string
	columns []column
	totals  bool
}

type column struct {
	value        *expression.Program
	label, total words
	as           pdf.Column
}

// inOrder are the names of what has an order.
func inOrder[T any](of map[string]T, order func(T) int) []string {
	return slices.SortedFunc(maps.Keys(of), func(x, y string) int { return cmp.Or(cmp.Compare(order(of[x]), order(of[y])), cmp.Compare(x, y)) })
}

func (tableType) compile(b *binding, raw json.RawMessage, at string) block {
	s := settings[struct {
		Object  string            `json:"object"`
		Filter  string            `json:"filter"`
		Sort    []string          `json:"sort"`
		Columns map[string]Column `json:"columns"`
	}](raw)
	t := &table{sort: s.Sort, object: b.c.Object(s.Object, at+"/object")}
	if t.object == nil {
		return nil
	}
	rows := b.scope
	rows.Record, rows.Draft = t.object, b.object
	which := rows
	which.Queryable = true
	t.filter = b.expression(s.Filter, which, fieldtype.BoolKind, at+"/filter")
	b.c.Sort(t.object, s.Sort, at+"/sort")
	for _, name := range inOrder(s.Columns, func(c Column) int { return c.Order }) {
		c, here := s.Columns[name], at+"/columns/"+name
		compiled := column{value: b.expression(c.Value, rows, fieldtype.AnyKind, here+"/value"), label: b.words(c.Label, here+"/label"), total: b.words(c.Total, here+"/total"),
			as: pdf.Column{Share: cmp.Or(c.Width, 1), Align: aligns[c.Align]}}
		if compiled.value != nil && fieldtype.Loose(compiled.value.Kind(), 0) == nil {
			b.c.Report(fault.New(fault.Invalid, "template.no_value", "hole", clip(c.Value)), here+"/value")
			continue
		}
		t.totals = t.totals || len(c.Total) > 0
		t.columns = append(t.columns, compiled)
	}
	if len(t.columns) == 0 {
		return nil
	}
	return t
}

func (t *table) set(p *printing) ([]pdf.Block, error) {
	set := &pdf.Table{}
	for _, c := range t.columns {
		var err error
		if c.as.Label, err = p.words(c.label); err != nil {
			return nil, err
		}
		set.Columns = append(set.Columns, c.as)
		if !t.totals {
			continue
		}
		total, err := p.words(c.total)
		if err != nil {
			return nil, err
		}
		set.Total = append(set.Total, total)
	}
	for row, err := range p.from.Each(t.object, t.filter, t.sort, pdf.MaxRows+1-p.rows) {
		if err != nil {
			return nil, err
		}
		if p.rows++; p.rows > pdf.MaxRows {
			return nil, fault.New(fault.TooLarge, "print.rows", "limit", pdf.MaxRows)
		}
		cells := make([]pdf.Text, len(t.columns))
		for i, c := range t.columns {
			v, err := row.Eval(c.value)
			if err != nil {
				return nil, err
			}
			if v == nil {
				continue
			}
			text := p.show(c.value, v)
			if err := p.count(text); err != nil {
				return nil, err
			}
			cells[i] = pdf.Text{{Text: text}}
		}
		set.Rows = append(set.Rows, cells)
	}
	return []pdf.Block{set}, nil
}
