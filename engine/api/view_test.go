package api_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"
)

// A filter beside a view is one by itself: it narrows the view, and no bracket widens it.
func TestFiltersStayWithinTheirView(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	view := `{"documents":[{"kind":"view","name":"near","label":"Near","object":"account","filter":"name == \"Near\" or name == \"Nearer\"","columns":["name"],"show":"table"}]}`
	if status, _, raw := w.do("POST", "/api/v1/metadata/apply", headers, view); status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	for _, name := range []string{"Near", "Nearer", "Far"} {
		w.Create("account", map[string]any{"name": name})
	}
	for filter, want := range map[string][]string{
		`name != "Near"`:                 {"Nearer"},
		`name == "Far" or name != "Far"`: {"Near", "Nearer"},
		`true) or (true`:                 nil,
		`name != nil) or (name != nil`:   nil,
	} {
		status, _, raw := w.do("GET", "/api/v1/records/account?view=near&sort=name&fields=name&filter="+url.QueryEscape(filter), headers, "")
		var page struct{ Items []struct{ Name string } }
		if err := json.Unmarshal(raw, &page); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, one := range page.Items {
			names = append(names, one.Name)
		}
		if (status == 200) != (want != nil) || !slices.Equal(names, want) {
			t.Errorf("%s: %d %s, want %v", filter, status, raw, want)
		}
	}
}
