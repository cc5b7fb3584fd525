package api_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"testing"

	"formwork/engine/catalog"
	"formwork/metadata"
)

var writeRedacted = flag.Bool("redacted", false, "write what is hidden to testdata/redacted.json")

// narrowed are documents of a tenant that say what their readers may not know: fields
// that the set "narrow" can't read, in every place in which a document names one.
var narrowed = []string{
	`{"kind":"permission","name":"narrow","objects":{"account":{"read":true,"fields":{"*":"read","industry":"none","annual_revenue":"none"}},
		"opportunity":{"read":true,"fields":{"*":"read","amount":"none"}},"contact":{"read":true,"fields":{"*":"read","account":"none","record_type":"none"}}}}`,
	`{"kind":"object","name":"contact","record_types":{"vip":{"label":"Vip"}}}`,
	`{"kind":"object","name":"account","fields":{
		"secret":{"type":"formula","expression":"annual_revenue * 2","result":"currency","scale":2},
		"only_some":{"type":"text","visible_when":"industry == \"education\"","required":"annual_revenue > 5","default_expr":"user.name","mask":"***"},
		"won":{"type":"rollup","op":"sum","object":"opportunity","lookup":"account","field":"amount","filter":"stage == \"won\"","result":"currency","scale":2}},
		"indexes":{"by_revenue":{"fields":["annual_revenue"]}},"search":["name"],"untracked":["secret"]}`,
	`{"kind":"object","name":"opportunity","stages":{"stages":{"won":{"required":["amount","contact"],"set":{"probability":"100"},
		"to":{"lost":{"when":"amount < 5","message":"No."}}}}},
		"record_types":{"big":{"label":"Big","options":{"source":["website"]},"layout":"opportunity"}},
		"rules":{"positive":{"must":"amount >= 0","message":"No."}}}`,
	`{"kind":"layout","name":"account","highlights":["industry","name"],"tabs":{"extra":{"label":"Extra","sections":{
		"a":{"visible_when":"industry != nil","columns":1,"fields":{"annual_revenue":{},"name":{"wide":true,"visible_when":"annual_revenue > 1","required_when":"name != nil","read_only_when":"industry == nil"}}}}}},
		"related":{"big_deals":{"object":"opportunity","lookup":"account","filter":"amount > 5","columns":["name"]},
			"open_deals":{"object":"opportunity","lookup":"account","filter":"stage != \"won\"","columns":["name","amount","account.industry"],"sort":["-amount","name"]},
			"people":{"object":"contact","lookup":"account","columns":["name"]}}}`,
	`{"kind":"view","name":"rich","object":"account","filter":"annual_revenue > 5","columns":["name"],"show":"table"}`,
	`{"kind":"view","name":"plain","object":"account","filter":"name != nil","columns":["name","industry"],"sort":["-annual_revenue"],"sum":["annual_revenue"],"show":"kanban","group":"industry"}`,
	`{"kind":"view","name":"deals_by_industry","object":"opportunity","columns":["name","account.industry"],"sort":["account.industry"],"show":"table"}`,
	`{"kind":"app","name":"mine","items":{"a":{"object":"account","view":"rich"},"b":{"object":"account","view":"plain"},"c":{"object":"lead"}}}`,
	`{"kind":"role","name":"lonely"}`,
	`{"kind":"sharing","name":"some","object":"account","to":{"everyone":true},"access":"read"}`,
}

// What people of several rights are shown of the packages' documents and of a tenant's
// own is what the file says: by document, where something is hidden or shortened.
func TestWhatIsHidden(t *testing.T) {
	w := newWorld(t)
	var change catalog.Change
	for _, body := range narrowed {
		change.Documents = append(change.Documents, json.RawMessage(body))
	}
	if _, err := w.Catalog.Apply(t.Context(), w.Tenant, change, 7); err != nil {
		t.Fatal(err)
	}
	documents, err := w.Catalog.Documents(t.Context(), w.Tenant, catalog.Effective)
	if err != nil {
		t.Fatal(err)
	}
	hidden := map[string]map[string][]string{}
	for _, set := range []string{"sales_user", "sales_manager", "activities", "read_only", "narrow"} {
		w.User(set+"@example.com", map[string]any{"permissions": []string{set}})
		hidden[set] = w.hiddenFrom(set+"@example.com", documents)
	}
	got, err := json.MarshalIndent(hidden, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/redacted.json"
	if *writeRedacted {
		if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got)+"\n" {
		t.Errorf("not as in %s, but:\n%s", file, got)
	}
}

// hiddenFrom lists by document what a user is not shown: pointers, each with what is
// left where that is something.
func (w *world) hiddenFrom(email string, documents []metadata.Document) map[string][]string {
	w.t.Helper()
	status, _, body := w.do("GET", "/api/v1/metadata", map[string]string{"Authorization": "Bearer " + w.login("main", email)}, "")
	if status != http.StatusOK {
		w.t.Fatalf("%d %s", status, body)
	}
	var answer struct{ Items []json.RawMessage }
	if err := json.Unmarshal(body, &answer); err != nil {
		w.t.Fatal(err)
	}
	shown := map[metadata.Key]metadata.Document{}
	for _, item := range answer.Items {
		d, problems := metadata.Parse(item)
		if problems != nil {
			w.t.Fatal(problems)
		}
		shown[d.Key] = d
	}
	hidden := map[string][]string{}
	for _, d := range documents {
		name := d.Key.String()
		is, there := shown[d.Key]
		if !there {
			hidden[name] = []string{""}
			continue
		}
		for _, part := range metadata.Parts(d, is) {
			told := part.Pointer
			if part.To != nil {
				told += " leaves " + string(part.To)
			}
			hidden[name] = append(hidden[name], told)
		}
	}
	return hidden
}
