package record_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store/teststore"
	"formwork/metadata/packages"
)

// Many operations in one request find the duplicates that they find one by one: among
// the records that were there, those made before in the same request, and those that
// an operation between made alike.
func TestBulkFindsTheDuplicatesOfSingles(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for round := range 4 {
		var ops []record.Operation
		for range 60 {
			data := map[string]any{"name": fmt.Sprint("Firm ", r.IntN(50))}
			if r.IntN(2) == 0 {
				data["website"] = fmt.Sprintf("https://site-%d.example.com", r.IntN(40))
			}
			ops = append(ops, record.Operation{Op: "create", Data: data})
		}
		existing, changed := r.IntN(60), r.IntN(50)
		outcome := func(atomic, single bool) (found []string) {
			w := newWorldOf(t, teststore.Open, "sales", packages.All()...)
			for i := range existing {
				w.create(w.system(), "account", map[string]any{"name": fmt.Sprint("firm  ", i*3)})
			}
			other := w.create(w.system(), "account", map[string]any{"name": "Something else"}).Record.ID()
			all := slices.Insert(slices.Clone(ops), 30, record.Operation{Op: "update", ID: other, Data: map[string]any{"name": fmt.Sprint("Firm ", changed)}})
			parts := [][]record.Operation{all}
			if single {
				parts = slices.Collect(slices.Chunk(all, 1))
			}
			var before id.ID
			for _, part := range parts {
				outcomes, err := w.system().Bulk(w.ctx, "account", part, atomic)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range outcomes {
					if o.Fault != nil {
						t.Fatal(o.Fault)
					}
					if o.Did == "created" && o.ID <= before {
						t.Errorf("%s was made after %s", o.ID, before)
					} else if o.Did == "created" {
						before = o.ID
					}
					said := ""
					for _, warning := range o.Warnings {
						said += warning.Fault.Text("en") + ";"
					}
					found = append(found, said)
				}
			}
			return found
		}
		singles := outcome(false, true)
		for _, atomic := range []bool{false, true} {
			if bulk := outcome(atomic, false); !slices.Equal(bulk, singles) {
				t.Errorf("round %d, atomic %v:\n%q\none by one\n%q", round, atomic, bulk, singles)
			}
		}
		if !slices.ContainsFunc(singles, func(s string) bool { return s != "" }) {
			t.Error("nothing was alike")
		}
	}
}

// A rule that compares something exactly, and something else by likeness, is asked for in
// one question as well; who is at the same place as a record that was there, or that was
// made before in the same request, is compared with it.
func TestBulkFindsSimilarRecords(t *testing.T) {
	w := newWorldOf(t, teststore.Open, "sales", packages.All()...)
	var ops []record.Operation
	for n := range 30 {
		account := w.create(w.system(), "account", map[string]any{"name": fmt.Sprint("Firm ", n)}).Record.ID()
		ops = append(ops, record.Operation{Op: "create", Data: map[string]any{"last_name": "Schneider", "first_name": "Annemarie", "account": account.String()}})
	}
	w.create(w.system(), "contact", map[string]any{"last_name": "Schneiders", "first_name": "Annemarie", "account": ops[7].Data["account"]})
	ops[20].Data = map[string]any{"last_name": "Schneiderr", "first_name": "Annemarie", "account": ops[19].Data["account"]}
	a := &asking{Tenant: w.tenant}
	outcomes, err := w.service.As(a, w.snapshot, policy.System("acme")).Bulk(w.ctx, "contact", ops, false)
	if err != nil {
		t.Fatal(err)
	}
	for n, o := range outcomes {
		if o.Fault != nil {
			t.Fatal(o.Fault)
		}
		if alike := n == 7 || n == 20; alike != (len(o.Warnings) > 0) {
			t.Errorf("contact %d: %d warnings", n, len(o.Warnings))
		}
	}
	if a.asked > 15 {
		t.Errorf("asked %d times", a.asked)
	}
}

// What many records choose is asked for once, and each is held to its own condition.
func TestBulkAsksOnceForChoices(t *testing.T) {
	w := newWorldOf(t, teststore.Open, "sales", packages.All()...)
	w.apply(`{"kind":"object","name":"visit","label":"Visit","name_field":"name","fields":{"name":{"type":"text"},"account":{"type":"lookup","object":"account"},
		"contact":{"type":"lookup","object":"contact","choose_when":"account == record.account and last_name != \"Gone\""}}}`)
	var accounts []string
	for n := range 2 {
		accounts = append(accounts, w.create(w.system(), "account", map[string]any{"name": fmt.Sprint("Firm ", n)}).Record.ID().String())
	}
	var ops []record.Operation
	for n := range 30 {
		name := "Here"
		if n%5 == 0 {
			name = "Gone"
		}
		contact := w.create(w.system(), "contact", map[string]any{"last_name": name, "account": accounts[n%2]}).Record.ID()
		ops = append(ops, record.Operation{Op: "create", Data: map[string]any{"name": "V", "account": accounts[n%3%2], "contact": contact.String()}})
	}
	a := &asking{Tenant: w.tenant}
	outcomes, err := w.service.As(a, w.snapshot, policy.System("acme")).Bulk(w.ctx, "visit", ops, false)
	if err != nil {
		t.Fatal(err)
	}
	for n, o := range outcomes {
		_, err := w.system().Create(w.ctx, "visit", ops[n].Data)
		single := fault.From(err)
		if allowed := n%5 != 0 && n%3%2 == n%2; allowed != (o.Fault == nil) || allowed != (single == nil) {
			t.Errorf("visit %d: %v in a bulk, %v alone", n, o.Fault, single)
		}
	}
	if a.asked > 15 {
		t.Errorf("asked %d times", a.asked)
	}
}
