package catalog

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"formwork/engine/fault"
	"formwork/engine/store"
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
	in.limits = limits{bytes: 400_000, fields: 600, parts: 10_000}
	long := `{"kind":"picklist","name":"long","label":{"en":"` + strings.Repeat("x", 400_000) + `"},"options":{"a":{}}}`
	large := `{"kind":"object","name":"evil","name_field":"name","fields":{"name":{"type":"text","pattern":"(\\pL{500}\\pN{500}){2}"}}}`
	wide := `{"kind":"object","name":"wide","name_field":"x","fields":{"x":{"type":"text"}` + repeated(450, `,"y%d":{"type":"date"}`) + `}}`
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

// A pattern that many fields have is compiled, and counts, once.
func TestEqualPatternsAreShared(t *testing.T) {
	in := standardLanguage()
	in.limits = limits{bytes: 400_000, fields: 600, parts: 10_000}
	field := `,"x%d":{"type":"text","pattern":"^code[a-z]{1,400}$"}`
	object := func(name string) string {
		return `{"kind":"object","name":"` + name + `","name_field":"name","fields":{"name":{"type":"text"}` + repeated(60, field) + `}}`
	}
	s, problems := build(t.Context(), in, 1, withDocuments(object("one"), object("two")), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	shared := s.Objects["one"].byName["x0"].patterns[0]
	for _, name := range []string{"one", "two"} {
		for i := range 60 {
			if of := s.Objects[name].byName[fmt.Sprint("x", i)].patterns; len(of) != 1 || of[0] != shared {
				t.Fatalf("%s.x%d has a pattern of its own", name, i)
			}
		}
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
	if len(on.parts) == 0 || fmt.Sprint(on.parts) != fmt.Sprint(anew.parts) || on.build.bytes != anew.build.bytes {
		t.Errorf("taken over %v (%d bytes), anew %v (%d bytes)", on.parts, on.build.bytes, anew.parts, anew.build.bytes)
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
			if s.build.bytes < measured/2 || s.build.bytes > measured*2 {
				t.Errorf("estimated %d, measured %d", s.build.bytes, measured)
			}
			t.Logf("estimated %d, measured %d", s.build.bytes, measured)
			runtime.KeepAlive(s)
			runtime.KeepAlive(documents)
		})
	}
}

// However many plans tenants send at once, the process holds what its drafts and loads
// make and no more, and afterwards nothing of them. FORMWORK_SOAK_PLANS is how many each
// of eight tenants sends; their configuration then is as large as one may be.
func TestPlansKeepToTheirBudget(t *testing.T) {
	plans, documents := 4, []string{formulas("evil", 4, 500)}
	if n, err := strconv.Atoi(os.Getenv("FORMWORK_SOAK_PLANS")); err == nil {
		plans, documents = n, nil
		for i := range 9 {
			documents = append(documents, formulas(fmt.Sprint("evil_", i), 10, 900)) // 20,000 parts
		}
	}
	h := crm(t)
	tenants := []store.Tenant{h.tenant}
	for i := range 7 {
		tenant, err := h.store.Create(t.Context(), fmt.Sprint("more-", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.catalog.Install(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
		tenants = append(tenants, tenant)
	}
	for _, tenant := range tenants {
		if _, err := h.catalog.Apply(t.Context(), tenant, change(documents...), 7); err != nil {
			t.Fatal(err)
		}
	}
	before, snapshot := inUse(), h.snapshot().build.bytes
	peak := watched(func() {
		var all sync.WaitGroup
		for i := range len(tenants) * plans {
			all.Go(func() {
				_, err := h.catalog.Plan(t.Context(), tenants[i%len(tenants)], change(fmt.Sprintf(`{"kind":"object","name":"account","fields":{"extra_%d":{"type":"text"}}}`, i)))
				if err != nil && !fault.Is(err, "catalog.busy") {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	// The heap may double before it is collected, and a build makes as much as it leaves.
	if most := 2 * (before + 2*(draftsAtOnce+loadsAtOnce)*snapshot); peak > most {
		t.Errorf("the heap grew to %d bytes; at most %d were expected", peak, most)
	}
	if grown := inUse() - before; grown > snapshot {
		t.Errorf("%d plans left %d bytes; a snapshot takes %d", len(tenants)*plans, grown, snapshot)
	}
	t.Logf("a snapshot takes %d bytes, the heap %d before and %d at most", snapshot, before, peak)
}

// watched is the most that the heap held while something was done.
func watched(do func()) (peak int64) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, int64(m.HeapAlloc))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	do()
	close(done)
	<-ended
	return peak
}

// Tenants whose snapshots don't fit into the budget are let go, the one used last not.
func TestCachesKeepToTheirBudget(t *testing.T) {
	h := crm(t)
	h.options.CacheBytes = 3 * h.snapshot().build.bytes / 2
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
		if h.catalog.builds.kept.Weight() > h.options.CacheBytes/4 {
			t.Errorf("%d bytes of builds are kept of at most %d", h.catalog.builds.kept.Weight(), h.options.CacheBytes/4)
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

// A build that takes over what has not changed holds on to nothing else of the former
// snapshot, neither through lookups nor through expressions.
func TestNoFormerObjectIsHeld(t *testing.T) {
	in := standardLanguage()
	documents := withDocuments(patterns("evil", 3))
	documents = metadata.Effective(documents, largeObjects(5))
	former, problems := build(t.Context(), in, 1, documents, nil)
	if problems != nil {
		t.Fatal(problems)
	}
	patch := metadata.Document{Key: key("object", "large_2"), Body: []byte(`{"kind":"object","name":"large_2","fields":{"extra":{"type":"text"}}}`)}
	on, problems := build(t.Context(), in, 2, metadata.Effective(documents, []metadata.Document{patch}), former)
	if problems != nil {
		t.Fatal(problems)
	}
	if on.Objects["large_1"].byName["twice"].Formula != former.Objects["large_1"].byName["twice"].Formula {
		t.Error("the formula of an object that has not changed was compiled again")
	}
	if on.Objects["large_3"].byName["before"].Target != on.Objects["large_2"] {
		t.Error("a lookup leads to an object of another snapshot")
	}
	held := map[string]weak.Pointer[Object]{}
	for name, o := range former.Objects {
		held[name] = weak.Make(o)
	}
	former = nil
	runtime.GC()
	runtime.GC()
	for name, o := range held {
		if o.Value() != nil {
			t.Errorf("the former %s is still held", name)
		}
	}
	runtime.KeepAlive(on)
}
