package policy

import (
	"context"
	_ "embed"
	"fmt"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/rego/compile"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"formwork/metadata"
)

//go:embed bundle.rego
var bundleText string

// bundle is the parsed policy that all tenants share; compiling never changes it.
var bundle = sync.OnceValue(func() *ast.Module {
	return ast.MustParseModule(bundleText)
})

// bare is the compiled bundle of all tenants without policies of their own.
var bare = sync.OnceValues(func() (*ast.Compiler, error) { return compileModules(nil) })

// compileModules compiles the bundle together with tenants' modules, by file name.
func compileModules(modules map[string]*ast.Module) (*ast.Compiler, error) {
	all := map[string]*ast.Module{"bundle.rego": bundle()}
	for name, module := range modules {
		all[name] = module
	}
	compiler := ast.NewCompiler() // tenants' modules were checked against what they may use
	if compiler.Compile(all); compiler.Failed() {
		return nil, fmt.Errorf("compiling the policy bundle: %w", compiler.Errors)
	}
	return compiler, nil
}

// Queries. The always-true field $ is in every conjunction of the answer, so that a
// part which OPA's translation to UCAST dropped can't be taken for "every record".
var (
	rightsQuery  = ast.MustParseBody("data.formwork.rights")
	answerQuery  = ast.MustParseBody(`data.formwork.answer == true; input.record["$"] == true`)
	recordTerm   = ast.MustParseTerm("input.record")
	storeOptions = []inmem.Opt{inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true)}
)

// prepare makes the queries ready.
func (s *Set) prepare(ctx context.Context, data map[string]any) (err error) {
	compiler, err := bare()
	if len(s.custom) > 0 {
		modules := make(map[string]*ast.Module, len(s.custom))
		for name, p := range s.custom {
			modules[name+".rego"] = p.module
		}
		compiler, err = compileModules(modules)
	}
	if err != nil {
		return err
	}
	store := rego.Store(inmem.NewFromObjectWithOpts(data, storeOptions...))
	s.decide, err = rego.New(rego.Compiler(compiler), store, rego.ParsedQuery(rightsQuery)).PrepareForEval(ctx)
	if err != nil {
		return fmt.Errorf("preparing the query for rights: %w", err)
	}
	if s.answer, err = prepareFilter(ctx, compiler, answerQuery, store); err != nil {
		return fmt.Errorf("preparing the query for filters: %w", err)
	}
	return nil
}

func prepareFilter(ctx context.Context, compiler *ast.Compiler, query ast.Body, options ...func(*rego.Rego)) (*compile.Prepared, error) {
	return compile.New(
		compile.Target("ucast", "all"),
		compile.ParsedUnknowns(recordTerm),
		compile.ParsedQuery(query),
		compile.Rego(append(options, rego.Compiler(compiler))...),
	).Prepare(ctx)
}

// data is the bundle's data: everything that documents say, in the form that the
// rules want it.
func data(c Config, s *Set) map[string]any {
	permissions := make(map[string]any, len(c.Permissions))
	for name, p := range c.Permissions {
		objects := make(map[string]any, len(p.Objects))
		for object, rights := range p.Objects {
			if rights != nil {
				objects[object] = grant(rights)
			}
		}
		permissions[name] = map[string]any{"objects": objects, "system": texts(p.System)}
	}
	below := descendants(c.Roles)
	roles := make(map[string]any, len(below))
	for name, names := range below {
		roles[name] = map[string]any{"below": texts(names)}
	}
	objects, sharing, policies := map[string]any{}, map[string]any{}, map[string]any{}
	for name, o := range s.objects {
		objects[name] = map[string]any{
			"owned": o.owner != nil && o.parent == nil, "roles": o.role != nil, "parent": o.parent != nil,
			"visibility": visibility(o), "fields": texts(o.names),
		}
		rules := make([]any, 0, len(o.sharing))
		for _, rule := range sortedKeys(o.sharing) {
			rules = append(rules, share(o.sharing[rule], below))
		}
		sharing[name], policies[name] = rules, texts(o.policies)
	}
	return map[string]any{"config": map[string]any{
		"permissions": permissions, "roles": roles, "objects": objects, "sharing": sharing, "policies": policies,
		"held": map[string]any{userObject: map[string]any{"fields": texts(s.held), "actions": texts([]string{string(Delete)})}},
	}}
}

func visibility(o *object) string {
	if o.parent != nil || o.Visibility == "" {
		return "private"
	}
	return o.Visibility
}

func grant(r *metadata.ObjectRights) map[string]any {
	g := map[string]any{
		"create": r.Create, "read": r.Read, "update": r.Update, "delete": r.Delete,
		"read_all": r.ReadAll, "write_all": r.WriteAll,
	}
	if r.Fields != nil {
		fields := make(map[string]any, len(r.Fields))
		for name, level := range r.Fields {
			fields[name] = level
		}
		g["fields"] = fields
	}
	return g
}

// share describes a sharing rule. Keys are absent where the document is silent.
func share(rule *Sharing, below map[string][]string) map[string]any {
	name := rule.Doc.Name
	d := map[string]any{"name": name, "access": rule.Doc.Access}
	if rule.When != nil {
		d["when"] = "when:" + name
	}
	if rule.Doc.To == nil {
		return d
	}
	if rule.Doc.To.Everyone {
		d["everyone"] = true
	}
	var roles []string
	for _, role := range rule.Doc.To.Roles {
		roles = append(append(roles, role), below[role]...)
	}
	d["roles"], d["permissions"], d["teams"] = setOf(roles), setOf(rule.Doc.To.Permissions), setOf(rule.Doc.To.Teams)
	if len(rule.Match) > 0 {
		d["match"] = "match:" + name
	}
	return d
}

// descendants lists for each role the roles below it, at any depth, sorted. A role
// in a circle (which the checks of documents refuse) is not below itself.
func descendants(roles map[string]*metadata.Role) map[string][]string {
	below := make(map[string]map[string]bool, len(roles))
	for name := range roles {
		below[name] = map[string]bool{}
	}
	for name, role := range roles {
		for up, steps := role.Parent, 0; up != "" && up != name && steps < len(roles); steps++ {
			parent, ok := roles[up]
			if !ok {
				break
			}
			below[up][name] = true
			up = parent.Parent
		}
	}
	sorted := make(map[string][]string, len(below))
	for name, names := range below {
		sorted[name] = sortedKeys(names)
	}
	return sorted
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// setOf is a set that Rego looks up in one step.
func setOf(list []string) map[string]any {
	out := make(map[string]any, len(list))
	for _, s := range list {
		out[s] = true
	}
	return out
}
