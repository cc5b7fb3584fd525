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
	page, err := s.List(w.ctx, "account", record.ListQuery{Filter: `industry == "Fishing"`, Count: true})
	if err != nil || *page.Total != 2 {
		t.Errorf("found %v, %v", page, err)
	}
	if page, err = s.List(w.ctx, "account", record.ListQuery{Filter: `industry == "retail"`, Count: true}); err != nil || *page.Total != 1 {
		t.Errorf("by the alias %v, %v", page, err)
	}
	f, err := s.Form(w.ctx, "account", form.Query{Data: map[string]any{"name": "x"}})
	if err != nil || !f.Fields["industry"].Open || f.Fields["segment"].Open {
		t.Errorf("the form says %+v, %v", f.Fields["industry"], err)
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
