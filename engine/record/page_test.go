package record_test

import (
	"fmt"
	"strings"
	"testing"

	"formwork/engine/record"
	"formwork/engine/record/page"
	"formwork/engine/store/teststore"
)

// opened has a related list of long texts, and more lists than a page has.
func opened() []string {
	documents := []string{
		`{"kind":"object","name":"firm","label":"Firm","name_field":"name","visibility":"write","fields":{"name":{"type":"text"},"closed":{"type":"checkbox"}}}`,
		`{"kind":"object","name":"letter","label":"Letter","name_field":"name","visibility":"private","fields":{"name":{"type":"text"},"body":{"type":"long_text","max_length":1000000},
			"firm":{"type":"lookup","object":"firm"},"carbon":{"type":"lookup","object":"firm"}}}`,
		`{"kind":"permission","name":"clerk","label":"Clerk","objects":{"firm":{"read":true},"letter":{"create":true,"read":true,"update":true}}}`,
	}
	lists := []string{`"letters":{"object":"letter","lookup":"firm","columns":["name","carbon"],"sort":["name"],"order":1,"visible_when":"not closed"}`}
	for i := range page.MaxLists + 5 {
		lists = append(lists, fmt.Sprintf(`"more%d":{"object":"letter","lookup":"carbon","columns":["name","body"],"order":%d}`, i, 2+i))
	}
	return append(documents, `{"kind":"layout","name":"firm","object":"firm","tabs":{"main":{"sections":{"main":{"fields":{"name":{}}}}}},"related":{`+strings.Join(lists, ",")+`}}`)
}

// The page of a record has the first records of the lists that its layout shows, their number
// and no more bytes than it may, by a few queries.
func TestPage(t *testing.T) { teststore.Each(t, pageOfRecord) }

func pageOfRecord(t *testing.T, open teststore.Opener) {
	w := newWorldOn(t, open).populate()
	w.apply(opened()...)
	w.people["rob"].Permissions = []string{"clerk"}
	firm := w.create(w.system(), "firm", map[string]any{"name": "Acme"}).Record.ID()
	other := w.create(w.system(), "firm", map[string]any{"name": "Other"}).Record.ID()
	for i := range page.ListRows + 2 {
		w.create(w.as("rob"), "letter", map[string]any{"name": fmt.Sprintf("L%02d", i), "firm": firm.String(), "carbon": other.String()})
	}
	w.create(w.system(), "letter", map[string]any{"name": "Hidden", "firm": firm.String()})
	asked := counted{w.tenant, map[string]int{}}
	rob := w.service.As(asked, w.snapshot, w.people["rob"])
	found, err := rob.Page(w.ctx, "firm", firm, record.PageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if found.Form != nil || found.Can != (record.Can{}) || found.Layout == nil || *found.Layout != "firm" {
		t.Errorf("for who only reads: %+v", found)
	}
	letters := found.Lists[0]
	if len(found.Lists) != page.MaxLists || letters.Name != "letters" || !letters.CanCreate || len(letters.Page.Items) != page.ListRows || *letters.Page.Total != page.ListRows+2 || letters.Page.Next == "" {
		t.Errorf("%d lists, the first %+v", len(found.Lists), letters)
	}
	if fmt.Sprint(letters.Page.Names) != fmt.Sprint(record.Names{"firm": {other: "Other"}}) || fmt.Sprint(decode(t, letters.Page.Items[0])["name"]) != "L00" {
		t.Errorf("%v %v", letters.Page.Names, letters.Page.Items[0])
	}
	if asked.asked["letter"] != page.MaxLists || asked.asked["firm"] > 4 {
		t.Errorf("asked %v", asked.asked)
	}
	// The newest of its history comes too, with the names of those who made it and of what was referred to.
	letter := letters.Page.Items[0].ID()
	for i := range page.Changes {
		w.update(w.as("rob"), "letter", letter, map[string]any{"firm": []any{other.String(), firm.String()}[i%2]})
	}
	if found, err = w.as("rob").Page(w.ctx, "letter", letter, record.PageQuery{}); err != nil {
		t.Fatal(err)
	}
	if len(found.History.Items) != page.Changes || found.History.Next == "" || found.History.Items[0].By != w.people["rob"].User {
		t.Errorf("history: %d, %+v", len(found.History.Items), found.History.Items[0])
	}
	if found.Names["firm"][firm] != "Acme" || found.Names["firm"][other] != "Other" {
		t.Errorf("names: %v", found.Names)
	}
	w.update(w.system(), "firm", firm, map[string]any{"closed": true})
	if found, err = w.as("rob").Page(w.ctx, "firm", firm, record.PageQuery{}); err != nil || found.Lists[0].Name == "letters" {
		t.Errorf("shows what the layout hides: %v %+v", err, found.Lists)
	}

	for range 4 {
		w.create(w.as("rob"), "letter", map[string]any{"name": "Long", "body": strings.Repeat("x", 1_000_000), "carbon": firm.String()})
	}
	found, err = w.as("rob").Page(w.ctx, "firm", firm, record.PageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Lists) != 1 || len(found.Lists[0].Page.Items) != 3 || found.Lists[0].Page.Next == "" || *found.Lists[0].Page.Total != 4 {
		t.Errorf("beyond its bytes: %d lists, %d records", len(found.Lists), len(found.Lists[0].Page.Items))
	}
}
