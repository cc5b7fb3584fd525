package catalog

import (
	"encoding/json"

	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// objectKind is the kind of the documents of objects. All other kinds are compiled against them, so
// they have a place of their own: Snapshot.Objects.
type objectKind struct{ Documents[metadata.Object] }

func (objectKind) Name() string            { return "object" }
func (objectKind) Schema() json.RawMessage { return schemaOf("object") }
func (objectKind) Needs() []string         { return []string{"picklist", "constant", "setting"} }

// AlsoCalled are the names that other systems have for the kind.
func (objectKind) AlsoCalled() []string {
	return []string{"entity", "table", "custom_object", "doctype", "field", "validation_rule"}
}

// Mentions are the kinds whose documents' names may be options of a field.
func (objectKind) Mentions() []string { return fieldtype.DocumentKinds() }

func (objectKind) Shown(types *fieldtype.Registry) metadata.Shown {
	stage := metadata.AllOf("order", "outcome", "initial").And(metadata.Members{
		"required": metadata.Paths,
		"to":       metadata.Each(metadata.AllOf("message")),
	})
	recordType := metadata.AllOf("label", "order").And(metadata.Members{"layout": metadata.Named("layout"), "options": metadata.EachField(metadata.Whole), "defaults": metadata.EachField(metadata.Whole)})
	return metadata.About("name", metadata.WithHead(metadata.AllOf("label_plural", "icon", "name_field", "visibility", "parent", "configuration").And(metadata.Members{
		"fields":       metadata.EachField(shownField(types)),
		"stages":       metadata.Members{"field": metadata.Whole, "stages": metadata.Each(stage)},
		"record_types": metadata.IfPath(recordTypeField, metadata.Each(recordType)),
		"record_type":  metadata.IfPath(recordTypeField, metadata.Whole),
		"search":       metadata.ShownPaths,
		"field_sets":   metadata.Each(metadata.AllOf("label").And(metadata.Members{"fields": metadata.ShownPaths})),
	})))
}

// Compile compiles the objects together: they refer to each other, and what one computes
// may follow from another's records.
func (objectKind) Compile(c *Compiling) any {
	objects := map[string]*Object{}
	for name, doc := range Read[metadata.Object](c) {
		objects[name] = &Object{Doc: doc, byName: map[string]*Field{}}
	}
	c.setObjects(objects)
	c.makeObjects()
	c.followFields()
	c.linkReferences()
	c.checkUserFields()
	c.planComputation()
	for _, o := range c.objects {
		c.compileFields(o)
		c.compileRules(o)
		c.compileStages(o)
		c.compileRecordTypes(o)
		c.checkFieldSets(o)
		c.compileUnique(o)
		c.compileDuplicates(o)
	}
	c.completeTables()
	return objects
}

// Lists are those that roll-ups ask for: in which the record is the first whose value they
// take over, or which their filter bounds when they are read.
func (objectKind) Lists(s *Snapshot) []*List {
	var lists []*List
	for _, name := range byName(s.Objects) {
		o := s.Objects[name]
		for _, f := range o.Fields {
			r := f.Rollup
			if r == nil {
				r = o.rollup(f)
			}
			if r == nil {
				continue
			}
			if sort := r.sort(); sort != nil {
				lists = append(lists, &List{Source: o.path(f), Object: r.Child, Lookup: r.Lookup, Sort: sort})
			}
		}
	}
	return lists
}

// sort is that of the children in which a roll-up finds what it asks for; nil if it asks for
// all that the lookup finds.
func (r *Rollup) sort() []SortKey {
	if picks := r.Picks(); picks != nil {
		return []SortKey{{Ref: picks[0].Ref, Descending: picks[0].Descending}}
	}
	if r.Field.Rollup == nil {
		return nil
	}
	_, bounded := conditions(r.Filter)
	if bounded = r.Child.ordered(bounded); len(bounded) > 0 {
		return []SortKey{{Ref: query.Field(bounded[0])}}
	}
	return nil
}

func (objectKind) put(b *builder, compiled any) { b.setObjects(compiled.(map[string]*Object)) }

// setObjects gives the snapshot its objects.
func (b *builder) setObjects(objects map[string]*Object) {
	b.s.Objects, b.objects = objects, nil
	for _, name := range byName(objects) {
		b.objects = append(b.objects, objects[name])
	}
}
