package record_test

import (
	"encoding/json"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/record"
)

// A formula may be a link: an address that may be followed, with a text. Kept or computed when
// read it is the same; what may not be followed is empty.
func TestFormulaIsALink(t *testing.T) {
	w := newWorld(t).populate()
	w.apply(`{"kind":"object","name":"account","fields":{
		"site":{"type":"text"},"place":{"type":"address"},
		"page":{"type":"formula","result":"link","expression":"link(site, name)"},
		"mine":{"type":"formula","result":"link","expression":"link(\"/people/\" + user.name)"},
		"near":{"type":"formula","result":"link","expression":"page ?? mine"}}}`)
	for site, want := range map[string]string{
		"https://example.com/?q=a b":   `{"url":"https://example.com/?q=a%20b","label":"<i>\"A\"</i>"}`,
		"javascript:alert(document.x)": "null",
		"//example.com":                "null",
		"":                             "null",
	} {
		key := w.create(w.as("ada"), "account", map[string]any{"name": `<i>"A"</i>`, "site": site}).Record.ID()
		r, err := w.as("ada").Get(w.ctx, "account", key, []string{"page", "mine", "near"})
		if err != nil {
			t.Fatal(err)
		}
		mine := `{"url":"/people/ada","label":"/people/ada"}`
		near := want
		if want == "null" {
			near = mine
		}
		raw, err := json.Marshal(r)
		if all := `"page":` + want + `,"mine":` + mine + `,"near":` + near; err != nil || !sameMembers(string(raw), all) {
			t.Errorf("%q is read as %s, want %s", site, raw, all)
		}
	}
	page, err := w.as("ada").List(w.ctx, "account", record.ListQuery{Filter: "page != nil"})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("found %v, %v", page, err)
	}
	for expression, code := range map[string]string{"place": "expression.wrong_result", "site": "expression.wrong_result", `page == "x"`: "expression.wrong_kind"} {
		document := `{"kind":"object","name":"account","fields":{"wrong":{"type":"formula","result":"link","expression":` + string(must(json.Marshal(expression))) + `}}}`
		plan, err := w.catalog.Plan(w.ctx, w.tenant, catalog.Change{Documents: []json.RawMessage{json.RawMessage(document)}, Merge: true})
		if err != nil || len(plan.Problems) != 1 || plan.Problems[0].Code != code {
			t.Errorf("%s: %v, %v", expression, plan.Problems, err)
		}
	}
}

// sameMembers reports whether a JSON object has these members beside its id.
func sameMembers(object, members string) bool {
	var a, b map[string]any
	if json.Unmarshal([]byte(object), &a) != nil || json.Unmarshal([]byte("{"+members+"}"), &b) != nil {
		return false
	}
	delete(a, "id")
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}
