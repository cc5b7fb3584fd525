package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/govalues/decimal"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

var comparisons = map[string]query.Op{
	"==": query.Eq, "!=": query.Ne, "<": query.Lt, "<=": query.Le, ">": query.Gt, ">=": query.Ge}

func (c *checker) unary(at int, in *ast.UnaryNode) *node {
	n := c.node(in.Node)
	switch {
	case n.kind == badKind:
		return n
	case in.Operator == "not" || in.Operator == "!":
		if !isBool(n) {
			return c.wrongKind(at, in.Operator, n)
		}
		return c.not(at, n)
	case n.kind == fieldtype.NumberKind && in.Operator == "+":
		return n
	case n.op == opConst && n.kind == fieldtype.NumberKind:
		return &node{kind: n.kind, at: at, scale: n.scale, value: n.value.(decimal.Decimal).Neg()}
	case n.kind == fieldtype.NumberKind || n.kind == fieldtype.DurationKind && in.Operator == "-":
		return c.make(node{op: opCall, kind: n.kind, scale: n.scale, at: at, args: []*node{n}, maybe: n.maybe, fn: negate[n.kind]})
	}
	return c.wrongKind(at, in.Operator, n)
}

func (c *checker) not(at int, n *node) *node {
	return c.make(node{op: opNot, kind: fieldtype.BoolKind, at: at, args: []*node{n}})
}

// wrongKind reports an operator or function that does not take these kinds.
func (c *checker) wrongKind(at int, what string, args ...*node) *node {
	kinds := ""
	for i, arg := range args {
		if i > 0 {
			kinds += ", "
		}
		kinds += kindNames[arg.kind]
	}
	return c.report(at, "expression.wrong_kind", "what", what, "kinds", kinds)
}

func isBool(n *node) bool { return n.kind == fieldtype.BoolKind || n.kind == nilKind }

// chained are operators whose chains (a and b and c) become one node.
var chained = map[string]op{"and": opAnd, "&&": opAnd, "or": opOr, "||": opOr}

func (c *checker) binary(at int, in *ast.BinaryNode) *node {
	if op, ok := chained[in.Operator]; ok {
		return c.chain(at, in, op)
	}
	left, right := c.node(in.Left), c.node(in.Right)
	if left.kind == badKind || right.kind == badKind {
		return &node{kind: badKind, at: at, scale: -1}
	}
	if cmp, ok := comparisons[in.Operator]; ok {
		return c.compare(at, cmp, left, right)
	}
	switch in.Operator {
	case "??":
		return c.coalesce(at, left, right)
	case "in":
		return c.in(at, left, right)
	case "contains":
		if left.kind == fieldtype.ListKind {
			return c.has(at, right, left)
		}
		return c.like(at, in.Operator, left, right)
	case "startsWith", "endsWith":
		return c.like(at, in.Operator, left, right)
	case "matches":
		return c.matches(at, left, right)
	}
	if in.Operator == "+" || in.Operator == "-" {
		left, right = c.numbersAsDays(left, right)
	}
	for _, f := range arithmetic[in.Operator] {
		if f.params[0].takes(left.kind) && f.params[1].takes(right.kind) && left.kind != nilKind && right.kind != nilKind {
			return c.apply(at, f, []*node{left, right})
		}
	}
	if len(arithmetic[in.Operator]) == 0 {
		return c.report(at, "expression.unsupported", "what", in.Operator)
	}
	return c.wrongKind(at, in.Operator, left, right)
}

// numbersAsDays takes a number beside a date, an instant or a difference of two for a
// number of days. A number beside any other duration stays one, for its unit is not known.
func (c *checker) numbersAsDays(left, right *node) (l, r *node) {
	counted := func(n *node) bool {
		return n.kind == fieldtype.DateKind || n.kind == fieldtype.DatetimeKind || difference(n)
	}
	days := func(n *node) *node { return c.apply(n.at, functions["days"][0], []*node{n}) }
	switch {
	case counted(left) && right.kind == fieldtype.NumberKind:
		return left, days(right)
	case difference(right) && left.kind == fieldtype.NumberKind:
		return days(left), right
	}
	return left, right
}

// difference reports a duration that was computed from dates or instants.
func difference(n *node) bool {
	if n.kind != fieldtype.DurationKind || n.op != opCall {
		return false
	}
	return n.fn == betweenDates || n.fn == betweenInstants || slices.ContainsFunc(n.args, difference)
}

// chain makes one node of a left-deep chain of and, or of or.
func (c *checker) chain(at int, in *ast.BinaryNode, op op) *node {
	var parts []ast.Node
	var left ast.Node = in
	for {
		b, ok := left.(*ast.BinaryNode)
		if !ok || chained[b.Operator] != op {
			break
		}
		parts = append(parts, b.Right)
		left = b.Left
	}
	parts = append(parts, left)
	slices.Reverse(parts)
	n := node{op: op, kind: fieldtype.BoolKind, at: at}
	for _, part := range parts {
		arg := c.node(part)
		if arg.kind != badKind && !isBool(arg) {
			arg = c.wrongKind(arg.at, in.Operator, arg)
		}
		n.args = append(n.args, arg)
	}
	return c.make(n)
}

// compare is left cmp right, both of one kind.
func (c *checker) compare(at int, cmp query.Op, left, right *node) *node {
	left, right = c.numbersAsDays(left, right)
	l, r, ok := c.align(at, cmp.String(), left, right)
	if !ok {
		return &node{kind: badKind, at: at, scale: -1}
	}
	kind := l.kind
	if kind == nilKind {
		kind = r.kind
	}
	switch kind {
	case fieldtype.TextKind, fieldtype.NumberKind, fieldtype.DateKind, fieldtype.DatetimeKind,
		fieldtype.TimeKind, fieldtype.DurationKind, nilKind:
	case fieldtype.BoolKind, fieldtype.ReferenceKind:
		if cmp != query.Eq && cmp != query.Ne {
			return c.wrongKind(at, cmp.String(), l, r)
		}
	default: // lists, rows, objects and json are empty or not
		if cmp != query.Eq && cmp != query.Ne || !l.empty() && !r.empty() {
			return c.wrongKind(at, cmp.String(), l, r)
		}
	}
	return c.make(node{op: opCompare, kind: fieldtype.BoolKind, at: at, cmp: cmp, args: []*node{l, r}})
}

// align brings two nodes to one kind: a text literal becomes what the other side
// is, where it can be read as such. Choices are checked against the options.
func (c *checker) align(at int, what string, left, right *node) (l, r *node, ok bool) {
	switch {
	case left.kind == badKind || right.kind == badKind:
		return nil, nil, false
	case left.kind != right.kind && left.op == opConst && left.kind == fieldtype.TextKind:
		left = c.literal(left, right)
	case left.kind != right.kind && right.op == opConst && right.kind == fieldtype.TextKind:
		right = c.literal(right, left)
	}
	switch {
	case left.kind == badKind || right.kind == badKind:
		return nil, nil, false
	case left.kind == nilKind || right.kind == nilKind || left.empty() || right.empty():
		return left, right, true
	case left.kind != right.kind || left.multi != right.multi || !overlap(left.refs, right.refs):
		c.wrongKind(at, what, left, right)
		return nil, nil, false
	case !c.isOption(left, right) || !c.isOption(right, left):
		return nil, nil, false
	}
	return left, right, true
}

// overlap reports whether two references may name the same record.
func overlap(a, b []string) bool {
	if a == nil || b == nil {
		return true
	}
	for _, name := range a {
		if slices.Contains(b, name) {
			return true
		}
	}
	return false
}

// coalesce is left, or right where left is empty.
func (c *checker) coalesce(at int, left, right *node) *node {
	n, ok := c.either(at, "??", left, right)
	if !ok {
		return &node{kind: badKind, at: at, scale: -1}
	}
	n.op, n.maybe = opCoalesce, n.args[0].maybe && n.args[1].maybe
	return c.make(n)
}

func (c *checker) conditional(in *ast.ConditionalNode) *node {
	cond, yes, no := c.node(in.Cond), c.node(in.Exp1), c.node(in.Exp2)
	if cond.kind != badKind && !isBool(cond) {
		cond = c.wrongKind(cond.at, "?:", cond)
	}
	n, ok := c.either(cond.at, "?:", yes, no)
	if !ok || cond.kind == badKind {
		return &node{kind: badKind, at: cond.at, scale: -1}
	}
	n.op, n.maybe = opCond, n.args[0].maybe || n.args[1].maybe
	n.args = append([]*node{cond}, n.args...)
	return c.make(n)
}

// either is the part that nodes with one value or the other share.
func (c *checker) either(at int, what string, left, right *node) (n node, ok bool) {
	l, r, ok := c.align(at, what, left, right)
	if !ok {
		return node{}, false
	}
	of := l
	if of.kind == nilKind || of.empty() {
		of = r
	}
	n = node{at: at, kind: of.kind, elem: of.elem, scale: of.scale, refs: of.refs, multi: of.multi, names: of.names, parts: of.parts, args: []*node{l, r}}
	if !l.empty() && !r.empty() {
		if n.scale = max(l.scale, r.scale); l.scale < 0 || r.scale < 0 {
			n.scale = -1
		}
		if l.elem != r.elem || l.names != r.names {
			c.wrongKind(at, what, l, r)
			return node{}, false
		}
	}
	if l.opts != nil && r.opts == nil && r.op == opConst {
		n.opts, n.unlisted = l.opts, l.unlisted
	} else if r.opts != nil && l.opts == nil && l.op == opConst {
		n.opts, n.unlisted = r.opts, r.unlisted
	}
	return n, true
}

// in is left in a literal list, or in a list of the record.
func (c *checker) in(at int, left, right *node) *node {
	if right.op != opList {
		return c.has(at, left, right)
	}
	n := node{op: opIn, kind: fieldtype.BoolKind, at: at, args: []*node{left}}
	for _, element := range right.args {
		if element.kind == badKind {
			return element
		}
		l, r, ok := c.align(element.at, "in", left, element)
		if !ok {
			return &node{kind: badKind, at: at, scale: -1}
		}
		switch l.kind {
		case fieldtype.ListKind, fieldtype.RowsKind, fieldtype.ObjectKind, fieldtype.LinkKind, fieldtype.AnyKind:
			return c.wrongKind(at, "in", l, r)
		}
		if l != left { // a literal on the left was read as what the elements are
			left, n.args[0] = l, l
		}
		n.args = append(n.args, r)
	}
	return c.make(n)
}

// has is: list contains value.
func (c *checker) has(at int, value, list *node) *node {
	if list.kind != fieldtype.ListKind {
		return c.wrongKind(at, "in", value, list)
	}
	like := &node{kind: list.elem, opts: list.opts, unlisted: list.unlisted, op: opItem}
	value, _, ok := c.align(at, "in", value, like)
	if !ok {
		return &node{kind: badKind, at: at, scale: -1}
	}
	return c.make(node{op: opHas, kind: fieldtype.BoolKind, at: at, args: []*node{value, list}})
}

// like is contains, startsWith or endsWith on texts.
func (c *checker) like(at int, operator string, left, right *node) *node {
	if left.kind != fieldtype.TextKind || right.kind != fieldtype.TextKind {
		return c.wrongKind(at, operator, left, right)
	}
	return c.apply(at, likes[operator], []*node{left, right})
}

func (c *checker) matches(at int, left, right *node) *node {
	if left.kind != fieldtype.TextKind || right.kind != fieldtype.TextKind {
		return c.wrongKind(at, "matches", left, right)
	}
	text, ok := right.value.(string)
	if right.op != opConst || !ok {
		return c.report(right.at, "expression.pattern_constant")
	}
	p, problem := fieldtype.CompilePattern(text)
	if problem != nil {
		return c.report(right.at, "expression.bad_pattern", "limit", fieldtype.MaxPattern)
	}
	return c.make(node{op: opMatches, kind: fieldtype.BoolKind, at: at, args: []*node{left}, value: &pattern{p}})
}

// list is a literal list; its elements are checked where it is used.
func (c *checker) list(at int, in *ast.ArrayNode) *node {
	n := node{op: opList, kind: fieldtype.ListKind, at: at}
	for i, element := range in.Nodes {
		arg := c.node(element)
		if i == 0 {
			n.elem, n.scale = arg.kind, arg.scale
		}
		n.scale = max(n.scale, arg.scale)
		if arg.scale < 0 {
			n.scale = -1
		}
		n.args = append(n.args, arg)
	}
	return c.make(n)
}

// loopForm is one of expr's functions with a predicate.
type loopForm struct {
	condition bool // the predicate is a condition
	kind      fieldtype.Kind
}

// loops are those that are allowed; count and sum also exist without a predicate.
var loops = map[string]loopForm{
	"any": {true, fieldtype.BoolKind}, "all": {true, fieldtype.BoolKind},
	"none": {true, fieldtype.BoolKind}, "one": {true, fieldtype.BoolKind},
	"count": {true, fieldtype.NumberKind}, "filter": {true, fieldtype.RowsKind},
	"map": {false, fieldtype.ListKind}, "sum": {false, fieldtype.NumberKind},
}

// loop runs a predicate or a projection for each row of a collection.
func (c *checker) loop(at int, in *ast.BuiltinNode, of loopForm) *node {
	over := c.collection(c.node(in.Arguments[0]))
	if over.kind == badKind {
		return over
	}
	item := &node{op: opItem, at: at, scale: -1, open: true, maybe: true}
	switch {
	case over.kind == fieldtype.RowsKind && over.names != nil:
		item.kind, item.names = rowKind, over.names
	case over.kind == fieldtype.ListKind:
		item.kind, item.opts, item.unlisted, item.scale = over.elem, over.opts, over.unlisted, over.scale
	default:
		return c.wrongKind(at, in.Name, over)
	}
	c.items = append(c.items, item)
	body := c.node(in.Arguments[1])
	c.items = c.items[:len(c.items)-1]
	n := node{op: opLoop, name: in.Name, at: at, kind: of.kind, scale: 0, args: []*node{over, body}}
	switch {
	case body.kind == badKind:
		return body
	case of.condition && !isBool(body):
		return c.wrongKind(body.at, in.Name, body)
	case in.Name == "filter":
		n.kind, n.names, n.elem, n.opts, n.unlisted = over.kind, over.names, over.elem, over.opts, over.unlisted
	case in.Name == "map":
		switch body.kind {
		case fieldtype.ListKind, fieldtype.RowsKind, rowKind, fieldtype.ObjectKind, fieldtype.LinkKind, fieldtype.AnyKind, nilKind:
			return c.wrongKind(body.at, in.Name, body)
		}
		n.elem, n.scale = body.kind, body.scale
	case in.Name == "sum":
		if body.kind != fieldtype.NumberKind && body.kind != fieldtype.DurationKind {
			return c.wrongKind(body.at, in.Name, body)
		}
		n.kind, n.elem, n.scale = body.kind, body.kind, body.scale
	}
	return c.make(n)
}

// collection lets a literal list be looped over.
func (c *checker) collection(n *node) *node {
	if n.op == opList && len(n.args) > 0 {
		for _, arg := range n.args[1:] {
			if arg.kind != badKind && arg.kind != n.elem {
				return c.wrongKind(arg.at, "[…]", n.args[0], arg)
			}
		}
	}
	return n
}
