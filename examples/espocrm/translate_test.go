package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/metadata"
)

// translated has a module translated to a folder, and reads it as a package.
func translated(t *testing.T, checkout, module string) (metadata.PackageSet, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "package")
	var said bytes.Buffer
	if err := run([]string{"-module", module, checkout, folder}, &said); err != nil {
		t.Fatal(err)
	}
	set, problems := metadata.ReadPackage(os.DirFS(folder))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set, said.String()
}

// installed is a tenant with the package, which was planned before.
func installed(t *testing.T, set metadata.PackageSet) *enginetest.Tenant {
	t.Helper()
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main")
	upgrade := catalog.Upgrade{Sets: []metadata.PackageSet{set}}
	plan, err := main.Catalog.PlanUpgrade(t.Context(), main, upgrade)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range plan.Problems {
		t.Error(problem)
	}
	if _, err := main.Catalog.Upgrade(t.Context(), main, upgrade, 0); err != nil {
		t.Fatal(err)
	}
	return main
}

// The module of testdata, which was made up for this test, has every construct that is
// translated, and is used as people would.
func TestWorkshop(t *testing.T) {
	set, said := translated(t, "testdata", "Workshop")
	main := installed(t, set)
	garage := main.Create("workshop_garage", map[string]any{"name": "North", "email_address": "north@example.com", "kind": "Tyres & Wheels", "tax_code": "T1",
		"address": map[string]any{"city": "Oslo"}, "services": []any{"wash"}, "rating": json.Number("4.5")})
	mechanic := main.Create("workshop_mechanic", map[string]any{"first_name": "Ida", "last_name": "Berg"})
	main.Create("workshop_garage_mechanic", map[string]any{"garage": garage.String(), "mechanic": mechanic.String(), "role": "Chief", "since": "2026-01-02"})
	order := main.Create("workshop_order", map[string]any{"name": "Paint", "garage": garage.String(), "amount": json.Number("1500"), "kind": "4x4", "source": "phone", "due": "2026-04-01"})
	visit := main.Create("workshop_visit", map[string]any{"date_end": "2026-03-14T11:00:00Z", "parent": map[string]any{"object": "workshop_order", "id": order.String()}})

	t.Run("values", func(t *testing.T) {
		expect(t, main, "workshop_garage", garage, map[string]any{"kind": "tyres_wheels", "open": true, "address.city": "Oslo"})
		expect(t, main, "workshop_mechanic", mechanic, map[string]any{"name": "Ida Berg"})
		expect(t, main, "workshop_order", order, map[string]any{"number": "1", "reference": "W-00001", "stage": "asked", "probability": json.Number("10"), "ordered": "2026-03-14",
			"garage_kind": "Tyres & Wheels", "payment": json.Number("14"), "kind": "n_4x4"})
		expect(t, main, "workshop_visit", visit, map[string]any{"duration": json.Number("5400"), "date_start": "2026-03-14T09:30:00Z"})
	})
	t.Run("rules", func(t *testing.T) {
		refused(t, main, "workshop_garage", map[string]any{"name": "a<b"}, "/name")
		refused(t, main, "workshop_garage", map[string]any{"name": "South", "tax_code": "t1"}, "/tax_code")
		refused(t, main, "workshop_garage_mechanic", map[string]any{"garage": garage.String(), "mechanic": mechanic.String()}, "/garage")
		refused(t, main, "workshop_order", map[string]any{"name": "X", "garage": garage.String(), "ordered": "2026-02-02", "due": "2026-02-01"}, "/due")
		refused(t, main, "workshop_order", map[string]any{"name": "X", "garage": garage.String(), "payment": json.Number("8")}, "/payment")
		refused(t, main, "workshop_order", map[string]any{"name": "X", "garage": garage.String(), "stage": "Closed Lost"}, "/lost_because")
		refused(t, main, "workshop_order", map[string]any{"name": "X"}, "/garage")
		refused(t, main, "workshop_mechanic", map[string]any{"first_name": "Nobody"}, "/last_name")
	})
	t.Run("what stays as it was", func(t *testing.T) {
		if _, err := main.System().Update(t.Context(), "workshop_order", order, map[string]any{"source": "mail"}, 0); !points(err, "/source") {
			t.Errorf("a source that stays: %v", err)
		}
		if _, err := main.System().Update(t.Context(), "workshop_order", order, map[string]any{"stage": "closed_won", "amount": json.Number("1600")}, 0); err != nil {
			t.Errorf("winning: %v", err)
		}
		expect(t, main, "workshop_order", order, map[string]any{"probability": json.Number("100")})
		if _, err := main.System().Update(t.Context(), "workshop_order", order, map[string]any{"amount": json.Number("1")}, 0); !points(err, "/amount") {
			t.Errorf("the amount of a won order: %v", err)
		}
	})
	t.Run("columns of related lists", func(t *testing.T) {
		for layout, columns := range map[string][]string{"workshop_garage/mechanics": {"mechanic.name", "mechanic.last_name", "role", "since"}, "workshop_garage/orders": {"name", "stage"}} {
			name, list, _ := strings.Cut(layout, "/")
			at := slices.IndexFunc(set.Documents, func(d metadata.Document) bool { return d.Key == metadata.Key{Kind: "layout", Name: name} })
			if at < 0 {
				t.Fatalf("there is no layout %s", name)
			}
			var doc struct {
				Related map[string]struct {
					Columns []string `json:"columns"`
				} `json:"related"`
			}
			if err := json.Unmarshal(set.Documents[at].Body, &doc); err != nil {
				t.Fatal(err)
			}
			if got := doc.Related[list].Columns; !slices.Equal(got, columns) {
				t.Errorf("%s has the columns %v, not %v", layout, got, columns)
			}
		}
	})
	t.Run("related", func(t *testing.T) {
		related(t, main, "workshop_garage", garage, "mechanics", "mechanic.name", "Ida Berg")
		related(t, main, "workshop_garage", garage, "orders", "name", "Paint")
		related(t, main, "workshop_mechanic", mechanic, "garages", "garage.name", "North")
	})
	t.Run("duplicates", func(t *testing.T) {
		saved, err := main.System().Create(t.Context(), "workshop_mechanic", map[string]any{"first_name": "IDA", "last_name": "Berg"})
		if err != nil || len(saved.Warnings) != 1 {
			t.Errorf("%+v %v", saved, err)
		}
	})
	t.Run("rights", func(t *testing.T) {
		caller := main.CallerWith("ole@example.com", "espo_workshop_user")
		saved, err := main.As(caller).Create(t.Context(), "workshop_garage", map[string]any{"name": "Own"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := main.As(caller).Update(t.Context(), "workshop_garage", saved.Record.ID(), map[string]any{"tax_code": "T9"}, 0); err == nil {
			t.Error("a field that only administrators change was changed")
		}
		page, err := main.As(caller).List(t.Context(), "workshop_garage", record.ListQuery{Filter: "owner == user.id", Limit: 10})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("the view of one's own: %v %v", page, err)
		}
	})
	t.Run("words", func(t *testing.T) {
		object := main.Snapshot().Objects["workshop_garage"].Doc
		if object.Label["zh"] != "车行" || object.Fields["email_address"].Label["zh"] != "邮箱" || object.Rules != nil {
			t.Errorf("%v %v", object.Label, object.Fields["email_address"].Label)
		}
		rule := main.Snapshot().Objects["workshop_order"].Doc.Rules["due_after_ordered"]
		if rule.Message["zh"] != "到期应晚于下单" || rule.Message["en"] != "Due comes after Ordered" {
			t.Errorf("%v", rule.Message)
		}
	})
	t.Run("what is left is told", func(t *testing.T) {
		for _, line := range []string{
			"| field | 1 | another has its name already | Mechanic.last_name |",
			"| default | 1 | it is a script | Order.made |",
			"| field of the type currencyConverted | 1 |",
			"| field of the type map | 1 |",
			"| dynamic logic of options | 1 |",
			"| link to another module | 2 |",
			"| preset filter | 2 |",
			"| required list of links | 1 |",
			"| metadata/formula | 1 |",
		} {
			if !strings.Contains(said, line) {
				t.Errorf("it does not say %q:\n%s", line, said)
			}
		}
	})
}

// TestCheckout translates a checkout of EspoCRM, and has a tenant take it.
func TestCheckout(t *testing.T) {
	checkout := os.Getenv("FORMWORK_EXAMPLE_ESPOCRM")
	if checkout == "" {
		t.Skip("FORMWORK_EXAMPLE_ESPOCRM names no checkout of EspoCRM, whose files are not part of this repository")
	}
	set, _ := translated(t, checkout, "Crm")
	main := installed(t, set)
	account := main.Create("crm_account", map[string]any{"name": "Acme"})
	main.Create("crm_opportunity", map[string]any{"name": "Deal", "account": account.String(), "amount": json.Number("10"), "close_date": "2026-04-01"})
	related(t, main, "crm_account", account, "opportunities", "name", "Deal")
}

// A folder that is there is left alone.
func TestNothingIsOverwritten(t *testing.T) {
	if err := run([]string{"-module", "Workshop", "testdata", t.TempDir()}, &bytes.Buffer{}); err == nil {
		t.Error("it wrote into a folder that was there")
	}
	if err := run([]string{"-module", "Nothing", "testdata", filepath.Join(t.TempDir(), "new")}, &bytes.Buffer{}); err == nil {
		t.Error("it translated a module that is not there")
	}
}

func TestSnake(t *testing.T) {
	for from, want := range map[string]string{"closeDate": "close_date", "Closed Won": "closed_won", "SICCode": "sic_code", "4x4": "n_4x4", "": "n", "Tyres & Wheels": "tyres_wheels", "Mr.": "mr",
		"addressPostalCode": "address_postal_code", "n8nFlow": "n8n_flow", "客户": "n"} {
		if got := snake(from); got != want {
			t.Errorf("%q becomes %q, want %q", from, got, want)
		}
	}
	if names := optionNames([]string{"A B", "a-b", "a_b"}); len(slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for _, name := range names {
			if !yield(name) {
				return
			}
		}
	}))) != 3 {
		t.Errorf("options share a name: %v", names)
	}
}

func expect(t *testing.T, main *enginetest.Tenant, object string, key id.ID, want map[string]any) {
	t.Helper()
	fields := []string{}
	for name := range want {
		fields = append(fields, name)
	}
	got, err := main.System().Get(t.Context(), object, key, fields)
	if err != nil {
		t.Fatal(err)
	}
	shown := shown(t, got)
	for name, value := range want {
		if string(shown[name]) != string(mustJSON(t, value)) {
			t.Errorf("%s of %s is %s, want %v", name, object, shown[name], value)
		}
	}
}

// shown is a record as the API shows it.
func shown(t *testing.T, r record.Record) (fields map[string]json.RawMessage) {
	t.Helper()
	if err := json.Unmarshal(mustJSON(t, r), &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	raw, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// refused wants a new record to be refused at a field.
func refused(t *testing.T, main *enginetest.Tenant, object string, data map[string]any, at string) {
	t.Helper()
	if _, err := main.System().Create(t.Context(), object, data); !points(err, at) {
		t.Errorf("creating %s %v: %v, want a problem at %s", object, data, err, at)
	}
}

func points(err error, at string) bool {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return false
	}
	return f.Pointer == at || slices.ContainsFunc(f.Errors, func(one *fault.Fault) bool { return one.Pointer == at })
}

// related wants a related list, as the page has it, to hold one record with a value.
func related(t *testing.T, main *enginetest.Tenant, object string, key id.ID, list, field, want string) {
	t.Helper()
	page, err := main.System().Related(t.Context(), object, key, list, record.ListQuery{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 1 || string(shown(t, page.Items[0])[field]) != string(mustJSON(t, want)) {
		t.Errorf("%s of %s: %v", list, object, page.Items)
	}
}
