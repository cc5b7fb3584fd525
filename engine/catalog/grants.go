package catalog

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
)

// guard holds a change to what its author may give: nobody gives rights by changing the
// configuration that they do not have, but for who manages permissions.
type guard struct {
	ctx           context.Context
	author        *policy.Caller
	before, after *Snapshot
	// kept are the objects and fields that were removed and whose data can come back with
	// them. They count as existing: else who removes an object or a field could open it
	// while it is not there, and bring it back.
	kept     policy.Kept
	reading  *reading
	problems []*fault.Fault
	err      error
}

// beyondAuthor lists what a change would give that its author may not give; nothing
// without an author, for the program itself may give everything, as may who manages
// permissions.
func (c *Catalog) beyondAuthor(ctx context.Context, t store.Tenant, author *policy.Caller, before, after *Snapshot) ([]*fault.Fault, error) {
	if author == nil {
		return nil, nil
	}
	rights, err := before.Policies.Rights(ctx, author)
	if err != nil || rights.System[policy.ManagePermissions] {
		return nil, err
	}
	kept, err := c.keptData(ctx, t, before)
	if err != nil {
		return nil, err
	}
	g := &guard{ctx: ctx, author: author, before: before, after: after, kept: kept, reading: newReading(before, after)}
	g.permissions()
	g.sharing()
	g.policies()
	g.roles()
	g.objects()
	g.computations()
	g.trusted(c.o.Kinds)
	if len(g.problems) == 0 || g.err != nil {
		return nil, g.err
	}
	return bounded(g.problems), nil
}

// permissions: sets give no more than the author has, or than they gave before.
func (g *guard) permissions() {
	had := Permissions(g.before)
	for name, set := range Permissions(g.after) {
		if g.same("permission", name) || g.err != nil {
			continue
		}
		beyond, err := g.before.Policies.Beyond(g.ctx, g.author, set, had[name], g.kept)
		if err != nil {
			g.err = err
			return
		}
		for _, grant := range beyond {
			g.report(fault.New(fault.Invalid, "catalog.grants_beyond", "right", grant.What), "permission", name, grant.Pointer)
		}
	}
}

// trusted: documents that act with all rights are for who manages permissions.
func (g *guard) trusted(kinds *Kinds) {
	for key := range g.after.Documents {
		if _, ok := kinds.byName[key.Kind].(Trusted); ok && !g.same(key.Kind, key.Name) {
			g.report(fault.New(fault.Invalid, "catalog.acts_beyond", "kind", key.Kind), key.Kind, key.Name, "")
		}
	}
}

// sharing: rules open what the author reaches, by what they say and by what they read.
func (g *guard) sharing() {
	had := Of[map[string]*policy.Sharing](g.before, "sharing")
	for name, rule := range Of[map[string]*policy.Sharing](g.after, "sharing") {
		old := had[name]
		if old == nil || !sameRule(old, rule) {
			g.opens(rule.Doc.Object, rule.Doc.Access == "write", "sharing", name, "/to")
			continue
		}
		g.opensThrough(g.reading.sharing(rule), rule.Doc.Object, rule.Doc.Access == "write", "sharing/"+name)
	}
}

// sameRule reports whether two sharing rules say the same: they open the same to the same
// as long as the fields do that they read.
func sameRule(a, b *policy.Sharing) bool {
	return a.Doc.Object == b.Doc.Object && a.Doc.Access == b.Doc.Access && a.Doc.When == b.Doc.When &&
		reflect.DeepEqual(a.Doc.To, b.Doc.To) && sameEmbedded(a.When, b.When) && sameEmbedded(a.Users, b.Users)
}

// policies: who can't change all records of an object neither widens nor narrows who does.
func (g *guard) policies() {
	had, have := policyDocuments(g.before), policyDocuments(g.after)
	for name, p := range have {
		if old := had[name]; old == nil || old.Rego != p.Rego || old.Object != p.Object {
			g.opens(p.Object, true, "policy", name, "/rego")
			continue
		}
		g.opensThrough(g.reading.policy(name, p.Object), p.Object, true, "policy/"+name)
	}
	for name, old := range had {
		if p := have[name]; p == nil || p.Object != old.Object {
			g.opens(old.Object, true, "policy", name, "")
		}
	}
}

func policyDocuments(s *Snapshot) map[string]*metadata.Policy {
	documents := map[string]*metadata.Policy{}
	for key, d := range s.Documents {
		if key.Kind != "policy" {
			continue
		}
		if p, err := metadata.Decode[metadata.Policy](d); err == nil {
			documents[key.Name] = p
		}
	}
	return documents
}

// roles: a role that is moved opens what its people own to those above its new place.
func (g *guard) roles() {
	had := Roles(g.before)
	for name, role := range Roles(g.after) {
		old := had[name]
		if old == nil || old.Parent == role.Parent || role.Parent == "" {
			continue
		}
		for _, object := range append(byName(g.before.Objects), byName(g.kept)...) {
			o := g.before.Objects[object]
			if (o == nil || o.Owned) && !g.opens(object, true, "role", name, "/parent") {
				break // one is enough to tell
			}
		}
	}
}

// objects: what becomes visible to everybody, or by another record, opens; and new users
// begin with nothing that their maker would have to give.
func (g *guard) objects() {
	wide := map[string]int{"": 0, "private": 0, "read": 1, "write": 2}
	for _, name := range byName(g.after.Objects) {
		if g.err != nil {
			return
		}
		o, had := g.after.Objects[name], &metadata.Object{}
		if old := g.before.Objects[name]; old != nil {
			had = old.Doc
		}
		if wide[o.Doc.Visibility] > wide[had.Visibility] {
			g.opens(name, o.Doc.Visibility == "write", "object", name, "/visibility")
		}
		if o.Doc.Parent != had.Parent {
			g.opens(name, true, "object", name, "/parent")
		} else {
			g.opensThrough(g.reading.field(name, o.Doc.Parent), name, true, "object/"+name)
		}
	}
	o, old := g.after.Objects["user"], g.before.Objects["user"]
	if o == nil || old == nil {
		return
	}
	for _, name := range g.before.Policies.HeldFields() {
		f, was := o.byName[name], old.byName[name]
		if f != nil && f.Doc != nil && (was == nil || f.Doc.Type != was.Doc.Type || !bytes.Equal(f.Doc.Default, was.Doc.Default)) {
			g.opens("user", true, "object", "user", "/fields"+step(name))
		}
	}
}

// opens reports what would open records of an object that the author may not open.
func (g *guard) opens(object string, write bool, kind, name, pointer string) bool {
	right := g.lacks(object, write)
	if right != "" {
		g.report(fault.New(fault.Invalid, "catalog.opens_beyond", "object", object, "right", right), kind, name, pointer)
	}
	return right == "" && g.err == nil
}

// opensThrough reports a field that differs in what a document reads which decides who
// reaches records of an object, where the author may not open those; a nil field is none.
func (g *guard) opensThrough(f *Field, object string, write bool, document string) {
	if f == nil {
		return
	}
	if right := g.lacks(object, write); right != "" {
		g.report(fault.New(fault.Invalid, "catalog.opens_through", "document", document, "field", f.Name, "object", object, "right", right),
			"object", g.reading.owners[f], "/fields"+step(f.Name))
	}
}

// lacks is the right on an object that its author would need to open its records; "" if
// they may. Those of an object that is new are nobody's yet.
func (g *guard) lacks(object string, write bool) string {
	_, kept := g.kept[object]
	if g.err != nil || g.before.Objects[object] == nil && !kept {
		return ""
	}
	may, err := g.before.Policies.Opens(g.ctx, g.author, object, write)
	switch {
	case err != nil:
		g.err = err
		return ""
	case may:
		return ""
	case write:
		return "write_all"
	}
	return "read_all"
}

func (g *guard) report(f *fault.Fault, kind, name, pointer string) {
	g.problems = append(g.problems, f.At(pointerTo(kind, name)+pointer))
}

// keptData are the objects that were removed with records, and the fields of those and of
// objects that are there, for as long as their data is kept.
func (c *Catalog) keptData(ctx context.Context, t store.Tenant, before *Snapshot) (policy.Kept, error) {
	kept, seen := policy.Kept{}, map[removal]bool{}
	q := query.Select{Table: removedTable, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for row, err := range store.Find(ctx, t, q, colTable, colColumn) {
		if err != nil {
			return nil, fmt.Errorf("reading what was removed: %w", err)
		}
		object, column := row.Text(colTable), row.Text(colColumn)
		// See columnOf: a column is named after its field, or after a part of it.
		field := removal{object, column[:strings.IndexAny(column+":", ".:")]}
		fields := kept[object]
		if column != allColumns && !seen[field] {
			fields = append(fields, field.column)
		}
		kept[object], seen[field] = fields, true
	}
	for object := range kept {
		if before.Objects[object] != nil {
			continue
		}
		vacant, err := c.vacant(ctx, t, object)
		if err != nil {
			return nil, err
		}
		if vacant {
			delete(kept, object)
		}
	}
	return kept, nil
}

// same reports whether a document has not changed.
func (g *guard) same(kind, name string) bool {
	return bytes.Equal(g.before.Documents[key(kind, name)].Body, g.after.Documents[key(kind, name)].Body)
}
