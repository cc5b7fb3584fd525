package read

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Bounds of a board.
const (
	MaxColumns   = 50
	MaxCards     = 50 // of a column at once
	DefaultCards = 10
	boardBytes   = 4 << 20 // of all cards, as JSON, about
)

// BoardQuery asks for a list in columns.
type BoardQuery struct {
	Filter  string   // an expression
	Within  string   // another, which must hold besides: that of a view
	Q       string   // words
	By      string   // path of a choice, a truth value or a reference to one object
	Columns []any    // values of By as a caller sends them, nil for empty; see Board when nil
	Fields  []string // of the cards, as of a list
	Sums    []string // paths of numbers
	Sort    []string // of the cards, as of a list
	Limit   int      // of the cards of a column, up to MaxCards; DefaultCards when 0
}

// Board is a list in columns: those that were named, or else every active option in order,
// and then what records have besides; of a reference those with the most records, these first.
type Board struct {
	Columns []BoardColumn
	Names   Names // of what columns and cards refer to
}

// BoardColumn has the records with one value.
type BoardColumn struct {
	Value  json.RawMessage // as the API shows it; null for empty
	Count  int64
	Sums   []BoardSum
	Filter string // of the list of all of its records, which goes on from Cards.Next
	Cards  *Page

	stored any
}

// BoardSum is the sum of a field over a column.
type BoardSum struct {
	Field string
	Value json.RawMessage
}

// Board reads the first cards of each column; their numbers and sums come from one
// aggregation. Faults: those of List and Aggregate; list.bad_board of a field by which there
// are no columns; list.board_columns.
func (s *Reader) Board(ctx context.Context, object string, q BoardQuery) (*Board, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	if q.Limit == 0 {
		q.Limit = DefaultCards
	}
	if q.Limit < 0 || q.Limit > MaxCards {
		return nil, fault.New(fault.Invalid, "list.bad_limit", "max", MaxCards).At("/limit")
	}
	by, err := s.Path(ctx, a, q.By, "list.unknown_field")
	if err != nil {
		return nil, fault.From(err).At("/by")
	}
	if !parts(by.Leaf) {
		return nil, fault.New(fault.Invalid, "list.bad_board", "field", session.Shorten(q.By)).At("/by")
	}
	values, err := columnsOf(by.Leaf, q.Columns)
	if err != nil {
		return nil, err
	}
	b := &Board{}
	if b.Columns, err = s.countColumns(ctx, a, by, q, values); err != nil {
		return nil, err
	}
	return b, s.fillColumns(ctx, a, by.Leaf.Value, q, b)
}

// parts reports whether there are columns by a field.
func parts(f *catalog.Field) bool {
	_, chooses := f.Value.(fieldtype.Chooses)
	switch f.Column.Storage {
	case fieldtype.Text:
		return chooses
	case fieldtype.Bool:
		return true
	case fieldtype.Int:
		return f.Target != nil
	}
	return false
}

// columnsOf are the values of the columns that are there in any case, in stored form.
func columnsOf(f *catalog.Field, named []any) (values []any, err error) {
	chooses, _ := f.Value.(fieldtype.Chooses)
	switch {
	case named != nil:
		for i, v := range named {
			if v != nil {
				var problem *fault.Fault
				if v, problem = f.Value.Coerce(v); problem != nil {
					return nil, problem.Under("/columns/" + strconv.Itoa(i))
				}
			}
			if !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
	case chooses != nil:
		for _, name := range fieldtype.OptionsInOrder(chooses) {
			if o := chooses.Options()[name]; o.Active == nil || *o.Active {
				values = append(values, name)
			}
		}
	case f.Column.Storage == fieldtype.Bool:
		values = []any{false, true}
	default:
		return nil, nil // whatever records refer to
	}
	if len(values) == 0 || len(values) > MaxColumns {
		return nil, fault.New(fault.Invalid, "list.board_columns", "max", MaxColumns).At("/columns")
	}
	return values, nil
}

// countColumns are the columns without their cards.
func (s *Reader) countColumns(ctx context.Context, a *session.Object, by session.Path, q BoardQuery, values []any) ([]BoardColumn, error) {
	asked := AggregateQuery{Filter: q.Filter, Q: q.Q, Group: []GroupBy{{Field: q.By, As: "by"}}, Measures: []MeasureOf{{Op: "count", As: "count"}}}
	for i, field := range q.Sums {
		p, err := s.Path(ctx, a, field, "list.unknown_field")
		if err == nil && !slices.Contains(summed, p.Leaf.Value.Kind()) {
			err = fault.New(fault.Invalid, "list.bad_measure", "op", "sum", "field", session.Shorten(field))
		}
		if err != nil {
			return nil, fault.From(err).At("/sums/" + strconv.Itoa(i))
		}
		asked.Measures = append(asked.Measures, MeasureOf{Op: "sum", Field: field, As: strconv.Itoa(i)})
	}
	if values == nil {
		asked.Sort, asked.Limit = []string{"-count", "by"}, MaxColumns
	}
	g, err := s.aggregation(ctx, a, asked)
	if err != nil {
		return nil, err
	}
	within, err := s.where(ctx, a, q.Within)
	if err != nil {
		return nil, err
	}
	g.query.Filter = query.And(g.query.Filter, within)
	if q.Columns != nil {
		g.query.Filter = query.And(g.query.Filter, amongValues(g.query.Groups[0].Ref, values))
	}
	s.Uses.Groups(s.Tenant, g.query)
	rows, err := s.groups(ctx, g)
	if err != nil {
		return nil, fmt.Errorf("counting the columns of a board of %s: %w", a.Object.Doc.Name, err)
	}
	columns := make([]BoardColumn, 0, len(values)+1)
	for _, v := range values {
		at := slices.IndexFunc(rows, func(r GroupRow) bool { return r.values[0] == v })
		column := newColumn(by.Leaf.Value, q, v)
		if at >= 0 {
			column.take(q, rows[at])
		}
		columns = append(columns, column)
	}
	for _, row := range rows {
		if v := row.values[0]; !slices.Contains(values, v) && len(columns) < MaxColumns {
			column := newColumn(by.Leaf.Value, q, v)
			column.take(q, row)
			columns = append(columns, column)
		}
	}
	return columns, nil
}

// amongValues holds where a column has one of some values, of which nil is empty.
func amongValues(ref query.Ref, values []any) query.Filter {
	some := slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil })
	among := query.Filter(query.In{Ref: ref, Values: some})
	if len(some) < len(values) {
		among = query.Or(among, query.Compare{Ref: ref, Op: query.Eq})
	}
	return among
}

// newColumn is a column without records. The filter of the board stands on lines of its own, so
// that a comment in it ends there.
func newColumn(value fieldtype.Value, q BoardQuery, v any) BoardColumn {
	c := BoardColumn{Value: stored.AppendValue(nil, value, v), Cards: &Page{}, stored: v}
	c.Filter = q.By + " == " + string(c.Value)
	switch v := v.(type) {
	case nil:
		c.Filter = q.By + " == nil"
	case string:
		c.Filter = q.By + " == " + string(metadata.AppendString(nil, v))
	}
	if q.Filter != "" {
		c.Filter += " and (\n" + q.Filter + "\n)"
	}
	for _, field := range q.Sums {
		c.Sums = append(c.Sums, BoardSum{field, json.RawMessage("null")})
	}
	return c
}

// take takes over what was counted.
func (c *BoardColumn) take(q BoardQuery, row GroupRow) {
	c.Count, _ = row.values[1].(int64)
	for i := range q.Sums {
		c.Sums[i].Value = row.columns[2+i].append(nil, row.values[2+i])
	}
}

// fillColumns reads the first cards of the columns that have any. Each may take its part of the
// bytes that are left.
func (s *Reader) fillColumns(ctx context.Context, a *session.Object, value fieldtype.Value, q BoardQuery, b *Board) error {
	var cards []Record
	left := boardBytes
	for i := range b.Columns {
		c := &b.Columns[i]
		if c.Count == 0 {
			continue
		}
		most := max(left/(len(b.Columns)-i), 1)
		page, err := s.list(ctx, a, ListQuery{Filter: c.Filter, Within: q.Within, Q: q.Q, Sort: q.Sort, Fields: q.Fields, Limit: q.Limit, Bytes: most}, nil)
		if err != nil {
			return err
		}
		c.Cards, left = page, left-page.Bytes
		cards = append(cards, page.Items...)
	}
	to, err := referencesOf(nil, cards)
	if err != nil {
		return err
	}
	for _, c := range b.Columns {
		if err := to.add(value, c.stored); err != nil {
			return err
		}
	}
	b.Names, err = s.namesOf(ctx, to)
	return err
}
