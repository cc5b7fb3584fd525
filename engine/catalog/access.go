package catalog

import (
	"slices"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// checkAccess checks what decides about access and compiles it.
func (b *builder) checkAccess() {
	b.checkRoles()
	for _, name := range byName(b.s.Permissions) {
		b.checkPermission(b.s.Permissions[name])
	}
	for _, name := range byName(b.settings.sharing) {
		b.checkSharing(b.settings.sharing[name])
	}
	config := policy.Config{Revision: b.s.Revision, Objects: map[string]*policy.Object{}, Permissions: b.s.Permissions,
		Roles: b.s.Roles, Sharing: b.sharing}
	for _, name := range byName(b.settings.policies) {
		doc := b.settings.policies[name]
		if b.object(doc.Object, pointerTo("policy", name)+"/object") != nil {
			config.Policies = append(config.Policies, doc)
		}
	}
	for _, o := range b.objects {
		config.Objects[o.Doc.Name] = o.underPolicy()
	}
	set, problems := policy.Compile(b.ctx, config)
	b.problems = append(b.problems, problems...)
	b.s.Policies = set
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
	return p
}

// maxRoles is how many levels the tree of roles may have.
const maxRoles = 100

func (b *builder) checkRoles() {
	for _, name := range byName(b.s.Roles) {
		pointer := pointerTo("role", name) + "/parent"
		trail := []string{name}
		for at := b.s.Roles[name]; at.Parent != ""; {
			parent := b.s.Roles[at.Parent]
			if parent == nil {
				if at.Name == name {
					b.unknownDocument("role", at.Parent, pointer)
				}
				break
			}
			before := slices.Contains(trail, at.Parent)
			trail = append(trail, at.Parent)
			if at.Parent == name {
				b.report(fault.New(fault.Invalid, "catalog.cycle", "cycle", strings.Join(trail, " → ")), pointer)
				break
			}
			if before {
				break // it leads into a cycle of others, reported there
			}
			if len(trail) > maxRoles {
				b.report(fault.New(fault.Invalid, "catalog.role_depth", "max", maxRoles), pointer)
				break
			}
			at = parent
		}
	}
}

func (b *builder) checkPermission(p *metadata.Permission) {
	pointer := pointerTo("permission", p.Name)
	for _, object := range byName(p.Objects) {
		if object == "*" {
			continue // its fields are names in any object
		}
		at := pointer + "/objects" + step(object)
		o := b.object(object, at)
		if o == nil {
			continue
		}
		for _, field := range byName(p.Objects[object].Fields) {
			if field != "*" {
				b.field(o, field, at+"/fields"+step(field))
			}
		}
	}
}

func (b *builder) checkSharing(s *metadata.Sharing) {
	pointer := pointerTo("sharing", s.Name)
	o := b.object(s.Object, pointer+"/object")
	if o == nil {
		return
	}
	compiled := policy.Sharing{Doc: s, When: b.filter(o, s.When, pointer+"/when")}
	if s.To == nil {
		b.report(fault.New(fault.Invalid, "catalog.sharing_to_nobody"), pointer+"/to")
		return
	}
	for i, name := range s.To.Roles {
		if b.s.Roles[name] == nil {
			b.unknownDocument("role", name, pointer+"/to/roles"+index(i))
		}
	}
	for i, name := range s.To.Permissions {
		if b.s.Permissions[name] == nil {
			b.unknownDocument("permission", name, pointer+"/to/permissions"+index(i))
		}
	}
	if s.To.Users != "" {
		compiled.Users = b.compile(s.To.Users, expression.Scope{User: b.user(), Result: fieldtype.BoolKind, Scale: -1}, pointer+"/to/users")
	}
	compiled.Match = b.checkMatch(o, s.To.Match, pointer+"/to/match")
	b.sharing = append(b.sharing, compiled)
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
