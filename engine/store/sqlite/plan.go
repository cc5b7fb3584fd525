package sqlite

import (
	"reflect"
	"strconv"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// statement is one SQL query whose rows are part of an answer.
type statement struct {
	text string
	args []any
}

// plan compiles a Select. It is one statement, or, for a page that follows a row,
// several whose rows come one after the other.
func plan(q query.Select) ([]statement, error) {
	branches := pageBranches(q)
	statements := make([]statement, len(branches))
	for i, filter := range branches {
		var err error
		if statements[i], err = newCompiler().selection(q, filter); err != nil {
			return nil, err
		}
	}
	return statements, nil
}

func (c *compiler) selection(q query.Select, filter query.Filter) (statement, error) {
	var columns, order sql
	for i, ref := range q.Columns {
		if i > 0 {
			columns.put(", ")
		}
		c.ref(&columns, ref)
	}
	if len(q.Columns) == 0 {
		columns.put("NULL")
	}
	words, searched := match(q.Words)
	for i, o := range q.Sort {
		if i > 0 {
			order.put(", ")
		}
		last := len(o.Ref.Hops) == 0 && o.Ref.Column.Name == query.ID.Name
		if last && searched {
			order.put("w.rowid") // the order in which words are found
		} else {
			c.ref(&order, o.Ref)
		}
		if o.Descending {
			order.put(" DESC")
		}
		if last {
			break // what follows the id decides nothing
		}
	}
	s, err := c.from(&columns, q.Table, words, filter)
	if err != nil {
		return statement{}, err
	}
	if len(order.text) > 0 {
		s.put(" ORDER BY ")
		s.join(&order)
	}
	if q.Limit > 0 {
		s.put(" LIMIT ", strconv.Itoa(q.Limit))
		if q.Skip > 0 {
			s.put(" OFFSET ")
			s.bind(int64(q.Skip)) // for one statement whatever it is
		}
	}
	return statement{string(s.text), s.args}, nil
}

// from writes "SELECT columns FROM table, its joins WHERE filter". The columns
// (and what follows) are compiled before, so that their joins are known.
func (c *compiler) from(columns *sql, table, words string, filter query.Filter) (*sql, error) {
	var where sql
	holds := c.condition(&where, filter, false, 0)
	if c.err != nil {
		return nil, c.err
	}
	s := &sql{text: make([]byte, 0, 256)}
	s.put("SELECT ")
	s.join(columns)
	s.put(" FROM ")
	if words != "" {
		// Words first: SQLite keeps the order of a CROSS JOIN.
		s.put(quote(wordsOf(table)), "(")
		s.bind(words)
		s.put(") AS w CROSS JOIN ", quote(table), " AS ", c.root, " ON ", c.root, ".id = w.rowid")
	} else {
		s.put(quote(table), " AS ", c.root)
	}
	s.join(&c.joins)
	switch holds {
	case never:
		s.put(" WHERE 0")
	case depends:
		s.put(" WHERE ")
		s.join(&where)
	}
	if len(s.args) > maxArgs {
		return nil, tooComplex()
	}
	return s, nil
}

// grouping says where in the rows of an aggregation things are found; -1: nowhere.
type grouping struct {
	storages []fieldtype.Storage // of the columns
	keys     []int
	values   []int // what is measured; -1: the rows
	filters  []int // whether a measure counts the row; -1: it does
}

// aggregate compiles an aggregation to the rows that are to be grouped. What is asked for
// twice is read once.
func aggregate(q query.Aggregate) (statement, grouping, error) {
	var g grouping
	var columns sql
	var read []any // a query.Ref or query.Filter for each column
	c := newCompiler()
	place := func(what any, storage fieldtype.Storage, write func()) int {
		for i, known := range read {
			if reflect.DeepEqual(known, what) {
				return i
			}
		}
		if len(read) > 0 {
			columns.put(", ")
		}
		write()
		read, g.storages = append(read, what), append(g.storages, storage)
		return len(read) - 1
	}
	value := func(r query.Ref) int {
		return place(r, r.Column.Storage, func() { c.ref(&columns, r) })
	}
	for _, by := range q.Groups {
		g.keys = append(g.keys, value(by.Ref))
	}
	for _, m := range q.Measures {
		measured, counts := -1, -1
		if m.Op != query.Count {
			measured = value(m.Ref)
		}
		if m.Filter != nil {
			counts = place(m.Filter, fieldtype.Bool, func() { c.filterValue(&columns, m.Filter) })
		}
		g.values, g.filters = append(g.values, measured), append(g.filters, counts)
	}
	if len(read) == 0 {
		columns.put("NULL")
	}
	words, _ := match(q.Words)
	text, err := c.from(&columns, q.Table, words, q.Filter)
	if err != nil {
		return statement{}, grouping{}, err
	}
	return statement{string(text.text), text.args}, g, nil
}

// filterValue writes a filter as a value: 1 where it holds, 0 or NULL where it does not.
func (c *compiler) filterValue(s *sql, f query.Filter) {
	var condition sql
	switch c.condition(&condition, f, false, 0) {
	case always:
		s.put("1")
	case never:
		s.put("0")
	default:
		s.join(&condition)
	}
}

func count(table string, filter query.Filter, words []query.Word, most int64) (statement, error) {
	text, _ := match(words)
	counted := "count(*)"
	if most > 0 {
		counted = "1"
	}
	s, err := newCompiler().from(&sql{text: []byte(counted)}, table, text, filter)
	if err != nil {
		return statement{}, err
	}
	if most > 0 {
		return statement{"SELECT count(*) FROM (" + string(s.text) + " LIMIT ?)", append(s.args, most)}, nil
	}
	return statement{string(s.text), s.args}, nil
}

// deletion compiles a DeleteWhere.
func deletion(table string, filter query.Filter) (statement, error) {
	c := newCompiler()
	s, err := c.from(&sql{text: []byte("t0.id")}, table, "", filter)
	if err != nil {
		return statement{}, err
	}
	return statement{"DELETE FROM " + quote(table) + " WHERE id IN (" + string(s.text) + ")", s.args}, nil
}

// pageBranches finds out whether a query's filter holds a query.After of its sort
// and takes that apart: the rows that follow (a, b, id) are those with the same a
// and b and a later id, then those with the same a and a later b, then those with
// a later a. Each is a range of an index on the sort, so that a page costs the
// same wherever it is; in one condition SQLite would read every row before it.
func pageBranches(q query.Select) []query.Filter {
	whole := []query.Filter{q.Filter}
	if q.Limit == 0 || len(q.Sort) == 0 {
		return whole
	}
	rest, values, found := takeAfter(q.Filter, q.Sort)
	if !found {
		return whole
	}
	var branches []query.Filter
	for i := len(q.Sort) - 1; i >= 0; i-- {
		branch := query.All{rest}
		for k := range i {
			branch = append(branch, query.Compare{Ref: q.Sort[k].Ref, Op: query.Eq, Value: values[k]})
		}
		for _, step := range stepsBeyond(q.Sort[i], values[i]) {
			branches = append(branches, append(branch[:len(branch):len(branch)], step))
		}
	}
	return branches
}

// stepsBeyond are the ranges of values that come after v, in order.
func stepsBeyond(o query.Order, v any) []query.Filter {
	compare := func(op query.Op, v any) query.Filter { return query.Compare{Ref: o.Ref, Op: op, Value: v} }
	switch {
	case v == nil && o.Descending:
		return nil
	case v == nil:
		return []query.Filter{compare(query.Ne, nil)}
	case !o.Descending:
		return []query.Filter{compare(query.Gt, v)}
	case o.Ref.Column.Name == query.ID.Name && len(o.Ref.Hops) == 0:
		return []query.Filter{compare(query.Lt, v)}
	}
	return []query.Filter{compare(query.Lt, v), compare(query.Eq, nil)}
}

// takeAfter splits a conjunction into a query.After of sort and the rest.
func takeAfter(f query.Filter, sort []query.Order) (rest query.Filter, values []any, found bool) {
	if values, ok := afterValues(f, sort); ok {
		return nil, values, true
	}
	all, ok := f.(query.All)
	if !ok {
		return nil, nil, false
	}
	for i, part := range all {
		if inner, values, ok := takeAfter(part, sort); ok {
			others := append(query.All{inner}, all[:i]...)
			return append(others, all[i+1:]...), values, true
		}
	}
	return nil, nil, false
}

// afterValues reads the values out of what may be query.After(sort, values) and
// proves it by making that again.
func afterValues(f query.Filter, sort []query.Order) ([]any, bool) {
	either, ok := f.(query.Any)
	if all, bounded := f.(query.All); bounded && len(all) == 2 {
		either, ok = all[1].(query.Any)
	}
	if !ok || len(either) == 0 || len(either) > len(sort) {
		return nil, false
	}
	deepest, ok := either[len(either)-1].(query.All)
	if !ok || len(deepest) != len(sort) {
		return nil, false
	}
	values := make([]any, len(sort))
	for i, part := range deepest {
		if step, ok := part.(query.Any); ok && len(step) == 2 {
			part = step[0]
		}
		compare, ok := part.(query.Compare)
		if !ok {
			return nil, false
		}
		values[i] = compare.Value
	}
	return values, reflect.DeepEqual(f, query.After(sort, values))
}
