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

// Mentions are the roles for which there are values.
func (settingKind) Mentions() []string { return []string{"role"} }

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
	documents := Read[metadata.Setting](c)
	for _, name := range byName(documents) {
		if s, ok := c.compileSetting(documents[name], pointerTo("setting", name)); ok {
			settings[name] = s
		}
	}
	return settings
}

func (settingKind) put(b *builder, compiled any) {
	b.s.Settings = compiled.(expression.Settings)
}

func (c *Compiling) compileSetting(doc *metadata.Setting, at string) (s expression.Setting, ok bool) {
	if s.Value = c.bindValue(doc.Name, doc.Type, doc.Settings, at); s.Value == nil {
		return s, false
	}
	s.Stored, s.UserField, ok = c.readValue(s.Value, doc.Value, at+"/value"), doc.UserField, true
	for _, name := range ordered(doc.Overrides) {
		o, at := doc.Overrides[name], at+"/overrides"+step(name)
		for i, role := range o.Roles {
			if !slices.Contains(c.Names("role"), role) {
				c.unknownDocument("role", role, at+"/roles"+index(i))
			}
		}
		stored := c.readValue(s.Value, o.Value, at+"/value")
		s.Overrides = append(s.Overrides, expression.Override{Roles: o.Roles, Stored: stored})
		ok = ok && stored != nil
	}
	return s, ok && s.Stored != nil
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
