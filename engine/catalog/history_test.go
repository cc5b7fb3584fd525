package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

const withNotes = `{"kind":"object","name":"account","fields":{"notes":{"type":"text"}}}`

func bodies(documents []metadata.Document) map[metadata.Key]string {
	m := map[metadata.Key]string{}
	for _, d := range documents {
		m[d.Key] = string(d.Body)
	}
	return m
}

func (h *house) documents(layer string) map[metadata.Key]string {
	h.Helper()
	d, err := h.catalog.Documents(h.Context(), h.tenant, layer)
	if err != nil {
		h.Fatal(err)
	}
	return bodies(d)
}

func TestApplyKeepsTheSmallestLayer(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	whole := h.documents(Effective)[key("object", "account")]
	h.apply(change(whole))
	if own := h.documents(Own); len(own) > 0 {
		t.Errorf("the package's own text became %v", own)
	}
	if s := h.snapshot(); s.Revision != 1 {
		t.Errorf("nothing changed, and made revision %d", s.Revision)
	}
	h.apply(change(`{"kind":"object","name":"account","label":"Account","fields":{"notes":{"type":"text"},"name":{"type":"text"}}}`))
	if own := h.documents(Own)[key("object", "account")]; own != withNotes {
		t.Errorf("own layer says %s", own)
	}
	h.apply(Change{Delete: []metadata.Key{key("object", "account")}, Allow: []string{"object/account/fields/notes"}})
	if own := h.documents(Own); len(own) > 0 {
		t.Errorf("deleted, and left %v", own)
	}
	h.apply(Change{Delete: []metadata.Key{key("view", "deals")}})
	if h.documents(Own)[key("view", "deals")] != "null" || Views(h.snapshot())["deals"] != nil {
		t.Error("a package's document is not hidden")
	}
	for _, c := range []Change{change(`{"kind":"view","name":"deals"}`), change(`{"kind":"view","name":"deals","label":"L"}`)} {
		h.apply(c)
		if Views(h.snapshot())["deals"] == nil {
			t.Error("what was hidden does not come back")
		}
	}
	h.apply(Change{Hide: []metadata.Key{key("view", "deals")}})
	if h.documents(Own)[key("view", "deals")] != "null" || Views(h.snapshot())["deals"] != nil {
		t.Error("a document that the tenant changed is not hidden")
	}
	plan, err := h.catalog.Plan(t.Context(), h.tenant, Change{Documents: change(`{"kind":"Object"}`, `{"kind":"view","name":"v","objct":"deal"}`).Documents,
		Hide: []metadata.Key{key("view", "deal"), key("view", "deal")}})
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	for _, f := range plan.Problems {
		problems = append(problems, f.Pointer+" "+f.Code)
	}
	if got, want := strings.Join(problems, ", "), "/documents/0/kind metadata.bad_name, /documents/0/name metadata.head, /hide/0 catalog.unknown_document_near, "+
		"/hide/1 catalog.twice, /view/v/columns schema.required, /view/v/objct schema.unknown_property_near, /view/v/object schema.required, /view/v/show schema.required"; got != want {
		t.Errorf("problems are %s", got)
	}
	_, err = h.catalog.Apply(t.Context(), h.tenant, Change{Delete: []metadata.Key{key("view", "deal")}}, 7)
	if f := fault.From(err); f.Code != "catalog.invalid" || f.Errors[0].Code != "catalog.unknown_document_near" || f.Errors[0].Pointer != "/delete/0" {
		t.Errorf("deleting what is not there: %v", err)
	}
}

func TestStaleBase(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	c := change(withNotes)
	c.Base = 1
	h.apply(c)
	if _, err := h.catalog.Apply(t.Context(), h.tenant, c, 7); !fault.Is(err, "catalog.stale") || fault.KindOf(err) != fault.Conflict {
		t.Errorf("apply: %v", err)
	}
	if _, err := h.catalog.Plan(t.Context(), h.tenant, c); !fault.Is(err, "catalog.stale") {
		t.Errorf("plan: %v", err)
	}
	revisions, err := h.catalog.Revisions(t.Context(), h.tenant, 0, 10)
	if err != nil || len(revisions) != 2 || revisions[0].Number != 2 || revisions[0].By != 7 {
		t.Errorf("%+v, %v", revisions, err)
	}
}

// Of many changes made for one base exactly one is made, also over several
// processes; those that name no base are all made.
func TestConcurrentApplies(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	nodes := []*Catalog{h.catalog, New(h.options), New(h.options)}
	const writers = 9
	for base := int64(1); base <= 3; base++ {
		errs := race(writers, func(i int) error {
			c := change(fmt.Sprintf(`{"kind":"object","name":"account","fields":{"from_%d_%d":{"type":"text"}}}`, base, i))
			c.Base, c.Allow = base, allowAll(base, writers)
			_, err := nodes[i%len(nodes)].Apply(context.Background(), h.tenant, c, 7)
			return err
		})
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !fault.Is(err, "catalog.stale"):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d changes won for base %d", won, base)
		}
	}
	h.at = h.at.Add(2 * time.Second)
	for _, node := range nodes {
		if s, err := node.Snapshot(t.Context(), h.tenant); err != nil || s.Revision != 4 {
			t.Errorf("a node is at %v, %v", s, err)
		}
	}
	for _, err := range race(4, func(i int) error {
		c := change(fmt.Sprintf(`{"kind":"picklist","name":"list_%d","options":{"a":{}}}`, i))
		_, err := nodes[i%len(nodes)].Apply(context.Background(), h.tenant, c, 7)
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	h.at = h.at.Add(2 * time.Second)
	if s := h.snapshot(); s.Revision != 8 || len(Picklists(s)) != 4 {
		t.Errorf("revision %d with %d picklists", s.Revision, len(Picklists(s)))
	}
}

func allowAll(base int64, writers int) []string {
	var paths []string
	for i := range writers {
		paths = append(paths, fmt.Sprintf("object/account/fields/from_%d_%d", base-1, i))
	}
	return paths
}

func race(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = do(i) })
	}
	all.Wait()
	return errs
}

func TestOtherNodesFollow(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	other := New(h.options)
	if _, err := other.Snapshot(t.Context(), h.tenant); err != nil {
		t.Fatal(err)
	}
	h.apply(change(withNotes))
	h.at = h.at.Add(freshness)
	s, err := other.Snapshot(t.Context(), h.tenant)
	if err != nil || s.Objects["account"].byName["notes"] == nil {
		t.Errorf("the other node is at %d, %v", s.Revision, err)
	}
	if err := h.store.Delete(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	again, err := h.store.Create(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	h.at = h.at.Add(freshness)
	if _, err := other.Snapshot(t.Context(), again); !fault.Is(err, "catalog.not_installed") {
		t.Errorf("a tenant made anew: %v", err)
	}
	if _, err := h.catalog.Install(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	h.at = h.at.Add(freshness)
	if s, err := other.Snapshot(t.Context(), again); err != nil || s.Revision != 1 {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := h.catalog.Install(t.Context(), again); !fault.Is(err, "catalog.installed") {
		t.Errorf("installed twice: %v", err)
	}
}

// randomChange changes something of the base, more or less sensibly.
func randomChange(r *rand.Rand) Change {
	field := fmt.Sprintf("f%d", r.IntN(4))
	documents := []string{
		fmt.Sprintf(`{"kind":"object","name":"account","fields":{"%s":{"type":"text","label":"L%d"}}}`, field, r.IntN(3)),
		fmt.Sprintf(`{"kind":"object","name":"account","fields":{"%s":{"type":"number"},"parent":null}}`, field),
		fmt.Sprintf(`{"kind":"object","name":"deal","label":{"en":"Deal %d","zh":"商机"},"fields":{"weighted":{"expression":"amount * %d"}}}`, r.IntN(9), r.IntN(9)),
		fmt.Sprintf(`{"kind":"object","name":"thing_%d","name_field":"name","fields":{"name":{"type":"text","max_length":%d}}}`, r.IntN(3), 1+r.IntN(9)),
		fmt.Sprintf(`{"kind":"view","name":"deals","columns":["name","amount"],"filter":"amount > %d"}`, r.IntN(9)),
		fmt.Sprintf(`{"kind":"view","name":"other_%d","object":"account","show":"table","columns":["name"],"sort":["-name"]}`, r.IntN(2)),
		fmt.Sprintf(`{"kind":"role","name":"role_%d"}`, r.IntN(3)),
	}
	var c Change
	for _, i := range r.Perm(len(documents))[:1+r.IntN(2)] {
		c.Documents = append(c.Documents, json.RawMessage(documents[i]))
	}
	if r.IntN(3) == 0 {
		c = Change{Delete: []metadata.Key{{Kind: "view", Name: "deals"}}}
	}
	if r.IntN(6) == 0 {
		c = Change{Delete: []metadata.Key{{Kind: "object", Name: "account"}}}
	}
	return c
}

// allowing applies a change with all that it destroys allowed; nil where it has problems.
func (h *house) allowing(c Change) *Result {
	h.Helper()
	plan, err := h.catalog.Plan(h.Context(), h.tenant, c)
	if err != nil {
		h.Fatal(err)
	}
	if len(plan.Problems) > 0 {
		return nil
	}
	for _, i := range plan.Impact {
		c.Allow = append(c.Allow, i.Path)
	}
	return h.apply(c)
}

// Whatever has been changed, going back to a revision, or one document to what it
// was then, gives the same effective documents; and what Diff tells is what lies
// between.
func TestRollbackGivesTheSameDocuments(t *testing.T) {
	teststore.Each(t, rollbackGivesTheSameDocuments)
}

func rollbackGivesTheSameDocuments(t *testing.T, open teststore.Opener) {
	h := newHouseOn(t, open, basePackage(t, "1.0.0"))
	r := rand.New(rand.NewPCG(1, 2))
	at := map[int64]map[metadata.Key]string{1: h.documents(Effective)}
	newest := int64(1)
	for range 60 {
		if done := h.allowing(randomChange(r)); done != nil && done.Revision > newest {
			newest = done.Revision
			at[newest] = h.documents(Effective)
		}
		if r.IntN(4) > 0 {
			continue
		}
		to := 1 + r.Int64N(newest)
		back := Restoration{To: to}
		want := at[to]
		if r.IntN(2) == 0 {
			keys := slices.SortedFunc(maps.Keys(at[to]), metadata.CompareKeys)
			k := keys[r.IntN(len(keys))]
			back.Kind, back.Name = k.Kind, k.Name
			want = maps.Clone(at[newest])
			want[k] = at[to][k]
		}
		plan, err := h.catalog.PlanRollback(t.Context(), h.tenant, back)
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.Problems) > 0 {
			continue // an old document may not fit the others of now
		}
		for _, i := range plan.Impact {
			back.Allow = append(back.Allow, i.Path)
		}
		done, err := h.catalog.Rollback(t.Context(), h.tenant, back, 7)
		if err != nil {
			t.Fatal(err)
		}
		newest = done.Revision
		if at[newest] = h.documents(Effective); !maps.Equal(at[newest], want) {
			t.Fatalf("back to %d %s/%s gives\n%v\nwant\n%v", to, back.Kind, back.Name, at[newest], want)
		}
	}
	if newest < 20 {
		t.Fatalf("only %d revisions were made", newest)
	}
	fresh := New(h.options)
	s, err := fresh.Snapshot(t.Context(), h.tenant)
	if err != nil {
		t.Fatal(err)
	}
	for k, body := range at[newest] {
		if string(s.Documents[k].Body) != body {
			t.Errorf("%s is read back as %s", k, s.Documents[k].Body)
		}
	}
	for range 20 {
		from, to := 1+r.Int64N(newest), 1+r.Int64N(newest)
		changes, err := h.catalog.Diff(t.Context(), h.tenant, from, to)
		if err != nil {
			t.Fatal(err)
		}
		different := 0
		for k := range at[from] {
			if at[to][k] != at[from][k] {
				different++
			}
		}
		for k := range at[to] {
			if _, had := at[from][k]; !had {
				different++
			}
		}
		if len(changes) != different {
			t.Errorf("diff %d..%d tells %d of %d", from, to, len(changes), different)
		}
	}
	if _, err := h.catalog.Diff(t.Context(), h.tenant, 1, newest+1); !fault.Is(err, "catalog.no_revision") {
		t.Error(err)
	}
}

func TestExportAndImport(t *testing.T) { teststore.Each(t, exportAndImport) }

func exportAndImport(t *testing.T, open teststore.Opener) {
	h := newHouseOn(t, open, basePackage(t, "1.0.0"))
	r := rand.New(rand.NewPCG(3, 4))
	for range 30 {
		h.allowing(randomChange(r))
	}
	h.allowing(Change{Delete: []metadata.Key{key("view", "deals")}})
	own, err := h.catalog.Documents(t.Context(), h.tenant, Own)
	if err != nil {
		t.Fatal(err)
	}
	files := metadata.WriteFiles(own)
	dir := t.TempDir()
	for path, content := range files {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o700), os.WriteFile(filepath.Join(dir, path), content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	read, problems := metadata.ReadFiles(os.DirFS(dir))
	if problems != nil {
		t.Fatal(problems)
	}
	other, err := h.store.Create(t.Context(), "two")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.catalog.Install(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	var all Change
	for _, d := range read {
		if d.Hides() {
			all.Delete = append(all.Delete, d.Key)
		} else {
			all.Documents = append(all.Documents, d.Body)
		}
	}
	plan, err := h.catalog.Plan(t.Context(), other, all)
	if err != nil || len(plan.Problems) > 0 {
		t.Fatal(plan, err)
	}
	for _, i := range plan.Impact {
		all.Allow = append(all.Allow, i.Path)
	}
	if _, err := h.catalog.Apply(t.Context(), other, all, 7); err != nil {
		t.Fatal(err)
	}
	again, err := h.catalog.Documents(t.Context(), other, Own)
	if err != nil {
		t.Fatal(err)
	}
	second := metadata.WriteFiles(again)
	if len(files) == 0 || len(files) != len(second) {
		t.Fatalf("%d files became %d", len(files), len(second))
	}
	for path, content := range files {
		if string(content) != string(second[path]) {
			t.Errorf("%s was\n%s\nand is\n%s", path, content, second[path])
		}
	}
}

func TestUpgrade(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	h.apply(change(
		`{"kind":"object","name":"account","label":"Customer","fields":{"notes":{"type":"text"},"industry":{"label":"Branch"}}}`,
		`{"kind":"view","name":"deals","columns":["name","amount"]}`))
	next := basePackage(t, "1.1.0",
		`{"kind":"object","name":"account","label":"Company","fields":{"industry":{"help":"What they do"},"founded":{"type":"number"}}}`,
		`{"kind":"role","name":"boss"}`)
	if _, err := h.catalog.Upgrade(t.Context(), h.tenant, Upgrade{Sets: []metadata.PackageSet{next}}, 7); !fault.Is(err, "catalog.undecided") {
		t.Errorf("a conflict passed by: %v", err)
	}
	plan, err := h.catalog.PlanUpgrade(t.Context(), h.tenant, Upgrade{Sets: []metadata.PackageSet{next}})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Conflicts) != 1 || plan.Conflicts[0].Path() != "object/account/label" || plan.Versions[0] != (PackageVersion{"base", "1.0.0", "1.1.0"}) {
		t.Fatalf("%+v", plan)
	}
	for _, decision := range []string{"ours", "theirs"} {
		done, err := h.catalog.Upgrade(t.Context(), h.tenant, Upgrade{Sets: []metadata.PackageSet{next}, Decisions: map[string]string{"object/account/label": decision}}, 7)
		if err != nil {
			t.Fatal(err)
		}
		s := h.snapshot()
		account := s.Objects["account"]
		want := map[string]string{"ours": "Customer", "theirs": "Company"}[decision]
		if got := account.Doc.Label.In("en", ""); got != want {
			t.Errorf("decided for %s, and got %q", decision, got)
		}
		if account.byName["notes"] == nil || account.byName["founded"] == nil || Roles(s)["boss"] == nil ||
			account.byName["industry"].Doc.Label.In("en", "") != "Branch" || account.byName["industry"].Doc.Help.In("en", "") != "What they do" ||
			len(Views(s)["deals"].Doc.Columns) != 2 {
			t.Errorf("decided for %s, and lost something: %s", decision, s.Documents[key("object", "account")].Body)
		}
		versions, err := h.catalog.Packages(t.Context(), h.tenant)
		if err != nil || versions[0].From != "1.1.0" {
			t.Errorf("%+v, %v", versions, err)
		}
		back := Restoration{To: done.Revision - 1, Allow: []string{"object/account/fields/founded"}}
		if _, err := h.catalog.Rollback(t.Context(), h.tenant, back, 7); err != nil {
			t.Fatal(err)
		}
		if versions, _ := h.catalog.Packages(t.Context(), h.tenant); versions[0].From != "1.0.0" {
			t.Errorf("rolled back to %+v", versions)
		}
	}
}

func TestUpgradeRefusals(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.2.0"))
	needy := metadata.PackageSet{Package: metadata.Package{Head: metadata.Head{Kind: "package", Name: "needy"}, Version: "1.0.0", Requires: map[string]string{"base": "1.10.0"}},
		Documents: documents(t, []json.RawMessage{json.RawMessage(`{"kind":"package","name":"needy","version":"1.0.0","requires":{"base":"1.10.0"}}`)})}
	cases := []struct {
		name    string
		upgrade Upgrade
		code    string
	}{
		{"older", Upgrade{Sets: []metadata.PackageSet{basePackage(t, "1.1.9")}}, "catalog.package_downgrade"},
		{"needs a newer one", Upgrade{Sets: []metadata.PackageSet{needy}}, "catalog.package_needs"},
		{"unknown", Upgrade{Packages: []string{"bse"}}, "catalog.unknown_package"},
		{"stale", Upgrade{Base: 9}, "catalog.stale"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := h.catalog.Upgrade(t.Context(), h.tenant, c.upgrade, 7)
			f := fault.From(err)
			if f == nil || f.Code != c.code && (len(f.Errors) == 0 || f.Errors[0].Code != c.code) {
				t.Errorf("got %v", err)
			}
		})
	}
	done, err := h.catalog.Upgrade(t.Context(), h.tenant, Upgrade{Sets: []metadata.PackageSet{basePackage(t, "1.10.0"), needy}}, 7)
	if err != nil {
		t.Fatal(err)
	}
	if versions, _ := h.catalog.Packages(t.Context(), h.tenant); len(versions) != 2 || done.Revision != 2 {
		t.Errorf("%+v at %d", versions, done.Revision)
	}
}

// What is removed stays until it is purged; adding it again before brings it back.
func TestRemovedDataIsKeptAndPurged(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	h.apply(change(withNotes, `{"kind":"object","name":"thing","name_field":"name","fields":{"name":{"type":"text"}}}`))
	h.insert("account", map[string]any{"name": "a", "notes": "kept"})
	h.insert("thing", map[string]any{"name": "t"})
	remove := Change{Delete: []metadata.Key{key("object", "account"), key("object", "thing")}, Allow: []string{"object/account/fields/notes", "object/thing"}}
	add := change(withNotes, `{"kind":"object","name":"thing","name_field":"name","fields":{"name":{"type":"text"}}}`)
	held := func() (notes, things int64) {
		notes, err := h.tenant.Count(t.Context(), "account", filled(h.snapshot().Objects["account"].byName["notes"]), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if things, err = h.tenant.Count(t.Context(), "thing", nil, nil, 0); err != nil {
			t.Fatal(err)
		}
		return notes, things
	}
	h.apply(remove)
	h.settle()
	h.apply(add)
	if notes, things := held(); notes != 1 || things != 1 {
		t.Fatalf("%d notes and %d things came back", notes, things)
	}
	if jobs := h.jobs(); !slices.Contains(jobs, "index thing []") || !slices.Contains(jobs, "backfill thing [name]") {
		t.Errorf("what came back is not made ready: %v", jobs)
	}
	h.at = h.at.Add(h.catalog.o.Retention + time.Hour)
	h.settle()
	if notes, things := held(); notes != 1 || things != 1 {
		t.Fatalf("%d notes and %d things are left of what is in use", notes, things)
	}
	h.apply(remove)
	h.at = h.at.Add(h.catalog.o.Retention / 2)
	h.settle()
	h.at = h.at.Add(h.catalog.o.Retention)
	h.settle()
	h.apply(add)
	if notes, things := held(); notes != 0 || things != 0 {
		t.Errorf("%d notes and %d things outlived the purge", notes, things)
	}
	if n, err := h.tenant.Count(t.Context(), removedTable, nil, nil, 0); err != nil || n != 0 {
		t.Errorf("%d removals are still noted, %v", n, err)
	}
	told := map[string]int{}
	for row, err := range h.tenant.ReadLog(t.Context(), store.LogRead{Table: "_outbox", Columns: []query.Column{{Name: "object", Storage: fieldtype.Text}, {Name: "action", Storage: fieldtype.Text}, {Name: "changes", Storage: fieldtype.JSON}}, Limit: 10}) {
		if err != nil {
			t.Fatal(err)
		}
		told[fmt.Sprintf("%s", row[1:])]++
	}
	if len(told) != 2 {
		t.Errorf("of two things that were dropped the events are %v", told)
	}
}

// After a change the indexes are what is planned, once its jobs have run.
func TestIndexJobs(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	h.insert("account", map[string]any{"name": "a", "industry": "retail", "revenue": int64(5)})
	h.apply(change(`{"kind":"object","name":"account","fields":{"industry":{"indexed":true},"revenue":{"indexed":true,"unique":true}}}`))
	h.settle()
	planned := h.snapshot().Indexes["account"]
	indexes, err := h.tenant.Indexes(t.Context(), "account")
	if err != nil {
		t.Fatal(err)
	}
	if !sameNames(indexes, planned) {
		t.Errorf("there are %v\nplanned %v", indexes, planned)
	}
	h.insert("deal", map[string]any{"name": "x", "amount": int64(5)}, map[string]any{"name": "y", "amount": int64(5)})
	h.apply(change(`{"kind":"object","name":"deal","fields":{"amount":{"unique":true}}}`))
	r := job.NewRunner(job.Options{Tenant: h.store.Tenant, Now: func() time.Time { return h.at }, Holder: "test"})
	r.Register(h.catalog.Jobs()...)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	r.Wake("one")
	for range 2000 {
		failed, err := job.List(t.Context(), h.tenant, job.Listing{State: job.Failed})
		if err != nil {
			t.Fatal(err)
		}
		if len(failed) == 1 {
			if failed[0].Error != "catalog.not_unique" || failed[0].ErrorParams["key"] != "amount" || failed[0].Attempts != 1 {
				t.Errorf("failed with %v", failed[0].Fault())
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("an index over equal values was built")
}

func sameNames(a, b []store.Index) bool {
	names := func(all []store.Index) []string {
		var list []string
		for _, i := range all {
			list = append(list, fmt.Sprint(i.Name, i.Unique))
		}
		slices.Sort(list)
		return list
	}
	return slices.Equal(names(a), names(b))
}
