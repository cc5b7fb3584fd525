package expression

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/govalues/decimal"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// function is a function or an operator. run gets values in the form of the
// machine: nil, bool, string (text, date, time, polymorphic reference), int64
// (datetime, duration, reference), decimal.Decimal, []string, []any. It must be
// cheap, or charge the frame for what it does.
type function struct {
	name    string
	params  []kinds // the last repeats if more is set
	least   int     // arguments that must be given; all of params if 0
	more    bool
	kind    fieldtype.Kind
	scale   func(args []*node) int // of a number; nil: not fixed
	empties bool                   // run is also called with empty arguments; else the result is empty
	never   bool                   // never empty
	run     func(f *frame, args []any) (any, error)
	clock   bool              // depends on the clock or on where the user is
	labels  map[string]string // of a choice's options, if it shows them
	implied bool              // nobody wrote it: problems tell of its argument
}

// kinds is a set of kinds.
type kinds uint32

func set(of ...fieldtype.Kind) kinds {
	var s kinds
	for _, k := range of {
		s |= 1 << k
	}
	return s
}

func (s kinds) takes(k fieldtype.Kind) bool { return k == nilKind || k < 32 && s&(1<<k) != 0 }

// The sets that functions take.
var (
	texts     = set(fieldtype.TextKind)
	numbers   = set(fieldtype.NumberKind)
	dates     = set(fieldtype.DateKind)
	datetimes = set(fieldtype.DatetimeKind)
	times     = set(fieldtype.TimeKind)
	durations = set(fieldtype.DurationKind)
	lists     = set(fieldtype.ListKind)
	rows      = set(fieldtype.RowsKind)
	scalars   = texts | numbers | dates | datetimes | times | durations | set(fieldtype.BoolKind, fieldtype.ReferenceKind)
	ordered   = numbers | dates | datetimes | times | durations
	anything  = scalars | lists | rows | set(fieldtype.AnyKind, fieldtype.ObjectKind, fieldtype.LinkKind)
)

// functions are those that can be called by name, with their overloads.
var functions = byName(textFunctions, numberFunctions, dateFunctions)

func byName(tables ...[]*function) map[string][]*function {
	all := map[string][]*function{}
	for _, table := range tables {
		for _, f := range table {
			all[f.name] = append(all[f.name], f)
		}
	}
	return all
}

// forms are functions whose arguments are not just values of some kind.
var forms map[string]func(c *checker, at int, name string, args []*node) *node

func init() {
	forms = map[string]func(c *checker, at int, name string, args []*node) *node{
		"isEmpty": (*checker).isEmpty, "coalesce": (*checker).coalesceAll, "label": (*checker).label,
		"changed": (*checker).changed, "min": (*checker).extreme, "max": (*checker).extreme,
		"sum": (*checker).total, "count": (*checker).countAll, "concat": (*checker).concat,
		"split": (*checker).split, "distance": (*checker).distance, "format": (*checker).format,
	}
}

// functionNames are for suggestions.
func functionNames() []string {
	var names []string
	for name := range functions {
		names = append(names, name)
	}
	for name := range forms {
		names = append(names, name)
	}
	for name := range loops {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// unknownFunction reports a function that does not exist, and what is wrong with its
// arguments.
func (c *checker) unknownFunction(at int, name string, arguments []ast.Node) *node {
	var bad *node
	if here, ok := called[strings.ToLower(name)]; ok {
		bad = c.suggest(here, at, "expression.unknown_function", "name", name)
	} else {
		bad = c.unknown(at, "expression.unknown_function", name, functionNames())
	}
	for _, argument := range arguments {
		if _, row := argument.(*ast.PredicateNode); !row { // what its rows would be is not known
			c.node(argument)
		}
	}
	return bad
}

// call is name(arguments).
func (c *checker) call(at int, name string, arguments []ast.Node) *node {
	form, special := forms[name]
	overloads := functions[name]
	if !special && overloads == nil {
		return c.unknownFunction(at, name, arguments)
	}
	args := make([]*node, len(arguments))
	for i, argument := range arguments {
		args[i] = c.node(argument)
	}
	for _, arg := range args {
		if arg.kind == badKind {
			return arg
		}
	}
	if special {
		return form(c, at, name, args)
	}
	counted := false
	for _, f := range overloads {
		if !f.counts(len(args)) {
			continue
		}
		counted = true
		if f.accepts(args) {
			return c.apply(at, f, args)
		}
	}
	if !counted {
		return c.report(at, "expression.wrong_count", "name", name, "count", len(args))
	}
	return c.wrongKind(at, name+"()", args...)
}

func (f *function) counts(n int) bool {
	least := f.least
	if least == 0 {
		least = len(f.params)
	}
	return n >= least && (f.more || n <= len(f.params))
}

func (f *function) accepts(args []*node) bool {
	for i, arg := range args {
		if !f.params[min(i, len(f.params)-1)].takes(arg.kind) {
			return false
		}
	}
	return true
}

// apply is a call whose arguments fit.
func (c *checker) apply(at int, f *function, args []*node) *node {
	n := node{op: opCall, kind: f.kind, scale: -1, at: at, fn: f, args: args, maybe: !f.never}
	if f.scale != nil {
		n.scale = f.scale(args)
	}
	return c.make(n)
}

// isEmpty(x) is x == nil.
func (c *checker) isEmpty(at int, name string, args []*node) *node {
	if len(args) != 1 {
		return c.report(at, "expression.wrong_count", "name", name, "count", len(args))
	}
	if args[0].kind == rowKind {
		return c.wrongKind(at, name+"()", args...)
	}
	empty := &node{kind: nilKind, at: at, scale: -1, maybe: true}
	return c.make(node{op: opCompare, cmp: query.Eq, kind: fieldtype.BoolKind, at: at, args: []*node{args[0], empty}})
}

// coalesceAll(a, b, c) is a ?? (b ?? c).
func (c *checker) coalesceAll(at int, name string, args []*node) *node {
	if len(args) < 1 {
		return c.report(at, "expression.wrong_count", "name", name, "count", len(args))
	}
	n := args[len(args)-1]
	for i := len(args) - 2; i >= 0; i-- {
		if n = c.coalesce(at, args[i], n); n.kind == badKind {
			break
		}
	}
	return n
}

// label(field) is the text shown for a choice, in English where it is by language; of a
// list of choices it is the list of theirs.
func (c *checker) label(at int, name string, args []*node) *node {
	if len(args) != 1 {
		return c.report(at, "expression.wrong_count", "name", name, "count", len(args))
	}
	list := args[0].kind == fieldtype.ListKind
	if args[0].opts == nil || args[0].kind != fieldtype.TextKind && !list {
		return c.wrongKind(at, name+"()", args...)
	}
	labels := make(map[string]string, len(args[0].opts))
	for option, o := range args[0].opts {
		labels[option] = o.Label.In("en", option)
	}
	if list {
		f := &function{name: "label", kind: fieldtype.ListKind, params: []kinds{lists},
			run: func(f *frame, args []any) (any, error) {
				options, _ := args[0].([]string)
				shown := make([]string, len(options))
				for i, option := range options {
					if shown[i] = option; labels[option] != "" {
						shown[i] = labels[option]
					}
				}
				return shown, f.spend(len(shown))
			}}
		return c.textList(at, f, args)
	}
	f := &function{name: "label", kind: fieldtype.TextKind, params: []kinds{texts}, labels: labels,
		run: func(_ *frame, args []any) (any, error) {
			option, _ := args[0].(string)
			if label, ok := labels[option]; ok {
				return label, nil
			}
			return option, nil
		}}
	return c.apply(at, f, args)
}

// textList is a call whose result is a list of texts.
func (c *checker) textList(at int, f *function, args []*node) *node {
	n := c.apply(at, f, args)
	n.elem = fieldtype.TextKind
	return n
}

// split(text, separator) is a list of texts.
func (c *checker) split(at int, name string, args []*node) *node {
	if len(args) != 2 {
		return c.report(at, "expression.wrong_count", "name", name, "count", len(args))
	}
	if !splitText.accepts(args) {
		return c.wrongKind(at, name+"()", args...)
	}
	return c.textList(at, splitText, args)
}

// distance(place, place) is how far two locations lie apart.
func (c *checker) distance(at int, name string, args []*node) *node {
	if len(args) != 2 {
		return c.report(at, "expression.wrong_count", "name", name, "count", len(args))
	}
	for _, arg := range args {
		if arg.kind != nilKind && (arg.kind != fieldtype.ObjectKind || arg.parts["lat"] == nil || arg.parts["lng"] == nil) {
			return c.wrongKind(at, name+"()", args...)
		}
	}
	return c.apply(at, apart, args)
}

// changed(field) compares a field with what it was before.
func (c *checker) changed(at int, name string, args []*node) *node {
	switch {
	case len(args) != 1:
		return c.report(at, "expression.wrong_count", "name", name, "count", len(args))
	case !c.scope.Old:
		return c.report(at, "expression.no_old")
	case args[0].op != opPath || args[0].path.Root != "":
		return c.report(args[0].at, "expression.changed_field")
	}
	before := *args[0]
	before.path.Root = "old"
	return c.apply(at, differ, []*node{args[0], &before})
}

// extreme is min or max, of several values or of a list.
func (c *checker) extreme(at int, name string, args []*node) *node {
	if len(args) == 0 {
		return c.report(at, "expression.wrong_count", "name", name, "count", 0)
	}
	least := name == "min"
	if len(args) == 1 && args[0].kind == fieldtype.ListKind {
		list := args[0]
		f := &function{name: name, kind: list.elem, params: []kinds{lists}, empties: true, run: extremeOf(list.elem, least, true)}
		if !ordered.takes(list.elem) || list.elem == nilKind {
			return c.wrongKind(at, name+"()", args...)
		}
		f.scale = func(args []*node) int { return args[0].scale }
		return c.apply(at, f, args)
	}
	for _, arg := range args {
		if arg.kind != args[0].kind || !ordered.takes(arg.kind) || arg.kind == nilKind {
			return c.wrongKind(at, name+"()", args...)
		}
	}
	f := &function{name: name, kind: args[0].kind, scale: widest, run: extremeOf(args[0].kind, least, false)}
	return c.apply(at, f, args)
}

// total is sum(list of numbers).
func (c *checker) total(at int, name string, args []*node) *node {
	if len(args) != 1 || args[0].kind != fieldtype.ListKind ||
		args[0].elem != fieldtype.NumberKind && args[0].elem != fieldtype.DurationKind {
		return c.wrongKind(at, name+"()", args...)
	}
	n := node{op: opCall, fn: sums[args[0].elem], kind: args[0].elem, scale: args[0].scale, at: at, args: args}
	return c.make(n)
}

// countAll is count(list or rows), the same as len.
func (c *checker) countAll(at int, name string, args []*node) *node {
	if len(args) != 1 || args[0].kind != fieldtype.ListKind && args[0].kind != fieldtype.RowsKind {
		return c.wrongKind(at, name+"()", args...)
	}
	return c.apply(at, functions["len"][0], args)
}

// concat joins texts; the other kinds are written as text() writes them.
func (c *checker) concat(at int, name string, args []*node) *node {
	if len(args) == 0 {
		return c.report(at, "expression.wrong_count", "name", name, "count", 0)
	}
	for i, arg := range args {
		if arg.kind == fieldtype.TextKind || arg.kind == nilKind {
			continue
		}
		f := textOf[arg.kind]
		if f == nil {
			return c.wrongKind(arg.at, name+"()", arg)
		}
		args[i] = c.apply(arg.at, f, []*node{arg})
	}
	return c.apply(at, join, args)
}

// widest is the greatest scale of the arguments, -1 if one is not fixed.
func widest(args []*node) int {
	scale := 0
	for _, arg := range args {
		if arg.scale < 0 {
			return -1
		}
		scale = max(scale, arg.scale)
	}
	return scale
}

// fixed is a scale that is always the same.
func fixed(scale int) func([]*node) int { return func([]*node) int { return scale } }

// constantNumber is the value of a number literal.
func constantNumber(n *node) (int, bool) {
	d, ok := n.value.(decimal.Decimal)
	if n.op != opConst || !ok {
		return 0, false
	}
	whole, rest, ok := d.Int64(0)
	return int(whole), ok && rest == 0
}
