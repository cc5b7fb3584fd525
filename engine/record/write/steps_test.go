package write

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
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
	s, cache := session.New(tenant, snapshot, policy.System("acme"), now(), &stored.Mappings{}, nil), read.NewCache()
	return New(&s, read.New(&s, &cache), &Options{IDs: ids, Committed: func(string) {}})
}

// rows counts what saving leaves in a tenant.
func rows(t *testing.T, tenant store.Tenant) (all []int64) {
	t.Helper()
	for _, table := range []string{stored.HistoryTable, "_outbox", stored.SequenceTable, "account", "ticket"} {
		n, err := tenant.Count(t.Context(), table, nil, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// A preview finds the values, and the problems with which a save would end, and leaves
// nothing.
func TestPreview(t *testing.T) {
	w := testWriter(t)
	preview := func(object string, data map[string]any) *Preview {
		p, err := w.Preview(t.Context(), object, 0, data)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	value := func(p *Preview, field string) any { return p.Draft.Row[p.Draft.Mapping.ByName[field].Slot] }
	before := rows(t, w.Tenant)

	p := preview("account", map[string]any{"name": "A", "revenue": json.Number("4"), "parent": w.options.IDs.Next().String()})
	if value(p, "since") != "2026-03-14" || value(p, "doubled") != int64(800) || value(p, "parent") != nil {
		t.Errorf("since %v, doubled %v, parent %v", value(p, "since"), value(p, "doubled"), value(p, "parent"))
	}
	if got := codes(p); !slices.Equal(got, []string{"/parent record.no_reference"}) {
		t.Errorf("problems %v", got)
	}

	// A save ends at the value that can't be taken. What can be computed is, all the same.
	bad := map[string]any{"name": nil, "active": "perhaps", "revenue": json.Number("-4")}
	p = preview("account", bad)
	if got := codes(p); !slices.Equal(got, []string{"/active field.not_a_boolean", "/name record.required"}) {
		t.Errorf("problems %v", got)
	}
	if value(p, "doubled") != int64(-800) {
		t.Errorf("doubled %v", value(p, "doubled"))
	}

	p = preview("ticket", map[string]any{"subject": "S"})
	number := p.Draft.Row[p.Draft.Mapping.Numbers[0].Slot]
	if again := preview("ticket", map[string]any{"subject": "S"}); number == nil || number != again.Draft.Row[p.Draft.Mapping.Numbers[0].Slot] || len(p.Problems) > 0 {
		t.Errorf("number %v, problems %v", number, codes(p))
	}
	if after := rows(t, w.Tenant); !slices.Equal(after, before) {
		t.Errorf("rows %v, before %v", after, before)
	}
}

func codes(p *Preview) (all []string) {
	for _, f := range p.Problems {
		all = append(all, f.Pointer+" "+f.Code)
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
