package api_test

import (
	"strings"
	"testing"
)

// Who sets off a workflow that fails for what is wrong with the record is told what, in their language, unless it is a field that they may not read.
func TestWhyARunFailedIsTold(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"object","name":"account","rules":{"one":{"must":"description != '1'","field":"description","message":{"en":"Not one","zh":"不能是一"}},"whole":{"must":"description != '2'","message":"Not two"}}}`,
		`{"kind":"permission","name":"staff","label":"Staff"}`,
		`{"kind":"permission","name":"seller","label":"Seller","includes":["staff"],"objects":{"account":{"read":true,"read_all":true,"fields":{"*":"read"}}}}`,
		`{"kind":"permission","name":"clerk","label":"Clerk","includes":["staff"],"objects":{"account":{"read":true,"read_all":true,"update":true,"write_all":true,"fields":{"name":"edit"}}}}`,
		`{"kind":"workflow","name":"one","label":"One","object":"account","trigger":{"type":"manual","permissions":["staff"]},"start":"a","steps":{"a":{"type":"set","values":{"description":"'1'"}}}}`,
		`{"kind":"workflow","name":"two","label":"Two","object":"account","trigger":{"type":"manual","permissions":["staff"]},"start":"a","steps":{"a":{"type":"set","values":{"description":"'2'"}}}}`,
		`{"kind":"workflow","name":"none","label":"None","object":"account","trigger":{"type":"manual","permissions":["staff"]},"start":"a","steps":{"a":{"type":"set","values":{"name":"nil"}}}}`,
		`{"kind":"workflow","name":"other","label":"Other","object":"account","trigger":{"type":"manual","permissions":["staff"]},"start":"a","steps":{"a":{"type":"create","object":"account","values":{"name":"name","description":"'1'"}}}}`)
	key := w.Create("account", map[string]any{"name": "Acme"}).String()
	w.User("ann@example.com", map[string]any{"permissions": []any{"seller"}})
	w.User("wang@example.com", map[string]any{"permissions": []any{"seller"}, "language": "zh"})
	w.User("cy@example.com", map[string]any{"permissions": []any{"clerk"}})
	for _, of := range []struct{ who, workflow, want string }{
		{"ann", "one", "Not one"}, {"wang", "one", "不能是一"}, {"cy", "one", ""},
		{"ann", "two", "Not two"}, {"cy", "two", "Not two"},
		{"ann", "none", "“Name” may not be empty."}, {"wang", "none", "“名称”不能为空。"}, {"cy", "none", "“Name” may not be empty."},
		{"ann", "other", ""}, // of a record that nobody has
	} {
		run := w.sent("POST", "/api/v1/records/account/"+key+"/workflows/"+of.workflow, w.login("main", of.who+"@example.com"), "")
		problem, _ := run["problem"].(map[string]any)
		if said, _ := problem["detail"].(string); run["state"] != "failed" || !strings.Contains(said, of.want) || of.want == "" && said != "" {
			t.Errorf("%s is told that %s %s: %v", of.who, of.workflow, run["state"], problem)
		}
	}
}
