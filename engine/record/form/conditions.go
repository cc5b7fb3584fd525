package form

import (
	"context"
	"slices"
	"weak"

	"formwork/engine/cache"
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/policy"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Bounds of what is kept for one snapshot. A part of a condition takes about a kilobyte.
const (
	cachedConditions = 256
	cachedParts      = 50_000 // of all of them, and fields
)

// Cache keeps the conditions of forms for callers of the same rights under one snapshot.
// Safe for concurrent use.
type Cache struct {
	kept *cache.Cache[conditionsKey, *conditions]
}

// conditionsKey names the form of an object on a layout (nil: on none). Rights are
// compared by identity: the policy keeps one for all callers that have the same.
type conditionsKey struct {
	object *catalog.Object
	layout *catalog.Layout
	rights weak.Pointer[policy.Rights]
}

// NewCache is the cache of a snapshot.
func NewCache() Cache {
	return Cache{kept: cache.New[conditionsKey, *conditions](cachedConditions, cachedParts)}
}

// conditions are those of a form that callers of the same rights understand: they may
// read all that each reads, and it is compiled with the guards of what they may read. The
// others are absent, as they are in the layout that these callers are shown.
type conditions struct {
	fields   []*field
	tabs     []*part
	sections []*section
	related  []*part
}

// part is a tab or a related list of the layout.
type part struct {
	name    string
	visible *expression.Program
}

// section is a section of the layout.
type section struct {
	name    string // tab/section
	tab     *part
	visible *expression.Program
}

// field is a field that may be read.
type field struct {
	*catalog.Field
	at       *stored.Field // nil: not stored
	required bool          // among the mapping's Required
	writable bool
	visible  *expression.Program
	placed   []placed
	options  []string // in order; nil: it has none
	rows     []*rowField
}

// placed is a field where it stands on the layout.
type placed struct {
	section                     *section
	visible, required, readOnly *expression.Program
}

// rowField is a field of child rows.
type rowField struct {
	*catalog.Field
	required, writable bool
	options            []string
	dependsOn          string
}

// conditions returns those of an object's form on a layout, nil for none.
func (f *Forms) conditions(ctx context.Context, a *session.Object, l *catalog.Layout) (*conditions, error) {
	rights, err := f.session.Rights(ctx)
	if err != nil {
		return nil, err
	}
	key := conditionsKey{a.Object, l, weak.Make(rights)}
	if found, ok := f.cache.kept.Get(key); ok {
		return found, nil
	}
	scope := f.session.Scope(a, rights)
	scope.Queryable = false
	parts := len(a.Object.Fields)
	c := newConditions(a, l, func(source string) *expression.Program {
		if source == "" {
			return nil
		}
		p, problems := expression.Compile(source, scope)
		if len(problems) > 0 {
			return nil
		}
		parts += p.Parts()
		return p
	})
	f.cache.kept.Add(key, c, int64(parts))
	return c, nil
}

// newConditions compiles what is understood of a form's conditions.
func newConditions(a *session.Object, l *catalog.Layout, understood func(source string) *expression.Program) *conditions {
	c := &conditions{}
	byName := map[string]*field{}
	for _, of := range a.Object.Fields {
		if !a.Shows(of) {
			continue
		}
		made := &field{Field: of, at: a.ByName[of.Name], writable: a.Writes(of.Name), options: optionsOf(of.Value)}
		made.required = made.at != nil && slices.Contains(a.Required, made.at)
		if of.Doc != nil {
			made.visible = understood(of.Doc.VisibleWhen)
		}
		if of.Rows != nil {
			made.rows = rowFields(of.Rows, made.writable)
		}
		c.fields, byName[of.Name] = append(c.fields, made), made
	}
	if l == nil {
		return c
	}
	for _, list := range l.Related {
		c.related = append(c.related, &part{list.Name, understood(list.Doc.VisibleWhen)})
	}
	for _, tab := range l.Tabs {
		in := &part{tab.Name, understood(tab.Doc.VisibleWhen)}
		c.tabs = append(c.tabs, in)
		for _, of := range tab.Sections {
			s := &section{name: tab.Name + "/" + of.Name, tab: in, visible: understood(of.Doc.VisibleWhen)}
			c.sections = append(c.sections, s)
			for _, p := range of.Fields {
				if to := byName[p.Field.Name]; to != nil {
					to.placed = append(to.placed, placed{s, understood(p.Doc.VisibleWhen), understood(p.Doc.RequiredWhen), understood(p.Doc.ReadOnlyWhen)})
				}
			}
		}
	}
	return c
}

func rowFields(rows *catalog.Rows, writable bool) []*rowField {
	fields := make([]*rowField, 0, len(rows.Fields))
	for _, of := range rows.Fields {
		made := &rowField{Field: of, options: optionsOf(of.Value)}
		made.writable = writable && of.Formula == nil && !of.Doc.ReadOnly
		made.required = of.Formula == nil && of.Doc.Required != nil && of.Doc.Required.Always
		if chooses, ok := of.Value.(fieldtype.Chooses); ok {
			made.dependsOn = chooses.DependsOn()
		}
		fields = append(fields, made)
	}
	return fields
}

// optionsOf are the names of a value's options, in order; nil if it has none.
func optionsOf(v fieldtype.Value) []string {
	chooses, ok := v.(fieldtype.Chooses)
	if !ok {
		return nil
	}
	return fieldtype.OptionsInOrder(chooses)
}

// active reports whether an option may be chosen.
func active(o *metadata.Option) bool { return o.Active == nil || *o.Active }
