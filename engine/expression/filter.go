package expression

import (
	"slices"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// maxFilter bounds the parts of a filter: conditions on either of two values are
// written out for both.
const maxFilter = 2 * MaxNodes

// translator makes a template of a filter of a typed tree. What can't run in the
// database is a problem at its place; then the result is of no use.
type translator struct {
	source   string
	problems []Problem
	parts    int
}

// refuse notes what can't run in the database and why: arithmetic on fields, a
// function of them, rows, part (of an address), old, computed (when read, by no
// formula), fields (two in what takes one), scale (two that differ), condition
// (it is none), size.
func (t *translator) refuse(n *node, what, reason string) template {
	if len(t.problems) < maxProblems {
		t.problems = append(t.problems, newProblem(t.source, "expression.not_queryable", n.at, "what", what, "reason", reason))
	}
	return constant(false)
}

// condition translates a node that is true or false.
func (t *translator) condition(n *node) template {
	if t.parts++; t.parts > maxFilter {
		return t.refuse(n, n.what(), "size")
	}
	if !isBool(n) {
		return t.refuse(n, n.what(), "condition")
	}
	if !n.open {
		return t.closed(n)
	}
	switch n.op {
	case opNot:
		return not{t.condition(n.args[0])}
	case opAnd, opOr:
		parts := make([]template, len(n.args))
		for i, arg := range n.args {
			parts[i] = t.condition(arg)
		}
		if n.op == opAnd {
			return all(parts)
		}
		return anyOf(parts)
	case opCond:
		cond := t.condition(n.args[0])
		return choose(cond, t.condition(n.args[1]), t.condition(n.args[2]))
	case opCoalesce:
		return choose(t.filled(n.args[0]), t.condition(n.args[0]), t.condition(n.args[1]))
	case opCompare:
		return t.compare(n, n.cmp, n.args[0], n.args[1])
	case opIn:
		return t.in(n)
	case opHas:
		return t.has(n)
	case opPath:
		if ref, ok := t.ref(n); ok {
			return comparison{ref: ref, op: query.Eq, operand: operand{value: true}}
		}
		return constant(false)
	case opCall:
		if place, ok := places[n.fn.name]; ok && likes[n.fn.name] == n.fn {
			return t.like(n, place)
		}
	}
	return t.refuse(n, n.what(), n.reason())
}

var places = map[string]query.Place{"contains": query.Anywhere, "startsWith": query.Start, "endsWith": query.End}

// choose is yes where cond holds, else no.
func choose(cond, yes, no template) template {
	return anyOf{all{cond, yes}, all{not{cond}, no}}
}

// filled holds where the value of a node is not empty.
func (t *translator) filled(n *node) template {
	empty := &node{op: opConst, kind: nilKind, at: n.at, scale: -1}
	return t.compare(n, query.Ne, n, empty)
}

// closed is a part that needs no record: it is computed when the filter is made.
func (t *translator) closed(n *node) template {
	return computed{t.operand(n)}
}

// operand is a value that needs no record.
func (t *translator) operand(n *node) operand {
	if n.op == opConst {
		return operand{value: n.value}
	}
	c, err := assemble(n)
	if err != nil {
		t.refuse(n, n.what(), "condition")
	}
	return operand{code: c}
}

// ref is the stored column of a node that is a path, or a part of what one reads.
func (t *translator) ref(n *node) (query.Ref, bool) {
	path, ok := n.stored()
	switch {
	case !ok:
		t.refuse(n, n.what(), n.reason())
	case path.Root != "":
		t.refuse(n, n.what(), "old")
	case path.Leaf.Column.Storage == fieldtype.None:
		t.refuse(n, n.what(), "computed")
	default:
		return path.Ref(), true
	}
	return query.Ref{}, false
}

// stored is the path to the column of a node. A program reads the part of a value out
// of the value, a query in the part's own column.
func (n *node) stored() (Path, bool) {
	switch {
	case n.op == opPath:
		return n.path, true
	case n.op == opPart && n.args[0].op == opPath && n.sym.Column.Storage != fieldtype.None:
		path := n.args[0].path
		path.Leaf = n.sym
		return path, true
	}
	return Path{}, false
}

// either distributes a condition over a node that is one value or another. ok is
// false for other nodes.
func (t *translator) either(n *node, condition func(value *node) template) (template, bool) {
	switch {
	case n.op == opCond:
		return choose(t.condition(n.args[0]), condition(n.args[1]), condition(n.args[2])), true
	case n.op == opCoalesce:
		return choose(t.filled(n.args[0]), condition(n.args[0]), condition(n.args[1])), true
	case n.kind == fieldtype.BoolKind && n.open && n.op != opPath:
		truth := func(v bool) *node { return &node{op: opConst, kind: fieldtype.BoolKind, at: n.at, scale: -1, value: v} }
		return choose(t.condition(n), condition(truth(true)), condition(truth(false))), true
	}
	return nil, false
}

// mirrored is the operator with its sides changed.
var mirrored = map[query.Op]query.Op{query.Eq: query.Eq, query.Ne: query.Ne,
	query.Lt: query.Gt, query.Le: query.Ge, query.Gt: query.Lt, query.Ge: query.Le}

// compare translates left op right; n is for problems.
func (t *translator) compare(n *node, op query.Op, left, right *node) template {
	if t.parts++; t.parts > maxFilter {
		return t.refuse(n, n.what(), "size")
	}
	if !left.open {
		if !right.open {
			return t.closed(&node{op: opCompare, kind: fieldtype.BoolKind, at: n.at, scale: -1, cmp: op, args: []*node{left, right}})
		}
		left, right, op = right, left, mirrored[op]
	}
	if done, ok := t.either(left, func(v *node) template { return t.compare(n, op, v, right) }); ok {
		return done
	}
	if right.open {
		if done, ok := t.either(right, func(v *node) template { return t.compare(n, op, left, v) }); ok {
			return done
		}
	}
	if left.op == opCall && !right.open {
		if done, ok := t.solve(n, op, left, right); ok {
			return done
		}
	}
	ref, ok := t.ref(left)
	if !ok {
		return constant(false)
	}
	if !right.open {
		return comparison{ref: ref, op: op, kind: left.kind, scale: left.scale, operand: t.operand(right)}
	}
	other, ok := t.ref(right)
	switch {
	case !ok:
		return constant(false)
	case left.kind == fieldtype.NumberKind && left.scale != right.scale || ref.Column.Storage != other.Column.Storage:
		return t.refuse(n, n.what(), "scale")
	}
	return references{left: ref, op: op, right: other}
}

// in translates x in [a, b, …].
func (t *translator) in(n *node) template {
	value, elements := n.args[0], n.args[1:]
	isOpen := func(e *node) bool { return e.open }
	// date(x) is a range for each element; one that reads the record, a comparison.
	if _, ok := value.stored(); !ok || !value.open || slices.ContainsFunc(elements, isOpen) {
		parts := make([]template, len(elements))
		for i, element := range elements {
			parts[i] = t.compare(n, query.Eq, value, element)
		}
		return anyOf(parts)
	}
	ref, ok := t.ref(value)
	if !ok {
		return constant(false)
	}
	m := member{ref: ref, kind: value.kind, scale: value.scale}
	for _, element := range elements {
		m.operands = append(m.operands, t.operand(element))
	}
	return m
}

// has translates: list contains value.
func (t *translator) has(n *node) template {
	value, list := n.args[0], n.args[1]
	if value.open {
		if done, ok := t.either(value, func(v *node) template {
			return t.has(&node{op: opHas, kind: n.kind, at: n.at, args: []*node{v, list}})
		}); ok {
			return done
		}
		return t.refuse(value, n.what(), "fields")
	}
	if ref, ok := t.ref(list); ok {
		return holder{ref: ref, operand: t.operand(value)}
	}
	return constant(false)
}

// like translates contains, startsWith and endsWith.
func (t *translator) like(n *node, place query.Place) template {
	text, part := n.args[0], n.args[1]
	again := func(text, part *node) template {
		return t.like(&node{op: opCall, fn: n.fn, kind: n.kind, at: n.at, args: []*node{text, part}}, place)
	}
	if !text.open && !part.open {
		return t.closed(n)
	}
	if text.open {
		if done, ok := t.either(text, func(v *node) template { return again(v, part) }); ok {
			return done
		}
	}
	if part.open {
		if done, ok := t.either(part, func(v *node) template { return again(text, v) }); ok {
			return done
		}
		return t.refuse(part, n.what(), "fields")
	}
	if ref, ok := t.ref(text); ok {
		return fragment{ref: ref, place: place, operand: t.operand(part)}
	}
	return constant(false)
}

// what is a node as its problem shows it.
func (n *node) what() string {
	if n.op == opCall && n.fn.implied {
		return n.args[0].what()
	}
	switch n.op {
	case opPath:
		return n.path.Leaf.Name
	case opCall:
		return n.fn.name
	case opCell:
		return "." + n.sym.Name
	case opPart, opLoop:
		return n.name
	case opCompare:
		return n.cmp.String()
	case opMatches:
		return "matches"
	case opHas, opIn, opList:
		return "in"
	}
	return "…"
}

// reason is why a node can't be a stored value.
func (n *node) reason() string {
	if n.op == opCall && n.fn.implied {
		return n.args[0].reason()
	}
	switch n.op {
	case opCall:
		if arithmetic[n.fn.name] != nil {
			return "arithmetic"
		}
		return "function"
	case opCell, opLoop, opItem:
		return "rows"
	case opPath:
		if n.path.Root == "old" {
			return "old"
		}
		return "computed"
	case opPart:
		return "part"
	}
	return "function"
}
