package write

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/draft"
	"formwork/engine/record/read"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// testWriter is a writer for the platform, of a tenant with the world of the tests.
func testWriter(t *testing.T) Writer {
	t.Helper()
	set, problems := metadata.ReadPackage(os.DirFS("../testdata/world"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	now := func() time.Time { return time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC) }
	ids := id.NewSource(now, rand.New(rand.NewPCG(1, 2)).Uint32)
	tenant, err := teststore.Open(t).Create(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	c := catalog.New(catalog.Options{Types: fieldtype.NewRegistry(fieldtype.Standard(nil)...), Packages: []metadata.PackageSet{set}, Tables: stored.Tables(), IDs: ids, Now: now})
	snapshot, err := c.Install(t.Context(), tenant, "world")
	if err != nil {
		t.Fatal(err)
	}
	s, cache := session.New(tenant, snapshot, policy.System("acme"), now(), &stored.Mappings{}), read.NewCache()
	return New(&s, read.New(&s, &cache), &Options{IDs: ids, Committed: func(string) {}})
}

// rows counts what saving leaves in a tenant.
func rows(t *testing.T, tenant store.Tenant) (all []int64) {
	t.Helper()
	for _, table := range []string{stored.HistoryTable, "_outbox", stored.SequenceTable, "account", "ticket"} {
		n, err := tenant.Count(t.Context(), table, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// A survey finds the values, and every problem of every step at once, and leaves nothing.
func TestSurvey(t *testing.T) {
	w := testWriter(t)
	survey := func(object string, data map[string]any) *draft.Draft {
		a, err := w.Object(t.Context(), object, policy.Create)
		if err != nil {
			t.Fatal(err)
		}
		d := draft.New(t.Context(), w.Session, w.Tenant, a, draft.NewInput(w.Session, a, data), w.options.IDs.Next())
		survey(d)
		return d
	}
	before := rows(t, w.Tenant)

	d := survey("account", map[string]any{"name": "A", "revenue": json.Number("4"), "parent": w.options.IDs.Next().String()})
	value := func(field string) any { return d.Row[d.Mapping.ByName[field].Slot] }
	if value("since") != "2026-03-14" || value("doubled") != int64(800) {
		t.Errorf("since %v, doubled %v", value("since"), value("doubled"))
	}
	if got := codes(d); !slices.Equal(got, []string{"/parent record.no_reference"}) {
		t.Errorf("problems %v", got)
	}

	// A save ends at the value that can't be taken; a survey goes on to the rules.
	d = survey("account", map[string]any{"name": nil, "active": "perhaps", "revenue": json.Number("-4")})
	for _, want := range []string{"/name record.required", "/active field.not_a_boolean", "/revenue record.rule"} {
		if !slices.Contains(codes(d), want) {
			t.Errorf("problems %v, want %s", codes(d), want)
		}
	}
	_, err := w.Create(context.Background(), "account", map[string]any{"name": nil, "active": "perhaps", "revenue": json.Number("-4")})
	if err == nil || len(fault.From(err).Errors) >= len(codes(d)) {
		t.Errorf("a save tells %v", err)
	}

	if d = survey("ticket", map[string]any{"subject": "S"}); d.Row[d.Mapping.Numbers[0].Slot] != nil || len(d.Problems()) > 0 {
		t.Errorf("a survey takes a number, or finds %v", codes(d))
	}
	if after := rows(t, w.Tenant); !slices.Equal(after, before) {
		t.Errorf("rows %v, before %v", after, before)
	}
}

func codes(d *draft.Draft) (all []string) {
	for _, p := range d.Problems() {
		all = append(all, p.Pointer+" "+p.Code)
	}
	return all
}

// Every step has a name, and does one thing.
func TestSteps(t *testing.T) {
	for _, s := range slices.Concat(filling, checking) {
		n := 0
		for _, has := range []bool{s.do != nil, s.inTransaction != nil, s.end != nil} {
			if has {
				n++
			}
		}
		if s.name == "" || n != 1 {
			t.Errorf("step %q does %d things", s.name, n)
		}
	}
}
