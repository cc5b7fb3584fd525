package catalog

import (
	"cmp"
	"slices"

	"formwork/engine/expression"
	"formwork/engine/policy"
)

// reading finds what conditions read that is not the same any more after a change: what
// they name, what its formulas and roll-ups read, and so on, through lookups too. Values
// are no matter of it, for those are held by the rights on records, but for those of the
// configuration.
type reading struct {
	before, after *Snapshot
	found         map[string]*Field // what differs in a field or in what it is computed from, by object.field
	owners        map[*Field]string // their objects
	configured    []string          // objects of which the configuration changes the records
}

func newReading(before, after *Snapshot) *reading {
	return &reading{before: before, after: after, found: map[string]*Field{}, owners: map[*Field]string{}, configured: configured(before, after)}
}

// sharing is a field that differs in what a sharing rule of the same text reads; nil if
// there is none.
func (r *reading) sharing(rule *policy.Sharing) *Field {
	o, users := r.after.Objects[rule.Doc.Object], r.after.Objects["user"]
	found := cmp.Or(r.condition(rule.Doc.When, scopeOf(o, users)), r.condition(rule.Doc.To.Users, scopeOf(nil, users)))
	for _, path := range byName(rule.Doc.To.Match) {
		found = cmp.Or(found, r.condition(path, scopeOf(o, nil)), r.field("user", rule.Doc.To.Match[path]))
	}
	return found
}

// policy is a field that differs in what a policy of the same text reads.
func (r *reading) policy(name, object string) (found *Field) {
	record, user := r.after.Policies.ReadBy(name)
	for _, path := range record {
		found = cmp.Or(found, r.condition(path, scopeOf(r.after.Objects[object], nil)))
	}
	for _, name := range user {
		found = cmp.Or(found, r.field("user", name))
	}
	return found
}

// scopeOf are the names that a condition follows; a nil object has none.
func scopeOf(record, user *Object) expression.Scope {
	var scope expression.Scope
	if record != nil {
		scope.Record = record
	}
	if user != nil {
		scope.User = user
	}
	return scope
}

// condition is a field that differs in what an expression, or a path, reads.
func (r *reading) condition(source string, scope expression.Scope) (found *Field) {
	walk(source, scope, func(on expression.Names, name string, ok bool) {
		if ok {
			found = cmp.Or(found, r.field(on.Object(), name))
		}
	})
	return found
}

// field is a field itself, if it differs, or one that differs in what it is computed from.
func (r *reading) field(object, name string) *Field {
	o, key := r.after.Objects[object], object+"."+name
	if o == nil || o.byName[name] == nil {
		return nil
	}
	if found, known := r.found[key]; known {
		return found
	}
	r.found[key] = nil
	f, found := o.byName[name], o.byName[name]
	if old := r.before.Objects[object]; old != nil && readsAlike(old, o, name) && !r.rewritten(object, f) {
		found = r.inputs(o, f)
	} else {
		r.owners[f] = object
	}
	r.found[key] = found
	return found
}

// rewritten reports whether a change of the configuration writes a field's values: in its
// own records, or as it removes those that the field leads to.
func (r *reading) rewritten(object string, f *Field) bool {
	return slices.Contains(r.configured, object) || f.Target != nil && slices.Contains(r.configured, f.Target.Doc.Name)
}

// inputs is a field that differs in what another is computed from.
func (r *reading) inputs(o *Object, f *Field) *Field {
	var found *Field
	for _, in := range inputsOf(r.after, o, f) {
		found = cmp.Or(found, r.field(in.object.Doc.Name, in.field.Name))
	}
	return found
}

// readsAlike reports whether a field of an object gives what it gave, as long as what it is
// computed from does: the same column, and the same computation or none.
func readsAlike(old, o *Object, name string) bool {
	a, b := old.byName[name], o.byName[name]
	switch {
	case a == nil:
		return false
	case o.rollup(b) != nil && !sameRollup(old.rollup(a), o.rollup(b)):
		return false
	case a.Column != b.Column || computed(a) != computed(b) || (a.Target == nil) != (b.Target == nil):
		return false
	case a.Target != nil && a.Target.Doc.Name != b.Target.Doc.Name:
		return false
	case b.Rows != nil && !sameInRows(a.Rows, b.Rows):
		return false
	}
	return !computed(b) || sameComputation(a, b)
}
