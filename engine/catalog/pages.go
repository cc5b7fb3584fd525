package catalog

import (
	"slices"
	"strconv"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// list is a saved list: a view, or the related list of a layout.
type list struct {
	source string // "view/my_accounts", "layout/account/related/contacts"
	object *Object
	order  int
	lookup *Field              // of a related list: which field holds the record shown
	filter *expression.Program // nil: all
	sort   []sortKey
	group  *Field // of a kanban
	sum    []*Field
}

// sortKey is one key of a list's sort.
type sortKey struct {
	ref        query.Ref
	descending bool
}

// checkPages checks layouts, views and apps, and collects the lists among them.
func (b *builder) checkPages() {
	for _, name := range byName(b.s.Views) {
		b.checkView(b.s.Views[name])
	}
	for _, name := range byName(b.s.Layouts) {
		b.checkLayout(b.s.Layouts[name])
	}
	for _, name := range byName(b.s.Apps) {
		b.checkApp(b.s.Apps[name])
	}
	slices.SortStableFunc(b.s.lists, func(a, b *list) int { return a.order - b.order })
}

func (b *builder) checkView(v *metadata.View) {
	pointer := pointerTo("view", v.Name)
	o := b.object(v.Object, pointer+"/object")
	if o == nil {
		return
	}
	l := &list{source: "view/" + v.Name, object: o, order: v.Order}
	l.filter = b.filter(o, v.Filter, pointer+"/filter")
	b.checkColumns(o, v.Columns, pointer)
	l.sort = b.sortKeys(o, v.Sort, pointer)
	if v.Show == "kanban" && v.Group == "" {
		b.report(fault.New(fault.Invalid, "catalog.kanban_group", "view", v.Name), pointer+"/group")
	}
	if v.Group != "" {
		if l.group = b.own(o, v.Group, pointer+"/group"); l.group != nil && !b.checkStored(l.group, pointer+"/group") {
			l.group = nil
		}
	}
	for i, name := range v.Sum {
		f := b.own(o, name, pointer+"/sum"+index(i))
		if f == nil {
			continue
		}
		if k := f.Value.Kind(); k != fieldtype.NumberKind && k != fieldtype.DurationKind || f.Column.Storage != fieldtype.Int {
			b.report(fault.New(fault.Invalid, "catalog.not_summable", "field", name), pointer+"/sum"+index(i))
			continue
		}
		l.sum = append(l.sum, f)
	}
	b.s.lists = append(b.s.lists, l)
}

func (b *builder) checkColumns(o *Object, columns []string, pointer string) {
	for i, path := range columns {
		b.path(o, path, pointer+"/columns"+index(i))
	}
}

// sortKeys reads "-amount", "account.name"; text is sorted by its key if it has one.
func (b *builder) sortKeys(o *Object, keys []string, pointer string) []sortKey {
	var sort []sortKey
	for i, key := range keys {
		at := pointer + "/sort" + index(i)
		path, descending := strings.CutPrefix(key, "-")
		f := b.path(o, path, at)
		if f == nil {
			continue
		}
		if s := f.Column.Storage; s == fieldtype.None || s == fieldtype.List || s == fieldtype.JSON {
			b.report(fault.New(fault.Invalid, "catalog.not_sortable", "field", path), at)
			continue
		}
		sort = append(sort, sortKey{ref: o.ref(path), descending: descending})
	}
	return sort
}

// ref is how a query reads a path that is known to be right, by the column that
// its values are sorted by.
func (o *Object) ref(path string) query.Ref {
	var ref query.Ref
	steps := splitPath(path)
	for i, name := range steps {
		f := o.byName[name]
		if f.Target == nil {
			ref.Column = o.last(steps[i:]).compared()
			break
		}
		ref.Column = f.Column
		ref.Hops = append(ref.Hops, query.Hop{Lookup: f.Column, Table: f.Target.Table.Name})
		o = f.Target
	}
	if n := len(ref.Hops); n > 0 && ref.Hops[n-1].Lookup == ref.Column {
		ref.Hops = ref.Hops[:n-1] // the path ends with the lookup itself
	}
	if len(ref.Hops) == 0 {
		ref.Hops = nil
	}
	return ref
}

func (b *builder) checkLayout(l *metadata.Layout) {
	pointer := pointerTo("layout", l.Name)
	o := b.object(l.Object, pointer+"/object")
	if o == nil {
		return
	}
	if l.RecordType != "" && o.Doc.RecordTypes[l.RecordType] == nil {
		b.report(fault.New(fault.Invalid, "catalog.unknown_record_type", "name", l.RecordType, "object", l.Object), pointer+"/record_type")
	}
	for i, name := range l.Highlights {
		b.field(o, name, pointer+"/highlights"+index(i))
	}
	for _, tab := range byName(l.Tabs) {
		sections := l.Tabs[tab].Sections
		for _, name := range byName(sections) {
			b.checkSection(o, sections[name], pointer+"/tabs"+step(tab)+"/sections"+step(name))
		}
	}
	for _, name := range byName(l.Related) {
		b.checkRelated(o, l, name, pointer+"/related"+step(name))
	}
}

func (b *builder) checkSection(o *Object, s *metadata.Section, pointer string) {
	b.condition(o, s.VisibleWhen, pointer+"/visible_when")
	for _, name := range byName(s.Fields) {
		placed, at := s.Fields[name], pointer+"/fields"+step(name)
		if b.field(o, name, at) == nil {
			continue
		}
		b.condition(o, placed.VisibleWhen, at+"/visible_when")
		b.condition(o, placed.RequiredWhen, at+"/required_when")
		b.condition(o, placed.ReadOnlyWhen, at+"/read_only_when")
	}
}

func (b *builder) checkRelated(parent *Object, l *metadata.Layout, name, pointer string) {
	r := l.Related[name]
	o := b.object(r.Object, pointer+"/object")
	if o == nil {
		return
	}
	lookup := b.field(o, r.Lookup, pointer+"/lookup")
	if lookup == nil {
		return
	}
	refers, ok := lookup.Value.(fieldtype.Refers)
	if !ok || !slices.Contains(refers.Targets(), parent.Doc.Name) {
		b.report(fault.New(fault.Invalid, "catalog.related_lookup", "field", r.Lookup, "object", r.Object, "parent", parent.Doc.Name), pointer+"/lookup")
		return
	}
	saved := &list{source: "layout/" + l.Name + "/related/" + name, object: o, order: r.Order, lookup: lookup}
	saved.filter = b.filter(o, r.Filter, pointer+"/filter")
	b.checkColumns(o, r.Columns, pointer)
	saved.sort = b.sortKeys(o, r.Sort, pointer)
	b.s.lists = append(b.s.lists, saved)
}

func (b *builder) checkApp(a *metadata.App) {
	for _, name := range byName(a.Items) {
		item, pointer := a.Items[name], pointerTo("app", a.Name)+"/items"+step(name)
		o := b.object(item.Object, pointer+"/object")
		if o == nil || item.View == "" {
			continue
		}
		v := b.s.Views[item.View]
		if v == nil {
			b.unknownDocument("view", item.View, pointer+"/view")
		} else if v.Object != item.Object {
			b.report(fault.New(fault.Invalid, "catalog.view_of_other", "view", item.View, "object", v.Object), pointer+"/view")
		}
	}
}

// index is the step of a JSON pointer to the i-th item of a list.
func index(i int) string { return "/" + strconv.Itoa(i) }
