package sqlite

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Bounds of what is compiled. SQLite itself allows 64 tables in a join, 32,766
// parameters and expressions 1,000 deep.
const (
	maxNodes  = 20_000
	maxDepth  = 200
	maxJoins  = 60
	maxArgs   = 30_000
	inlined   = 32 // values of an In written as parameters; more go as one JSON array
	chunkSize = 32 // parts of All and Any on one level of the expression
)

// sql is a text under construction with the values of its parameters.
type sql struct {
	text []byte
	args []any
}

func (s *sql) put(parts ...string) {
	for _, p := range parts {
		s.text = append(s.text, p...)
	}
}

func (s *sql) bind(v any) {
	s.text = append(s.text, '?')
	s.args = append(s.args, v)
}

func (s *sql) join(other *sql) {
	s.text = append(s.text, other.text...)
	s.args = append(s.args, other.args...)
}

type mark struct{ text, args int }

func (s *sql) mark() mark   { return mark{len(s.text), len(s.args)} }
func (s *sql) undo(to mark) { s.text, s.args = s.text[:to.text], s.args[:to.args] }

// compiler turns a query on one table into SQL. Every path is one LEFT JOIN for
// each of its lookups, shared by all references with that path and those guards.
type compiler struct {
	root    string // alias of the table that is asked
	joins   sql
	joined  []joined
	aliases *int // used in the whole statement
	nodes   *int
	err     error
}

type joined struct {
	from  string // alias
	hop   query.Hop
	alias string
}

func newCompiler() *compiler { return &compiler{root: "t0", aliases: new(int), nodes: new(int)} }

func tooComplex() error { return fault.New(fault.Limited, "query.too_complex") }

func (c *compiler) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// ref writes a column.
func (c *compiler) ref(s *sql, r query.Ref) {
	at := c.root
	for _, hop := range r.Hops {
		at = c.hop(at, hop)
	}
	s.put(at, ".", quote(r.Column.Name))
}

// hop returns the alias of the table that a lookup leads to.
func (c *compiler) hop(from string, hop query.Hop) string {
	for _, j := range c.joined {
		if j.from == from && j.hop.Lookup.Name == hop.Lookup.Name && j.hop.Table == hop.Table && reflect.DeepEqual(j.hop.Guard, hop.Guard) {
			return j.alias
		}
	}
	*c.aliases++
	if *c.aliases > maxJoins {
		c.fail(tooComplex())
		return c.root
	}
	alias := "t" + strconv.Itoa(*c.aliases)
	var on sql
	on.put(" LEFT JOIN ", quote(hop.Table), " AS ", alias, " ON ", alias, ".id = ", from, ".", quote(hop.Lookup.Name))
	c.guard(&on, hop.Guard, alias)
	c.joins.join(&on)
	c.joined = append(c.joined, joined{from, hop, alias})
	return alias
}

// guard writes the condition that a joined row must meet. One that looks through
// lookups itself becomes a subquery with joins of its own.
func (c *compiler) guard(on *sql, f query.Filter, alias string) {
	inner := &compiler{root: alias, aliases: c.aliases, nodes: c.nodes}
	var condition sql
	holds := inner.condition(&condition, f, false, 0)
	switch {
	case inner.err != nil:
		c.fail(inner.err)
	case holds == always:
	case holds == never:
		on.put(" AND 0")
	case len(inner.joined) == 0:
		on.put(" AND ")
		on.join(&condition)
	default:
		on.put(" AND EXISTS (SELECT 1 FROM (SELECT 1)")
		on.join(&inner.joins)
		on.put(" WHERE ")
		on.join(&condition)
		on.put(")")
	}
}

// verdict says whether a condition depends on the row at all.
type verdict int8

const (
	depends verdict = iota
	always
	never
)

func constant(holds, negate bool) verdict {
	if holds != negate {
		return always
	}
	return never
}

// condition writes f, or its opposite, as an expression that is true exactly if
// it holds; where it does not hold the expression may be false or null. Negation
// is carried to the leaves, so that nothing is ever built on a null. It writes
// only what depends on the row.
func (c *compiler) condition(s *sql, f query.Filter, negate bool, depth int) verdict {
	if *c.nodes++; *c.nodes > maxNodes || depth > maxDepth || len(s.args) > maxArgs {
		c.fail(tooComplex())
		return never
	}
	switch f := f.(type) {
	case nil:
		return constant(true, negate)
	case query.All:
		return c.several(s, f, negate, negate, depth)
	case query.Any:
		return c.several(s, f, negate, !negate, depth)
	case query.Not:
		return c.condition(s, f.Filter, !negate, depth+1)
	case query.Compare:
		return c.compare(s, f, negate)
	case query.CompareRefs:
		c.compareRefs(s, f, negate)
	case query.In:
		return c.in(s, f, negate)
	case query.Like:
		c.like(s, f, negate)
	case query.Has:
		c.has(s, f, negate)
	default:
		c.fail(fmt.Errorf("a %T is no filter", f))
		return never
	}
	return depends
}

// several writes parts joined by OR (any) or AND. Long lists become a tree, which
// keeps the expression shallow.
func (c *compiler) several(s *sql, parts []query.Filter, negate, any bool, depth int) verdict {
	word, decides, neutral := " AND ", never, always
	if any {
		word, decides, neutral = " OR ", always, never
	}
	size := 1
	if len(parts) > chunkSize {
		size = (len(parts) + chunkSize - 1) / chunkSize
	}
	start, written := s.mark(), 0
	s.put("(")
	for chunk := range slices.Chunk(parts, size) {
		before := s.mark()
		if written > 0 {
			s.put(word)
		}
		var v verdict
		if len(chunk) == 1 {
			v = c.condition(s, chunk[0], negate, depth+1)
		} else {
			v = c.several(s, chunk, negate, any, depth+1)
		}
		switch v {
		case decides:
			s.undo(start)
			return decides
		case neutral:
			s.undo(before)
		default:
			written++
		}
	}
	if written == 0 {
		s.undo(start)
		return neutral
	}
	s.put(")")
	return depends
}

// fits reports whether a value is of a column's stored form.
func fits(c query.Column, value any) bool {
	switch value.(type) {
	case int64:
		return c.Storage == fieldtype.Int
	case string:
		return c.Storage == fieldtype.Text
	case bool:
		return c.Storage == fieldtype.Bool
	}
	return false
}

var (
	operators = [...]string{query.Eq: " = ", query.Ne: " IS NOT ", query.Lt: " < ", query.Le: " <= ", query.Gt: " > ", query.Ge: " >= "}
	opposites = [...]query.Op{query.Eq: query.Ne, query.Ne: query.Eq, query.Lt: query.Ge, query.Le: query.Gt, query.Gt: query.Le, query.Ge: query.Lt}
)

func (c *compiler) compare(s *sql, f query.Compare, negate bool) verdict {
	switch {
	case f.Value == nil && (f.Op == query.Eq || f.Op == query.Ne):
		c.ref(s, f.Ref)
		if (f.Op == query.Eq) != negate {
			s.put(" IS NULL")
		} else {
			s.put(" IS NOT NULL")
		}
		return depends
	case f.Value == nil:
		return constant(false, negate)
	case !fits(f.Ref.Column, f.Value):
		return constant(f.Op == query.Ne, negate)
	}
	op := f.Op
	if negate {
		op = opposites[op]
	}
	if !negate || f.Op == query.Eq || f.Op == query.Ne {
		c.ref(s, f.Ref)
		s.put(operators[op])
		s.bind(f.Value)
		return depends
	}
	s.put("(")
	c.ref(s, f.Ref)
	s.put(operators[op])
	s.bind(f.Value)
	s.put(" OR ")
	c.ref(s, f.Ref)
	s.put(" IS NULL)")
	return depends
}

func (c *compiler) compareRefs(s *sql, f query.CompareRefs, negate bool) {
	operator := operators[f.Op]
	switch {
	case f.Op == query.Eq && !negate, f.Op == query.Ne && negate:
		operator, negate = " IS ", false
	case f.Op == query.Eq || f.Op == query.Ne:
		operator, negate = " IS NOT ", false
	}
	c.truth(s, negate, func() {
		c.ref(s, f.Left)
		s.put(operator)
		c.ref(s, f.Right)
	})
}

// truth writes an expression that may be null, or its opposite.
func (c *compiler) truth(s *sql, negate bool, write func()) {
	if !negate {
		write()
		return
	}
	s.put("((")
	write()
	s.put(") IS NOT TRUE)")
}

func (c *compiler) in(s *sql, f query.In, negate bool) verdict {
	values := make([]any, 0, len(f.Values))
	for _, v := range f.Values {
		if fits(f.Ref.Column, v) {
			values = append(values, v)
		}
	}
	switch {
	case len(values) == 0:
		return constant(false, negate)
	case len(values) == 1:
		return c.compare(s, query.Compare{Ref: f.Ref, Op: query.Eq, Value: values[0]}, negate)
	}
	c.truth(s, negate, func() {
		c.ref(s, f.Ref)
		s.put(" IN (")
		if len(values) > inlined {
			s.put("SELECT value FROM json_each(")
			s.bind(jsonArray(values))
			s.put("))")
			return
		}
		// A power of two of parameters, so that few texts serve all lengths.
		for i := range ceiling(len(values)) {
			if i > 0 {
				s.put(",")
			}
			s.bind(values[min(i, len(values)-1)])
		}
		s.put(")")
	})
	return depends
}

func ceiling(n int) int {
	size := 2
	for size < n {
		size *= 2
	}
	return size
}

// jsonArray writes scalars so that json_each gives them back as they were.
func jsonArray(values []any) []byte {
	out := []byte{'['}
	for i, v := range values {
		if i > 0 {
			out = append(out, ',')
		}
		switch v := v.(type) {
		case int64:
			out = strconv.AppendInt(out, v, 10)
		case bool:
			out = strconv.AppendInt(out, truth(v), 10)
		case string:
			out = appendJSONString(out, v)
		}
	}
	return append(out, ']')
}

func (c *compiler) like(s *sql, f query.Like, negate bool) {
	c.truth(s, negate, func() {
		switch {
		case f.Text == "":
			c.ref(s, f.Ref)
			s.put(" IS NOT NULL")
			return
		case f.Ref.Column.Storage != fieldtype.Text:
			s.put("0")
			return
		}
		switch f.At {
		case query.Start: // a range, which an index can be entered by
			c.ref(s, f.Ref)
			s.put(" >= ")
			s.bind(f.Text)
			if end, ok := after(f.Text); ok {
				s.put(" AND ")
				c.ref(s, f.Ref)
				s.put(" < ")
				s.bind(end)
			}
		case query.End: // of bytes: characters would have to be counted
			s.put("substr(CAST(")
			c.ref(s, f.Ref)
			s.put(" AS BLOB), -", strconv.Itoa(len(f.Text)), ") = CAST(")
			s.bind(f.Text)
			s.put(" AS BLOB)")
		default:
			s.put("instr(")
			c.ref(s, f.Ref)
			s.put(", ")
			s.bind(f.Text)
			s.put(") > 0")
		}
	})
}

// after is the least text, by bytes, that is greater than all that start with
// prefix; false if there is none.
func after(prefix string) (string, bool) {
	end := []byte(prefix)
	for len(end) > 0 {
		if last := len(end) - 1; end[last] < math.MaxUint8 {
			end[last]++
			return string(end), true
		}
		end = end[:len(end)-1]
	}
	return "", false
}

func (c *compiler) has(s *sql, f query.Has, negate bool) {
	if f.Ref.Column.Storage != fieldtype.List {
		c.truth(s, negate, func() { s.put("0") })
		return
	}
	c.truth(s, negate, func() {
		// The bytes first: they are there whenever the text is, and cheap to look for.
		s.put("(instr(")
		c.ref(s, f.Ref)
		s.put(", ")
		s.bind(appendJSONString(nil, f.Text))
		s.put(") > 0 AND EXISTS (SELECT 1 FROM json_each(")
		c.ref(s, f.Ref)
		s.put(") WHERE value = ")
		s.bind(f.Text)
		s.put("))")
	})
}

// appendJSONString writes a text the one way in which lists are stored.
func appendJSONString(dst []byte, text string) []byte {
	plain := true
	for i := range len(text) {
		if b := text[i]; b < 0x20 || b >= 0x7f || b == '"' || b == '\\' || b == '<' || b == '>' || b == '&' {
			plain = false
			break
		}
	}
	if plain {
		dst = append(dst, '"')
		dst = append(dst, text...)
		return append(dst, '"')
	}
	encoded, err := json.Marshal(text)
	if err != nil { // no string fails
		panic(err)
	}
	return append(dst, encoded...)
}
