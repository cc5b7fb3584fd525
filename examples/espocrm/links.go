package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// relation is a relation of many to many, which becomes an object between the two.
type relation struct {
	name      string
	from, to  string // entities
	near, far string // links: of from, and of to ("" if it has none)
	lookups   [2]string
	columns   map[string]settings
	standsFor map[string]field // by column, the field that shows it
}

// sortedKeys are the keys of a map in order, so that each run makes the same.
func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// findRelations finds the relations of many to many, each once, though both sides name it.
func (t *translator) findRelations() {
	for _, entity := range t.entities {
		for _, link := range t.defs[entity].Links.Names {
			t.findRelation(entity, link, t.defs[entity].Links.Values[link])
		}
	}
	for _, r := range t.relations {
		t.findColumns(r, r.from, r.near)
		t.findColumns(r, r.to, r.far)
	}
}

// many reports whether a link is a side of a relation of many to many.
func (t *translator) many(link settings) (far settings, many bool) {
	if link.text("type") != "hasMany" {
		return nil, false
	}
	if def := t.defs[link.text("entity")]; def != nil {
		far = def.Links.Values[link.text("foreign")]
	}
	return far, far.text("type") == "hasMany" || far == nil && (link.text("relationName") != "" || link["additionalColumns"] != nil)
}

func (t *translator) findRelation(entity, link string, l settings) {
	far, many := t.many(l)
	if !many || link == "teams" || t.name(l.text("entity")) == "" {
		return
	}
	pair := []string{entity, l.text("entity")}
	slices.Sort(pair)
	name := cmp.Or(l.text("relationName"), far.text("relationName"), strings.Join(pair, ""))
	if strings.HasPrefix(name, "entity") { // one table of EspoCRM for all entities
		name = entity + "_" + link
	}
	r := t.relations[snake(name)]
	if r == nil {
		r = &relation{name: snake(name), from: entity, to: l.text("entity"), near: link, far: l.text("foreign"), columns: map[string]settings{}, standsFor: map[string]field{}}
		r.lookups = [2]string{snake(entity), snake(l.text("entity"))}
		if entity == l.text("entity") {
			r.lookups = [2]string{"from_" + r.lookups[0], "to_" + r.lookups[1]}
		}
		t.relations[r.name] = r
	}
	for name, definition := range l.of("additionalColumns") {
		if s, ok := definition.(map[string]any); ok {
			r.columns[name] = s
		}
	}
}

// findColumns finds the fields of a side that show a column of the relation.
func (t *translator) findColumns(r *relation, entity, link string) {
	def := t.defs[entity]
	if def == nil || link == "" {
		return
	}
	shown := merged(def.Links.Values[link].of("columnAttributeMap"), def.Fields.Values[link].of("columns"))
	for column, attribute := range shown {
		name, _ := attribute.(string)
		for _, owner := range []string{entity, r.from, r.to} { // the field may be declared on either side
			if other := t.defs[owner]; other != nil && other.Fields.Values[name] != nil {
				if t.columns[owner] == nil {
					t.columns[owner] = map[string]string{}
				}
				t.columns[owner][name] = r.name
				if candidate := (field{other.Fields.Values[name], owner, name}); r.standsFor[column].settings == nil || len(t.optionsOf(candidate)) > 0 {
					r.standsFor[column] = candidate
				}
			}
		}
	}
}

// columnTypes are the types of a relation's columns.
var columnTypes = map[string]document{"bool": {"type": "checkbox"}, "int": {"type": "number"}, "text": {"type": "long_text"}, "datetime": {"type": "datetime"}, "date": {"type": "date"}}

// junction makes the object of a relation.
func (t *translator) junction(r *relation) {
	label := joined(t.entityLabel(r.from), t.entityLabel(r.to), " – ")
	fields := document{"name": document{"type": "auto_number", "pattern": "{0}", "label": document{"en": "Number", "zh": "编号"}}}
	for i, entity := range []string{r.from, r.to} {
		fields[r.lookups[i]] = document{"type": "lookup", "object": t.name(entity), "on_delete": "cascade", "required": true, "label": t.entityLabel(entity), "order": 10 * (i + 1)}
	}
	for i, name := range sortedKeys(r.columns) {
		made := document{"type": "text"}
		if known := columnTypes[r.columns[name].text("type")]; known != nil {
			made = merged(nil, known)
		}
		if f := r.standsFor[name]; f.settings != nil {
			if f.text("type") == "enum" {
				if chosen := t.choice("picklist", f); chosen != nil {
					made = chosen
				}
			}
			made["label"] = t.fieldLabel(f.entity, f.name)
		} else {
			made["label"] = document{"en": spelt(name)}
		}
		made["order"] = 100 + 10*i
		fields[fieldName(name)] = made
		t.translated("columns of relations")
	}
	t.translated("relations of many to many → objects")
	t.add("object", t.prefix+r.name, document{"label": label, "label_plural": label, "name_field": "name", "parent": r.lookups[0], "fields": fields,
		"unique": document{"pair": document{"fields": []any{r.lookups[0], r.lookups[1]}}}})
}

// link is a lookup.
func (t *translator) link(f field) document {
	entity := cmp.Or(t.defs[f.entity].Links.Values[f.name].text("entity"), f.text("entity"))
	object := t.name(entity)
	if object == "" {
		t.leave("link to another module", "it refers to an entity that is not translated", f.entity, f.name+" → "+entity)
		return nil
	}
	if object == "user" {
		return document{"type": "user"}
	}
	made := document{"type": "lookup", "object": object, "on_delete": "clear"}
	if f.yes("required") {
		made["on_delete"] = "restrict"
	}
	return made
}

// linkParent is a reference to records of several objects.
func (t *translator) linkParent(f field) document {
	made := document{"type": "any_lookup", "on_delete": "clear"}
	var objects []any
	for _, entity := range t.parents(f.entity, f.name) {
		if object := t.name(entity); object != "" {
			objects = append(objects, object)
		} else {
			t.leave("link to another module", "it refers to an entity that is not translated", f.entity, f.name+" → "+entity)
		}
	}
	if len(objects) > 0 {
		made["objects"] = objects
	}
	return made
}

// parents are the entities that a linkParent may refer to.
func (t *translator) parents(entity, name string) []string {
	if list := t.defs[entity].Fields.Values[name].texts("entityList"); list != nil {
		return list
	}
	return t.defs[entity].Links.Values[name].texts("entityList")
}

// linkOne is the other end of a lookup, and shown as a related list.
func (t *translator) linkOne(f field) document {
	t.listed(f)
	return nil
}

func (t *translator) linkMultiple(f field) document {
	if f.name == "teams" {
		t.leave("teams of a record", "teams get at records by sharing rules", f.entity)
		return nil
	}
	if t.listed(f) && f.yes("required") {
		t.leave("required list of links", "a record can't be held to have related ones", f.entity, f.name)
	}
	return nil
}

// listed counts a field that becomes a related list.
func (t *translator) listed(f field) bool {
	link := t.defs[f.entity].Links.Values[f.name]
	if t.name(link.text("entity")) == "" {
		t.leave("list of links to another module", "it refers to an entity that is not translated", f.entity, f.name+" → "+link.text("entity"))
		return false
	}
	t.translated("fields that are related lists")
	return true
}
