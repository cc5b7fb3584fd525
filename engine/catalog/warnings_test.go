package catalog

import (
	"encoding/json"
	"slices"
	"testing"
)

// A plan warns of fields that decide what may be chosen in a lookup, where somebody who may
// write the lookup may not read them.
func TestWarnsOfHiddenChoices(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	plan, err := h.catalog.Plan(t.Context(), h.tenant, Change{Documents: []json.RawMessage{
		json.RawMessage(`{"kind":"object","name":"judge","label":"J","name_field":"name","fields":{"name":{"type":"text"},"rank":{"type":"number"}}}`),
		json.RawMessage(`{"kind":"object","name":"claim","label":"C","name_field":"name","fields":{"name":{"type":"text"},"limit":{"type":"number"},
			"judge":{"type":"lookup","object":"judge","choose_when":"rank >= record.limit"}}}`),
		json.RawMessage(`{"kind":"permission","name":"all","label":"S","objects":{"claim":{"create":true},"judge":{"read":true}}}`),
		json.RawMessage(`{"kind":"permission","name":"blind","label":"S","objects":{"claim":{"update":true,"read":true,"fields":{"judge":"edit"}},"judge":{"read":true,"fields":{"name":"read"}}}}`),
		json.RawMessage(`{"kind":"permission","name":"reader","label":"S","objects":{"claim":{"update":true,"read":true,"fields":{"judge":"read"}}}}`)}})
	if err != nil || len(plan.Problems) > 0 {
		t.Fatal(err, plan.Problems)
	}
	var got []string
	for _, w := range plan.Warnings {
		got = append(got, w.Pointer+" "+w.Code+" "+w.Params["field"].(string)+" "+w.Params["sets"].(string))
	}
	want := []string{"/object/claim/fields/judge/choose_when catalog.hidden_choice rank blind", "/object/claim/fields/judge/choose_when catalog.hidden_choice record.limit blind"}
	if !slices.Equal(got, want) {
		t.Errorf("warns of\n%q, not\n%q", got, want)
	}
}

// A plan warns, once, of a condition that reads what somebody who may save the record may
// not read. It does not keep the change from being applied.
func TestWarnsOfConditionsOnHiddenFields(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	object := func(rules string) json.RawMessage {
		return json.RawMessage(`{"kind":"object","name":"claim","label":"Claim","name_field":"name","fields":{"name":{"type":"text"},"limit":{"type":"number","scale":0},
			"n":{"type":"number","scale":0},"above":{"type":"lookup","object":"claim"},"stage":{"type":"picklist","options":{"a":{},"b":{}}}},
			"stages":{"field":"stage","stages":{"a":{"to":{"b":{"when":"above.limit > 1"}}},"b":{}}},"rules":{` + rules + `}}`)
	}
	set := func(name, rights string) json.RawMessage {
		return json.RawMessage(`{"kind":"permission","name":"` + name + `","label":"S","objects":{"claim":` + rights + `}}`)
	}
	const rule = `"low":{"must":"n == nil or n < limit","when":"created_by != user.id","message":"No."}`
	change := Change{Documents: []json.RawMessage{object(rule),
		set("all", `{"create":true,"read":true}`), set("reader", `{"read":true,"fields":{"n":"read"}}`),
		set("writer", `{"update":true,"read":true,"fields":{"*":"edit","limit":"none"}}`), set("blind", `{"create":true,"fields":{"n":"edit","limit":"none","above":"edit","stage":"edit"}}`)}}
	plan, err := h.catalog.Plan(t.Context(), h.tenant, change)
	if err != nil || len(plan.Problems) > 0 {
		t.Fatal(err, plan.Problems)
	}
	var got []string
	for _, w := range plan.Warnings {
		got = append(got, w.Pointer+" "+w.Code+" "+w.Params["field"].(string)+" "+w.Params["sets"].(string))
	}
	want := []string{"/object/claim/rules/low catalog.hidden_condition created_by blind", "/object/claim/rules/low catalog.hidden_condition limit blind, writer",
		"/object/claim/stages/stages/a/to/b catalog.hidden_condition above.limit blind, writer"}
	if !slices.Equal(got, want) {
		t.Errorf("warns of\n%q, not\n%q", got, want)
	}
	h.apply(change)
	again, err := h.catalog.Plan(t.Context(), h.tenant, Change{Documents: []json.RawMessage{object(rule + `,"more":{"must":"n != 3","message":"No."}`)}})
	if err != nil || len(again.Warnings) != 0 {
		t.Errorf("what was there is warned of again: %v %v", again.Warnings, err)
	}
}
