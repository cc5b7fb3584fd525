package catalog

import (
	"cmp"
	"encoding/json"
	"slices"

	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// dashboardKind is the kind of the documents of pages of lists, numbers and charts.
type dashboardKind struct{ Documents[metadata.Dashboard] }

// Dashboard is a compiled dashboard with the lists behind its widgets, by order, then by
// name.
type Dashboard struct {
	Doc   *metadata.Dashboard
	Lists []*List
}

func (dashboardKind) Name() string            { return "dashboard" }
func (dashboardKind) Schema() json.RawMessage { return schemaOf("dashboard") }
func (dashboardKind) Needs() []string         { return []string{"object"} }

// AlsoCalled are the names that other systems have for the kind.
func (dashboardKind) AlsoCalled() []string {
	return []string{"home", "home_page"}
}

// ofReader are the types of widgets that show what belongs to their reader, of whatever objects: what waits for them to decide, what others
// changed of the records that they follow, and what they opened last.
var ofReader = []string{"approvals", "changes", "recent"}

// Shown keeps a widget's filter, as that of a view, for the reader has to send it.
func (dashboardKind) Shown(*fieldtype.Registry) metadata.Shown {
	widget := metadata.About("object", metadata.Provided("filter", metadata.UnderstoodFilter,
		metadata.AllOf("type", "label", "order", "width", "object", "filter", "limit", "by", "chart").And(metadata.Members{
			"columns": metadata.ShownPaths,
			"sort":    metadata.Paths,
			"group":   metadata.Path,
			"sum":     metadata.Measures,
		})))
	rules := map[string]metadata.Shown{}
	for _, name := range ofReader {
		rules[name] = metadata.AllOf("type", "label", "order", "width", "limit")
	}
	return metadata.WithHead(metadata.AllOf("icon", "order").And(metadata.Members{"widgets": metadata.Each(metadata.Choose("type", rules, widget))}))
}

func (dashboardKind) Compile(c *Compiling) any {
	return Each(c, func(d *metadata.Dashboard, at string) *Dashboard {
		compiled := &Dashboard{Doc: d}
		for _, name := range byName(d.Widgets) {
			if l := c.compileWidget(d.Widgets[name], at+"/widgets"+step(name)); l != nil {
				l.Source = "dashboard/" + d.Name + "/widgets/" + name
				compiled.Lists = append(compiled.Lists, l)
			}
		}
		slices.SortStableFunc(compiled.Lists, func(a, b *List) int { return cmp.Compare(a.Order, b.Order) })
		return compiled
	})
}

func (dashboardKind) Lists(s *Snapshot) []*List {
	var lists []*List
	dashboards := Of[map[string]*Dashboard](s, "dashboard")
	for _, name := range byName(dashboards) {
		lists = append(lists, dashboards[name].Lists...)
	}
	return lists
}

// compileWidget is the list of the records that a widget shows or measures; nil: none.
func (c *Compiling) compileWidget(w *metadata.Widget, at string) *List {
	if slices.Contains(ofReader, w.Type) {
		c.checkOfReader(w, at)
		return nil
	}
	o := c.object(w.Object, at+"/object")
	if o == nil {
		return nil
	}
	l := &List{Object: o, Order: w.Order}
	l.Filter = c.filter(o, w.Filter, at+"/filter")
	c.checkColumns(o, w.Columns, at+"/columns")
	l.Sort = c.sortKeys(o, w.Sort, at+"/sort")
	if f := c.group(o, w.Group, w.By, at); f != nil && o.holds(w.Group) {
		l.Group = f
	}
	l.Sum = c.measures(o, w.Sum, at+"/sum")
	return l
}

// checkOfReader refuses what says something of the records of an object.
func (c *Compiling) checkOfReader(w *metadata.Widget, at string) {
	for _, member := range []struct {
		name string
		set  bool
	}{{"object", w.Object != ""}, {"filter", w.Filter != ""}, {"columns", w.Columns != nil}, {"sort", w.Sort != nil},
		{"group", w.Group != ""}, {"by", w.By != ""}, {"chart", w.Chart != ""}, {"sum", w.Sum != nil}} {
		if member.set {
			c.report(fault.New(fault.Invalid, "schema.unknown_property", "name", member.name, "known", "label, order, width, limit"), at+"/"+member.name)
		}
	}
}
