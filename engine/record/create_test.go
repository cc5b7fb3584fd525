package record_test

import (
	"fmt"
	"reflect"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/record"
)

func TestCreateAndGet(t *testing.T) {
	w := newWorld(t).populate()
	saved := w.create(w.as("ada"), "account", map[string]any{"name": "Titan Raven", "revenue": number("1.005"), "code": "A-1"})
	got := decode(t, saved.Record)
	for field, want := range map[string]any{"name": "Titan Raven", "code": "A-1", "since": "2026-03-14", "active": true} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	again := w.get(w.as("ada"), "account", saved.Record.ID())
	for field := range again {
		if a, b := got[field], again[field]; !equalJSON(a, b) {
			t.Errorf("%s: saved %v, read %v", field, a, b)
		}
	}
}

// Any number of records may be refused after they took a number: the others are saved
// in the same transaction, and no number is missing.
func TestManyRefusedAfterTheirNumbers(t *testing.T) {
	w := newWorld(t).populate()
	var ops []record.Operation
	for i := range 60 {
		data := map[string]any{}
		if i%3 == 0 {
			data["subject"] = "kept"
		}
		ops = append(ops, record.Operation{Op: "create", Data: data})
	}
	made := 0
	err := w.as("rob").BulkWith(w.ctx, "ticket", ops, func(_ storeTx, outcomes []record.Outcome) error {
		made = 0
		for _, o := range outcomes {
			if o.Fault == nil {
				made++
			}
		}
		return nil
	})
	if err != nil || made != 20 {
		t.Fatalf("%d made, %v", made, err)
	}
	last := w.create(w.as("rob"), "ticket", map[string]any{"subject": "last"})
	if got := decode(t, last.Record)["number"]; got != "T-2026-021" {
		t.Fatalf("the next number is %v", got)
	}
}

// Who is refused for a duplicate is led to the record that is there.
func TestRefusedDuplicateLeadsToTheOther(t *testing.T) {
	w := newWorld(t).populate()
	first := w.create(w.as("ada"), "account", map[string]any{"name": "Titan", "phone": "+49 30 12345678"})
	_, err := w.as("ada").Create(w.ctx, "account", map[string]any{"name": "Vertex", "phone": "030 12345678"})
	if !fault.Is(err, "record.duplicate") {
		t.Fatal(err)
	}
	want := []map[string]string{{"object": "account", "id": first.Record.ID().String(), "name": "Titan"}}
	if got := fault.From(err).Params["records"]; !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// An option that is none is told with those there are, as the caller reads them.
func TestOptionsAreShownByLabel(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"account","fields":{"industry":{"options":{"retail":{"label":{"en":"Retail","zh":"零售"}},"media":{"label":"Media","active":false}}}}}`)
	ada := *w.people["ada"]
	ada.Language = "zh"
	_, err := w.service.As(w.tenant, w.snapshot, &ada).Create(w.ctx, "account", map[string]any{"name": "X", "industry": "retial"})
	if got, want := fault.From(err).Errors[0].Text("zh"), "Industry：“retial”不是可选项。是否指“retail”？可选：energy, 零售。"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

// An option that is gone has to be chosen anew when a record is next saved, by those
// who may; one that is inactive stays.
func TestOptionsThatAreGone(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"slip","name_field":"name","fields":{"name":{"type":"text"},
		"state":{"type":"picklist","options":{"open":{},"closed":{}}},"marks":{"type":"multi_picklist","options":{"a":{},"b":{}}}}}`)
	key := w.create(w.system(), "slip", map[string]any{"name": "x", "state": "open", "marks": []any{"a", "b"}}).Record.ID()
	w.apply(`{"kind":"object","name":"slip","name_field":"name","fields":{"name":{"type":"text"},
		"state":{"type":"picklist","options":{"open":{"active":false},"closed":{}}},"marks":{"type":"multi_picklist","options":{"a":{},"c":{}}}}}`)
	_, err := w.system().Update(w.ctx, "slip", key, map[string]any{"name": "y"}, 0)
	if f := fault.From(err); !fault.Is(err, "record.invalid") || len(f.Errors) != 1 || f.Errors[0].Pointer != "/marks" || f.Errors[0].Code != "field.not_an_option" {
		t.Fatalf("got %v", err)
	}
	if got := w.get(w.system(), "slip", key); got["name"] != "x" {
		t.Errorf("saved %v", got)
	}
	w.update(w.system(), "slip", key, map[string]any{"name": "y", "marks": []any{"a"}})
	w.apply(`{"kind":"object","name":"slip","name_field":"name","fields":{"name":{"type":"text"},
		"state":{"type":"picklist","options":{"open":{"active":false},"closed":{}}},"marks":{"type":"multi_picklist","options":{"c":{}}}}}`,
		`{"kind":"permission","name":"slips","label":"Slips","objects":{"slip":{"read":true,"update":true,"read_all":true,"write_all":true,"fields":{"name":"edit","marks":"read"}}}}`)
	other := *w.people["ada"]
	other.Permissions = []string{"slips"}
	if _, err := w.service.As(w.tenant, w.snapshot, &other).Update(w.ctx, "slip", key, map[string]any{"name": "z"}, 0); err != nil {
		t.Errorf("somebody who may not choose another: %v", err)
	}
}

// What expressions make is held to the settings of its field, in the words in which a
// caller's own mistakes are told.
func TestValuesThatExpressionsMake(t *testing.T) {
	w := newWorld(t)
	w.apply(`{"kind":"object","name":"slip","name_field":"name","fields":{"name":{"type":"text"},
		"state":{"type":"picklist","options":{"open":{},"closed":{}},"default_expr":"name == \"ok\" ? \"open\" : \"opne\""},
		"size":{"type":"number","max":5,"default_expr":"len(name)"}}}`)
	_, err := w.system().Create(w.ctx, "slip", map[string]any{"name": "too long"})
	var told []string
	for _, f := range fault.From(err).Errors {
		told = append(told, f.Pointer+" "+f.Text("en"))
	}
	if got, want := fmt.Sprint(told), "[/size size: “8” is more than 5. /state state: “opne” is not an option. Did you mean “open”? Possible: open.]"; got != want {
		t.Errorf("got %s", got)
	}
	w.create(w.system(), "slip", map[string]any{"name": "ok"})
}
