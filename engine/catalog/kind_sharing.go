package catalog

import (
	"encoding/json"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// sharingKind is the kind of the documents of rules that widen who reaches records.
type sharingKind struct{ Documents[metadata.Sharing] }

func (sharingKind) Name() string             { return "sharing" }
func (sharingKind) Schema() json.RawMessage  { return schemaOf("sharing") }
func (sharingKind) Needs() []string          { return []string{"object", "role", "permission"} }
func (sharingKind) Compile(c *Compiling) any { return Each(c, c.compileSharing) }

// AlsoCalled are the names that other systems have for the kind.
func (sharingKind) AlsoCalled() []string {
	return []string{"sharing_rule"}
}

func (b *builder) compileSharing(s *metadata.Sharing, pointer string) *policy.Sharing {
	o := b.object(s.Object, pointer+"/object")
	if o == nil {
		return nil
	}
	compiled := &policy.Sharing{Doc: s, When: b.filter(o, s.When, pointer+"/when")}
	if s.To == nil {
		b.report(fault.New(fault.Invalid, "catalog.sharing_to_nobody"), pointer+"/to")
		return nil
	}
	roles, permissions := Roles(b.s), Permissions(b.s)
	for i, name := range s.To.Roles {
		if roles[name] == nil {
			b.unknownDocument("role", name, pointer+"/to/roles"+index(i))
		}
	}
	for i, name := range s.To.Permissions {
		if permissions[name] == nil {
			b.unknownDocument("permission", name, pointer+"/to/permissions"+index(i))
		}
	}
	if s.To.Users != "" {
		compiled.Users = b.compile(s.To.Users, expression.Scope{User: b.user(), Result: fieldtype.BoolKind, Scale: -1}, pointer+"/to/users")
	}
	compiled.Match = b.checkMatch(o, s.To.Match, pointer+"/to/match")
	return compiled
}

// checkMatch pairs fields of the record with fields of the user.
func (b *builder) checkMatch(o *Object, match map[string]string, pointer string) map[string]expression.Path {
	if len(match) == 0 {
		return nil
	}
	user := b.s.Objects["user"]
	if user == nil {
		b.unknownDocument("object", "user", pointer)
		return nil
	}
	paths := map[string]expression.Path{}
	for _, record := range byName(match) {
		at := pointer + step(record)
		mine, theirs := b.path(o, record, at), b.field(user, match[record], at)
		if mine == nil || theirs == nil {
			continue
		}
		if s := mine.Column.Storage; s == fieldtype.None || s == fieldtype.JSON || s != theirs.Column.Storage || scaleOf(mine.Value) != scaleOf(theirs.Value) {
			b.report(fault.New(fault.Invalid, "catalog.match_kinds", "record", record, "user", match[record]), at)
			continue
		}
		paths[match[record]] = o.pathTo(record)
	}
	return paths
}

// pathTo is a path that is known to be right, as expressions read it.
func (o *Object) pathTo(path string) expression.Path {
	var p expression.Path
	steps := splitPath(path)
	for i, name := range steps {
		f := o.byName[name]
		if i == len(steps)-1 || f.Target == nil {
			p.Leaf = o.last(steps[i:]).Symbol()
			break
		}
		p.Via = append(p.Via, f.Symbol())
		o = f.Target
	}
	return p
}
