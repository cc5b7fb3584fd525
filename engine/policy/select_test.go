package policy

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// What a store selects with a filter is what the filter decides of single records,
// of which TestFilterIsDecision proves that it is OPA's decision; for generated
// permission sets, roles, sharing rules, policies in Rego and records.
func TestStoresSelectWhatIsDecided(t *testing.T) { teststore.Each(t, selectsWhatIsDecided) }

func selectsWhatIsDecided(t *testing.T, open teststore.Opener) {
	opened := open(t)
	all, some := 0, 0
	for round := range 12 {
		g := newGenerator(1000 + round)
		w := newWorld(t)
		g.scramble(t, w)
		documents := g.documents()
		s, problems := Compile(context.Background(), w.config(t, documents))
		if len(problems) > 0 {
			t.Fatalf("round %d: %v\n%s", round, problems[0], pretty(documents))
		}
		tenant, err := opened.Create(t.Context(), "round-"+strconv.Itoa(round))
		if err != nil {
			t.Fatal(err)
		}
		w.keep(t, tenant)
		for _, name := range []string{"ann", "bob", "cat", "dan"} {
			c := w.caller(name, g.some("p_one", "p_two", "p_three"), g.some("red", "west", "bank"))
			for _, object := range []string{"deal", "account", "part", "notice"} {
				for _, action := range []Action{Read, Update} {
					f := mustFilter(t, s, c, object, action)
					decided := []id.ID{}
					for key, record := range w.records[object] {
						if query.Match(f, w.get(object, record)) {
							decided = append(decided, key)
						}
					}
					slices.Sort(decided)
					if selected := chosen(t, tenant, object, f); !slices.Equal(selected, decided) {
						t.Fatalf("round %d: %s may %s of %s: selected %v, decided %v (%s)\n%s", round, name, action, object, selected, decided, w.show(f), pretty(documents))
					}
					all += len(w.records[object])
					some += len(decided)
				}
			}
		}
	}
	if some == 0 || some == all {
		t.Errorf("%d of %d records chosen: nothing was told apart", some, all)
	}
}

// keep puts the records into a tenant.
func (w *world) keep(t *testing.T, tenant store.Tenant) {
	t.Helper()
	for object, names := range w.names {
		table := store.Table{Name: object}
		for _, symbol := range names.fields {
			if symbol.Column.Name != query.ID.Name {
				table.Columns = append(table.Columns, symbol.Column)
			}
		}
		if err := tenant.Define(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		for object, records := range w.records {
			for key, record := range records {
				values := map[string]any{}
				for field, v := range record {
					if field != "id" {
						values[w.names[object].fields[field].Column.Name] = v
					}
				}
				if err := tx.Insert(t.Context(), object, key, values, nil); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// chosen are the ids that a filter selects.
func chosen(t *testing.T, tenant store.Tenant, table string, f query.Filter) []id.ID {
	t.Helper()
	keys := []id.ID{}
	q := query.Select{Table: table, Filter: f, Columns: []query.Ref{query.Field(query.ID)}, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	for row, err := range tenant.Select(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, id.ID(row[0].(int64)))
	}
	return keys
}
