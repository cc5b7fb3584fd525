package catalog

import (
	"slices"
	"testing"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata/fieldtype"
)

// A tenant of an earlier version of the program is given the columns that the engine's
// tables have now at once, and their indexes by background work, which is asked for once.
func TestEngineTablesOfAnEarlierVersion(t *testing.T) {
	h := newHouse(t)
	note := query.Column{Name: "note", Storage: fieldtype.Text}
	before := store.Table{Name: "_ours", Columns: []query.Column{colAt},
		Indexes: []store.Index{{Name: "at", Columns: []store.IndexColumn{{Column: colAt}}}}}
	now := store.Table{Name: "_ours", Columns: []query.Column{colAt, note}, Indexes: []store.Index{
		{Name: "note", Columns: []store.IndexColumn{{Column: note}, {Column: colAt}, {Column: query.ID}}}}}
	start := func(table store.Table) {
		t.Helper()
		h.options.Tables = []store.Table{table}
		h.catalog = New(h.options)
		h.snapshot()
	}
	indexes := func() (names []string) {
		t.Helper()
		all, err := h.tenant.Indexes(t.Context(), "_ours")
		if err != nil {
			t.Fatal(err)
		}
		for _, index := range all {
			names = append(names, index.Name)
		}
		return names
	}
	start(before)
	start(before)
	if jobs := h.jobs(); len(jobs) > 0 || !slices.Equal(indexes(), []string{"at"}) {
		t.Fatalf("a new table has %v, and %v is to be done", indexes(), jobs)
	}
	for range 3 {
		start(now)
		if jobs := h.jobs(); !slices.Equal(jobs, []string{"index _ours []"}) {
			t.Fatalf("%v is to be done", jobs)
		}
	}
	h.settle()
	if !slices.Equal(indexes(), []string{"note"}) {
		t.Errorf("there are %v", indexes())
	}
	start(now)
	if jobs := h.jobs(); len(jobs) > 0 {
		t.Errorf("%v is to be done again", jobs)
	}
}

// The indexes that stores report are those that were asked for, in all tables of the
// engine that this room knows.
func TestEngineTablesNeedNoIndexesAfterTheyAreMade(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		h := newHouseOn(t, open)
		for _, table := range h.catalog.engineTables() {
			have, err := h.tenant.Indexes(t.Context(), table.Name)
			if err != nil {
				t.Fatal(err)
			}
			if !hasAll(have, table.Indexes) {
				t.Errorf("%s has %v, wants %v", table.Name, have, table.Indexes)
			}
		}
	})
}
