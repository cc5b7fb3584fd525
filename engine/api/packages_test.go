package api_test

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestAdviceNamesAListThatNoIndexFits(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	as := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	change := `{"documents":[{"kind":"object","name":"account","fields":{"distance":{"type":"number"}}},` +
		`{"kind":"view","name":"far","label":"Far","object":"account","show":"table","columns":["name"],"sort":["distance"]}]}`
	if status, _, body := w.do("POST", "/api/v1/metadata/apply", as, change); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	status, _, body := w.do("GET", "/api/v1/metadata/advice", as, "")
	var answer struct {
		Items []struct {
			Source, Object string
			Sorts          bool
			Columns        []string
		}
	}
	if err := json.Unmarshal(body, &answer); status != 200 || err != nil {
		t.Fatalf("%d %s", status, body)
	}
	for _, one := range answer.Items {
		if one.Source == "view/far" && one.Object == "account" && one.Sorts && slices.Contains(one.Columns, "distance") {
			return
		}
	}
	t.Errorf("nothing about the view: %s", body)
}
