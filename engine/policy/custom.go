package policy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/open-policy-agent/opa/v1/ast"

	"formwork/engine/fault"
	"formwork/metadata"
)

// A tenant's own Rego is hostile text. What it may say is kept to what becomes a
// filter and can't grow: rules that hold or not, over comparisons of the record's
// fields with constants and with what is known of the user. No collections are
// built from variables, no comprehensions, no arithmetic, no texts joined: nothing
// there is can be larger than the text of the policy. What remains is searching, and
// that is metered.

// Limits of a tenant's own policies.
const (
	maxRego     = 32 << 10 // bytes
	maxPolicies = 200      // of one tenant
	maxNesting  = 50       // of brackets
	// maxDigits of a number. OPA's translation passes numbers through binary floating
	// point, where 15 digits are exact.
	maxDigits = 15
)

// allowedBuiltins neither reach out, nor depend on anything but their operands, nor
// make much of little.
var allowedBuiltins = []string{
	"assign", "eq", "equal", "neq", "lt", "lte", "gt", "gte", "internal.member_2",
	"startswith", "endswith", "contains", "lower", "upper", "trim_space", "trim_prefix", "trim_suffix",
	"count", "is_null", "is_string", "is_number", "is_boolean", "is_array",
}

// capabilities are what tenants' Rego may use.
var capabilities = sync.OnceValue(func() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(slices.Clone(c.Builtins), func(b *ast.Builtin) bool {
		return !slices.Contains(allowedBuiltins, b.Name)
	})
	c.AllowNet = []string{}
	return c
})

// custom is a checked policy of a tenant.
type custom struct {
	name   string
	object *object
	// module is the tenant's with input.record.a.b written as input.record["a.b"],
	// and rules that others negate as conditions of their own ("not:policy.rule").
	module  *ast.Module
	relaxed *ast.Module       // where conditions on the user alone were left out
	fields  map[string]*field // of the record, by path
	reads   map[string]bool   // fields of the user
	asks    []string          // rules that filters are made of: allow, deny, negated ones
}

// addPolicies checks the tenant's own policies and gives them to their objects.
func (s *Set) addPolicies(ctx context.Context, policies []*metadata.Policy) (problems []*fault.Fault) {
	if len(policies) > maxPolicies {
		return []*fault.Fault{fault.New(fault.Invalid, "policy.too_many", "max", maxPolicies).
			At("/policy/" + policies[maxPolicies].Name)}
	}
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	for _, doc := range policies {
		at := "/policy/" + doc.Name
		o := s.objects[doc.Object]
		if o == nil || o.Names == nil {
			problems = append(problems, unknownObject(doc.Object, s.objects).At(at+"/object"))
			continue
		}
		p, faults := s.checkPolicy(ctx, doc, o)
		if len(faults) > 0 {
			for _, f := range faults {
				problems = append(problems, f.At(at+"/rego"))
			}
			continue
		}
		s.custom[doc.Name] = p
		o.policies = append(o.policies, doc.Name)
	}
	for _, o := range s.objects {
		slices.Sort(o.policies)
	}
	return problems
}

// checkPolicy reads, checks and tries one policy.
func (s *Set) checkPolicy(ctx context.Context, doc *metadata.Policy, o *object) (*custom, []*fault.Fault) {
	module, problem := parse(doc)
	if problem != nil {
		return nil, problem
	}
	k := &checker{
		set: s, object: o, module: module, problems: map[string]*fault.Fault{},
		custom: &custom{name: doc.Name, object: o, fields: map[string]*field{}, reads: map[string]bool{}},
	}
	k.check(doc.Name)
	if len(k.problems) > 0 {
		return nil, k.sorted()
	}
	// OPA's own checks, on the text as it was written: types, safety, recursion.
	if _, problems := compileOne(doc.Name, module); len(problems) > 0 {
		return nil, problems
	}
	if k.checkSize(); len(k.problems) > 0 {
		return nil, k.sorted()
	}
	k.rewrite()
	if problems := k.custom.try(ctx, s); len(problems) > 0 {
		return nil, problems
	}
	return k.custom, nil
}

// parse reads the text of a policy.
func parse(doc *metadata.Policy) (*ast.Module, []*fault.Fault) {
	switch {
	case len(doc.Rego) > maxRego:
		return nil, one(fault.New(fault.Invalid, "policy.too_large", "max", maxRego))
	case !utf8.ValidString(doc.Rego):
		return nil, one(fault.New(fault.Invalid, "policy.not_utf8"))
	case strings.TrimSpace(doc.Rego) == "":
		return nil, one(fault.New(fault.Invalid, "policy.no_rules"))
	case nesting(doc.Rego) > maxNesting:
		return nil, one(fault.New(fault.Invalid, "policy.too_nested", "max", maxNesting))
	}
	module, err := ast.ParseModuleWithOpts(doc.Name+".rego", doc.Rego,
		ast.ParserOptions{Capabilities: capabilities(), RegoVersion: ast.RegoV1})
	if err != nil {
		return nil, regoFaults(err)
	}
	return module, nil
}

func compileOne(name string, module *ast.Module) (*ast.Compiler, []*fault.Fault) {
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true)
	compiler.Compile(map[string]*ast.Module{name + ".rego": module})
	if compiler.Failed() {
		return nil, regoFaults(compiler.Errors)
	}
	return compiler, nil
}

func one(f *fault.Fault) []*fault.Fault { return []*fault.Fault{f} }

// regoFaults passes on what OPA found, with its places in the text.
func regoFaults(err error) (faults []*fault.Fault) {
	const most = 10
	var several ast.Errors
	if single := (*ast.Error)(nil); errors.As(err, &single) {
		several = ast.Errors{single}
	} else if !errors.As(err, &several) {
		return one(fault.New(fault.Invalid, "policy.rego", "line", 1, "column", 1, "message", err.Error()))
	}
	for _, e := range several {
		if len(faults) == most {
			break
		}
		line, column := 1, 1
		if e.Location != nil {
			line, column = e.Location.Row, e.Location.Col
		}
		faults = append(faults, fault.New(fault.Invalid, "policy.rego", "line", line, "column", column, "message", e.Message))
	}
	return faults
}

// nesting is how deep brackets nest, counted without regard to texts and comments.
func nesting(text string) int {
	depth, deepest := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(', '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ')', ']', '}':
			depth = max(0, depth-1)
		}
	}
	return deepest
}

// digits counts the digits of a number that decide its value, exponents not allowed.
func digits(number string) int {
	n, zeros := 0, 0
	for i := range len(number) {
		switch c := number[i]; {
		case c == 'e' || c == 'E':
			return maxDigits + 1
		case c == '0' && n > 0:
			zeros++ // counts if another digit follows
		case c >= '1' && c <= '9':
			n += zeros + 1
			zeros = 0
		}
	}
	return n
}
