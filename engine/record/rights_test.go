package record_test

import (
	"testing"

	"formwork/engine/fault"
	"formwork/engine/message"
	"formwork/engine/policy"
	"formwork/engine/record"
)

// What was deleted together comes back together only for those who might have deleted
// all of it; what merely followed the record comes with it.
func TestRestoreNeedsRightsOnTheBatch(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"chore","label":"Chore","name_field":"name","visibility":"private","fields":{
			"name":{"type":"text"},"deal":{"type":"lookup","object":"deal","on_delete":"cascade"}}}`,
		`{"kind":"permission","name":"chores","label":"Chores","objects":{
			"chore":{"create":true,"read":true,"update":true,"delete":true},"deal":{"read":true}}}`)
	w.people["rob"].Permissions = []string{"chores"}
	deal := w.create(w.as("ada"), "deal", map[string]any{"name": "Secret"}).Record.ID()
	chore := w.create(w.as("ada"), "chore", map[string]any{"name": "C", "deal": deal.String(), "owner": w.people["rob"].User.String()}).Record.ID()
	if err := w.as("ada").Delete(w.ctx, "deal", deal, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.as("rob").Restore(w.ctx, "chore", chore); !fault.Is(err, "record.forbidden") {
		t.Errorf("a chore that brings back somebody else's deal: %v", err)
	}
	if _, err := w.as("ada").Get(w.ctx, "deal", deal, nil); !fault.Is(err, "record.not_found") {
		t.Errorf("the deal is back: %v", err)
	}
	w.people["rita"].Permissions = []string{"sales"} // no right on chores
	if err := func() error { _, err := w.as("ada").Restore(w.ctx, "deal", deal); return err }(); err != nil {
		t.Fatal(err)
	}
	w.update(w.as("ada"), "deal", deal, map[string]any{"owner": w.people["rita"].User.String()})
	if err := w.as("rita").Delete(w.ctx, "deal", deal, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.as("rita").Restore(w.ctx, "deal", deal); err != nil {
		t.Errorf("a deal with what follows it: %v", err)
	}
	w.get(w.as("rob"), "chore", chore)
}

// A record is not deleted while a lookup that may never be empty leads to it, unless the
// lookup says otherwise.
func TestRequiredLookupsHoldTheirRecord(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"chore","label":"Chore","name_field":"name","fields":{"name":{"type":"text"},
		"deal":{"type":"lookup","object":"deal","required":true},"other":{"type":"lookup","object":"deal"}}}`)
	deal := w.create(w.as("ada"), "deal", map[string]any{"name": "D"}).Record.ID()
	other := w.create(w.as("ada"), "deal", map[string]any{"name": "O"}).Record.ID()
	chore := w.create(w.as("ada"), "chore", map[string]any{"name": "C", "deal": deal.String(), "other": other.String()}).Record.ID()
	if err := w.as("ada").Delete(w.ctx, "deal", deal, 0); !fault.Is(err, "record.referenced") {
		t.Errorf("deleting what a chore needs: %v", err)
	}
	if err := w.as("ada").Delete(w.ctx, "deal", other, 0); err != nil {
		t.Error(err)
	}
	if got := w.get(w.as("ada"), "chore", chore); got["deal"] != deal.String() || got["other"] != nil {
		t.Errorf("the chore leads to %v and %v", got["deal"], got["other"])
	}
}

// A filter reads what lies behind the caller's own record only where the caller may.
func TestFilterOnWhatLiesBehindTheUser(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"user","visibility":"private"}`,
		`{"kind":"permission","name":"plain","label":"Plain","objects":{"account":{"read":true},"user":{"read":true}}}`)
	w.create(w.as("ada"), "account", map[string]any{"name": "A"})
	rob := *w.people["rob"]
	rob.Permissions = []string{"plain"}
	rob.Attributes = map[string]any{"id": int64(rob.User), "name": "rob", "region": "east", "manager": int64(w.people["ada"].User)}
	found := func(c *policy.Caller, filter string) int {
		page, err := w.service.As(w.tenant, w.snapshot, c).List(w.ctx, "account", record.ListQuery{Filter: filter})
		if err != nil {
			t.Fatal(err)
		}
		return len(page.Items)
	}
	if _, err := w.service.As(w.tenant, w.snapshot, &rob).Get(w.ctx, "user", w.people["ada"].User, nil); !fault.Is(err, "record.not_found") {
		t.Fatalf("rob reads ada: %v", err)
	}
	if n := found(&rob, `user.manager.region == "west"`); n != 0 {
		t.Error("a filter tells where the manager, whom rob may not read, is")
	}
	ada := *w.people["ada"]
	ada.Attributes = rob.Attributes
	if n := found(&ada, `user.manager.region == "west"`); n != 1 {
		t.Error("a filter does not read a manager who may be read")
	}
}

// That two records agree in a field tells something of it.
func TestDuplicatesByHiddenFields(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"account","duplicates":{"same_secret":{"match":{"secret":{"how":"exact"}},"action":"warn"}}}`)
	key := w.create(w.system(), "account", map[string]any{"name": "Alpha", "secret": "x"}).Record.ID()
	w.create(w.system(), "account", map[string]any{"name": "Omega", "secret": "x"})
	for name, want := range map[string]int{"ada": 1, "rob": 0} {
		if found, err := w.as(name).Duplicates(w.ctx, "account", key); err != nil || len(found) != want {
			t.Errorf("%s finds %v %v", name, found, err)
		}
	}
}

// Nor does saving a record tell that it agrees with another in what is hidden.
func TestWarningsOfHiddenFields(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"account","visibility":"write","duplicates":{
		"same_name":null,"same_both":{"match":{"industry":{"how":"exact"},"secret":{"how":"exact"}},"action":"warn"}}}`)
	w.create(w.system(), "account", map[string]any{"name": "Alpha", "secret": "x", "industry": "media"})
	for name, want := range map[string]int{"ada": 1, "rob": 0} {
		key := w.create(w.system(), "account", map[string]any{"name": "Omega", "secret": "x"}).Record.ID()
		saved := w.update(w.as(name), "account", key, map[string]any{"industry": "media"})
		if len(saved.Warnings) != want {
			t.Errorf("%s is warned %v", name, saved.Warnings)
		}
		if err := w.as("ada").Delete(w.ctx, "account", key, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// A formula has one value for all who may read it, be it shown or filtered by, though
// they may not read what it is computed from; what they write themselves goes no
// further than they may.
func TestFormulasThroughWhatIsHidden(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"account","visibility":"private"}`)
	account := w.create(w.system(), "account", map[string]any{"name": "Alpha", "industry": "media"}).Record.ID().String()
	rob := w.people["rob"]
	deal := w.create(w.system(), "deal", map[string]any{"name": "D", "account": account, "owner": rob.User.String()}).Record.ID()
	if got := w.get(w.as("rob"), "deal", deal)["industry"]; got != "media" {
		t.Errorf("the formula shows %v", got)
	}
	for filter, want := range map[string]int{`industry == "media"`: 1, `industry == nil`: 0, `account.industry == "media"`: 0, `account.industry == nil`: 1,
		`account.name startsWith "A"`: 0, `account != nil`: 1} {
		page, err := w.as("rob").List(w.ctx, "deal", record.ListQuery{Filter: filter, Total: record.ExactTotal})
		if err != nil || len(page.Items) != want || *page.Total != int64(want) {
			t.Errorf("%s finds %v %v", filter, page, err)
		}
	}
}

// A related list is shown without the columns that the caller may not read, and not at
// all if its filter reads such a field.
func TestRelatedListsWithHiddenFields(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"layout","name":"account","related":{
			"children":{"object":"account","lookup":"parent","columns":["name","secret","parent.biggest"],"sort":["-secret","name"]},
			"secrets":{"object":"account","lookup":"parent","columns":["name"],"filter":"secret == \"x\""}}}`,
		`{"kind":"object","name":"account","visibility":"read"}`)
	top := w.create(w.system(), "account", map[string]any{"name": "Top"}).Record.ID()
	for _, secret := range []string{"x", "y"} {
		w.create(w.system(), "account", map[string]any{"name": "Below " + secret, "secret": secret, "parent": top.String()})
	}
	for name, want := range map[string]struct {
		columns int
		found   int
		code    string
	}{"ada": {4, 1, ""}, "rob": {2, 0, "record.no_related"}} {
		page, err := w.as(name).Related(w.ctx, "account", top, "children", record.ListQuery{})
		if err != nil || len(page.Items) != 2 || len(page.Items[0].Fields()) != want.columns {
			t.Errorf("%s sees %v %v", name, page, err)
		}
		page, err = w.as(name).Related(w.ctx, "account", top, "secrets", record.ListQuery{})
		if want.code != "" && !fault.Is(err, want.code) || want.code == "" && (err != nil || len(page.Items) != want.found) {
			t.Errorf("%s sees %v %v", name, page, err)
		}
	}
}

// A key that is taken is told without the fields of it that the caller may not read.
func TestKeysWithHiddenFields(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"account","visibility":"write","unique":{"secret_name":{"fields":["secret","name"]}}}`)
	w.create(w.system(), "account", map[string]any{"name": "Alpha", "secret": "x"})
	key := w.create(w.system(), "account", map[string]any{"name": "Omega", "secret": "x"}).Record.ID()
	for name, want := range map[string][2]string{"ada": {"Secret, Name", "/secret"}, "rob": {"Name", "/name"}} {
		_, err := w.as(name).Update(w.ctx, "account", key, map[string]any{"name": "Alpha"}, 0)
		if f := fault.From(err); f.Code != "record.not_unique" || f.Params["field"] != want[0] || f.Pointer != want[1] {
			t.Errorf("%s is told %v at %s", name, f.Params, f.Pointer)
		}
	}
}

// Every action that may be forbidden has a word in every language.
func TestActionsHaveWords(t *testing.T) {
	for _, action := range []policy.Action{policy.Create, policy.Read, policy.Update, policy.Delete, "restore"} {
		if !message.Known("action." + string(action)) {
			t.Errorf("%s has none", action)
		}
	}
}
