package expression

import (
	"fmt"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Program is a compiled expression. Immutable, safe for concurrent use.
type Program struct {
	source   string
	root     *node
	size     int
	kind     fieldtype.Kind
	scale    int
	code     *code
	filter   template // nil: can't run in the database
	obstacle *Problem // why not
	paths    []Path
	clock    bool
	rolledUp bool
	user     bool
	labels   []map[string]string
	constant map[string]string
	patterns int // instructions of the regular expressions
}

// Compile makes a program of an expression, or says everything that is wrong with
// it, sorted by place.
func Compile(source string, scope Scope) (*Program, []Problem) {
	tree, problem := parse(source)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	c := &checker{source: source, runes: []rune(source), scope: scope}
	root := c.result(c.node(tree))
	if len(c.problems) > 0 {
		return nil, sorted(c.problems)
	}
	p := &Program{source: source, root: root, size: root.size(), kind: root.kind, scale: root.scale, constant: c.constants}
	if p.kind == nilKind {
		p.kind = scope.Result
	}
	if p.kind == fieldtype.NumberKind && scope.Scale >= 0 && scope.Result == fieldtype.NumberKind {
		p.scale = scope.Scale
	}
	p.survey()
	var err error
	if p.code, err = assemble(root); err != nil {
		return nil, []Problem{newProblem(source, "expression.unsupported", 0, "what", err.Error())}
	}
	t := &translator{source: source}
	p.filter = t.condition(root)
	if len(t.problems) == 0 && written(p.filter, maxFilter) == 0 {
		t.refuse(root, root.what(), "size")
	}
	if len(t.problems) > 0 {
		p.filter, p.obstacle = nil, &t.problems[0]
		if scope.Queryable {
			return nil, sorted(t.problems)
		}
	}
	return p, nil
}

func sorted(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return slices.CompactFunc(problems, func(a, b Problem) bool {
		return a.Code == b.Code && a.Line == b.Line && a.Column == b.Column
	})
}

// result brings the whole expression to the kind that is wanted.
func (c *checker) result(n *node) *node {
	want := c.scope.Result
	if n.kind == badKind {
		return n
	}
	if want == fieldtype.AnyKind {
		if n.kind == rowKind || n.kind == fieldtype.ListKind && n.elem != fieldtype.TextKind && n.elem != nilKind {
			return c.report(n.at, "expression.wrong_result", "kind", kindNames[n.kind], "want", "value")
		}
		return n
	}
	if n.kind == fieldtype.TextKind && n.op == opConst && want != fieldtype.TextKind {
		n = c.literal(n, &node{kind: want})
	}
	if want == fieldtype.NumberKind && difference(n) {
		one := &node{op: opConst, kind: fieldtype.DurationKind, at: n.at, scale: -1, value: int64(secondsOfDay)}
		n = c.apply(n.at, durationQuotients[0], []*node{n, one})
	}
	switch {
	case n.kind == badKind || n.kind == nilKind || n.empty():
		return n
	case n.kind != want, n.kind == fieldtype.ListKind && n.elem != fieldtype.TextKind && len(n.args) > 0:
		return c.report(n.at, "expression.wrong_result", "kind", kindNames[n.kind], "want", kindNames[want])
	case want == fieldtype.NumberKind && c.scope.Scale >= 0 && n.scale != c.scope.Scale:
		return c.apply(n.at, roundedTo(c.scope.Scale), []*node{n})
	}
	return n
}

// survey notes what the program reads.
func (p *Program) survey() {
	seen := map[string]bool{}
	p.root.walk(func(n *node) {
		switch n.op {
		case opPath:
			p.user = p.user || n.path.Root == "user"
			p.rolledUp = p.rolledUp || n.path.Leaf.RolledUp
			if key := pathKey(n.path); !seen[key] {
				seen[key] = true
				p.paths = append(p.paths, n.path)
			}
		case opCall:
			p.clock = p.clock || n.fn.clock
			if n.fn.labels != nil {
				p.labels = append(p.labels, n.fn.labels)
			}
		case opMatches:
			p.patterns += n.value.(*pattern).Instructions
		}
	})
}

// Source is the text the program was compiled from.
func (p *Program) Source() string { return p.source }

// Parts is how much there is of the program: its names, constants, operators and calls,
// and an eighth of the instructions of its regular expressions. The memory that a
// program takes grows with them.
func (p *Program) Parts() int { return p.size + p.patterns/8 }

// Kind is the kind of the result.
func (p *Program) Kind() fieldtype.Kind { return p.kind }

// Becomes reports whether the result, of the kind of a value, can also be kept as one: a reference has the form of the
// value's and may lead where that does, and what may be anything comes from what is kept as such.
func (p *Program) Becomes(v fieldtype.Value) bool {
	switch {
	case p.root.empty() || p.root.kind == nilKind:
		return true
	case v.Kind() == fieldtype.AnyKind:
		return p.root.kind == fieldtype.AnyKind
	case v.Kind() != fieldtype.ReferenceKind:
		return true
	}
	to, _ := v.(fieldtype.Refers)
	return p.root.multi == (v.Storage() == fieldtype.Text) && (to == nil || overlap(p.root.refs, to.Targets()))
}

// Refers is the object whose records the result refers to, by their ids alone; "": it is of several, or refers to none.
func (p *Program) Refers() string {
	if p.root.kind != fieldtype.ReferenceKind || p.root.multi || len(p.root.refs) != 1 {
		return ""
	}
	return p.root.refs[0]
}

// Scale of a NumberKind result; -1 if it is not fixed. Then, and only then, Eval
// returns a number as text.
func (p *Program) Scale() int {
	if p.kind != fieldtype.NumberKind {
		return -1
	}
	return p.scale
}

// Paths lists every field read, in order of appearance, once each. For a formula
// that is computed when read they are the fields it reads.
func (p *Program) Paths() []Path { return p.paths }

// UsesClock reports whether the result depends on the time, or on where the user
// is (the date of an instant does).
func (p *Program) UsesClock() bool { return p.clock }

// RolledUp reports whether the program reads a field that is computed from other records when
// it is read.
func (p *Program) RolledUp() bool { return p.rolledUp }

// UsesUser reports whether the result depends on the user.
func (p *Program) UsesUser() bool { return p.user }

// Labels lists what is shown for the options of each choice that the program shows by
// its label, in order of appearance: the labels are part of the program, so that it
// answers otherwise once they change.
func (p *Program) Labels() []map[string]string { return p.labels }

// Constants are the constants and settings that the program reads, as constants.<name> and
// settings.<name>, with their kinds and values as text: they are part of the program, so that it answers
// otherwise once they change. It must not be changed.
func (p *Program) Constants() map[string]string { return p.constant }

// Queryable reports whether Filter works.
func (p *Program) Queryable() bool { return p.filter != nil }

// Eval runs the program. The result is in the stored form of Kind (numbers scaled
// by Scale), nil if empty. Faults: expression.overflow, expression.text_too_long,
// expression.exponent, expression.too_costly.
func (p *Program) Eval(env Env) (any, error) {
	v, err := p.code.run(env)
	if err != nil {
		return nil, err
	}
	return storedForm(p.kind, p.scale, v)
}

// Text is a value that Eval returned, which is not nil, as files have it. The kind is one that fieldtype.Loose knows.
func (p *Program) Text(v any) string {
	if text, ok := p.unscaled(v); ok {
		return text
	}
	return fieldtype.Loose(p.Kind(), p.Scale()).CSV(v)
}

// AppendJSON appends such a value, or nil, as records have it.
func (p *Program) AppendJSON(dst []byte, v any) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	if text, ok := p.unscaled(v); ok {
		return append(dst, text...)
	}
	return fieldtype.Loose(p.Kind(), p.Scale()).AppendJSON(dst, v)
}

// unscaled is a number whose digits after the point are not fixed, as text.
func (p *Program) unscaled(v any) (string, bool) {
	text, ok := v.(string)
	return text, ok && p.Kind() == fieldtype.NumberKind
}

// Holds reports whether a condition is true; empty is not. Errors are those of Eval.
func (p *Program) Holds(env Env) (bool, error) {
	if p.kind != fieldtype.BoolKind {
		return false, fmt.Errorf("testing an expression: it is no condition: %s", p.source)
	}
	v, err := p.code.run(env)
	if err != nil {
		return false, err
	}
	held, _ := v.(bool)
	return held, nil
}

// Filter is the condition as a filter that holds for exactly the records for which
// Holds does. env gives the fields of the user and of the draft, and the clock; it is not
// asked for fields of the records that are selected. Fault "expression.not_queryable", or those of Eval.
func (p *Program) Filter(env Env) (query.Filter, error) {
	if p.filter == nil {
		f := fault.New(fault.Invalid, "expression.not_queryable", "what", p.source, "reason", "condition")
		if p.obstacle != nil {
			f = p.obstacle.Fault("")
		}
		return nil, f
	}
	return p.filter.bind(env)
}
