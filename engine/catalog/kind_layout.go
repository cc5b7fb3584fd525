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

// layoutKind is the kind of the documents of record pages.
type layoutKind struct{ Documents[metadata.Layout] }

// Layout is a compiled layout: the record page of an object. Everything in it comes by
// its order, then by name.
type Layout struct {
	Doc     *metadata.Layout
	Object  *Object
	Tabs    []*Tab
	Related []*Related
}

// Tab is a tab of a layout. Its condition is that of a section, and hides all of them.
type Tab struct {
	Name        string
	Doc         *metadata.Tab
	VisibleWhen *expression.Program
	Sections    []*Section
}

// Section is a section of a tab. Its condition is on the record and the user; nil: it is
// always visible.
type Section struct {
	Name        string
	Doc         *metadata.Section
	VisibleWhen *expression.Program
	Fields      []*Placed
}

// Placed is a field on a layout. Its conditions are on the record and the user, beside
// those of the field itself (Field.Required, Field.VisibleWhen); nil: none.
type Placed struct {
	Field                                   *Field
	Doc                                     *metadata.Placed
	VisibleWhen, RequiredWhen, ReadOnlyWhen *expression.Program
}

// Related is a list of the records that refer to the one shown. Its condition is on that
// one and the user; nil: it is always visible.
type Related struct {
	Name        string
	Doc         *metadata.Related
	VisibleWhen *expression.Program
	List        *List
}

// Layouts are the layouts of a snapshot.
func Layouts(s *Snapshot) map[string]*Layout { return Of[map[string]*Layout](s, "layout") }

// LayoutFor is the layout on which a record is shown; nil if its object has none that
// fits. recordType and device may be "". The layout that the record type names comes
// first, then those for the record type, then those for the device alone, then by name.
func LayoutFor(s *Snapshot, o *Object, recordType, device string) *Layout {
	layouts := Layouts(s)
	fits := func(l *Layout) bool { return l.Doc.Device == "" || l.Doc.Device == device }
	if t := o.Doc.RecordTypes[recordType]; t != nil && t.Layout != "" {
		if l := layouts[t.Layout]; l != nil && fits(l) {
			return l
		}
	}
	worth := func(l *Layout) int {
		n := 0
		if l.Doc.RecordType != "" {
			n += 2
		}
		if l.Doc.Device != "" {
			n++
		}
		return n
	}
	var best *Layout
	for _, l := range layouts {
		if l.Object.Doc.Name != o.Doc.Name || !fits(l) || l.Doc.RecordType != "" && l.Doc.RecordType != recordType {
			continue
		}
		if best == nil || cmp.Or(worth(best)-worth(l), cmp.Compare(l.Doc.Name, best.Doc.Name)) < 0 {
			best = l
		}
	}
	return best
}

func (layoutKind) Name() string            { return "layout" }
func (layoutKind) Schema() json.RawMessage { return schemaOf("layout") }
func (layoutKind) Needs() []string         { return []string{"object"} }

// AlsoCalled are the names that other systems have for the kind.
func (layoutKind) AlsoCalled() []string {
	return []string{"page_layout", "page", "flexipage", "form"}
}

func (layoutKind) Shown(*fieldtype.Registry) metadata.Shown {
	conditions := metadata.Members{"visible_when": metadata.Understood, "required_when": metadata.Understood, "read_only_when": metadata.Understood}
	section := metadata.AllOf("label", "order", "columns", "field_set").And(metadata.Members{
		"visible_when": metadata.Understood,
		"fields":       metadata.EachField(metadata.AllOf("order", "wide").And(conditions)),
	})
	tab := metadata.AllOf("label", "order").And(metadata.Members{"visible_when": metadata.Understood, "sections": metadata.Each(section)})
	// The filter of a related list is not shown, for the list is asked for by its name;
	// but who may not read all that it reads is not shown the list.
	related := metadata.About("object", metadata.Provided("lookup", metadata.Path, metadata.Provided("filter", metadata.UnderstoodFilter,
		metadata.AllOf("label", "order", "tab", "object", "lookup").And(metadata.Members{"columns": metadata.ShownPaths, "sort": metadata.Paths}))))
	return metadata.About("object", metadata.WithHead(metadata.AllOf("object", "record_type", "device").And(metadata.Members{
		"highlights": metadata.ShownPaths,
		"tabs":       metadata.Each(tab),
		"related":    metadata.Each(related),
	})))
}

func (layoutKind) Compile(c *Compiling) any {
	for _, o := range c.objects {
		c.checkRecordTypeLayouts(o)
	}
	return Each(c, c.compileLayout)
}

func (layoutKind) Lists(s *Snapshot) []*List {
	var lists []*List
	layouts := Layouts(s)
	for _, name := range byName(layouts) {
		related := slices.Clone(layouts[name].Related)
		slices.SortFunc(related, func(a, b *Related) int { return cmp.Compare(a.Name, b.Name) })
		for _, r := range related {
			lists = append(lists, r.List)
		}
	}
	return lists
}

// checkRecordTypeLayouts checks the layouts that an object's record types name.
func (c *Compiling) checkRecordTypeLayouts(o *Object) {
	layouts := Read[metadata.Layout](c)
	for _, name := range byName(o.Doc.RecordTypes) {
		t, at := o.Doc.RecordTypes[name], pointerTo("object", o.Doc.Name)+"/record_types"+step(name)+"/layout"
		if t.Layout == "" {
			continue
		}
		if l := layouts[t.Layout]; l == nil {
			c.unknownDocument("layout", t.Layout, at)
		} else if l.Object != o.Doc.Name {
			c.report(fault.New(fault.Invalid, "catalog.layout_of_other", "layout", t.Layout, "object", l.Object), at)
		}
	}
}

func (c *Compiling) compileLayout(l *metadata.Layout, at string) *Layout {
	o := c.object(l.Object, at+"/object")
	if o == nil {
		return nil
	}
	compiled := &Layout{Doc: l, Object: o}
	if l.RecordType != "" && o.Doc.RecordTypes[l.RecordType] == nil {
		c.report(fault.New(fault.Invalid, "catalog.unknown_record_type", "name", l.RecordType, "object", l.Object), at+"/record_type")
	}
	for i, name := range l.Highlights {
		c.field(o, name, at+"/highlights"+index(i))
	}
	for _, name := range byName(l.Tabs) {
		compiled.Tabs = append(compiled.Tabs, c.compileTab(o, name, l.Tabs[name], at+"/tabs"+step(name)))
	}
	for _, name := range byName(l.Related) {
		if r := c.compileRelated(o, l, name, at+"/related"+step(name)); r != nil {
			compiled.Related = append(compiled.Related, r)
		}
	}
	slices.SortStableFunc(compiled.Tabs, func(a, b *Tab) int { return cmp.Compare(a.Doc.Order, b.Doc.Order) })
	slices.SortStableFunc(compiled.Related, func(a, b *Related) int { return cmp.Compare(a.Doc.Order, b.Doc.Order) })
	return compiled
}

func (c *Compiling) compileTab(o *Object, name string, t *metadata.Tab, at string) *Tab {
	tab := &Tab{Name: name, Doc: t, VisibleWhen: c.condition(o, t.VisibleWhen, at+"/visible_when")}
	for _, name := range byName(t.Sections) {
		tab.Sections = append(tab.Sections, c.compileSection(o, name, t.Sections[name], at+"/sections"+step(name)))
	}
	slices.SortStableFunc(tab.Sections, func(a, b *Section) int { return cmp.Compare(a.Doc.Order, b.Doc.Order) })
	return tab
}

func (c *Compiling) compileSection(o *Object, name string, s *metadata.Section, at string) *Section {
	section := &Section{Name: name, Doc: s, VisibleWhen: c.condition(o, s.VisibleWhen, at+"/visible_when")}
	for _, name := range byName(s.Fields) {
		doc, at := s.Fields[name], at+"/fields"+step(name)
		f := c.field(o, name, at)
		if f == nil {
			continue
		}
		section.Fields = append(section.Fields, &Placed{Field: f, Doc: doc,
			VisibleWhen:  c.condition(o, doc.VisibleWhen, at+"/visible_when"),
			RequiredWhen: c.condition(o, doc.RequiredWhen, at+"/required_when"),
			ReadOnlyWhen: c.condition(o, doc.ReadOnlyWhen, at+"/read_only_when")})
	}
	slices.SortStableFunc(section.Fields, func(a, b *Placed) int { return cmp.Compare(a.Doc.Order, b.Doc.Order) })
	section.Fields = append(section.Fields, c.placeFieldSet(o, s, at+"/field_set")...)
	return section
}

// placeFieldSet places the fields of the field set that a section names, but for those that
// it places itself.
func (c *Compiling) placeFieldSet(o *Object, s *metadata.Section, at string) (placed []*Placed) {
	if s.FieldSet == "" {
		return nil
	}
	for _, name := range c.FieldSet(o, s.FieldSet, at) {
		if f := o.byName[name]; f != nil && s.Fields[name] == nil {
			placed = append(placed, &Placed{Field: f, Doc: &metadata.Placed{}})
		}
	}
	return placed
}

func (c *Compiling) compileRelated(parent *Object, l *metadata.Layout, name, at string) *Related {
	r := l.Related[name]
	o := c.object(r.Object, at+"/object")
	if o == nil {
		return nil
	}
	if r.Tab != "" && l.Tabs[r.Tab] == nil {
		c.report(fault.New(fault.Invalid, "catalog.unknown_tab", "name", r.Tab, "layout", l.Name), at+"/tab")
	}
	lookup := c.field(o, r.Lookup, at+"/lookup")
	if lookup == nil {
		return nil
	}
	refers, ok := lookup.Value.(fieldtype.Refers)
	if !ok || !slices.Contains(refers.Targets(), parent.Doc.Name) {
		c.report(fault.New(fault.Invalid, "catalog.related_lookup", "field", r.Lookup, "object", r.Object, "parent", parent.Doc.Name), at+"/lookup")
		return nil
	}
	list := &List{Source: "layout/" + l.Name + "/related/" + name, Object: o, Order: r.Order, Lookup: lookup}
	list.Filter = c.filter(o, r.Filter, at+"/filter")
	c.checkColumns(o, r.Columns, at+"/columns")
	list.Sort = c.sortKeys(o, r.Sort, at+"/sort")
	return &Related{Name: name, Doc: r, VisibleWhen: c.condition(parent, r.VisibleWhen, at+"/visible_when"), List: list}
}
