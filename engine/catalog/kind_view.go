package catalog

import (
	"encoding/json"

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
			"sum":     metadata.Paths,
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
	for i, name := range v.Sum {
		f := c.path(o, name, at+"/sum"+index(i))
		if f == nil {
			continue
		}
		if k := f.Value.Kind(); k != fieldtype.NumberKind && k != fieldtype.DurationKind || f.Column.Storage != fieldtype.Int {
			c.report(fault.New(fault.Invalid, "catalog.not_summable", "field", name), at+"/sum"+index(i))
			continue
		}
		if o.holds(name) {
			l.Sum = append(l.Sum, f)
		}
	}
	return &View{Doc: v, List: l}
}
