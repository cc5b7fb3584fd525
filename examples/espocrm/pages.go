package main

import (
	"fmt"
	"slices"
	"strings"
)

// panel is a part of a page of EspoCRM.
type panel struct {
	Label string  `json:"label"`
	Rows  [][]any `json:"rows"`
}

// pageLayouts are those that pages are made of; the others are popups, filters and bulk
// forms, which have no layout of their own in Formwork.
var pageLayouts = []string{"detail", "list", "listSmall", "kanban", "defaultSidePanel"}

// pages translates the layouts and lists of an entity.
func (t *translator) pages(entity string) error {
	var panels []panel
	found, err := t.layout(entity, "detail", &panels)
	if err != nil {
		return err
	}
	if found {
		if err := t.recordPage(entity, panels); err != nil {
			return err
		}
	}
	return t.lists(entity)
}

func (t *translator) recordPage(entity string, panels []panel) error {
	sections, placed := document{}, map[string]bool{}
	for i, p := range panels {
		fields := document{}
		for _, row := range p.Rows {
			for _, cell := range row {
				item, _ := cell.(map[string]any)
				if item == nil {
					continue // an empty cell
				}
				field, ok := t.place(entity, settings(item).text("name"), placed)
				if !ok {
					continue
				}
				fields[field] = document{"order": 10 * (len(fields) + 1)}
				if len(row) == 1 || settings(item).yes("fullWidth") {
					fields[field].(document)["wide"] = true
				}
			}
		}
		if len(fields) == 0 {
			continue
		}
		section := document{"order": 10 * (i + 1), "columns": 2, "fields": fields, "label": t.entityLabel(entity)}
		if p.Label != "" {
			section["label"] = t.label(p.Label, []string{entity, "labels", p.Label}, []string{"Global", "labels", p.Label})
		}
		sections[fmt.Sprintf("section_%d", i+1)] = section
		t.translated("sections of pages")
	}
	side, err := t.side(entity, placed)
	if err != nil {
		return err
	}
	sections["side"] = side
	layout := document{"object": t.name(entity), "label": t.entityLabel(entity),
		"tabs": document{"details": document{"label": document{"en": "Details", "zh": "详细信息"}, "order": 10, "sections": sections}}}
	related, err := t.related(entity)
	if err != nil {
		return err
	}
	if len(related) > 0 {
		layout["related"] = related
	}
	t.add("layout", t.name(entity), layout)
	return nil
}

// place finds the field that a cell shows, and takes it if no cell before shows it.
func (t *translator) place(entity, cell string, placed map[string]bool) (string, bool) {
	name := cell
	if len(name) > 0 && name[0] == ':' { // a default one of the side panel
		name = name[1:]
	}
	field := builtIn[name]
	if made := t.fields[entity][name]; made != nil {
		field = fieldName(name)
	} else if address, _ := t.addressOf(entity, name); address != "" && t.fields[entity][address] != nil {
		field = fieldName(address)
	}
	switch {
	case field == "" && t.defs[entity].Links.Values[name].text("type") == "hasMany" && name != "teams":
		t.leave("list of links in a page's field", "it is a related list below", entity, name)
	case field == "":
		t.leave("field of a page", "the field was not translated", entity, name)
	case !placed[field]:
		placed[field] = true
		t.translated("fields on pages")
		return field, true
	}
	return "", false
}

// side is the section of what EspoCRM shows beside the record.
func (t *translator) side(entity string, placed map[string]bool) (document, error) {
	items := []settings{{"name": ":assignedUser"}}
	if _, err := t.layout(entity, "defaultSidePanel", &items); err != nil {
		return nil, err
	}
	items = append(items, settings{"name": "createdAt"}, settings{"name": "modifiedAt"})
	fields := document{}
	for _, item := range items {
		if field, ok := t.place(entity, item.text("name"), placed); ok {
			fields[field] = document{"order": 10 * (len(fields) + 1)}
		}
	}
	return document{"order": 1000, "columns": 1, "label": document{"en": "Record", "zh": "记录"}, "fields": fields}, nil
}

// related are the lists of records that refer to one.
func (t *translator) related(entity string) (document, error) {
	lists := document{}
	for i, name := range t.defs[entity].Links.Names {
		link := t.defs[entity].Links.Values[name]
		if link.text("type") == "belongsTo" || link.text("type") == "belongsToParent" || name == "teams" || link.yes("layoutRelationshipsDisabled") {
			continue
		}
		list, err := t.relatedList(entity, name, link)
		if err != nil {
			return nil, err
		}
		if list == nil {
			t.leave("related list", "nothing that was translated refers to the record", entity, name)
			continue
		}
		if when := t.seen[entity][name]; when != "" {
			list["visible_when"] = when
		}
		list["order"] = 10 * (i + 1)
		list["label"] = t.label(spelt(name), []string{entity, "links", name}, []string{"Global", "links", name}, []string{"Global", "scopeNamesPlural", link.text("entity")})
		lists[snake(name)] = list
		t.translated("related lists")
	}
	return lists, nil
}

// relatedList is the list that a link is; nil if nothing refers to the record.
func (t *translator) relatedList(entity, name string, link settings) (document, error) {
	target := link.text("entity")
	if t.name(target) == "" {
		return nil, nil
	}
	columns, err := t.columnsFor(target, entity, name)
	if err != nil {
		return nil, err
	}
	for _, r := range t.relations {
		for side, end := range []string{r.near, r.far} {
			if end == name && []string{r.from, r.to}[side] == entity && []string{r.to, r.from}[side] == target {
				return t.through(r, side, columns), nil
			}
		}
	}
	lookup := t.fields[target][link.text("foreign")]
	if lookup == nil {
		return nil, nil
	}
	if objects, ok := lookup["objects"].([]any); ok && !slices.Contains(objects, any(t.name(entity))) {
		return nil, nil
	}
	return document{"object": t.name(target), "lookup": fieldName(link.text("foreign")), "columns": columns}, nil
}

// through is a related list of a relation's object: the columns of the record behind it,
// and those of the relation.
func (t *translator) through(r *relation, side int, columns []any) document {
	other, all := r.lookups[1-side], []any{}
	for _, column := range columns {
		all = append(all, other+"."+column.(string))
	}
	for _, column := range sortedKeys(r.columns) {
		all = append(all, fieldName(column))
	}
	return document{"object": t.prefix + r.name, "lookup": r.lookups[side], "columns": all}
}

// columnsFor are the columns of an entity's records on the page of another, where they are
// listed by a link.
func (t *translator) columnsFor(entity, on, link string) ([]any, error) {
	panel := t.clients[on].of("relationshipPanels").of(link)
	for _, name := range []string{panel.text("layout"), "listFor" + on, "listSmall", "list"} {
		columns, err := t.columnsOf(entity, name)
		if err != nil || len(columns) > 0 {
			return columns, err
		}
	}
	return []any{"name"}, nil
}

// columnsOf are the columns of a list layout; none if there is no such layout.
func (t *translator) columnsOf(entity, layout string) ([]any, error) {
	var items []settings
	found, err := t.layout(entity, layout, &items)
	if !found || err != nil {
		return nil, err
	}
	var columns []any
	for _, item := range items {
		made, path := t.attribute(entity, item.text("name"))
		switch {
		case made == nil:
			t.leave("column of a list", "the field was not translated", entity, item.text("name"))
		case made["type"] == "address" && !strings.Contains(path, "."):
			t.leave("column of a list", "a list shows the parts of an address", entity, item.text("name"))
		case !slices.Contains(columns, any(path)):
			columns = append(columns, path)
			t.translated("columns of lists")
		}
	}
	return columns, nil
}

// unsortable are the types that lists are not sorted by.
var unsortable = []string{"formula", "tags", "multi_picklist", "json", "file", "image", "long_text", "rich_text", "address"}

// lists translates an entity's lists to views: all, one's own, and the board.
func (t *translator) lists(entity string) error {
	object, label := t.name(entity), t.label(spelt(entity), []string{"Global", "scopeNamesPlural", entity})
	columns, err := t.columnsOf(entity, "list")
	if err != nil {
		return err
	}
	for _, filter := range sortedKeys(t.filters(entity)) {
		t.leave("preset filter", "its condition is code", entity, filter)
	}
	if len(columns) == 0 {
		return nil
	}
	view := document{"object": object, "columns": columns, "show": "table", "order": 10, "label": label}
	if sort := t.sort(entity); sort != nil {
		view["sort"] = sort
	}
	t.add("view", object+"_all", view)
	if slices.Contains(t.clients[entity].texts("boolFilterList"), "onlyMy") {
		own := merged(view, document{"filter": "owner == user.id", "order": 20,
			"label": joined(label, t.label("Only my", []string{"Global", "boolFilters", "onlyMy"}), ": ")})
		t.add("view", object+"_mine", own)
	}
	status := t.scopes[entity].text("statusField")
	if !t.clients[entity].yes("kanbanViewMode") || t.fields[entity][status] == nil {
		return nil
	}
	board, err := t.columnsOf(entity, "kanban")
	if err != nil {
		return err
	}
	if len(board) == 0 {
		board = columns
	}
	t.add("view", object+"_board", merged(view, document{"show": "kanban", "group": fieldName(status), "columns": board, "order": 30,
		"label": joined(label, t.label("Kanban", []string{"Global", "listViewModes", "kanban"}), ": ")}))
	return nil
}

// filters are the names of an entity's preset filters.
func (t *translator) filters(entity string) map[string]bool {
	names := map[string]bool{}
	list, _ := t.clients[entity]["filterList"].([]any)
	for _, one := range list {
		switch filter := one.(type) {
		case string:
			names[filter] = true
		case map[string]any:
			names[settings(filter).text("name")] = true
		}
	}
	delete(names, "onlyMy")
	return names
}

func (t *translator) sort(entity string) []any {
	collection := t.defs[entity].Collection
	made, path := t.attribute(entity, collection.text("orderBy"))
	if made == nil || slices.Contains(unsortable, made["type"].(string)) {
		return nil
	}
	if collection.text("order") == "desc" {
		path = "-" + path
	}
	return []any{path}
}

// navigation is the app of the module: EspoCRM's tabs.
func (t *translator) navigation(module string) {
	items := document{}
	for i, entity := range t.entities {
		view := t.name(entity) + "_all"
		if !t.scopes[entity].yes("tab") || t.documents["view/"+view] == nil {
			continue
		}
		items[snake(entity)] = document{"object": t.name(entity), "view": view, "order": 10 * (i + 1),
			"label": t.label(spelt(entity), []string{"Global", "scopeNamesPlural", entity})}
	}
	if len(items) > 0 {
		t.add("app", "espo_"+snake(module), document{"label": document{"en": "EspoCRM: " + module, "zh": "EspoCRM：" + module}, "items": items})
	}
}

// rights is a permission set for those who work with the module: what has access control
// in EspoCRM may be changed, the rest is read.
func (t *translator) rights(module string) {
	objects := document{"user": document{"read": true, "fields": document{"*": "read", "permissions": "none"}}, "team": document{"read": true}}
	for _, entity := range t.entities {
		rights := document{"read": true}
		if acl := t.scopes[entity]["acl"]; acl != nil && acl != false {
			rights = document{"create": true, "read": true, "update": true, "delete": true}
		}
		fields := document{}
		for name, level := range t.access[entity].of("fields") {
			said, _ := level.(map[string]any)
			switch {
			case t.fields[entity][name] == nil:
				t.leave("access of a field", "the field was not translated", entity, name)
			case settings(said).yes("forbidden") || settings(said).yes("onlyAdmin") || settings(said).yes("internal"):
				fields[fieldName(name)] = "none"
			default:
				fields[fieldName(name)] = "read"
			}
		}
		if len(fields) > 0 {
			fields["*"] = "edit"
			rights["fields"] = fields
			t.translated("field rights")
		}
		objects[t.name(entity)] = rights
	}
	for _, r := range t.relations {
		objects[t.prefix+r.name] = document{"create": true, "read": true, "update": true, "delete": true}
	}
	t.add("permission", "espo_"+snake(module)+"_user", document{"objects": objects,
		"label": document{"en": "EspoCRM: " + module, "zh": "EspoCRM：" + module}, "system": []any{"export", "api"}})
}
