package expression

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// maxHops is how many lookups a path may go through.
const maxHops = 5

// checker makes the typed tree of expr's. It goes on after a problem, so that all
// are told at once; the node of a problem has badKind and fits everywhere.
type checker struct {
	source   string
	runes    []rune // of source, for the texts of literals
	scope    Scope
	problems []Problem
	items    []*node // the rows or elements that . and # stand for, innermost last
	nodes    int     // of inlined formulas
	// constants are those that were read; see Program.Constants.
	constants map[string]string
}

// report notes a problem, with the nearest of some names if one is given.
func (c *checker) report(at int, code string, params ...any) *node {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, newProblem(c.source, code, at, params...))
	}
	return &node{kind: badKind, at: at, scale: -1, maybe: true}
}

// suggest is report with what was probably meant.
func (c *checker) suggest(suggestion string, at int, code string, params ...any) *node {
	bad := c.report(at, code, params...)
	if len(c.problems) < maxProblems || c.problems[len(c.problems)-1].Suggestion == "" {
		c.problems[len(c.problems)-1].Suggestion = suggestion
	}
	return bad
}

// unknown reports a name that is none of those that could be there.
func (c *checker) unknown(at int, code, name string, among []string) *node {
	if len(c.problems) >= maxProblems {
		return c.report(at, code)
	}
	near, _ := metadata.Nearest(name, among)
	return c.suggest(near, at, code, "name", name)
}

// make finishes a node: a bad argument makes it bad.
func (c *checker) make(n node) *node {
	if n.kind != fieldtype.NumberKind && (n.kind != fieldtype.ListKind || n.elem != fieldtype.NumberKind) {
		n.scale = -1
	}
	for _, arg := range n.args {
		if arg.kind == badKind {
			n.kind = badKind
		}
		n.open = n.open || arg.open
	}
	return &n
}

func (c *checker) node(in ast.Node) *node {
	at := in.Location().From
	switch in := in.(type) {
	case *ast.NilNode:
		return &node{kind: nilKind, at: at, scale: -1, maybe: true}
	case *ast.BoolNode:
		return &node{kind: fieldtype.BoolKind, at: at, scale: -1, value: in.Value}
	case *ast.StringNode:
		return textNode(at, in.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		return c.number(in)
	case *ast.IdentifierNode:
		return c.identifier(at, in.Value)
	case *ast.ChainNode:
		return c.node(in.Node)
	case *ast.MemberNode:
		return c.member(in)
	case *ast.PointerNode:
		return c.item(at, in.Name)
	case *ast.UnaryNode:
		return c.unary(at, in)
	case *ast.BinaryNode:
		return c.binary(at, in)
	case *ast.ConditionalNode:
		return c.conditional(in)
	case *ast.CallNode:
		callee, ok := in.Callee.(*ast.IdentifierNode)
		if !ok {
			return c.report(at, "expression.unsupported", "what", ".()")
		}
		return c.call(at, callee.Value, in.Arguments)
	case *ast.BuiltinNode:
		if l, ok := loops[in.Name]; ok && len(in.Arguments) > 1 {
			return c.loop(at, in, l)
		}
		return c.call(at, in.Name, in.Arguments)
	case *ast.ArrayNode:
		return c.list(at, in)
	case *ast.PredicateNode:
		return c.node(in.Node)
	}
	return c.report(at, "expression.unsupported", "what", construct(in))
}

// construct is what a part of expr's language that is left out is called.
func construct(in ast.Node) string {
	switch in.(type) {
	case *ast.VariableDeclaratorNode:
		return "let"
	case *ast.SequenceNode:
		return ";"
	case *ast.MapNode:
		return "{…}"
	case *ast.SliceNode:
		return "[…:…]"
	case *ast.BytesNode:
		return "b\"…\""
	}
	return "…"
}

// textNode is a text literal; the empty text is the empty value.
func textNode(at int, s string) *node {
	n := &node{kind: fieldtype.TextKind, at: at, scale: -1}
	if s == "" {
		n.maybe = true
	} else {
		n.value = s
	}
	return n
}

// number takes the literal from the source: expr's own node may be a binary float.
func (c *checker) number(in ast.Node) *node {
	at := in.Location()
	literal := string(c.runes[at.From:at.To])
	d, ok := number(literal)
	if !ok {
		return c.report(at.From, "expression.bad_number", "token", literal)
	}
	return &node{kind: fieldtype.NumberKind, at: at.From, value: d, scale: d.Scale()}
}

func (c *checker) identifier(at int, name string) *node {
	switch {
	case name == "user" && c.scope.User != nil:
		return c.userRecord(at)
	case name == "old" && c.scope.Old:
		return c.report(at, "expression.old_alone")
	case name == "record" && c.scope.Draft != nil:
		return c.report(at, "expression.record_alone")
	case name == constants && !c.hides(name):
		return c.report(at, "expression.constants_alone")
	case name == settings && !c.hides(name):
		return c.report(at, "expression.settings_alone")
	case c.begins(name):
		return c.report(at, "expression.root_alone", "name", name)
	case c.scope.Record == nil:
		return c.unknown(at, "expression.unknown_name", name, c.suggestions())
	}
	return c.symbol(at, c.scope.Record, "", nil, name)
}

// suggestions are all names that an expression may begin with.
func (c *checker) suggestions() []string {
	var names []string
	if c.scope.Record != nil {
		names = append(names, c.scope.Record.Symbols()...)
	}
	if c.scope.User != nil {
		names = append(names, "user")
	}
	if c.scope.Old {
		names = append(names, "old")
	}
	if c.scope.Draft != nil {
		names = append(names, "record")
	}
	for root := range c.scope.Roots {
		names = append(names, root)
	}
	if len(c.scope.Constants) > 0 {
		names = append(names, constants)
	}
	if len(c.scope.Settings) > 0 {
		names = append(names, settings)
	}
	return names
}

// userRecord is user by itself: a reference to the user's record.
func (c *checker) userRecord(at int) *node {
	leaf, ok := c.scope.User.Symbol("id")
	if !ok {
		leaf = Symbol{Name: "id", Column: query.ID}
	}
	return c.make(node{op: opPath, kind: fieldtype.ReferenceKind, at: at, maybe: true,
		refs: []string{c.scope.User.Object()}, path: Path{Root: "user", Leaf: leaf}})
}

// symbol is a field of names, reached by root and via.
func (c *checker) symbol(at int, names Names, root string, via []Symbol, name string) *node {
	sym, ok := names.Symbol(name)
	if !ok {
		among := names.Symbols()
		if root == "" && len(via) == 0 {
			if name == "user" {
				return c.report(at, "expression.no_user")
			}
			among = c.suggestions()
		}
		if here := words[strings.ToLower(name)]; here != "" && len(via) == 0 {
			return c.suggest(here, at, "expression.unknown_name", "name", name)
		}
		return c.unknown(at, "expression.unknown_name", name, among)
	}
	if (sym.RolledUp || sym.Formula != nil && sym.Formula.RolledUp()) && (!c.scope.RolledUp || root != "") {
		return c.report(at, "expression.rolled_up", "name", name)
	}
	if sym.Formula != nil && sym.Column.Storage == fieldtype.None {
		if sym.Formula.UsesUser() && c.scope.User == nil {
			return c.report(at, "expression.reader_decides", "name", name)
		}
		return c.inline(at, sym.Formula, func(n *node) *node {
			moved := *n
			moved.at, moved.open = at, opens(root)
			moved.path = Path{Root: root, Via: append(slices.Clone(via), n.path.Via...), Leaf: n.path.Leaf}
			if len(moved.path.Via) > maxHops {
				return c.report(at, "expression.too_many_hops", "limit", maxHops)
			}
			return &moved
		})
	}
	n := node{op: opPath, at: at, maybe: true, open: opens(root),
		path: Path{Root: root, Via: via, Leaf: sym}}
	n.describe(sym, names)
	return c.make(n)
}

// opens reports whether what a root leads to differs from record to record of those that
// a filter selects from.
func opens(root string) bool { return root == "" || root == "old" }

// describe takes the kind of a field.
func (n *node) describe(sym Symbol, names Names) {
	if sym.Value == nil {
		n.kind = fieldtype.AnyKind
	} else {
		n.kind = sym.Value.Kind()
	}
	if sym.Column == query.ID {
		n.kind = fieldtype.ReferenceKind
		n.refs = []string{names.Object()}
		return
	}
	switch n.kind {
	case fieldtype.NumberKind:
		n.scale = 0
		if s, ok := sym.Value.(fieldtype.Scaled); ok {
			n.scale = s.Scale()
		}
	case fieldtype.ReferenceKind:
		if r, ok := sym.Value.(fieldtype.Refers); ok {
			n.refs = r.Targets()
		}
		n.multi = sym.Value.Storage() == fieldtype.Text
	case fieldtype.ListKind:
		n.elem = fieldtype.TextKind
	case fieldtype.RowsKind:
		n.names = sym.Rows
	case fieldtype.ObjectKind:
		n.parts, _ = sym.Value.Schema()["properties"].(map[string]any)
	}
	if o, ok := sym.Value.(fieldtype.Chooses); ok {
		n.opts, n.unlisted = o.Options(), !fieldtype.Restricted(sym.Value)
	}
}

// member is x.name, where x is the record before (old), the user, the draft (record), a
// lookup, a row or a value with parts.
func (c *checker) member(in *ast.MemberNode) *node {
	at := in.Location().From
	property, ok := in.Property.(*ast.StringNode)
	if !ok {
		return c.report(at, "expression.unsupported", "what", "[…]")
	}
	if first, ok := in.Node.(*ast.IdentifierNode); ok {
		switch {
		case first.Value == "user" && c.scope.User != nil:
			return c.symbol(at, c.scope.User, "user", nil, property.Value)
		case first.Value == "old" && c.scope.Old && c.scope.Record != nil:
			return c.symbol(at, c.scope.Record, "old", nil, property.Value)
		case first.Value == "record" && c.scope.Draft != nil:
			return c.symbol(at, c.scope.Draft, "record", nil, property.Value)
		case first.Value == constants && !c.hides(constants):
			return c.constant(at, property.Value)
		case first.Value == settings && !c.hides(settings):
			return c.setting(at, property.Value)
		case c.scope.Roots[first.Value] != nil:
			return c.symbol(at, c.scope.Roots[first.Value], first.Value, nil, property.Value)
		case c.begins(first.Value):
			return c.root(at, first.Value, property.Value)
		}
	}
	if root := rootOf(in.Node); c.scope.Roots[root] != nil {
		return c.symbol(at, c.scope.Roots[root], root, nil, property.Value)
	}
	base := c.node(in.Node)
	switch {
	case base.kind == badKind:
		return base
	case base.kind == rowKind:
		return c.cell(at, base, property.Value)
	case base.kind == fieldtype.ObjectKind && base.parts != nil:
		return c.part(at, base, property.Value)
	case base.op == opPath && base.kind == fieldtype.ReferenceKind && base.path.Leaf.Target != nil:
		if len(base.path.Via) >= maxHops {
			return c.report(at, "expression.too_many_hops", "limit", maxHops)
		}
		via := append(slices.Clone(base.path.Via), base.path.Leaf)
		return c.symbol(at, base.path.Leaf.Target, base.path.Root, via, property.Value)
	}
	return c.report(at, "expression.no_fields", "name", property.Value, "kind", kindNames[base.kind])
}

// rootOf is a root of two names; "" for anything else.
func rootOf(in ast.Node) string {
	if m, ok := in.(*ast.MemberNode); ok {
		first, named := m.Node.(*ast.IdentifierNode)
		second, ok := m.Property.(*ast.StringNode)
		if named && ok {
			return first.Value + "." + second.Value
		}
	}
	return ""
}

// begins reports whether a root is called so, or begins with the name.
func (c *checker) begins(name string) bool {
	for root := range c.scope.Roots {
		if root == name || strings.HasPrefix(root, name+".") {
			return true
		}
	}
	return false
}

// root reports a root of two names that stands alone, or that there is none of the names.
func (c *checker) root(at int, first, second string) *node {
	if c.scope.Roots[first+"."+second] != nil {
		return c.report(at, "expression.root_alone", "name", first+"."+second)
	}
	var among []string
	for root := range c.scope.Roots {
		if rest, ok := strings.CutPrefix(root, first+"."); ok {
			among = append(among, rest)
		}
	}
	slices.Sort(among)
	return c.unknown(at, "expression.unknown_name", second, among)
}

// cell is a field of a child row.
func (c *checker) cell(at int, row *node, name string) *node {
	sym, ok := row.names.Symbol(name)
	if !ok {
		return c.unknown(at, "expression.unknown_name", name, row.names.Symbols())
	}
	if sym.Formula != nil {
		return c.inline(at, sym.Formula, func(n *node) *node {
			if len(n.path.Via) > 0 {
				return c.report(at, "expression.unsupported", "what", "."+name)
			}
			return c.field(at, row, n.path.Leaf)
		})
	}
	return c.field(at, row, sym)
}

// field is a field of a row that is kept in it.
func (c *checker) field(at int, row *node, sym Symbol) *node {
	n := node{op: opCell, at: at, maybe: true, args: []*node{row}, sym: sym}
	n.describe(sym, row.names)
	return c.make(n)
}

// part is a member of a value such as an address.
func (c *checker) part(at int, object *node, name string) *node {
	schema, ok := object.parts[name].(map[string]any)
	if !ok {
		names := make([]string, 0, len(object.parts))
		for name := range object.parts {
			names = append(names, name)
		}
		slices.Sort(names)
		return c.unknown(at, "expression.unknown_name", name, names)
	}
	n := node{op: opPart, at: at, maybe: true, args: []*node{object}, name: name, scale: -1}
	for _, sym := range object.path.Leaf.Parts {
		if sym.Name == name {
			n.sym = sym
			n.describe(sym, nil)
			return c.make(n)
		}
	}
	switch schema["type"] {
	case "string":
		n.kind = fieldtype.TextKind
	case "number", "integer":
		n.kind = fieldtype.NumberKind
	case "boolean":
		n.kind = fieldtype.BoolKind
	default:
		n.kind = fieldtype.AnyKind
	}
	return c.make(n)
}

// item is # in a loop: the row or element. A field is reached as .name or #.name.
func (c *checker) item(at int, name string) *node {
	if name != "" || len(c.items) == 0 {
		return c.report(at, "expression.unsupported", "what", "#"+name)
	}
	n := *c.items[len(c.items)-1]
	n.at = at
	return &n
}

// inline puts a formula that is computed when read in the place of its field;
// leaf makes its paths begin where the field is; those that begin at the user stay. What
// the formula goes through is not guarded: its value is the same for everybody who may
// read the field, but for what it makes of the user.
func (c *checker) inline(at int, formula *Program, leaf func(path *node) *node) *node {
	c.nodes += formula.size
	c.uses(formula.constant)
	if c.nodes > MaxNodes {
		return c.report(at, "expression.too_many_nodes", "limit", MaxNodes)
	}
	var move func(n *node) *node
	move = func(n *node) *node {
		if n.op == opPath && n.path.Root == "" {
			return leaf(n)
		}
		moved := *n
		moved.at = at
		if len(n.args) > 0 {
			moved.open = false
			moved.args = make([]*node, len(n.args))
			for i, arg := range n.args {
				moved.args[i] = move(arg)
			}
		}
		return c.make(moved)
	}
	return move(formula.root)
}
