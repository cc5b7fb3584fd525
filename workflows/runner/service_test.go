package runner_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/metadata"
	"formwork/metadata/packages"
)

// serviceBefore is the package service as it was before it asked how satisfied people are and had articles.
func serviceBefore(t *testing.T, now metadata.PackageSet) metadata.PackageSet {
	t.Helper()
	was := now
	was.Package.Version = "1.1.0"
	was.Documents = slices.DeleteFunc(slices.Clone(now.Documents), func(d metadata.Document) bool {
		return strings.Contains(d.Name, "article") || slices.Contains([]string{"ask_satisfaction", "satisfaction_survey", "rated_cases", "low_ratings"}, d.Name)
	})
	without := func(kind, name string, take func(doc map[string]any)) {
		i := slices.IndexFunc(was.Documents, func(d metadata.Document) bool { return d.Kind == kind && d.Name == name })
		var doc map[string]any
		if err := json.Unmarshal(was.Documents[i].Body, &doc); err != nil {
			t.Fatal(err)
		}
		take(doc)
		raw, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		was.Documents[i].Body = raw
	}
	in := func(doc map[string]any, path ...string) map[string]any {
		for _, name := range path {
			doc = doc[name].(map[string]any)
		}
		return doc
	}
	without("package", "service", func(doc map[string]any) { doc["version"] = "1.1.0" })
	without("object", "case", func(doc map[string]any) {
		maps.DeleteFunc(in(doc, "fields"), func(name string, _ any) bool { return strings.HasPrefix(name, "satisfaction") })
	})
	without("layout", "case", func(doc map[string]any) {
		delete(in(doc, "tabs", "details", "sections"), "satisfaction")
		delete(in(doc, "related"), "articles")
	})
	without("app", "service", func(doc map[string]any) { delete(in(doc, "items"), "articles") })
	for _, set := range []string{"service_agent", "service_manager"} {
		without("permission", set, func(doc map[string]any) {
			delete(in(doc, "objects"), "article")
			delete(in(doc, "objects"), "case_article")
		})
	}
	return was
}

// A tenant that has service 1.1.0 gets 1.3.0: nothing of what it has is lost, cases that were closed before are not asked about, and
// what is new is there.
func TestServiceIsUpgraded(t *testing.T) {
	sets := packages.All()
	now := sets[slices.IndexFunc(sets, func(s metadata.PackageSet) bool { return s.Package.Name == "service" })]
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "sales")
	if _, err := tenant.Catalog.Upgrade(t.Context(), tenant.Tenant, catalog.Upgrade{Sets: []metadata.PackageSet{serviceBefore(t, now)}}, 0); err != nil {
		t.Fatal(err)
	}
	tenant.Apply(`{"kind":"object","name":"case","label":"Ticket"}`, `{"kind":"view","name":"my_cases","columns":["number","subject"]}`)
	account := tenant.Create("account", map[string]any{"name": "Engines Ltd"})
	contact := tenant.Create("contact", map[string]any{"last_name": "King", "email": "ada@example.org", "account": account.String()})
	key := tenant.Create("case", map[string]any{"subject": "Fire", "account": account.String(), "contact": contact.String()})
	if _, err := tenant.System().Update(t.Context(), "case", key, map[string]any{"status": "closed"}, 0); err != nil {
		t.Fatal(err)
	}
	upgrade := catalog.Upgrade{Sets: []metadata.PackageSet{now}}
	plan, err := tenant.Catalog.PlanUpgrade(t.Context(), tenant.Tenant, upgrade)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Conflicts) > 0 || plan.Versions[0] != (catalog.PackageVersion{Name: "service", From: "1.1.0", To: "1.3.0"}) {
		t.Fatalf("%+v", plan)
	}
	if _, err := tenant.Catalog.Upgrade(t.Context(), tenant.Tenant, upgrade, 0); err != nil {
		t.Fatal(err)
	}
	tenant.RunJobs()
	s := tenant.Snapshot()
	if got := s.Objects["case"].Doc.Label.In("en", ""); got != "Ticket" {
		t.Errorf("a case is called %q", got)
	}
	r, err := tenant.System().Get(t.Context(), "case", key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := decoded(t, r); got["status"] != "closed" || got["satisfaction"] != nil || got["satisfaction_asked_at"] != nil {
		t.Errorf("the case is %v", got)
	}
	article := tenant.Create("article", map[string]any{"title": "Fire", "summary": "Water.", "body": "<p>Water.</p>"})
	tenant.Create("case_article", map[string]any{"case": key.String(), "article": article.String()})
	if _, err := tenant.System().Update(t.Context(), "case", key, map[string]any{"satisfaction": "good"}, 0); err != nil {
		t.Error(err)
	}
}
