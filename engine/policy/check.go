package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// checker walks the text of one policy as it was written.
type checker struct {
	set    *Set
	object *object
	module *ast.Module
	custom *custom
	rules  map[string]bool // names of all rules; true for those that depend on the record

	negated  map[string]bool
	problems map[string]*fault.Fault // by place and code, so that each is told once
}

func (k *checker) problem(at *ast.Location, code *fault.Fault) {
	line, column := 1, 1
	if at != nil {
		line, column = at.Row, at.Col
	}
	if code.Params == nil {
		code.Params = map[string]any{}
	}
	code.Params["line"], code.Params["column"] = line, column
	const most = 50
	if key := fmt.Sprintf("%06d:%06d:%s", line, column, code.Code); len(k.problems) < most && k.problems[key] == nil {
		k.problems[key] = code
	}
}

func (k *checker) sorted() []*fault.Fault {
	faults := make([]*fault.Fault, 0, len(k.problems))
	for _, key := range sortedKeys(k.problems) {
		faults = append(faults, k.problems[key])
	}
	return faults
}

// check finds what may not be said, and which rules depend on the record.
func (k *checker) check(name string) {
	if want := "data.formwork.custom." + name; k.module.Package.Path.String() != want {
		k.problem(k.module.Package.Location, fault.New(fault.Invalid, "policy.package", "package", strings.TrimPrefix(want, "data.")))
	}
	for _, i := range k.module.Imports {
		if path := i.Path.String(); path != "rego.v1" && !strings.HasPrefix(path, "future.keywords") {
			k.problem(i.Location, fault.New(fault.Invalid, "policy.import"))
		}
	}
	k.rules, k.negated = map[string]bool{}, map[string]bool{}
	for _, rule := range k.module.Rules {
		k.checkHead(rule)
		k.rules[string(rule.Head.Name)] = false
	}
	if _, allow := k.rules["allow"]; !allow {
		if _, deny := k.rules["deny"]; !deny {
			k.problem(k.module.Package.Location, fault.New(fault.Invalid, "policy.no_rules"))
		}
	}
	for _, rule := range k.module.Rules {
		k.checkTerms(rule)
	}
	if len(k.problems) > 0 {
		return // what follows relies on the forms checked so far
	}
	for changed := true; changed; {
		changed = false
		for _, rule := range k.module.Rules {
			if name := string(rule.Head.Name); !k.rules[name] && k.ruleDepends(rule) {
				k.rules[name], changed = true, true
			}
		}
	}
	for _, rule := range k.module.Rules {
		k.checkRule(rule)
	}
	for name := range k.negated {
		k.custom.asks = append(k.custom.asks, name)
	}
	for _, name := range []string{"allow", "deny"} {
		if _, has := k.rules[name]; has && !k.negated[name] {
			k.custom.asks = append(k.custom.asks, name)
		}
	}
	slices.Sort(k.custom.asks)
}

// checkHead refuses rules that collect: sets, objects, and names of several parts.
func (k *checker) checkHead(rule *ast.Rule) {
	head := rule.Head
	if head.Key != nil || len(head.Reference) > 1 || head.Name == "" {
		k.problem(rule.Location, fault.New(fault.Invalid, "policy.collects"))
	}
	if name := head.Name; (name == "allow" || name == "deny") && len(head.Args) > 0 {
		k.problem(rule.Location, fault.New(fault.Invalid, "policy.takes_arguments", "name", string(name)))
	}
	if name := head.Name; (name == "allow" || name == "deny") && head.Value != nil {
		if _, isBool := head.Value.Value.(ast.Boolean); !isBool {
			k.problem(rule.Location, fault.New(fault.Invalid, "policy.not_a_condition", "name", string(name)))
		}
	}
}

// checkTerms refuses every form that is not for policies, wherever it stands.
func (k *checker) checkTerms(rule *ast.Rule) {
	ast.WalkNodes(rule, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.With:
			k.problem(n.Location, fault.New(fault.Invalid, "policy.construct", "word", "with"))
			return true
		case *ast.Every:
			k.problem(n.Location, fault.New(fault.Invalid, "policy.construct", "word", "every"))
			return true
		case *ast.Expr:
			for _, w := range n.With {
				k.problem(w.Location, fault.New(fault.Invalid, "policy.construct", "word", "with"))
			}
			if n.IsCall() && n.Operator().String() == "print" { // which OPA would leave out
				k.problem(n.Location, fault.New(fault.Invalid, "policy.construct", "word", "print"))
			}
			k.checkDeclared(n)
		case *ast.Term:
			return k.checkTerm(n)
		}
		return false
	})
	for _, arg := range rule.Head.Args {
		k.checkShadow(arg)
	}
}

func (k *checker) checkTerm(t *ast.Term) (stop bool) {
	switch v := t.Value.(type) {
	case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
		k.problem(t.Location, fault.New(fault.Invalid, "policy.comprehension"))
		return true
	case *ast.Array:
		v.Foreach(k.checkElement)
	case ast.Set:
		v.Foreach(k.checkElement)
	case ast.Object:
		v.Foreach(func(key, value *ast.Term) { k.checkElement(key); k.checkElement(value) })
	case ast.Number:
		if digits(string(v)) > maxDigits {
			k.problem(t.Location, fault.New(fault.Invalid, "policy.number", "max", maxDigits))
		}
	case *ast.TemplateString:
		k.problem(t.Location, fault.New(fault.Invalid, "policy.element"))
		return true
	case ast.Var:
		if ast.InputRootDocument.Value.Compare(v) == 0 || ast.DefaultRootDocument.Value.Compare(v) == 0 {
			k.problem(t.Location, fault.New(fault.Invalid, "policy.whole", "name", string(v)))
		}
	case ast.Ref:
		return k.checkRef(t, v)
	}
	return false
}

// checkElement makes sure that collections hold constants and fields of input only.
func (k *checker) checkElement(t *ast.Term) {
	switch v := t.Value.(type) {
	case ast.Null, ast.Boolean, ast.Number, ast.String, *ast.Array, ast.Set, ast.Object:
		return // the elements of inner ones are met on their own
	case ast.Ref:
		if v[0].Value.Compare(ast.InputRootDocument.Value) == 0 && v.IsGround() && recordPath(v) == "" {
			return
		}
	}
	k.problem(t.Location, fault.New(fault.Invalid, "policy.element"))
}

// checkRef checks what is read of input. It reports whether the walk may skip the
// inner terms.
func (k *checker) checkRef(t *ast.Term, ref ast.Ref) (skip bool) {
	head, _ := ref[0].Value.(ast.Var)
	switch head {
	case "data":
		k.problem(t.Location, fault.New(fault.Invalid, "policy.data"))
		return true
	case "input":
	default:
		return false
	}
	part := func(i int) string {
		if i < len(ref) {
			if s, ok := ref[i].Value.(ast.String); ok {
				return string(s)
			}
		}
		return ""
	}
	switch part(1) {
	case "action", "object":
		if len(ref) > 2 {
			k.problem(t.Location, fault.New(fault.Invalid, "policy.input", "name", ref.String()))
		}
	case "user":
		k.readUser(t, part(2), ref)
		for _, inner := range ref[2:] { // an index may be a variable
			k.checkTerm(inner)
		}
	case "record":
		if path := recordPath(ref); path == "" {
			k.problem(t.Location, fault.New(fault.Invalid, "policy.input", "name", ref.String()))
		} else {
			k.readRecord(t, path)
		}
	default:
		k.problem(t.Location, fault.New(fault.Invalid, "policy.input", "name", ref.String()))
	}
	return true
}

func (k *checker) readUser(t *ast.Term, name string, ref ast.Ref) {
	known := k.set.users[name] != nil
	for _, always := range []string{"id", "role", "permissions", "teams", "name", "email", "language"} {
		known = known || name == always
	}
	switch near, ok := metadata.Nearest(name, sortedKeys(k.set.users)); {
	case known:
		k.custom.reads[name] = true
	case name == "":
		k.problem(t.Location, fault.New(fault.Invalid, "policy.input", "name", ref.String()))
	case ok:
		k.problem(t.Location, fault.New(fault.Invalid, "policy.misspelt_field", "name", name, "object", "user", "suggestion", near))
	default:
		k.problem(t.Location, fault.New(fault.Invalid, "policy.unknown_field", "name", name, "object", "user"))
	}
}

func (k *checker) readRecord(t *ast.Term, path string) {
	if k.custom.fields[path] != nil {
		return
	}
	f, problem := resolve(k.object.Names, path)
	if problem != nil {
		k.problem(t.Location, problem)
		return
	}
	k.custom.fields[path] = f
}

var pathPattern = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)

// recordPath is the path of input.record.a.b or input.record["a.b"]; "" if the
// reference is none to a field of the record.
func recordPath(ref ast.Ref) string {
	if len(ref) < 3 || ref[0].Value.Compare(ast.InputRootDocument.Value) != 0 || ref[1].Value.Compare(ast.String("record")) != 0 {
		return ""
	}
	steps := make([]string, len(ref)-2)
	for i, step := range ref[2:] {
		s, ok := step.Value.(ast.String)
		if !ok {
			return ""
		}
		steps[i] = string(s)
	}
	path := strings.Join(steps, ".")
	if !pathPattern.MatchString(path) {
		return ""
	}
	return path
}

// checkDeclared refuses variables that have the name of a rule, so that a name means
// one thing in a policy.
func (k *checker) checkDeclared(e *ast.Expr) {
	switch terms := e.Terms.(type) {
	case *ast.SomeDecl:
		for _, symbol := range terms.Symbols {
			if call, ok := symbol.Value.(ast.Call); ok {
				for _, declared := range call[1 : len(call)-1] {
					k.checkShadow(declared)
				}
				continue
			}
			k.checkShadow(symbol)
		}
	case []*ast.Term:
		if e.IsAssignment() {
			k.checkShadow(e.Operand(0))
		}
	}
}

func (k *checker) checkShadow(t *ast.Term) {
	ast.WalkVars(t, func(v ast.Var) bool {
		if _, taken := k.rules[string(v)]; taken {
			k.problem(t.Location, fault.New(fault.Invalid, "policy.shadows", "name", string(v)))
		}
		return false
	})
}

// dependsOnRecord reports whether anything in a node reads the record, itself or
// through a rule known to.
func (k *checker) dependsOnRecord(node any) (depends bool) {
	ast.WalkTerms(node, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Ref:
			depends = depends || recordPath(v) != ""
		case ast.Var:
			depends = depends || k.rules[string(v)]
		}
		return depends
	})
	return depends
}

// ruleDepends is dependsOnRecord for a rule; that it names itself does not count.
func (k *checker) ruleDepends(rule *ast.Rule) bool {
	for r := rule; r != nil; r = r.Else {
		if k.dependsOnRecord(r.Body) || k.dependsOnRecord(r.Head.Args) || r.Head.Value != nil && k.dependsOnRecord(r.Head.Value) {
			return true
		}
	}
	return false
}

// checkRule checks the rules that depend on the record: each is a plain condition,
// and each part of it one that a query can express.
func (k *checker) checkRule(rule *ast.Rule) {
	if !k.ruleDepends(rule) {
		// A default of a rule that depends on the record by its other bodies.
		if k.rules[string(rule.Head.Name)] && rule.Default && !isFalse(rule.Head.Value) {
			k.problem(rule.Location, fault.New(fault.Invalid, "policy.not_a_condition", "name", string(rule.Head.Name)))
		}
		if !k.rules[string(rule.Head.Name)] || rule.Default {
			return
		}
	}
	if v := rule.Head.Value; v != nil && v.Value.Compare(ast.Boolean(true)) != 0 || k.dependsOnRecord(rule.Head.Args) {
		k.problem(rule.Location, fault.New(fault.Invalid, "policy.not_a_condition", "name", string(rule.Head.Name)))
	}
	if rule.Else != nil {
		k.problem(rule.Else.Location, fault.New(fault.Invalid, "policy.else"))
		return
	}
	for _, e := range rule.Body {
		if k.dependsOnRecord(e) {
			k.checkCondition(e)
		}
	}
}

func isFalse(t *ast.Term) bool { return t != nil && t.Value.Compare(ast.Boolean(false)) == 0 }

// checkCondition checks an expression that depends on the record.
func (k *checker) checkCondition(e *ast.Expr) {
	switch terms := e.Terms.(type) {
	case *ast.Term:
		switch v := terms.Value.(type) {
		case ast.Var: // another rule, perhaps negated
			if e.Negated {
				k.negated[string(v)] = true
			}
			return
		case ast.Ref:
			k.problem(e.Location, fault.New(fault.Invalid, "policy.bare_field", "name", v.String()))
			return
		}
	case []*ast.Term:
		name := e.Operator().String()
		operands := e.Operands()
		if k.rules[name] { // a function of the policy
			if e.Negated {
				k.problem(e.Location, fault.New(fault.Invalid, "policy.negated_function", "name", name))
			}
			for _, operand := range operands {
				if k.dependsOnRecord(operand) {
					k.problem(operand.Location, fault.New(fault.Invalid, "policy.record_use"))
				}
			}
			return
		}
		if k.checkComparison(e, name, operands) {
			return
		}
	}
	k.problem(e.Location, fault.New(fault.Invalid, "policy.record_use"))
}

var comparisons = map[string]query.Op{
	"equal": query.Eq, "neq": query.Ne, "lt": query.Lt, "lte": query.Le, "gt": query.Gt, "gte": query.Ge,
}

var mirrored = map[query.Op]query.Op{
	query.Eq: query.Eq, query.Ne: query.Ne, query.Lt: query.Gt, query.Le: query.Ge, query.Gt: query.Lt, query.Ge: query.Le,
}

// checkComparison checks field op value; false if the expression is nothing like it.
func (k *checker) checkComparison(e *ast.Expr, name string, operands []*ast.Term) bool {
	if len(operands) != 2 {
		return false
	}
	left, right := k.fieldOf(operands[0]), k.fieldOf(operands[1])
	op, compares := comparisons[name]
	switch {
	case compares && left != nil && left == right:
		k.problem(e.Location, fault.New(fault.Invalid, "policy.with_itself", "name", left.name))
		return true
	case compares && left != nil && right != nil:
		if !left.alike(right) || !left.ordered && op != query.Eq && op != query.Ne {
			k.problem(e.Location, fault.New(fault.Invalid, "policy.fields_differ", "name", left.name, "other", right.name))
		}
		return true
	case compares && left != nil:
		return k.checkValue(left, op, operands[1])
	case compares && right != nil:
		return k.checkValue(right, mirrored[op], operands[0])
	case name == "internal.member_2" && left != nil:
		return k.checkValues(left, operands[1])
	case name == "startswith" || name == "endswith" || name == "contains":
		if left == nil || k.dependsOnRecord(operands[1]) {
			return false
		}
		if _, constant := operands[1].Value.(ast.String); e.Negated && !constant {
			k.problem(e.Location, fault.New(fault.Invalid, "policy.negated_search", "name", name))
		}
		if _, err := left.like(query.Start, "x"); err != nil || left.form != textForm {
			k.problem(operands[0].Location, fault.New(fault.Invalid, "policy.not_text", "name", left.name))
		}
		return true
	}
	return false
}

func (k *checker) fieldOf(t *ast.Term) *field {
	if ref, ok := t.Value.(ast.Ref); ok {
		return k.custom.fields[recordPath(ref)]
	}
	return nil
}

// checkValue checks what a field is compared with: constants by their form and
// value, fields of the user by their kind. The rest is known at the request only.
func (k *checker) checkValue(f *field, op query.Op, t *ast.Term) bool {
	if k.dependsOnRecord(t) {
		return false
	}
	ordering := op != query.Eq && op != query.Ne
	switch v := t.Value.(type) {
	case ast.Null:
		if ordering {
			k.problem(t.Location, fault.New(fault.Invalid, "policy.not_ordered", "name", f.name))
		}
		return true
	case *ast.Array, ast.Set, ast.Object:
		return false
	case ast.Ref:
		if user := k.userField(v); user != nil && (user.form != f.form || user.kind != f.kind && f.form != textForm) {
			k.problem(t.Location, fault.New(fault.Invalid, "policy.fields_differ", "name", f.name, "other", v.String()))
		}
	case ast.Boolean, ast.Number, ast.String:
		k.checkConstant(f, t)
	}
	switch {
	case f.form == otherForm:
		k.problem(t.Location, fault.New(fault.Invalid, "policy.only_null", "name", f.name))
	case ordering && !f.ordered:
		k.problem(t.Location, fault.New(fault.Invalid, "policy.not_ordered", "name", f.name))
	}
	return true
}

// checkValues checks what a field is looked for in.
func (k *checker) checkValues(f *field, t *ast.Term) bool {
	if k.dependsOnRecord(t) {
		return false
	}
	if f.form == otherForm {
		k.problem(t.Location, fault.New(fault.Invalid, "policy.only_null", "name", f.name))
		return true
	}
	element := func(e *ast.Term) { k.checkValue(f, query.Eq, e) }
	switch v := t.Value.(type) {
	case *ast.Array:
		v.Foreach(element)
	case ast.Set:
		v.Foreach(element)
	case ast.Var, ast.Ref:
	default:
		return false
	}
	return true
}

// userField is the field of input.user.<name>; nil if t is something else.
func (k *checker) userField(ref ast.Ref) *field {
	if len(ref) != 3 || ref[0].Value.Compare(ast.InputRootDocument.Value) != 0 || ref[1].Value.Compare(ast.String("user")) != 0 {
		return nil
	}
	name, _ := ref[2].Value.(ast.String)
	return k.set.users[string(name)]
}

// checkConstant makes sure that a constant is one that the field can have, written
// as the API shows it: everything else is a mistake that would never be noticed.
func (k *checker) checkConstant(f *field, t *ast.Term) {
	shown, ok := "", false
	switch v := t.Value.(type) {
	case ast.Boolean:
		ok = f.form == boolForm
	case ast.Number:
		ok = f.form == numberForm
	case ast.String:
		if f.form != textForm {
			break
		}
		if choices, chooses := f.value.(fieldtype.Chooses); chooses && fieldtype.Restricted(f.value) { // inactive ones too
			_, ok = choices.Options()[string(v)]
			break
		}
		stored, problem := f.value.Coerce(string(v))
		if ok = problem == nil && stored != nil; ok {
			if again, err := f.shown(stored); err == nil {
				shown, _ = again.(string)
			}
			ok = shown == string(v)
		}
	}
	switch {
	case ok:
	case shown != "":
		k.problem(t.Location, fault.New(fault.Invalid, "policy.constant_form", "name", f.name, "value", t.Value.String(), "form", strconv.Quote(shown)))
	default:
		k.problem(t.Location, fault.New(fault.Invalid, "policy.constant", "name", f.name, "value", t.Value.String()))
	}
}
