package expression

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
	"github.com/govalues/decimal"

	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// code is a typed tree compiled for expr's machine.
type code struct {
	program *vm.Program
	loops   bool
}

// emitter rewrites a typed tree as a tree of expr in which every name, operator
// and function is a call of ours, and only and, or, not, ?:, ?? and loops are expr's.
type emitter struct {
	functions map[string]*builtin.Function
	readers   map[string]string // name of the function that reads a path
	loops     bool
}

// assemble compiles a typed tree. An error is a mistake of this package.
func assemble(root *node) (*code, error) {
	e := &emitter{functions: map[string]*builtin.Function{}, readers: map[string]string{}}
	tree := &parser.Tree{Node: e.value(root), Source: file.NewSource("")}
	program, err := compiler.Compile(tree, &conf.Config{Functions: e.functions, Optimize: true, ShortCircuit: true})
	if err != nil {
		return nil, fmt.Errorf("compiling an expression: %w", err)
	}
	return &code{program, e.loops}, nil
}

// The types of expr's nodes: what matters is that none is a pointer or unknown,
// which the machine would look into by reflection.
var (
	opaque  = reflect.TypeFor[string]()
	boolean = reflect.TypeFor[bool]()
)

func typed(n ast.Node, t reflect.Type) ast.Node {
	n.SetType(t)
	return n
}

// value emits a node whose value may be empty.
func (e *emitter) value(n *node) ast.Node {
	switch n.op {
	case opConst:
		switch v := n.value.(type) {
		case nil:
			return typed(&ast.NilNode{}, opaque)
		case bool:
			return typed(&ast.BoolNode{Value: v}, boolean)
		}
		return typed(&ast.ConstantNode{Value: n.value}, opaque)
	case opPath:
		return e.path(n)
	case opItem:
		return typed(&ast.PointerNode{}, opaque)
	case opCell:
		return e.call(func(_ *frame, a []any) (any, error) { return n.cell(a[0].(row)), nil }, n.args[0])
	case opPart:
		return e.call(func(f *frame, a []any) (any, error) {
			raw, _ := a[0].(json.RawMessage)
			return part(f, raw, n.name, n.kind)
		}, n.args[0])
	case opList:
		return e.call(listOf(n), n.args...)
	case opNot:
		return typed(&ast.UnaryNode{Operator: "not", Node: e.truth(n.args[0])}, boolean)
	case opAnd, opOr:
		return e.chain(n)
	case opCond:
		return typed(&ast.ConditionalNode{Cond: e.truth(n.args[0]), Exp1: e.value(n.args[1]), Exp2: e.value(n.args[2])}, opaque)
	case opCoalesce:
		return typed(&ast.BinaryNode{Operator: "??", Left: e.value(n.args[0]), Right: e.value(n.args[1])}, opaque)
	case opCompare:
		return typed(e.call(comparer(n), n.args...), boolean)
	case opIn:
		return typed(e.in(n), boolean)
	case opHas:
		return typed(e.call(has, n.args...), boolean)
	case opMatches:
		p := n.value.(*pattern)
		return typed(e.call(func(f *frame, a []any) (any, error) { return p.match(f, a[0]) }, n.args[0]), boolean)
	case opLoop:
		return e.loop(n)
	}
	return e.shared(n.fn, n.args)
}

// truth emits a condition: empty is false.
func (e *emitter) truth(n *node) ast.Node {
	if n.kind == fieldtype.BoolKind && !n.maybe {
		return typed(e.value(n), boolean)
	}
	return typed(e.call(func(_ *frame, a []any) (any, error) {
		held, _ := a[0].(bool)
		return held, nil
	}, n), boolean)
}

// define registers a function of the program and returns its name.
func (e *emitter) define(run func(f *frame, args []any) (any, error)) string {
	name := fmt.Sprintf("f%d", len(e.functions))
	e.functions[name] = &builtin.Function{Name: name, Func: func(params ...any) (any, error) {
		return run(params[0].(*frame), params[1:])
	}}
	return name
}

// named emits a call of a registered function; the frame is its first argument.
func (e *emitter) named(name string, args []*node) ast.Node {
	in := make([]ast.Node, 0, len(args)+1)
	in = append(in, typed(&ast.IdentifierNode{Value: "$env"}, opaque))
	for _, arg := range args {
		in = append(in, e.value(arg))
	}
	return typed(&ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: in}, opaque)
}

func (e *emitter) call(run func(f *frame, args []any) (any, error), args ...*node) ast.Node {
	return e.named(e.define(run), args)
}

// shared emits a call of a function of the language; without empties it is not run
// for empty arguments.
func (e *emitter) shared(fn *function, args []*node) ast.Node {
	run := fn.run
	if !fn.empties {
		run = func(f *frame, args []any) (any, error) {
			for _, arg := range args {
				if arg == nil {
					return nil, nil
				}
			}
			return fn.run(f, args)
		}
	}
	call := e.call(run, args...)
	if fn.kind == fieldtype.BoolKind {
		return typed(call, boolean)
	}
	return call
}

// path reads a field; each has one function however often it is read.
func (e *emitter) path(n *node) ast.Node {
	key := pathKey(n.path)
	name, ok := e.readers[key]
	if !ok {
		read := reader(n.path, n)
		name = e.define(func(f *frame, _ []any) (any, error) { return read(f) })
		e.readers[key] = name
	}
	return e.named(name, nil)
}

// chain is args joined by and or or, nested to the left as expr parses them.
func (e *emitter) chain(n *node) ast.Node {
	operator := "and"
	if n.op == opOr {
		operator = "or"
	}
	joined := e.truth(n.args[0])
	for _, arg := range n.args[1:] {
		joined = typed(&ast.BinaryNode{Operator: operator, Left: joined, Right: e.truth(arg)}, boolean)
	}
	return joined
}

// comparer makes the function of a comparison; one with an empty value does not
// hold, but == for two of them and != for one.
func comparer(n *node) func(f *frame, a []any) (any, error) {
	kind := n.args[0].kind
	switch n.cmp {
	case query.Eq, query.Ne:
		want := n.cmp == query.Eq
		return func(_ *frame, a []any) (any, error) { return same(a[0], a[1]) == want, nil }
	}
	test := map[query.Op]func(order int) bool{
		query.Lt: func(o int) bool { return o < 0 }, query.Le: func(o int) bool { return o <= 0 },
		query.Gt: func(o int) bool { return o > 0 }, query.Ge: func(o int) bool { return o >= 0 }}[n.cmp]
	return func(_ *frame, a []any) (any, error) {
		return a[0] != nil && a[1] != nil && test(order(kind, a[0], a[1])), nil
	}
}

// same is equal for values that may also be lists, rows or JSON, which are only
// compared with the empty value.
func same(a, b any) bool {
	return isNothing(a) && isNothing(b) || !isNothing(a) && !isNothing(b) && equal(a, b)
}

// isNothing reports the empty value; a collection without members is one.
func isNothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case []string:
		return len(v) == 0
	}
	return false
}

// in looks a value up among others; literals are put in a table beforehand.
func (e *emitter) in(n *node) ast.Node {
	elements := n.args[1:]
	table := make(map[any]bool, len(elements))
	for _, element := range elements {
		if element.op != opConst {
			return e.call(func(_ *frame, a []any) (any, error) {
				for _, v := range a[1:] {
					if equal(a[0], v) {
						return true, nil
					}
				}
				return false, nil
			}, n.args...)
		}
		table[tableKey(element.value)] = true
	}
	return e.call(func(_ *frame, a []any) (any, error) { return table[tableKey(a[0])], nil }, n.args[0])
}

// tableKey makes equal numbers equal for a map.
func tableKey(v any) any {
	if d, ok := v.(decimal.Decimal); ok {
		return d.Trim(0)
	}
	return v
}

// has finds a value in a list.
func has(f *frame, a []any) (any, error) {
	if a[0] == nil {
		return false, nil
	}
	switch list := a[1].(type) {
	case []string:
		for _, s := range list {
			if s == a[0] {
				return true, f.spend(len(list) / 8)
			}
		}
		return false, f.spend(len(list) / 8)
	case []any:
		for _, v := range list {
			if equal(a[0], v) {
				return true, f.spend(len(list) / 4)
			}
		}
		return false, f.spend(len(list) / 4)
	}
	return false, nil
}

// listOf makes the function of a literal list. A list of texts leaves out empty ones.
func listOf(n *node) func(f *frame, a []any) (any, error) {
	return func(_ *frame, a []any) (any, error) {
		list := make([]any, 0, len(a))
		for _, v := range a {
			if v != nil {
				list = append(list, v)
			}
		}
		return list, nil
	}
}

// loop emits one of expr's loops. What it loops over is charged beforehand: its
// length times the size of the body.
func (e *emitter) loop(n *node) ast.Node {
	e.loops = true
	weight := n.args[1].size()
	over := e.call(func(f *frame, a []any) (any, error) {
		switch list := a[0].(type) {
		case []any:
			return list, f.spend(len(list) * weight)
		case []string:
			return list, f.spend(len(list) * weight)
		}
		return []any{}, nil
	}, n.args[0])
	var body ast.Node
	if loops[n.name].condition {
		body = e.truth(n.args[1])
	} else {
		body = e.value(n.args[1])
	}
	body = typed(&ast.PredicateNode{Node: body}, opaque)
	name := n.name
	if name == "sum" {
		name = "map"
	}
	built := typed(&ast.BuiltinNode{Name: name, Arguments: []ast.Node{over, body}}, boolean)
	switch n.name {
	case "sum":
		return e.wrap(sums[n.kind].run, built)
	case "count":
		return e.wrap(func(_ *frame, a []any) (any, error) { return decimal.New(int64(a[0].(int)), 0) }, built)
	}
	return built
}

// wrap emits a call with an argument that is already a node of expr.
func (e *emitter) wrap(run func(f *frame, args []any) (any, error), arg ast.Node) ast.Node {
	return typed(&ast.CallNode{Callee: &ast.IdentifierNode{Value: e.define(run)},
		Arguments: []ast.Node{typed(&ast.IdentifierNode{Value: "$env"}, opaque), arg}}, opaque)
}

// differ is whether two values of any storage differ.
var differ = &function{name: "changed", params: []kinds{anything, anything}, kind: fieldtype.BoolKind, empties: true, never: true,
	run: func(f *frame, a []any) (any, error) { return !identical(a[0], a[1]), nil }}

// identical compares also lists, rows and JSON, by what is in them.
func identical(a, b any) bool {
	switch x := a.(type) {
	case decimal.Decimal:
		return equal(a, b)
	case []any, []string, json.RawMessage:
		return isNothing(a) && isNothing(b) || reflect.DeepEqual(x, b)
	}
	if isNothing(a) || isNothing(b) {
		return isNothing(a) && isNothing(b)
	}
	return a == b
}
