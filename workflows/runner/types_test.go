package runner_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
	"formwork/plugins/standard"
	"formwork/workflows/runner"
)

// Of every type of field: one is set to another of whatever type, before a save and in a new record, or that is refused
// when it is published. Nothing that was published breaks.
func TestEveryTypeIsSet(t *testing.T) {
	types := standard.FieldTypes()
	fields := map[string]any{"name": map[string]any{"type": "text"}, "about": map[string]any{"type": "any_lookup", "objects": []string{"thing", "deal"}}}
	values := map[string]any{"name": "T"}
	samples := map[string]any{"text": "x", "long_text": "x", "rich_text": "<p>x</p>", "email": "a@example.com", "phone": "+49 30 1", "url": "https://example.com", "number": "3", "currency": "3", "percent": "3",
		"checkbox": true, "date": "2026-03-14", "datetime": "2026-03-14T09:30:00Z", "time": "09:30", "duration": "60", "json": map[string]any{"a": "b"}, "address": map[string]any{"city": "Rome"},
		"location": map[string]any{"lat": json.Number("1"), "lng": json.Number("2")}, "children": []any{map[string]any{"name": "r"}}}
	var names []string
	for _, name := range types.Names() {
		one, _ := types.Type(name)
		doc := map[string]any{}
		if s, ok := one.(fieldtype.Samples); ok {
			if err := json.Unmarshal([]byte(s.Sample()), &doc); err != nil {
				t.Fatal(err)
			}
		}
		if _, derived := one.(fieldtype.Derives); derived {
			continue
		}
		doc["type"] = name
		if name == "any_lookup" {
			doc["objects"] = []string{"thing", "user"}
		}
		names = append(names, name)
		fields["from_"+name], fields["to_"+name] = doc, doc
		if v, ok := samples[name]; ok {
			values["from_"+name] = v
		}
	}
	object, err := json.Marshal(map[string]any{"kind": "object", "name": "thing", "label": "Thing", "name_field": "name", "fields": fields})
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), scenario{Documents: []json.RawMessage{object}})
	tried, published := 0, 0
	for _, to := range names {
		for _, source := range append([]string{"record.id", "owner", "'x'", "3", "today()", "now()", "true", "link('https://example.com', 'x')", "nil"}, prefixed("from_", names)...) {
			tried++
			doc, err := json.Marshal(map[string]any{"kind": "workflow", "name": "w", "object": "thing", "trigger": map[string]any{"type": "before_save", "on": []string{"create"}}, "when": "name == 'T'", "start": "a",
				"steps": map[string]any{"a": map[string]any{"type": "set", "values": map[string]string{"to_" + to: source}}}})
			if err != nil {
				t.Fatal(err)
			}
			after := strings.Replace(strings.Replace(string(doc), `"before_save"`, `"manual"`, 1), `"on":["create"],`, "", 1)
			after = strings.Replace(strings.Replace(after, `"type":"set"`, `"type":"create","object":"thing"`, 1), `"name":"w"`, `"name":"v"`, 1)
			change := catalog.Change{Documents: []json.RawMessage{doc, json.RawMessage(after)}}
			if _, err := s.Catalog.Apply(t.Context(), s.Tenant.Tenant, change, 0); err != nil {
				if fault.KindOf(err).Breaks() {
					t.Fatalf("%s of %s: %v", to, source, err)
				}
				continue
			}
			published++
			saved, err := s.System().Create(t.Context(), "thing", values)
			if err != nil {
				if fault.KindOf(err).Breaks() {
					t.Errorf("%s of %s: %v", to, source, err)
				}
				continue
			}
			if _, err := json.Marshal(saved.Record); err != nil {
				t.Errorf("%s of %s: %v", to, source, err)
			}
			run, err := s.Workflows.Press(t.Context(), s.Tenant.Tenant, s.System(), s.people["admin"], runner.Wanted{Workflow: "v", Object: "thing", Record: saved.Record.ID()})
			if err != nil || run.Fault != nil && run.Fault.Kind.Breaks() {
				t.Errorf("%s of %s, in a new record: %v %v", to, source, err, run)
			}
		}
	}
	t.Logf("%d of %d were published", published, tried)
	if published < len(names) {
		t.Error(fmt.Sprint("too few were published: ", published))
	}
}

func prefixed(prefix string, names []string) (all []string) {
	for _, name := range names {
		all = append(all, prefix+name)
	}
	return all
}
