package catalog

import (
	"cmp"
	"encoding/json"
	"slices"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// settingKind is the kind of the documents of values that may vary from user to user, which
// expressions may read: Snapshot.Settings.
type settingKind struct{ Documents[metadata.Setting] }

func (settingKind) Name() string            { return "setting" }
func (settingKind) Schema() json.RawMessage { return schemaOf("setting") }

// Needs are the roles, since a value for a role is that of the roles below it, too.
func (settingKind) Needs() []string { return []string{"role"} }

// AlsoCalled are the names that other systems have for the kind.
func (settingKind) AlsoCalled() []string {
	return []string{"custom_setting", "preference", "option_setting"}
}

// Shown is what every user is shown: that there is the setting, and not what it is for others.
func (settingKind) Shown(*fieldtype.Registry) metadata.Shown {
	return metadata.WithHead(metadata.AllOf("type", "scale"))
}

func (settingKind) Compile(c *Compiling) any {
	settings := expression.Settings{}
	documents, below := Read[metadata.Setting](c), directlyBelow(Roles(c.s))
	for _, name := range byName(documents) {
		if s, ok := c.compileSetting(documents[name], below, pointerTo("setting", name)); ok {
			settings[name] = s
		}
	}
	return settings
}

func (settingKind) put(b *builder, compiled any) {
	b.s.Settings = compiled.(expression.Settings)
}

func (c *Compiling) compileSetting(doc *metadata.Setting, below map[string][]string, at string) (s expression.Setting, ok bool) {
	value := c.bindValue(doc.Name, doc.Type, doc.Settings, at)
	if value == nil {
		return s, false
	}
	organisation := expression.Constant{Value: value, Stored: c.readValue(value, doc.Value, at+"/value")}
	ok = organisation.Stored != nil
	var overrides []expression.Override
	named := map[string]bool{} // roles for which there is a value
	for _, name := range ordered(doc.Overrides) {
		o, at := doc.Overrides[name], at+"/overrides"+step(name)
		override := expression.Override{Stored: c.readValue(value, o.Value, at+"/value")}
		ok = ok && override.Stored != nil
		for i, role := range o.Roles {
			if !slices.Contains(c.Names("role"), role) {
				c.unknownDocument("role", role, at+"/roles"+index(i))
			} else if !named[role] {
				named[role], override.Roles = true, append(override.Roles, role)
			}
		}
		overrides = append(overrides, override)
	}
	for i := range overrides {
		overrides[i].Roles = withBelow(overrides[i].Roles, below, named)
		if c.countParts(len(overrides[i].Roles), at); c.exceeded {
			return s, false
		}
	}
	return expression.NewSetting(organisation, overrides, doc.UserField), ok
}

// directlyBelow are the roles whose parent is a role, by that role.
func directlyBelow(roles map[string]*metadata.Role) map[string][]string {
	below := map[string][]string{}
	for _, name := range byName(roles) {
		if parent := roles[name].Parent; parent != "" {
			below[parent] = append(below[parent], name)
		}
	}
	return below
}

// withBelow are some roles that are named, with those below them for which none nearer is
// named. It ends at every named role, so roles in a circle, which are a problem of theirs, do no harm.
func withBelow(roles []string, below map[string][]string, named map[string]bool) []string {
	all := slices.Clone(roles)
	for i := 0; i < len(all); i++ {
		for _, role := range below[all[i]] {
			if !named[role] {
				all = append(all, role)
			}
		}
	}
	slices.Sort(all)
	return all
}

// ordered are the names of overrides, by their order, then by name.
func ordered(overrides map[string]*metadata.Override) []string {
	names := byName(overrides)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(overrides[a].Order, overrides[b].Order) })
	return names
}

// checkUserFields checks the fields in which users have values of their own of settings.
func (c *Compiling) checkUserFields() {
	for _, name := range byName(c.s.Settings) {
		s, at := c.s.Settings[name], pointerTo("setting", name)+"/user_field"
		if s.UserField == "" {
			continue
		}
		user := c.object("user", at)
		if user == nil {
			continue
		}
		typeName := c.s.parsed["setting"][name].value.(*metadata.Setting).Type
		f := c.field(user, s.UserField, at)
		if f != nil && (f.Doc == nil || f.Doc.Type != typeName || scaleOf(f.Value) != scaleOf(s.Value)) {
			c.report(fault.New(fault.Invalid, "catalog.setting_field", "field", s.UserField, "setting", name, "type", typeName), at)
		}
	}
}
