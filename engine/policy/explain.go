package policy

import (
	"context"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"formwork/engine/query"
)

// Way is one reason for which a caller reaches records of an object, once a permission
// set allows the action; that of kind "deny" keeps them away from records.
type Way struct {
	// Kind is "all" (read_all or write_all), "visibility", "owner", "role", "parent",
	// "sharing", "allow" or "deny".
	Kind string
	Name string // of the sharing rule, or of the tenant's policy
	// Filter is the condition on the records, as Set.Filter returns one.
	Filter query.Filter
}

// Ways takes the decision of Filter apart: a record is reached if the condition of any
// way holds for it, and of none that denies. Not cached; for explanations. Faults as of
// Filter; "policy.unknown_object".
func (s *Set) Ways(ctx context.Context, c *Caller, object string, a Action) ([]Way, error) {
	o := s.objects[object]
	if o == nil {
		return nil, unknownObject(object, s.objects)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeLimit())
	defer cancel()
	k, err := s.newCompilation(c, o, a)
	if err != nil {
		return nil, err
	}
	var ways []Way
	add := func(kind, name, question string, about ...[2]*ast.Term) {
		if err != nil {
			return
		}
		var f query.Filter
		if f, err = k.ask(ctx, question, about...); err != nil {
			err = fmt.Errorf("asking whether %s %s leads to records of %s: %w", kind, name, object, err)
			return
		}
		ways = append(ways, Way{Kind: kind, Name: name, Filter: query.Simplify(f)})
	}
	for _, kind := range []string{"all", "visibility", "owner", "role", "parent"} {
		add(kind, "", "way", item("way", ast.StringTerm(kind)))
	}
	for _, name := range sortedKeys(o.sharing) {
		add("sharing", name, "sharing", item("rule", ast.StringTerm(name)))
	}
	for _, kind := range []string{"allow", "deny"} {
		for _, name := range o.policies {
			if slices.Contains(s.custom[name].asks, kind) {
				add(kind, name, "rule", item("policy", ast.StringTerm(name)), item("rule", ast.StringTerm(kind)))
			}
		}
	}
	return ways, err
}

// RightsOf are the rights that one permission set gives by itself.
func (s *Set) RightsOf(ctx context.Context, set string) (*Rights, error) {
	return s.Rights(ctx, &Caller{Permissions: []string{set}})
}
