package catalog

import (
	"encoding/json"
	"slices"

	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// viewKind is the kind of the documents of saved lists.
type viewKind struct{ Documents[metadata.View] }

// View is a compiled view.
type View struct {
	Doc  *metadata.View
	List *List
}

// Views are the views of a snapshot.
func Views(s *Snapshot) map[string]*View { return Of[map[string]*View](s, "view") }

func (viewKind) Name() string            { return "view" }
func (viewKind) Schema() json.RawMessage { return schemaOf("view") }
func (viewKind) Needs() []string         { return []string{"object"} }

// AlsoCalled are the names that other systems have for the kind.
func (viewKind) AlsoCalled() []string {
	return []string{"list_view", "list", "saved_search"}
}

// Shown keeps a view's filter, for the reader has to send it; where it reads what the
// reader may not, they could do nothing with the view.
func (viewKind) Shown(*fieldtype.Registry) metadata.Shown {
	return metadata.About("object", metadata.Provided("filter", metadata.UnderstoodFilter,
		metadata.WithHead(metadata.AllOf("object", "filter", "show", "order", "chart", "by").And(metadata.Members{
			"columns": metadata.ShownPaths,
			"sort":    metadata.Paths,
			"group":   metadata.Path,
			"sum":     metadata.Measures,
			"start":   metadata.Path,
			"end":     metadata.Path,
			"picture": metadata.Path,
		}))))
}

func (viewKind) Compile(c *Compiling) any { return Each(c, c.compileView) }

func (viewKind) Lists(s *Snapshot) []*List {
	var lists []*List
	views := Views(s)
	for _, name := range byName(views) {
		lists = append(lists, views[name].List)
	}
	return lists
}

func (c *Compiling) compileView(v *metadata.View, at string) *View {
	o := c.object(v.Object, at+"/object")
	if o == nil {
		return nil
	}
	l := &List{Source: "view/" + v.Name, Object: o, Order: v.Order}
	l.Filter = c.filter(o, v.Filter, at+"/filter")
	c.checkColumns(o, v.Columns, at+"/columns")
	l.Sort = c.sortKeys(o, v.Sort, at+"/sort")
	if v.Show == "kanban" && v.Group == "" {
		c.report(fault.New(fault.Invalid, "catalog.kanban_group", "view", v.Name), at+"/group")
	}
	if f := c.group(o, v.Group, v.By, at); f != nil && o.holds(v.Group) {
		l.Group = f
	}
	l.Sum = c.measures(o, v.Sum, at+"/sum")
	c.checkPeriod(o, v, at)
	c.checkPicture(o, v.Picture, at+"/picture")
	return &View{Doc: v, List: l}
}

// checkPeriod checks the fields that say when a record begins and ends.
func (c *Compiling) checkPeriod(o *Object, v *metadata.View, at string) {
	start, end := c.date(o, v.Start, at+"/start"), c.date(o, v.End, at+"/end")
	if start != nil && end != nil && start.Value.Kind() != end.Value.Kind() {
		c.report(fault.New(fault.Invalid, "catalog.period_mixed", "start", v.Start, "end", v.End), at+"/end")
	}
}

// date is the field of dates or instants that a member names; nil: it names none, or there is
// a problem.
func (c *Compiling) date(o *Object, name, at string) *Field {
	f := c.named(o, name, at)
	if f == nil || !c.checkStored(f, at) {
		return nil
	}
	if !dated(f) {
		c.report(fault.New(fault.Invalid, "catalog.not_a_date", "field", name), at)
		return nil
	}
	return f
}

func (c *Compiling) checkPicture(o *Object, name, at string) {
	f := c.named(o, name, at)
	if f == nil {
		return
	}
	if files, ok := f.Value.(fieldtype.Files); !ok || !files.FileRules().Image {
		c.report(fault.New(fault.Invalid, "catalog.not_a_picture", "field", name), at)
	}
}

// dated reports whether a field holds dates or instants.
func dated(f *Field) bool {
	return f.Value.Kind() == fieldtype.DateKind || f.Value.Kind() == fieldtype.DatetimeKind
}

// named is the field that a member names; nil: it names none, or there is a problem.
func (c *Compiling) named(o *Object, name, at string) *Field {
	if name == "" {
		return nil
	}
	return c.field(o, name, at)
}

// group checks what records are grouped by, a path, and by which part of the calendar; nil:
// by nothing, or there is a problem.
func (c *Compiling) group(o *Object, path, by, at string) *Field {
	if path == "" {
		return nil
	}
	f := c.path(o, path, at+"/group")
	if f == nil || !c.checkStored(f, at+"/group") {
		return nil
	}
	if by != "" && !dated(f) {
		c.report(fault.New(fault.Invalid, "catalog.not_a_date", "field", path), at+"/by")
	}
	return f
}

// measures checks what is measured of an object's records, and gives the own fields that
// are measured in all of them.
func (c *Compiling) measures(o *Object, measures []metadata.Measure, at string) (own []*Field) {
	names := map[string]bool{}
	for i, m := range measures {
		at := at + index(i)
		if f := c.measure(o, m, at); f != nil && o.holds(m.Field) && m.Filter == "" {
			own = append(own, f)
		}
		if names[m.Name()] {
			c.report(fault.New(fault.Invalid, "catalog.measure_twice", "name", m.Name()), at)
		}
		names[m.Name()] = true
	}
	return own
}

// measure checks what is measured of an object's records; nil: no field, or there is a
// problem.
func (c *Compiling) measure(o *Object, m metadata.Measure, at string) *Field {
	c.filter(o, m.Filter, at+"/filter")
	if (m.Op == "percentile") != (m.Percent != 0) {
		c.report(fault.New(fault.Invalid, "catalog.measure_percent"), at+"/percent")
	}
	if m.Field == "" {
		if m.Op != "count" {
			c.report(fault.New(fault.Invalid, "catalog.measure_field", "op", m.Op), at+"/field")
		}
		return nil
	}
	f := c.path(o, m.Field, at)
	switch {
	case f == nil:
		return nil
	case m.Op == "sum" && !measures(f, m.Op):
		c.report(fault.New(fault.Invalid, "catalog.not_summable", "field", m.Field), at)
		return nil
	case !measures(f, m.Op):
		c.report(fault.New(fault.Invalid, "catalog.not_measurable", "op", m.Op, "field", m.Field), at)
		return nil
	}
	return f
}

// measures reports whether aggregations have a measure of a field.
func measures(f *Field, op string) bool {
	return f.Column.Storage != fieldtype.None && slices.Contains(fieldtype.UsesOf(f.Value).Measures, op)
}
