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
		metadata.WithHead(metadata.AllOf("object", "filter", "show", "order").And(metadata.Members{
			"columns": metadata.Paths,
			"sort":    metadata.Paths,
			"group":   metadata.Path,
			"sum":     metadata.Measures,
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
	if v.Group != "" {
		f := c.path(o, v.Group, at+"/group")
		if f != nil && c.checkStored(f, at+"/group") && o.holds(v.Group) {
			l.Group = f
		}
	}
	names := map[string]bool{}
	for i, m := range v.Sum {
		at := at + "/sum" + index(i)
		if f := c.measure(o, m, at); f != nil && o.holds(m.Field) && m.Filter == "" {
			l.Sum = append(l.Sum, f)
		}
		if names[m.Name()] {
			c.report(fault.New(fault.Invalid, "catalog.measure_twice", "name", m.Name()), at)
		}
		names[m.Name()] = true
	}
	return &View{Doc: v, List: l}
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
