package api_test

import (
	"encoding/json"
	"slices"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/demand"
	"formwork/engine/store"
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
	err := w.Write(t.Context(), func(tx store.Tx) error {
		for range catalog.FewRows + 1 {
			if err := tx.Insert(t.Context(), "account", w.IDs.Next(), map[string]any{"version": int64(1)}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
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
	checkIndexes(t, w, as)
	for _, one := range answer.Items {
		if one.Source == "view/far" && one.Object == "account" && one.Sorts && slices.Contains(one.Columns, "distance") {
			return
		}
	}
	t.Errorf("nothing about the view: %s", body)
}

// The advisor says of each index why it is there, of one that is about to be made that it is not
// built, and of a list that was used why it has none.
func checkIndexes(t *testing.T, w *world, as map[string]string) {
	t.Helper()
	use := func(sort string) {
		if status, _, body := w.do("GET", "/api/v1/records/account?limit=1&sort="+sort, as, ""); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	for range demand.Often {
		use("distance")
	}
	use("employees")
	w.FlushUses(t.Context())
	status, _, body := w.do("GET", "/api/v1/metadata/indexes", as, "")
	var answer struct {
		Indexes []struct {
			Object, Name, Reason string
			Built                bool
		}
		Wanted []struct {
			Object, Reason string
			Columns        []string
			Uses           int64
		}
	}
	if err := json.Unmarshal(body, &answer); status != 200 || err != nil {
		t.Fatalf("%d %s", status, body)
	}
	reasons := map[string]string{}
	for _, i := range answer.Indexes {
		if i.Object == "account" {
			reasons[i.Name] = i.Reason
		}
		if i.Built == (i.Reason == "on_demand") {
			t.Errorf("%+v", i)
		}
	}
	for name, want := range map[string]string{"i.owner.id": "owner", "i.website:d.same_website": "reference", "i.annual_revenue:i2.id": "configured", "i.distance:i0.id": "on_demand"} {
		if reasons[name] != want {
			t.Errorf("%s is there for %q, not %q", name, reasons[name], want)
		}
	}
	if len(answer.Wanted) != 1 || answer.Wanted[0].Object != "account" || answer.Wanted[0].Columns[0] != "employees" || answer.Wanted[0].Uses != 1 || answer.Wanted[0].Reason != "few_uses" {
		t.Errorf("wanted are %+v", answer.Wanted)
	}
}
