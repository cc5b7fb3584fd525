package policy

import (
	"context"
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/rego/compile"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Limits of what a policy may come to when all of its rules are written out.
const (
	maxConjunction  = 60     // conditions that must hold together
	maxAlternatives = 1_000  // of a rule
	maxWrittenOut   = 20_000 // conditions of a rule, with those of the rules it negates
	maxNegations    = 20     // of rules inside each other
)

// rewrite makes the modules that are compiled from the one that was written, which
// passed every check.
func (k *checker) rewrite() {
	k.custom.module = k.copyModule(func(*ast.Expr) bool { return false })
	k.custom.relaxed = k.copyModule(k.onUserAlone)
}

// copyModule copies the module in the form that filters are compiled from, without
// the conditions that drop chooses.
func (k *checker) copyModule(drop func(*ast.Expr) bool) *ast.Module {
	module := k.module.Copy()
	rules := module.Rules[:0]
	for _, rule := range module.Rules {
		dependent := k.rules[string(rule.Head.Name)]
		if dependent && rule.Default {
			continue // false, which a condition that does not hold is anyway; it would not compile
		}
		if dependent {
			body := rule.Body[:0]
			for _, e := range rule.Body {
				if !drop(e) {
					body = append(body, e)
				}
			}
			if len(body) == 0 {
				body = ast.Body{ast.NewExpr(ast.BooleanTerm(true))}
			}
			for i, e := range body {
				e.Index = i
				k.nameNegation(e)
			}
			rule.Body = body
		}
		rules = append(rules, rule)
	}
	module.Rules = rules
	flat, err := ast.TransformRefs(module, func(ref ast.Ref) (ast.Value, error) {
		if path := recordPath(ref); path != "" {
			return recordRef(path), nil
		}
		return ref, nil
	})
	if err != nil { // the function never fails
		panic(fmt.Errorf("rewriting a checked policy: %w", err))
	}
	return flat.(*ast.Module)
}

// recordRef is made of terms of its own: transforming a module writes to its terms, and
// those that OPA shares are read by whoever compiles another one at the same time.
func recordRef(key string) ast.Ref {
	return ast.Ref{ast.NewTerm(ast.InputRootDocument.Value), ast.StringTerm("record"), ast.StringTerm(key)}
}

// nameNegation turns "not helper" into a condition that has a name. OPA could
// negate only small rules; as a filter of its own any rule can be negated.
func (k *checker) nameNegation(e *ast.Expr) {
	t, ok := e.Terms.(*ast.Term)
	if !ok || !e.Negated {
		return
	}
	name, ok := t.Value.(ast.Var)
	if !ok || !k.rules[string(name)] {
		return
	}
	condition := &ast.Term{Value: recordRef("not:" + k.custom.name + "." + string(name)), Location: t.Location}
	e.Terms = ast.Equality.Expr(condition, ast.BooleanTerm(true)).Terms
	e.Negated = false
}

// onUserAlone reports whether an expression says nothing about the record and binds
// no variable that another may need.
func (k *checker) onUserAlone(e *ast.Expr) bool {
	if k.dependsOnRecord(e) {
		return false
	}
	vars := ast.NewVarVisitor().WithParams(ast.VarVisitorParams{SkipRefHead: true, SkipRefCallHead: true})
	vars.Walk(e)
	for v := range vars.Vars() {
		if _, isRule := k.rules[string(v)]; !isRule {
			return false
		}
	}
	return true
}

// extent is what a rule comes to when the rules that it brings in are written out.
type extent struct {
	together     int // the most conditions in one alternative
	alternatives int
	size         int // all conditions, those of negated rules too
	negations    int // inside each other
}

// checkSize refuses policies that come to too much when their rules are written out.
// Rules are free of circles.
func (k *checker) checkSize() {
	known := map[string]extent{}
	for _, name := range k.custom.asks {
		e := k.extentOf(name, known)
		if e.together > maxConjunction || e.alternatives > maxAlternatives || e.size > maxWrittenOut || e.negations > maxNegations {
			k.problem(k.module.Package.Location, fault.New(fault.Invalid, "policy.written_out", "name", name,
				"together", maxConjunction, "alternatives", maxAlternatives, "negations", maxNegations, "all", maxWrittenOut))
		}
	}
}

func (k *checker) extentOf(name string, known map[string]extent) extent {
	if e, ok := known[name]; ok {
		return e
	}
	var whole extent
	for _, rule := range k.module.Rules {
		if string(rule.Head.Name) != name {
			continue
		}
		one := extent{alternatives: 1}
		for _, e := range rule.Body {
			part := extent{together: 1, alternatives: 1, size: 1}
			if called, negated := k.called(e); called != "" {
				part = k.extentOf(called, known)
				if negated {
					part = extent{together: 1, alternatives: 1, size: part.size, negations: part.negations + 1}
				}
			}
			one.together = min(one.together+part.together, maxConjunction+1)
			one.alternatives = min(one.alternatives*part.alternatives, maxAlternatives+1)
			one.size = min(one.size+part.size, maxWrittenOut+1)
			one.negations = max(one.negations, part.negations)
		}
		whole.together = max(whole.together, one.together)
		whole.alternatives = min(whole.alternatives+one.alternatives, maxAlternatives+1)
		whole.size = min(whole.size+one.size*one.alternatives, maxWrittenOut+1)
		whole.negations = max(whole.negations, one.negations)
	}
	known[name] = whole
	return whole
}

// called is the rule that an expression brings in; "" if it is a condition in itself.
func (k *checker) called(e *ast.Expr) (name string, negated bool) {
	switch terms := e.Terms.(type) {
	case *ast.Term:
		if v, ok := terms.Value.(ast.Var); ok {
			name, negated = string(v), e.Negated
		}
	case []*ast.Term:
		name = e.Operator().String()
	}
	if k.rules[name] {
		return name, negated
	}
	return "", false
}

// try compiles the policy's rules to filters for several callers: one of whom nothing
// is known, one of whom everything is, and one for whom every condition on the user
// holds, so that every rule is met.
func (c *custom) try(ctx context.Context, s *Set) []*fault.Fault {
	for _, module := range []*ast.Module{c.module, c.relaxed} {
		compiler, problems := compileOne(c.name, module)
		if problems != nil {
			return problems
		}
		query := ast.MustParseBody(`data.formwork.custom[input.policy][input.rule] == true; input.record["$"] == true`)
		prepared, err := prepareFilter(ctx, compiler, query)
		if err != nil {
			return c.failed(err)
		}
		users := []*ast.Term{s.anyUser(c, true), s.anyUser(c, false)}
		if module == c.relaxed {
			users = users[:1]
		}
		for _, user := range users {
			for _, action := range []Action{Create, Read, Update, Delete} {
				for _, rule := range c.asks {
					if err := c.tryRule(ctx, prepared, rule, action, user); err != nil {
						return c.failed(err)
					}
				}
			}
		}
	}
	return nil
}

func (c *custom) tryRule(ctx context.Context, prepared *compile.Prepared, rule string, action Action, user *ast.Term) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	input := ast.NewObject(item("policy", ast.StringTerm(c.name)), item("rule", ast.StringTerm(rule)),
		item("object", ast.StringTerm(c.object.Name)), item("action", ast.StringTerm(string(action))), item("user", user))
	answer, err := prepared.Compile(ctx, rego.EvalParsedInput(input), rego.EvalQueryTracer(&meter{cancel: cancel}))
	if err != nil {
		return err
	}
	t := translation{
		field: func(name string) (*field, error) {
			if f, ok := c.fields[name]; ok {
				return f, nil
			}
			return nil, fmt.Errorf("unknown field %q", name)
		},
		condition: func(name string) (query.Filter, bool, error) { return nil, !pathPattern.MatchString(name), nil },
	}
	f, err := t.filter(answer.One().Query)
	if err == nil && size(query.Simplify(f)) > maxConditions {
		return fault.New(fault.Invalid, "policy.too_big", "max", maxConditions)
	}
	return err
}

// failed says why a policy can't be compiled to filters.
func (c *custom) failed(err error) []*fault.Fault {
	if f := evaluationFault(err); f.Code == "policy.too_costly" {
		return one(fault.New(fault.Invalid, "policy.too_costly").Because(err))
	}
	var known *fault.Fault
	if errors.As(err, &known) {
		return one(known)
	}
	var several ast.Errors
	if errors.As(err, &several) && len(several) > 0 {
		line, column := 1, 1
		if l := several[0].Location; l != nil && l.File == c.name+".rego" {
			line, column = l.Row, l.Col
		}
		return one(fault.New(fault.Invalid, "policy.no_filter", "line", line, "column", column, "message", several[0].Message))
	}
	return one(fault.New(fault.Invalid, "policy.no_filter", "line", 1, "column", 1, "message", err.Error()))
}

// anyUser is a user for trying a policy: with every field that the policy reads, or
// with none.
func (s *Set) anyUser(c *custom, full bool) *ast.Term {
	names := func(name string) *ast.Term {
		if full {
			return textTerm([]string{name, name + "_2"})
		}
		return textTerm(nil)
	}
	user := ast.NewObject(item("id", ast.StringTerm("0000000000001")), item("role", ast.NullTerm()),
		item("permissions", names("set")), item("teams", names("team")))
	for name := range c.reads {
		if user.Get(ast.InternedTerm(name)) != nil {
			continue
		}
		value := ast.NullTerm()
		if f := s.users[name]; full && f != nil {
			value = f.example()
		}
		user.Insert(ast.InternedTerm(name), value)
	}
	if full {
		user.Insert(ast.InternedTerm("role"), ast.StringTerm("role"))
	}
	return ast.NewTerm(user)
}

// example is some value of a field as the API shows it.
func (f *field) example() *ast.Term {
	switch {
	case f.form == boolForm:
		return ast.BooleanTerm(true)
	case f.form == numberForm:
		return ast.IntNumberTerm(1)
	case f.kind == fieldtype.DatetimeKind:
		return ast.StringTerm("2026-01-01T00:00:00Z")
	case f.kind == fieldtype.DateKind:
		return ast.StringTerm("2026-01-01")
	case f.kind == fieldtype.ReferenceKind:
		return ast.StringTerm("0000000000001")
	case f.kind == fieldtype.ListKind:
		return textTerm([]string{"text"})
	}
	return ast.StringTerm("text")
}
