package catalog

import (
	"encoding/json"

	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// appKind is the kind of navigation documents.
type appKind struct{ Documents[metadata.App] }

func (appKind) Name() string            { return "app" }
func (appKind) Schema() json.RawMessage { return schemaOf("app") }
func (appKind) Needs() []string         { return []string{"object", "view"} }

// AlsoCalled are the names that other systems have for the kind.
func (appKind) AlsoCalled() []string {
	return []string{"application", "tab", "navigation"}
}

func (appKind) Shown(*fieldtype.Registry) metadata.Shown {
	item := metadata.About("object", metadata.AllOf("label", "order", "object").And(metadata.Members{"view": metadata.Named("view")}))
	return metadata.WithHead(metadata.AllOf("icon", "order").And(metadata.Members{"items": metadata.Each(item)}))
}

func (appKind) Compile(c *Compiling) any {
	views := Views(c.s)
	return Each(c, func(a *metadata.App, at string) *metadata.App {
		for _, name := range byName(a.Items) {
			item, at := a.Items[name], at+"/items"+step(name)
			if o := c.object(item.Object, at+"/object"); o == nil || item.View == "" {
				continue
			}
			if v := views[item.View]; v == nil {
				c.unknownDocument("view", item.View, at+"/view")
			} else if v.Doc.Object != item.Object {
				c.report(fault.New(fault.Invalid, "catalog.view_of_other", "view", item.View, "object", v.Doc.Object), at+"/view")
			}
		}
		return a
	})
}
