package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// manyRows is from how many rows of an aggregation on SQLite is asked how it would group
// them itself, which takes as long as to group some hundreds.
const manyRows = 2_000

// groups are the answer to an aggregation. Where an index has all that it reads, in the order
// of the groups, SQLite groups the rows; else it would sort all of them first, and they are
// grouped as they come.
func groups(ctx context.Context, q query.Aggregate, open opener, done closer) ([]store.Row, error) {
	s, layout, err := aggregate(q)
	if err != nil {
		return nil, err
	}
	k, err := open(ctx, q.Words, []statement{s}, 0, layout.storages)
	if err != nil {
		return nil, err
	}
	defer done(k)
	ordered, within, err := k.c.ordered(q, s)
	if err != nil {
		return nil, err
	}
	if ordered != nil {
		k.rest = []statement{*ordered}
		g := newGrouper(ctx, q, within)
		if _, err = k.each(g.take); err == nil {
			return g.answer()
		}
		if !isOverflow(err) {
			return nil, err
		}
		k.stop() // sums are wider where rows are grouped as they come
		k.rest = []statement{s}
	}
	g := newGrouper(ctx, q, layout)
	rows, err := k.each(g.add)
	if err != nil {
		return nil, err
	}
	k.c.note(s, rows)
	return g.answer()
}

// each calls fn at each row, and counts them.
func (k *cursor) each(fn func(s *stmt) error) (rows int, err error) {
	for {
		more, err := k.advance()
		if err != nil || !more {
			return rows, err
		}
		if err := fn(k.current); err != nil {
			return rows, err
		}
		rows++
	}
}

// isOverflow reports whether SQLite's sum of whole numbers went beyond 64 bits.
func isOverflow(err error) bool {
	var e *sqliteError
	return errors.As(err, &e) && e.message == "integer overflow"
}

// ordered is the statement by which SQLite groups the rows of an aggregation itself; nil if
// that is not better. s is that which reads the rows.
func (c *conn) ordered(q query.Aggregate, s statement) (*statement, grouping, error) {
	if len(q.Groups) > 0 && c.noted(s) < manyRows {
		return nil, grouping{}, nil
	}
	grouped, layout, err := inOrder(q)
	if err != nil || grouped == nil || len(q.Groups) == 0 {
		return grouped, layout, err
	}
	lines, err := c.explain(*grouped)
	if err != nil {
		return nil, layout, fmt.Errorf("explaining an aggregation of %s: %w", q.Table, queryError(err))
	}
	if len(lines) != 1 || !strings.Contains(lines[0], " USING COVERING INDEX ") {
		return nil, layout, nil
	}
	return grouped, layout, nil
}

// explain is how SQLite would run a statement, in lines.
func (c *conn) explain(s statement) (lines []string, err error) {
	// EXPLAIN itself does not notice that others changed the schema; a read does.
	if err := c.exec("SELECT 1 FROM sqlite_schema LIMIT 1"); err != nil {
		return nil, err
	}
	err = c.fresh("EXPLAIN QUERY PLAN "+s.text, func(s *stmt) error { lines = append(lines, s.string(3)); return nil }, s.args...)
	return lines, err
}

// note keeps how many rows a statement had, as long as the statement is kept.
func (c *conn) note(s statement, rows int) {
	if e, ok := c.statements[s.text]; ok {
		e.Value.(*stmt).rows = rows
	}
}

// noted is how many rows a statement had the last time; 0 if that is not known.
func (c *conn) noted(s statement) int {
	if e, ok := c.statements[s.text]; ok {
		return e.Value.(*stmt).rows
	}
	return 0
}

// measuring are the functions of SQLite that measure as this store does.
var measuring = map[query.MeasureOp]string{query.CountOf: "count", query.Sum: "sum", query.Min: "min", query.Max: "max"}

// inOrder compiles an aggregation to a statement whose rows are the groups: their keys, then
// the measures. nil: it asks for more than SQLite has.
func inOrder(q query.Aggregate) (*statement, grouping, error) {
	var g grouping
	var columns, by sql
	c := newCompiler()
	put := func(storage fieldtype.Storage) {
		if len(g.storages) > 0 {
			columns.put(", ")
		}
		g.storages = append(g.storages, storage)
	}
	for i, group := range q.Groups {
		if group.By != query.ByValue {
			return nil, g, nil
		}
		put(group.Ref.Column.Storage)
		c.ref(&columns, group.Ref)
		by.put([]string{" GROUP BY ", ", "}[min(i, 1)], strconv.Itoa(i+1))
		g.keys = append(g.keys, i)
	}
	for _, m := range q.Measures {
		put(m.Ref.Column.Storage)
		switch name, ok := measuring[m.Op]; {
		case m.Filter != nil:
			return nil, g, nil
		case m.Op == query.Count:
			columns.put("count(*)")
		case ok:
			columns.put(name, "(")
			c.ref(&columns, m.Ref)
			columns.put(")")
		default:
			return nil, g, nil
		}
	}
	if len(g.storages) == 0 {
		return nil, g, nil
	}
	words, _ := match(q.Words)
	text, err := c.from(&columns, q.Table, words, q.Filter)
	if err != nil {
		return nil, g, err
	}
	text.join(&by)
	return &statement{string(text.text), text.args}, g, nil
}

// take takes a row into account that is a whole group of inOrder.
func (g *grouper) take(s *stmt) error {
	if err := g.to(s); err != nil {
		return err
	}
	for i := range g.q.Measures {
		m, at, column := &g.q.Measures[i], &g.last.cells[i], len(g.q.Groups)+i
		switch {
		case s.isNull(column):
		case m.Op == query.Sum:
			at.add(s.integer(column))
		case m.Op == query.Min || m.Op == query.Max:
			at.count = 1
			if err := g.extend(at, s, column, m.Op == query.Max); err != nil {
				return err
			}
		default:
			at.count = s.integer(column)
		}
	}
	return nil
}
