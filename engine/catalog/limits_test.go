package catalog

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"formwork/engine/fault"
	"formwork/metadata"
)

// formulas is an object with formulas of as many terms.
func formulas(name string, count, terms int) string {
	var b strings.Builder
	sum := strings.TrimSuffix(strings.Repeat("a + ", terms), " + ")
	for i := range count {
		fmt.Fprintf(&b, `,"x%d":{"type":"formula","result":"number","scale":0,"expression":"%s"}`, i, sum)
	}
	return fmt.Sprintf(`{"kind":"object","name":"%s","name_field":"name","fields":{"name":{"type":"text"},"a":{"type":"number","scale":0}%s}}`, name, b.String())
}

// patterns is an object with texts of large patterns, which differ.
func patterns(name string, count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, `,"x%d":{"type":"text","pattern":"^%s%d[a-z]{1,400}$"}`, i, name, i)
	}
	return fmt.Sprintf(`{"kind":"object","name":"%s","name_field":"name","fields":{"name":{"type":"text"}%s}}`, name, b.String())
}

func withDocuments(bodies ...string) []metadata.Document {
	var own []metadata.Document
	for _, body := range bodies {
		d, problems := metadata.Parse([]byte(body))
		if len(problems) > 0 {
			panic(problems[0])
		}
		own = append(own, d)
	}
	return metadata.Effective(standardDocuments(), own)
}

// What a configuration may have is bounded in sum, by which the snapshot is.
func TestConfigurationIsBounded(t *testing.T) {
	in := standardLanguage()
	in.limits = limits{bytes: 400_000, fields: 500, parts: 10_000}
	long := `{"kind":"picklist","name":"long","label":{"en":"` + strings.Repeat("x", 400_000) + `"},"options":{"a":{}}}`
	large := `{"kind":"object","name":"evil","name_field":"name","fields":{"name":{"type":"text","pattern":"(\\pL{500}\\pN{500}){2}"}}}`
	wide := `{"kind":"object","name":"wide","name_field":"x","fields":{"x":{"type":"text"}` + repeated(400, `,"y%d":{"type":"date"}`) + `}}`
	for _, c := range []struct {
		name, code string
		documents  []string
	}{
		{"expressions", "catalog.too_many_parts", []string{formulas("one", 10, 300), formulas("two", 10, 300)}},
		{"patterns", "catalog.too_many_parts", []string{patterns("one", 60), patterns("two", 60)}},
		{"fields", "catalog.too_many_fields", []string{wide}},
		{"documents", "catalog.too_large", []string{long}},
		{"a pattern", "metadata.pattern_too_large", []string{large}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := build(t.Context(), in, 1, withDocuments(c.documents...), nil)
			found := 0
			for _, p := range problems {
				if p.Code == c.code {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%s is told %d times: %v", c.code, found, problems)
			}
		})
	}
}

func repeated(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// What is taken over counts as what is compiled.
func TestPartsAreCountedWhenTheyAreTakenOver(t *testing.T) {
	in := standardLanguage()
	base := standardDocuments()
	former, problems := build(t.Context(), in, 1, base, nil)
	if problems != nil {
		t.Fatal(problems)
	}
	changed := withDocuments(`{"kind":"view","name":"all_accounts","sort":["-created_at"]}`)
	changed = metadata.Effective(base, []metadata.Document{*find(changed, key("view", "all_accounts"))})
	on, problems := build(t.Context(), in, 2, changed, former)
	if problems != nil {
		t.Fatal(problems)
	}
	anew, problems := build(t.Context(), in, 2, changed, nil)
	if problems != nil {
		t.Fatal(problems)
	}
	if len(on.parts) == 0 || fmt.Sprint(on.parts) != fmt.Sprint(anew.parts) || on.bytes != anew.bytes {
		t.Errorf("taken over %v (%d bytes), anew %v (%d bytes)", on.parts, on.bytes, anew.parts, anew.bytes)
	}
}

// The estimate by which caches are bounded is neither half nor twice of what is measured.
func TestEstimate(t *testing.T) {
	in := standardLanguage()
	in.schemas.Prepare()
	for name, documents := range map[string][]metadata.Document{
		"the packages": standardDocuments(),
		"objects":      largeConfiguration(60),
		"formulas":     withDocuments(formulas("evil", 10, 500)),
		"patterns":     withDocuments(patterns("evil", 100)),
	} {
		t.Run(name, func(t *testing.T) {
			before := inUse()
			s, problems := build(t.Context(), in, 1, documents, nil)
			if problems != nil {
				t.Fatal(problems)
			}
			measured := inUse() - before
			if s.bytes < measured/2 || s.bytes > measured*2 {
				t.Errorf("estimated %d, measured %d", s.bytes, measured)
			}
			t.Logf("estimated %d, measured %d", s.bytes, measured)
			runtime.KeepAlive(s)
			runtime.KeepAlive(documents)
		})
	}
}

// Plans of a tenant, at once and one after another, leave nothing behind, whatever the
// configuration that they are made on.
func TestPlansLeaveNothingBehind(t *testing.T) {
	h := crm(t)
	h.apply(change(formulas("evil", 4, 500)))
	plan := func(i int) error {
		_, err := h.catalog.Plan(t.Context(), h.tenant, change(fmt.Sprintf(`{"kind":"picklist","name":"p%d","options":{"a":{}}}`, i),
			fmt.Sprintf(`{"kind":"object","name":"account","fields":{"extra_%d":{"type":"text"}}}`, i)))
		return err
	}
	if err := plan(0); err != nil {
		t.Fatal(err)
	}
	before, snapshot := inUse(), h.snapshot().bytes
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := plan(1 + i); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if grown := inUse() - before; grown > snapshot {
		t.Errorf("8 plans left %d bytes; a snapshot takes %d", grown, snapshot)
	}
}

// Tenants whose snapshots don't fit into the budget are let go, the one used last not.
func TestCachesKeepToTheirBudget(t *testing.T) {
	h := crm(t)
	h.options.CacheBytes = 3 * h.snapshot().bytes / 2
	h.catalog = New(h.options)
	for i := range 4 {
		tenant, err := h.store.Create(t.Context(), fmt.Sprint("more-", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.catalog.Install(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
		if h.catalog.tenants.used.Len() != i+1 {
			t.Fatalf("%d tenants share a snapshot, %d are kept", i+1, h.catalog.tenants.used.Len())
		}
	}
	for i := range 4 {
		tenant, err := h.store.Tenant(t.Context(), fmt.Sprint("more-", i))
		if err != nil {
			t.Fatal(err)
		}
		r, err := h.catalog.Apply(t.Context(), tenant, change(fmt.Sprintf(`{"kind":"picklist","name":"p%d","options":{"a":{}}}`, i)), 7)
		if err != nil {
			t.Fatal(err)
		}
		if bytes := h.catalog.tenants.bytes(); bytes > h.options.CacheBytes {
			t.Errorf("%d bytes are kept of at most %d", bytes, h.options.CacheBytes)
		}
		s, err := h.catalog.Snapshot(t.Context(), tenant)
		if err != nil || s.Revision != r.Revision {
			t.Errorf("the tenant has revision %v: %v", s, err)
		}
		if h.catalog.builds.bytes > h.options.CacheBytes/4 {
			t.Errorf("%d bytes of builds are kept of at most %d", h.catalog.builds.bytes, h.options.CacheBytes/4)
		}
	}
}

// A tenant has one draft at a time, the process few, and who waits too long or too
// many at a time is sent away. Loads don't wait for drafts.
func TestTurns(t *testing.T) {
	q := newTurns()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	first, err := q.draft(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.draft(ended, "one"); !fault.Is(err, "catalog.busy") {
		t.Errorf("a second draft of a tenant: %v", err)
	}
	second, err := q.draft(t.Context(), "two")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.draft(ended, "three"); !fault.Is(err, "catalog.busy") {
		t.Errorf("a third draft of the process: %v", err)
	}
	load, err := q.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range maxWaiting - 1 {
		if q.join("one") == nil {
			t.Fatal("there is no place to wait")
		}
	}
	if _, err := q.draft(t.Context(), "one"); !fault.Is(err, "catalog.busy") {
		t.Errorf("too many that wait: %v", err)
	}
	for range maxWaiting - 1 {
		q.leave("one", q.tenants["one"])
	}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		done, err := q.draft(t.Context(), "three")
		if err != nil {
			t.Error(err)
			return
		}
		done()
	})
	first()
	waiting.Wait()
	second()
	load()
	if len(q.tenants)+len(q.drafts)+len(q.loads) != 0 {
		t.Errorf("turns are left: %+v", q)
	}
}
