package record_test

import (
	"fmt"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/record"
	"formwork/engine/record/form"
)

// saved are the values of a new record.
func (w *world) saved(s *record.Session, object string, data map[string]any) map[string]any {
	w.t.Helper()
	made := w.create(s, object, data)
	return w.get(s, object, made.Record.ID())
}

// A record type has defaults of its own, and there may be one for records of which none is said.
func TestDefaultsOfRecordTypes(t *testing.T) {
	w := newWorld(t)
	w.apply(`{"kind":"object","name":"account","fields":{"industry":{"default":"retail"}},"record_type":{"required":true,"default":"small"},
		"record_types":{"small":{},"large":{"options":{"industry":["energy"]},"defaults":{"industry":"energy"},"default_exprs":{"employees":"500 + 500"}}}}`)
	s := w.system()
	small := w.saved(s, "account", map[string]any{"name": "x"})
	if small["record_type"] != "small" || small["industry"] != "retail" {
		t.Errorf("a small one begins with %v", small)
	}
	large := w.saved(s, "account", map[string]any{"name": "y", "record_type": "large"})
	if large["industry"] != "energy" || fmt.Sprint(large["employees"]) != "1000" {
		t.Errorf("a large one begins with %v", large)
	}
	if _, err := s.Create(w.ctx, "account", map[string]any{"name": "z", "record_type": nil}); !hasCode(err, "record.required") {
		t.Errorf("without a type: %v", err)
	}
}

// A choice that is not restricted keeps what no option names; it is found, grouped and
// told in forms.
func TestUnrestrictedChoices(t *testing.T) {
	w := newWorld(t)
	w.apply(`{"kind":"object","name":"account","fields":{"industry":{"restricted":false,"options":{"retail":{"label":"Retail trade","aliases":["RT"]}}}}}`)
	s := w.system()
	for _, industry := range []string{"Fishing", "rt", "Fishing"} {
		if _, err := s.Create(w.ctx, "account", map[string]any{"name": industry, "industry": industry, "employees": "1"}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.List(w.ctx, "account", record.ListQuery{Filter: `industry == "Fishing"`})
	if err != nil || len(page.Items) != 2 {
		t.Errorf("found %v, %v", page, err)
	}
	if page, err = s.List(w.ctx, "account", record.ListQuery{Filter: `industry == "retail"`}); err != nil || len(page.Items) != 1 {
		t.Errorf("by the alias %v, %v", page, err)
	}
	f, err := s.Form(w.ctx, "account", form.Query{Data: map[string]any{"name": "x"}})
	if err != nil || !f.Fields["industry"].Open || f.Fields["segment"].Open {
		t.Errorf("the form says %+v, %v", f.Fields["industry"], err)
	}
}

// A permission set gives what the sets that it includes give.
func TestIncludedPermissionSets(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"permission","name":"clerk","includes":["helper"]}`, `{"kind":"permission","name":"helper","includes":["sales"]}`)
	clerk := *w.people["rob"]
	clerk.Permissions = []string{"clerk"}
	w.people["clerk"] = &clerk
	made := w.create(w.as("clerk"), "account", map[string]any{"name": "x"})
	if got := w.get(w.as("clerk"), "account", made.Record.ID()); got["name"] != "x" {
		t.Errorf("reads %v", got)
	}
	clerk.Permissions = []string{"nothing"}
	if _, err := w.as("clerk").Create(w.ctx, "account", map[string]any{"name": "x"}); err == nil {
		t.Error("without a set it is made")
	}
}

// A tab whose condition does not hold hides its sections and fields; a related list has a condition, too.
func TestConditionsOfTabsAndRelatedLists(t *testing.T) {
	w := newWorld(t)
	w.apply(`{"kind":"object","name":"account","field_sets":{"size":{"fields":["name","revenue","employees"]}}}`,
		`{"kind":"layout","name":"account","object":"account","tabs":{
		"main":{"sections":{"top":{"fields":{"name":{}}}}},
		"power":{"visible_when":"industry == \"energy\"","sections":{"grid":{"field_set":"size","fields":{"name":{}}}}}},
		"related":{"deals":{"object":"deal","lookup":"account","columns":["name"],"visible_when":"name != \"x\""}}}`)
	for industry, shown := range map[string]bool{"energy": true, "retail": false} {
		f, err := w.system().Form(w.ctx, "account", form.Query{Layout: "account", Data: map[string]any{"name": "x", "industry": industry}})
		if err != nil {
			t.Fatal(err)
		}
		if f.Tabs["power"].Visible != shown || f.Sections["power/grid"].Visible != shown || f.Fields["employees"].Visible != shown ||
			!f.Tabs["main"].Visible || f.Related["deals"].Visible {
			t.Errorf("%s: %v, %v, %v, %v", industry, f.Tabs, f.Sections, f.Fields["employees"], f.Related)
		}
	}
}

// Whoever reads German is told the German texts of a configuration, and the program's own
// in English.
func TestTextsInALanguageOfTheConfiguration(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"account","rules":{"never":{"must":"name != \"x\"","message":{"en":"Not x.","de":"Nicht x."}}},
		"fields":{"name":{"label":{"de":"Name der Firma"}}}}`)
	reader := *w.people["rob"]
	reader.Language = "de-AT"
	w.people["german"] = &reader
	_, err := w.as("german").Create(w.ctx, "account", map[string]any{"name": "x"})
	if f := fault.From(err).Each()[0]; f.Text("de-AT") != "Nicht x." {
		t.Errorf("the rule says %q", f.Text("de-AT"))
	}
	_, err = w.as("german").Create(w.ctx, "account", map[string]any{})
	if f := fault.From(err).Each()[0]; f.Params["field"] != "Name der Firma" || f.Text("de-AT") != f.Text("en") {
		t.Errorf("says %q of %v", f.Text("de-AT"), f.Params)
	}
}

func hasCode(err error, code string) bool {
	for _, f := range fault.From(err).Each() {
		if f.Code == code {
			return true
		}
	}
	return false
}
