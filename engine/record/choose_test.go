package record_test

import (
	"fmt"
	"slices"
	"testing"

	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/record/form"
)

// choosing has a lookup that is narrowed by what its record says, in three ways.
var choosing = []string{
	`{"kind":"object","name":"firm","label":"Firm","name_field":"name","visibility":"private","fields":{"name":{"type":"text"},"closed":{"type":"checkbox"}}}`,
	`{"kind":"object","name":"person","label":"Person","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},
		"firm":{"type":"lookup","object":"firm"},"score":{"type":"number"}}}`,
	`{"kind":"object","name":"order","label":"Order","name_field":"name","visibility":"write","fields":{"name":{"type":"text"},"firm":{"type":"lookup","object":"firm"},"least":{"type":"number"},
		"contact":{"type":"lookup","label":"Contact","object":"person","choose_when":"firm == record.firm"},
		"judge":{"type":"lookup","label":"Judge","object":"person","choose_when":"score >= record.least"},
		"open":{"type":"lookup","label":"Open","object":"person","choose_when":"not firm.closed"},
		"keeper":{"type":"user","label":"Keeper","choose_when":"region == user.region and id != record.created_by"},
		"any":{"type":"any_lookup"}}}`,
	`{"kind":"permission","name":"clerk","label":"Clerk","objects":{"order":{"create":true,"read":true,"update":true},"firm":{"create":true,"read":true},
		"user":{"read":true},"person":{"create":true,"read":true,"fields":{"*":"edit","score":"none"}}}}`,
}

// candidates are the names of those that may be chosen in a field.
func (w *world) candidates(s *record.Session, field string, q form.Query) string {
	w.t.Helper()
	page, err := s.Candidates(w.ctx, "order", field, q, record.ListQuery{Fields: []string{"name"}, Sort: []string{"name"}})
	if err != nil {
		return faults(err)
	}
	var names []string
	for _, r := range page.Items {
		names = append(names, fmt.Sprint(decode(w.t, r)["name"]))
	}
	return fmt.Sprint(names)
}

// Every save that changes the lookup, or what its condition reads, is held to the
// condition; the form tells it, and the candidates are those that a save takes.
func TestChoicesAreHeld(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(choosing...)
	s := w.system()
	firm := func(name string) string {
		return w.create(s, "firm", map[string]any{"name": name}).Record.ID().String()
	}
	person := func(name, firm, score string) string {
		return w.create(s, "person", map[string]any{"name": name, "firm": firm, "score": number(score)}).Record.ID().String()
	}
	a, b := firm("A"), firm("B")
	anna, bert := person("Anna", a, "3"), person("Bert", b, "7")
	if _, err := s.Create(w.ctx, "order", map[string]any{"firm": a, "contact": bert}); faults(err) != "/contact record.not_choosable" {
		t.Errorf("another firm's contact: %v", err)
	}
	order := w.create(s, "order", map[string]any{"firm": a, "contact": anna}).Record.ID()
	if _, err := s.Update(w.ctx, "order", order, map[string]any{"firm": b}, 0); faults(err) != "/contact record.not_choosable" {
		t.Errorf("what the condition reads has changed: %v", err)
	}
	if _, err := s.Update(w.ctx, "order", order, map[string]any{"contact": bert}, 0); faults(err) != "/contact record.not_choosable" {
		t.Errorf("the lookup has changed: %v", err)
	}
	w.update(s, "order", order, map[string]any{"firm": b, "contact": bert})
	annaID, _ := id.Parse(anna)
	w.update(s, "person", annaID, map[string]any{"firm": b})
	w.update(s, "order", order, map[string]any{"least": number("5")}) // nothing that decides about the contact
	f, err := s.Form(w.ctx, "order", form.Query{ID: order, Data: map[string]any{"firm": a}})
	if err != nil || !f.Fields["contact"].Narrowed || f.Fields["firm"].Narrowed || len(f.Problems) != 1 || f.Problems[0].Code != "record.not_choosable" {
		t.Errorf("the form says %+v, %v", f, err)
	}
	for _, c := range []struct {
		field string
		q     form.Query
		want  string
	}{
		{"contact", form.Query{ID: order}, "[Anna Bert]"},
		{"contact", form.Query{ID: order, Data: map[string]any{"firm": a}}, "[]"},
		{"contact", form.Query{ID: order, Data: map[string]any{"firm": a}, Changed: []string{}}, "[Anna Bert]"},
		{"judge", form.Query{ID: order}, "[Bert]"},
		{"judge", form.Query{Data: map[string]any{"least": number("1")}}, "[Anna Bert]"},
		{"judge", form.Query{}, "[]"},
		{"firm", form.Query{}, "[A B]"},
		{"any", form.Query{}, "/field record.no_candidates"},
		{"judgee", form.Query{}, "/field record.unknown_field"},
	} {
		if got := w.candidates(s, c.field, c.q); got != c.want {
			t.Errorf("candidates of %s for %+v: %s, want %s", c.field, c.q, got, c.want)
		}
	}
	w.people["rob"].Permissions = []string{"clerk"}
	if got := w.candidates(w.as("rob"), "keeper", form.Query{}); got != "[boss]" { // of his region, and not himself
		t.Errorf("keepers: %s", got)
	}
}

// Nobody learns by choosing what they may not read: neither a hidden field of the
// candidates, nor one of a hidden record behind them.
func TestChoicesTellNothingHidden(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(choosing...)
	w.people["rob"].Permissions = []string{"clerk"}
	s, rob := w.system(), w.as("rob")
	hidden := w.create(s, "firm", map[string]any{"name": "Hidden"}).Record.ID().String()
	shut := w.create(s, "firm", map[string]any{"name": "Shut", "closed": true}).Record.ID().String()
	own := w.create(rob, "firm", map[string]any{"name": "Own"}).Record.ID().String()
	people := map[string]string{}
	for name, firm := range map[string]any{"hidden": hidden, "shut": shut, "own": own, "free": nil} {
		people[name] = w.create(s, "person", map[string]any{"name": name, "firm": firm, "score": number("9")}).Record.ID().String()
	}
	for _, least := range []string{"1", "99"} {
		data := map[string]any{"least": number(least), "judge": people["own"]}
		if _, err := rob.Create(w.ctx, "order", data); faults(err) != "/judge record.choice_hidden" {
			t.Errorf("at least %s: %v", least, err)
		}
		if got := w.candidates(rob, "judge", form.Query{Data: data}); got != "record.choice_hidden" {
			t.Errorf("candidates of at least %s: %s", least, got)
		}
	}
	if got := w.candidates(rob, "open", form.Query{}); got != "[free own]" {
		t.Errorf("through firms that may be read: %s", got)
	}
	for name, person := range people {
		_, err := rob.Create(w.ctx, "order", map[string]any{"open": person})
		if wanted := slices.Contains([]string{"free", "own"}, name); (err == nil) != wanted || err != nil && faults(err) != "/open record.not_choosable" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := w.candidates(s, "open", form.Query{}); got != "[free hidden own]" {
		t.Errorf("the platform itself: %s", got)
	}
}

// Nor does a change of the record tell anything of a chosen one that they may not read.
func TestAHiddenChoiceTellsNothing(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"judge","label":"Judge","name_field":"name","visibility":"private","fields":{"name":{"type":"text"},"score":{"type":"number"}}}`,
		`{"kind":"object","name":"claim","label":"Claim","name_field":"name","visibility":"write","fields":{"name":{"type":"text"},"least":{"type":"number"},
			"judge":{"type":"lookup","object":"judge","choose_when":"score >= record.least"}}}`,
		`{"kind":"permission","name":"clerk","label":"Clerk","objects":{"claim":{"create":true,"read":true,"update":true},"judge":{"create":true,"read":true}}}`)
	w.people["rob"].Permissions = []string{"clerk"}
	s, rob := w.system(), w.as("rob")
	hidden := w.create(s, "judge", map[string]any{"name": "Hidden", "score": number("7")}).Record.ID().String()
	claim := w.create(s, "claim", map[string]any{"least": number("5"), "judge": hidden}).Record.ID()
	for _, least := range []string{"1", "99"} {
		if _, err := rob.Update(w.ctx, "claim", claim, map[string]any{"least": number(least)}, 0); faults(err) != "/judge record.not_choosable" {
			t.Errorf("at least %s: %v", least, err)
		}
	}
	w.update(rob, "claim", claim, map[string]any{"name": "New"})
	own := w.create(rob, "judge", map[string]any{"score": number("9")}).Record.ID().String()
	w.update(rob, "claim", claim, map[string]any{"least": number("8"), "judge": own})
}
