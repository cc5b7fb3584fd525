package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/metadata"
)

// setup reports whether the caller may see the whole configuration.
func (r *request) setup() (bool, error) {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return false, err
	}
	return rights.System["view_setup"] || rights.System["manage_metadata"], nil
}

// everyday are the kinds of documents that people need to work with records. Who
// may not see the setup sees these, without the objects and fields that they may not
// read, and without what is said in expressions about others.
var everyday = []string{"package", "object", "picklist", "layout", "view", "app", "translation"}

// shownDocument is an effective document as the caller may see it, nil for none.
func (r *request) shownDocument(d metadata.Document, setup bool, rights *policy.Rights) (json.RawMessage, error) {
	if setup {
		return d.Body, nil
	}
	if !slices.Contains(everyday, d.Kind) {
		return nil, nil
	}
	if d.Kind == "package" || d.Kind == "picklist" || d.Kind == "translation" {
		return d.Body, nil
	}
	v, err := parse(d.Body)
	body, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, fmt.Errorf("reading document %s: %w", d.Key, err)
	}
	hide := hiding{ctx: r.ctx, rights: rights, records: r.records(), snapshot: r.snapshot}
	shown := true
	switch d.Kind {
	case "object":
		shown = hide.object(d.Name, body)
	case "layout":
		shown = hide.layout(body)
	case "view":
		shown = hide.view(body)
	case "app":
		hide.app(body)
	}
	if !shown || hide.err != nil {
		return nil, hide.err
	}
	return metadata.Canonical(body), nil
}

// hiding takes out of documents what a caller may not know of.
type hiding struct {
	ctx      context.Context
	rights   *policy.Rights
	records  *record.Session
	snapshot *catalog.Snapshot
	err      error // the first that has nothing to do with rights
}

func (h *hiding) mayRead(object any) bool {
	name, _ := object.(string)
	return h.rights.Objects[name].Read
}

// field reports whether a caller may read a field, or all fields of a path.
func (h *hiding) field(object any, path string) bool {
	name, _ := object.(string)
	reads, err := h.records.Reads(h.ctx, name, path)
	h.failed(err)
	return reads
}

// condition reports whether a caller may read all that an expression reads; that of a
// list runs in the database.
func (h *hiding) condition(object, expression any, list bool) bool {
	name, _ := object.(string)
	text, _ := expression.(string)
	if text == "" {
		return true
	}
	may, err := h.records.Understands(h.ctx, name, text, list)
	h.failed(err)
	return may
}

func (h *hiding) failed(err error) {
	if h.err == nil {
		h.err = err
	}
}

// conditions takes out of a part of a layout what is said of fields that the caller
// may not read.
func (h *hiding) conditions(object any, part map[string]any) {
	for _, member := range []string{"visible_when", "required_when", "read_only_when"} {
		if !h.condition(object, part[member], false) {
			delete(part, member)
		}
	}
}

func (h *hiding) object(name string, body map[string]any) bool {
	if !h.mayRead(name) {
		return false
	}
	for _, member := range []string{"rules", "unique", "duplicates", "indexes", "search", "untracked"} {
		delete(body, member)
	}
	fields, _ := body["fields"].(map[string]any)
	for field, v := range fields {
		if !h.field(name, field) {
			delete(fields, field)
			continue
		}
		if settings, ok := v.(map[string]any); ok {
			for _, member := range []string{"formula", "expression", "filter", "default_expr", "visible_when"} {
				delete(settings, member)
			}
			if _, says := settings["required"].(string); says {
				delete(settings, "required")
			}
		}
	}
	if stages, ok := body["stages"].(map[string]any); ok {
		h.stages(name, stages)
	}
	return true
}

func (h *hiding) stages(object string, model map[string]any) {
	stages, _ := model["stages"].(map[string]any)
	for _, v := range stages {
		stage, _ := v.(map[string]any)
		delete(stage, "set")
		h.list(object, stage, "required")
		to, _ := stage["to"].(map[string]any)
		for _, v := range to {
			if transition, ok := v.(map[string]any); ok {
				delete(transition, "when")
			}
		}
	}
}

func (h *hiding) layout(body map[string]any) bool {
	if !h.mayRead(body["object"]) {
		return false
	}
	h.list(body["object"], body, "highlights")
	tabs, _ := body["tabs"].(map[string]any)
	for _, v := range tabs {
		tab, _ := v.(map[string]any)
		sections, _ := tab["sections"].(map[string]any)
		for _, v := range sections {
			section, _ := v.(map[string]any)
			h.conditions(body["object"], section)
			fields, _ := section["fields"].(map[string]any)
			for field, v := range fields {
				if !h.field(body["object"], field) {
					delete(fields, field)
				} else if placed, ok := v.(map[string]any); ok {
					h.conditions(body["object"], placed)
				}
			}
		}
	}
	related, _ := body["related"].(map[string]any)
	for name, v := range related {
		list, _ := v.(map[string]any)
		lookup, _ := list["lookup"].(string)
		if !h.mayRead(list["object"]) || !h.field(list["object"], lookup) || !h.condition(list["object"], list["filter"], true) {
			delete(related, name)
			continue
		}
		delete(list, "filter")
		h.list(list["object"], list, "columns")
		h.list(list["object"], list, "sort")
	}
	return true
}

// view keeps a view's filter, for the caller has to send it; where it reads what the
// caller may not, they could do nothing with the view.
func (h *hiding) view(body map[string]any) bool {
	if !h.mayRead(body["object"]) || !h.condition(body["object"], body["filter"], true) {
		return false
	}
	for _, member := range []string{"columns", "sort", "sum"} {
		h.list(body["object"], body, member)
	}
	if group, ok := body["group"].(string); ok && !h.field(body["object"], group) {
		delete(body, "group")
	}
	return true
}

func (h *hiding) app(body map[string]any) {
	items, _ := body["items"].(map[string]any)
	for name, v := range items {
		item, ok := v.(map[string]any)
		if !ok || !h.mayRead(item["object"]) {
			delete(items, name)
			continue
		}
		of, _ := item["view"].(string)
		if view, there := h.snapshot.Views[of]; there && !h.condition(view.Object, view.Filter, true) {
			delete(item, "view")
		}
	}
}

// list takes the paths that a caller may not read out of a member.
func (h *hiding) list(object any, body map[string]any, member string) {
	if all, ok := body[member].([]any); ok {
		body[member] = slices.DeleteFunc(all, func(v any) bool {
			path, _ := v.(string)
			return !h.field(object, path)
		})
	}
}
