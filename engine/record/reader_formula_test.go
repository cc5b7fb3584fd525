package record_test

import (
	"testing"

	"formwork/engine/id"
	"formwork/engine/record"
)

// A formula that looks at the user is computed for whoever reads: each sees their own
// value, filters agree with what is seen, and nothing of it is kept.
func TestFormulaOfTheReader(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"account","visibility":"read","fields":{
		"mine":{"type":"formula","result":"checkbox","expression":"owner == user"},
		"near":{"type":"formula","result":"text","expression":"region == user.region ? user.name + \" \" + (user.role ?? \"\") : nil"},
		"nearer":{"type":"formula","result":"text","expression":"mine ? near + \"!\" : nil"}}}`,
		`{"kind":"object","name":"deal","fields":{"near":{"type":"formula","result":"text","expression":"account.near"}}}`)
	add := func(owner, region string) id.ID {
		return w.create(w.system(), "account", map[string]any{"name": region, "region": region, "owner": w.people[owner].User.String()}).Record.ID()
	}
	add("rob", "east")
	add("rita", "north")
	west := add("rita", "west")
	deal := w.create(w.as("rita"), "deal", map[string]any{"name": "D", "account": west.String()}).Record.ID()

	for _, c := range []struct{ who, near, nearer string }{{"rita", "rita rep", "rita rep!"}, {"rob", "", ""}, {"ada", "ada ", ""}} {
		got := w.get(w.as(c.who), "account", west, "near", "nearer", "mine")
		if seen(got["near"]) != c.near || seen(got["nearer"]) != c.nearer || got["mine"] != (c.who == "rita") {
			t.Errorf("%s sees %v", c.who, got)
		}
	}
	if got := w.get(w.as("rita"), "deal", deal, "near", "account.nearer"); got["near"] != "rita rep" || got["account.nearer"] != "rita rep!" {
		t.Errorf("through a lookup: %v", got)
	}
	if got := w.get(w.system(), "account", west, "near", "mine"); got["near"] != nil || got["mine"] != false {
		t.Errorf("the platform itself sees %v", got)
	}
	for who, want := range map[string]int{"rita": 2, "rob": 1, "ada": 0} {
		var found []id.ID
		for r, err := range w.as(who).Each(w.ctx, "account", record.ListQuery{Filter: "mine"}) {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, r.ID())
		}
		if len(found) != want {
			t.Errorf("%s finds %d accounts, not %d", who, len(found), want)
		}
	}
	_, err := w.as("rita").List(w.ctx, "account", record.ListQuery{Sort: []string{"mine"}})
	if got := faults(err); got != "/sort list.not_sortable" {
		t.Errorf("sorting: %s", got)
	}
}

func seen(v any) string { s, _ := v.(string); return s }
