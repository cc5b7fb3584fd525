package record_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
)

// hides is an object with fields that its writer may not read, and with all that can be
// wrong with them.
var hides = []string{
	`{"kind":"object","name":"claim","label":"Claim","name_field":"name","visibility":"write","record_types":{"plain":{"label":"Plain","options":{"open":["o1"]}},"wide":{"label":"Wide"}},
		"fields":{"name":{"type":"text"},"open":{"type":"picklist","label":"Open","depends_on":"hidden_by","options":{"o1":{"for":["s1"]},"o2":{"for":["s2"]},"o3":{}}},
		"by":{"type":"picklist","options":{"a":{},"b":{}}},
		"hidden_by":{"type":"picklist","label":"Suspicion","options":{"s1":{},"s2":{}}},
		"hidden_of":{"type":"picklist","label":"Suspicion","depends_on":"by","options":{"s1":{"for":["a"]},"s2":{"for":["b"]}}},
		"hidden_needed":{"type":"text","label":"Suspicion","required":"name == \"needs\""},
		"hidden_sum":{"type":"formula","label":"Suspicion","result":"number","scale":2,"expression":"n * n * n"},
		"hidden_key":{"type":"text","label":"Suspicion","unique":true,"default_expr":"name == \"taken\" ? \"s1\" : nil"},
		"hidden_stage":{"type":"picklist","label":"Suspicion","options":{"s1":{},"s2":{}},"default":"s1"},
		"n":{"type":"number","scale":0}},
		"stages":{"field":"hidden_stage","stages":{"s1":{"required":["n"],"to":{"s2":{}}},"s2":{}}},
		"rules":{"seen":{"must":"name != \"ruled\"","field":"hidden_needed","message":"Not this name."}}}`,
	`{"kind":"permission","name":"clerk","label":"Clerk","objects":{"claim":{"create":true,"read":true,"update":true,"fields":{
		"*":"edit","hidden_by":"none","hidden_of":"none","hidden_needed":"none","hidden_sum":"none","hidden_key":"none","hidden_stage":"none","record_type":"none"}}}}`,
}

// Neither the value nor the label nor the place of a field that the caller may not read
// is among what a save, a bulk or a form tells.
func TestNothingIsToldOfHiddenFields(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(hides...)
	w.people["rob"].Permissions = []string{"clerk"}
	made := func(data map[string]any) id.ID {
		t.Helper()
		data["n"] = number("1")
		return w.create(w.system(), "claim", data).Record.ID()
	}
	made(map[string]any{"name": "other", "hidden_key": "s1"})
	for name, c := range map[string]struct {
		id    id.ID
		data  map[string]any
		fault string
	}{
		"an option that a hidden field rules out":        {made(map[string]any{"hidden_by": "s1"}), map[string]any{"open": "o2"}, "/open record.option_excluded"},
		"an option that a hidden record type rules out":  {made(map[string]any{"record_type": "plain"}), map[string]any{"open": "o3"}, "/open record.option_excluded"},
		"a hidden option that is ruled out":              {made(map[string]any{"by": "a", "hidden_of": "s1"}), map[string]any{"by": "b"}, "record.hidden_field"},
		"a hidden field that is required":                {made(map[string]any{"hidden_needed": nil}), map[string]any{"name": "needs"}, "record.hidden_field"},
		"a hidden formula that can't be computed":        {made(map[string]any{}), map[string]any{"n": number("900000000000")}, "record.hidden_field"},
		"a hidden stage that needs a field":              {made(map[string]any{}), map[string]any{"n": nil}, "/n record.stage_required"},
		"a rule that is shown at a hidden field":         {made(map[string]any{}), map[string]any{"name": "ruled"}, "record.rule"},
		"a hidden key that is taken":                     {0, map[string]any{"name": "taken", "n": number("1")}, "record.not_unique_hidden"},
		"several at once, told as one":                   {made(map[string]any{"by": "a", "hidden_of": "s1"}), map[string]any{"by": "b", "name": "needs"}, "record.hidden_field"},
		"a field that the caller doesn't know, if it is": {made(map[string]any{}), map[string]any{"hidden_by": "s1"}, "/hidden_by record.unknown_field"},
	} {
		rob := w.as("rob")
		_, err := rob.Update(w.ctx, "claim", c.id, c.data, 0)
		op := record.Operation{Op: "update", ID: c.id, Data: c.data}
		if c.id == 0 {
			op = record.Operation{Op: "create", Data: c.data}
			_, err = rob.Create(w.ctx, "claim", c.data)
		}
		outcomes, bulkErr := rob.Bulk(w.ctx, "claim", []record.Operation{op}, false)
		if bulkErr != nil {
			t.Fatal(bulkErr)
		}
		form, formErr := rob.Form(w.ctx, "claim", record.FormQuery{ID: c.id, Data: c.data})
		if formErr != nil {
			t.Fatal(formErr)
		}
		for way, err := range map[string]error{"a save": err, "a bulk": outcomes[0].Fault, "a form": fault.All(fault.Invalid, "record.invalid", form.Problems)} {
			if got := faults(err); got != c.fault {
				t.Errorf("%s: %s tells %q, not %q", name, way, got, c.fault)
			}
			if f := fault.From(err); f != nil && c.data["hidden_by"] == nil {
				noneOf(t, name+": "+way, f, "hidden", "Suspicion", "s1", "s2", "plain")
			}
		}
	}
}

// noneOf fails where a fault tells one of some texts in any way in which it reaches a caller.
func noneOf(t *testing.T, at string, f *fault.Fault, texts ...string) {
	t.Helper()
	for _, one := range f.Each() {
		params, _ := json.Marshal(one.Params)
		told := fmt.Sprint(one.Pointer, " ", one.Text("en"), " ", string(params))
		for _, text := range texts {
			if strings.Contains(told, text) {
				t.Errorf("%s tells %q in %s", at, text, told)
			}
		}
	}
}

// That a record is referred to is told without naming what the caller may not read.
func TestReferencesByHiddenRecords(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"claim","label":"Suspicion","name_field":"name","fields":{"name":{"type":"text"},"about":{"type":"lookup","object":"account","on_delete":"restrict"}}}`,
		`{"kind":"permission","name":"blind","label":"Blind","objects":{"account":{"read":true,"delete":true}}}`,
		`{"kind":"permission","name":"half","label":"Half","objects":{"account":{"read":true,"delete":true},"claim":{"read":true,"fields":{"*":"read","about":"none"}}}}`)
	for set, want := range map[string]struct {
		code  string
		field any
	}{"blind": {"record.referenced_unseen", nil}, "half": {"record.referenced", nil}, "admin": {"record.referenced", "about"}} {
		w.people["rob"].Permissions = []string{set}
		account := w.create(w.system(), "account", map[string]any{"name": set, "owner": w.people["rob"].User.String()}).Record.ID()
		w.create(w.system(), "claim", map[string]any{"about": account.String()})
		err := w.as("rob").Delete(w.ctx, "account", account, 0)
		f := fault.From(err)
		if f == nil || f.Code != want.code || f.Params["field"] != want.field {
			t.Errorf("%s is told %v", set, err)
		}
		if set == "blind" {
			noneOf(t, set, f, "claim", "Suspicion", "about")
		}
	}
}
