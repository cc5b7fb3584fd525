package catalog_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/record"
	"formwork/metadata"
)

// A constant that changes takes effect at once: rules hold to it, stored formulas are
// computed again, and the plan tells both.
func TestConstantsTakeEffect(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	rate := func(value string) string {
		return `{"kind":"constant","name":"vat_rate","label":"VAT","type":"percent","value":` + value + `}`
	}
	main.Apply(rate("19"), `{"kind":"constant","name":"least","label":"L","type":"number","value":1}`,
		`{"kind":"object","name":"bill","label":"Bill","name_field":"name","fields":{"name":{"type":"text"},"net":{"type":"currency"},
			"gross":{"type":"formula","result":"currency","expression":"net * (100 + constants.vat_rate) / 100"},
			"double":{"type":"formula","result":"currency","expression":"gross * 2"},
			"lines":{"type":"children","fields":{"net":{"type":"currency"},"tax":{"type":"formula","result":"currency","expression":"net * constants.vat_rate / 100"}}},
			"taxes":{"type":"rollup","op":"sum","rows":"lines","field":"tax","result":"currency"}},
			"rules":{"enough":{"must":"net >= constants.least","message":"M"}}}`)
	data := map[string]any{"name": "B", "net": json.Number("100"), "lines": []any{map[string]any{"net": json.Number("100")}}}
	bill := main.Create("bill", data)
	shown := func() string {
		t.Helper()
		r, err := main.System().Get(t.Context(), "bill", bill, []string{"gross", "double", "taxes"})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		_, figures, _ := strings.Cut(string(raw), ",")
		return figures
	}
	before := shown()
	_, effects := planned(t, main, "admin", rate("20"))
	for _, want := range []string{"backfill catalog.computes_again object/bill/fields/gross", "backfill catalog.computes_again object/bill/fields/lines"} {
		if !slices.Contains(effects, want) {
			t.Errorf("the plan does not tell %s of %v", want, effects)
		}
	}
	main.RunJobs()
	if got, want := shown(), `"gross":120.00,"double":240.00,"taxes":20.00}`; got != want {
		t.Errorf("%s became %s, want %s", before, got, want)
	}
	least := `{"kind":"constant","name":"least","label":"L","type":"number","value":500}`
	if _, effects = planned(t, main, "admin", least); !slices.Contains(effects, "narrowing catalog.adds_rule object/bill/rules/enough") {
		t.Errorf("the plan tells %v", effects)
	}
	if _, err := main.System().Create(t.Context(), "bill", data); !fault.Is(err, "record.invalid") {
		t.Errorf("a rule with a constant: %v", err)
	}
	for name, c := range map[string]struct{ document, want string }{
		"type":    {`{"kind":"constant","name":"least","label":"L","type":"number","value":"many"}`, "field.not_a_number /constant/least/value"},
		"scale":   {`{"kind":"constant","name":"least","label":"L","type":"text","value":"x","scale":2}`, "schema.enum /constant/least/type"},
		"its use": {`{"kind":"constant","name":"least","label":"L","type":"text","value":"x"}`, "expression.wrong_kind /object/bill/rules/enough/must"},
	} {
		if got, _ := planned(t, main, "admin", c.document); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// A constant that is read can't be removed, and a name that is nearly right is told.
func TestConstantsInUse(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(`{"kind":"constant","name":"open_stage","label":"O","type":"text","value":"open"}`,
		`{"kind":"constant","name":"unused","label":"U","type":"checkbox","value":true}`,
		`{"kind":"object","name":"deal","label":"D","name_field":"name","fields":{"name":{"type":"text"},"stage":{"type":"text"}}}`,
		`{"kind":"view","name":"open","label":"O","object":"deal","show":"table","columns":["name"],"filter":"stage == constants.open_stage"}`)
	remove := func(name string) []*fault.Fault {
		t.Helper()
		plan, err := main.Catalog.Plan(t.Context(), main.Tenant, catalog.Change{Delete: []metadata.Key{{Kind: "constant", Name: name}}})
		if err != nil {
			t.Fatal(err)
		}
		return plan.Problems
	}
	if p := remove("open_stage"); len(p) != 1 || p[0].Code != "expression.unknown_constant" || p[0].Pointer != "/view/open/filter" {
		t.Errorf("removing one that is read: %v", p)
	}
	if p := remove("unused"); len(p) > 0 {
		t.Errorf("removing one that is not: %v", p)
	}
	reader := main.As(main.CallerWith("reader@example.com", "admin"))
	main.Create("deal", map[string]any{"name": "A", "stage": "open"})
	main.Create("deal", map[string]any{"name": "B", "stage": "won"})
	for filter, want := range map[string]int{"stage == constants.open_stage": 1, "stage != constants.open_stage and constants.unused": 1} {
		page, err := reader.List(t.Context(), "deal", record.ListQuery{Filter: filter})
		if err != nil || len(page.Items) != want {
			t.Errorf("%s: %v, %v", filter, page, err)
		}
	}
	_, err := reader.List(t.Context(), "deal", record.ListQuery{Filter: "stage == constants.open_stag"})
	if err == nil || !strings.Contains(err.Error(), "Did you mean “open_stage”?") {
		t.Errorf("a name that is nearly right: %v", err)
	}
}

// A constant by which records are shared opens them, whoever changes it.
func TestNobodyOpensByAConstant(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(designer, `{"kind":"constant","name":"shared","label":"S","type":"text","value":"a"}`,
		`{"kind":"sharing","name":"s","label":"S","object":"task","when":"subject == constants.shared","to":{"everyone":true},"access":"read"}`)
	changed := `{"kind":"constant","name":"shared","label":"S","type":"text","value":"b"}`
	if got, _ := planned(t, main, "designer", changed); !slices.Equal(got, []string{"catalog.opens_beyond /sharing/s/to"}) {
		t.Errorf("problems %v", got)
	}
	if got, _ := planned(t, main, "admin", changed); len(got) > 0 {
		t.Errorf("an administrator is told %v", got)
	}
}
