package catalog

import (
	"encoding/json"
	"slices"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/metadata"
)

// policyKind is the kind of the documents of a tenant's own policies. They are compiled with all else that says
// who may do what, to Snapshot.Policies.
type policyKind struct{ Documents[metadata.Policy] }

func (policyKind) Name() string            { return "policy" }
func (policyKind) Schema() json.RawMessage { return schemaOf("policy") }
func (policyKind) Needs() []string         { return []string{"object", "role", "permission", "sharing"} }

// AlsoCalled are the names that other systems have for the kind.
func (policyKind) AlsoCalled() []string {
	return []string{"rego"}
}

func (policyKind) Compile(c *Compiling) any {
	config := policy.Config{Revision: c.s.Revision, Objects: map[string]*policy.Object{}, Permissions: Permissions(c.s), Roles: Roles(c.s)}
	sharing := Of[map[string]*policy.Sharing](c.s, "sharing")
	for _, name := range byName(sharing) {
		config.Sharing = append(config.Sharing, *sharing[name])
	}
	docs := Read[metadata.Policy](c)
	for _, name := range byName(docs) {
		if c.object(docs[name].Object, pointerTo("policy", name)+"/object") != nil {
			config.Policies = append(config.Policies, docs[name])
		}
	}
	for _, o := range c.objects {
		config.Objects[o.Doc.Name] = o.underPolicy()
	}
	set, problems := policy.Compile(c.ctx, config)
	c.problems = append(c.problems, problems...)
	return set
}

func (policyKind) put(b *builder, compiled any) { b.s.Policies = compiled.(*policy.Set) }

// Effects tells which fields of users decide access from now on: those that only who
// manages users may write, and those that nobody can be kept from moving.
func (policyKind) Effects(c *Comparison) {
	users := c.After.Objects["user"]
	if users == nil {
		return
	}
	for _, name := range c.After.Policies.HeldFields() {
		f := users.byName[name]
		if f == nil || c.Before.Objects["user"] == nil || slices.Contains(c.Before.Policies.HeldFields(), name) {
			continue
		}
		switch {
		case isRollup(f):
			c.Add(Effect{Impact: Impact{Class: Free, Path: users.path(f), Notice: fault.New(fault.Invalid, "catalog.access_by_rollup", "field", name)}})
		case f.Formula == nil:
			c.Add(Effect{Impact: Impact{Class: Narrowing, Path: users.path(f), Notice: fault.New(fault.Invalid, "catalog.holds_field", "field", name)}})
		}
	}
}

// underPolicy is the object as policies see it.
func (o *Object) underPolicy() *policy.Object {
	p := &policy.Object{Name: o.Doc.Name, Names: o, Owned: o.Owned, Visibility: o.Doc.Visibility}
	if f, ok := o.byName[o.Doc.Parent]; ok && !o.Owned {
		symbol := f.Symbol()
		p.Parent = &symbol
	}
	for _, f := range o.Fields {
		if !f.System || f.Name == "owner" {
			p.Fields = append(p.Fields, f.Name)
		}
	}
	slices.Sort(p.Fields)
	if p.Name == "user" {
		p.Formulas = map[string]*expression.Program{}
		for _, f := range o.Fields {
			if f.Formula != nil {
				p.Formulas[f.Name] = f.Formula
			}
		}
	}
	return p
}
