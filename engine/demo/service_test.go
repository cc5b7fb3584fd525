package demo

import (
	"strings"
	"testing"
	"time"

	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/record"
	"formwork/metadata/packages"
)

// withService are the recipes sales and service.
func withService(t testing.TB) *Recipe {
	t.Helper()
	return recipes(t, "sales", "service")
}

// recipes are some that follow each other.
func recipes(t testing.TB, names ...string) *Recipe {
	t.Helper()
	var raws [][]byte
	for _, name := range names {
		raw, err := packages.Recipe(name)
		if err != nil {
			t.Fatal(err)
		}
		raws = append(raws, raw)
	}
	r, err := Parse(raws...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Whenever the demonstration is made, there are cases whose clocks run, were met, wait, and are missed as soon as the
// background has looked at them.
func TestTheServiceDemonstration(t *testing.T) {
	for name, now := range map[string]time.Time{
		"on a Saturday":           enginetest.Start,
		"on a Monday morning":     time.Date(2026, 3, 16, 8, 10, 0, 0, time.UTC),
		"on a Wednesday":          time.Date(2026, 3, 18, 13, 40, 0, 0, time.UTC),
		"on a Friday, before ten": time.Date(2026, 3, 20, 21, 50, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := enginetest.New(t, enginetest.Options{})
			p.Clock.Set(now)
			tenant := p.NewTenant("main", "service")
			target := localOf(tenant)
			l := Loader{Target: target, Recipe: withService(t), Seed: 1, Size: 60, Now: now, Password: enginetest.Password}
			if _, err := l.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			tenant.RunJobs()
			count := func(filter string) int64 {
				t.Helper()
				page, err := target.Session().List(t.Context(), "case", record.ListQuery{Filter: filter, Limit: 1, Total: record.ExactTotal})
				if err != nil {
					t.Fatal(filter, err)
				}
				return *page.Total
			}
			for filter, least := range map[string]int64{
				`status == "new" and response_state == "running" and resolution_state == "running"`: 9,
				`status == "new" and response_state == "missed" and resolution_state == "missed"`:   4,
				`status == "closed" and response_state == "met" and resolution_state == "met"`:      4,
				`status == "in_progress" and resolution_state == "running"`:                         1,
				`status == "waiting" and resolution_state == "paused"`:                              1,
				`status == "closed" and entitlement != nil and closed_at == answered_at`:            14,
				`status != "closed" and owner == nil`:                                               1,
			} {
				if n := count(filter); n < least {
					t.Errorf("%d cases, not %d: %s", n, least, filter)
				}
			}
			for object, filters := range map[string]map[string]int64{
				"case":         {`satisfaction in ["good", "very_good"]`: 6, `satisfaction_comment != nil and satisfaction != nil and contact != nil`: 1},
				"article":      {`state == "published" and language == "en"`: 11, `state == "published" and language == "zh"`: 11, `state in ["draft", "in_review"]`: 4, `valid_until < today() and state == "published"`: 2},
				"case_article": {`article.state == "published" and article.title == case.subject`: 10},
			} {
				for filter, least := range filters {
					page, err := target.Session().List(t.Context(), object, record.ListQuery{Filter: filter, Limit: 1, Total: record.ExactTotal})
					if err != nil {
						t.Fatal(filter, err)
					}
					if *page.Total < least {
						t.Errorf("%d of %s, not %d: %s", *page.Total, object, least, filter)
					}
				}
			}
			if n := count(`response_state == nil or resolution_state == nil or account == nil or team.name != "Support"`); n != 0 {
				t.Errorf("%d cases lack a clock, an account or a team", n)
			}
			checkWhoWorksCases(t, tenant, target)
		})
	}
}

// checkWhoWorksCases has open cases changed by those who are in service, and by nobody else.
func checkWhoWorksCases(t *testing.T, tenant *enginetest.Tenant, target Local) {
	t.Helper()
	open := record.ListQuery{Filter: `status == "new"`, Limit: 1}
	page, err := target.Session().List(t.Context(), "case", open)
	if err != nil || len(page.Items) == 0 {
		t.Fatal(len(page.Items), err)
	}
	for _, p := range withService(t).People {
		user, err := target.User(t.Context(), p.Email)
		if err != nil {
			t.Fatal(err)
		}
		caller := tenant.Caller(user)
		_, err = tenant.As(caller).Update(t.Context(), "case", page.Items[0].ID(), map[string]any{"description": "Looked at by " + p.Name}, 0)
		if serves := strings.HasPrefix(p.Role, "service"); serves != (err == nil) || !serves && fault.KindOf(err) != fault.Forbidden && fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s changes a case: %v", p.Email, err)
		}
	}
}

// There are accounts to be claimed by members, to be assigned, and some that are held, each since a time of its own and with what
// is told of it; nobody else sees them.
func TestThePoolDemonstration(t *testing.T) {
	tenant := enginetest.New(t, enginetest.Options{}).NewTenant("main", "service", "pool")
	target := localOf(tenant)
	all := recipes(t, "sales", "service", "pool")
	if _, err := (&Loader{Target: target, Recipe: all, Seed: 1, Size: 60, Now: enginetest.Start, Password: enginetest.Password}).Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	tenant.RunJobs()
	count := func(s *record.Session, object, filter string) int64 {
		t.Helper()
		page, err := s.List(t.Context(), object, record.ListQuery{Filter: filter, Limit: 1, Total: record.ExactTotal})
		if err != nil {
			t.Fatal(filter, err)
		}
		return *page.Total
	}
	for _, one := range []struct {
		object, filter string
		want           int64
	}{
		{"account", `pool.name == "中国区公海" and owner == nil and returned_at > now() - days(40) and return_reason != nil and claimed_at == nil`, 9},
		{"account", `pool.name == "中国区公海" and owner.email == "wangfang@example.com" and claimed_at < last_follow_up and returned_at == nil`, 3},
		{"account", `pool.name == "International pool" and not pool.claimable and owner == nil`, 5},
		{"pool_event", `kind == "reclaimed" and account.owner == nil and reason == account.return_reason and at == account.returned_at`, 9},
		{"pool_event", `kind == "claimed" and person == account.owner and at == account.claimed_at`, 3},
		{"pool", `available == 9 and held == 3 or available == 5 and held == 0`, 2},
	} {
		if n := count(target.Session(), one.object, one.filter); n != one.want {
			t.Errorf("%d, not %d: %s of %s", n, one.want, one.object, one.filter)
		}
	}
	for email, want := range map[string]int64{"zhaomin@example.com": 14, "wangfang@example.com": 9, "liming@example.com": 9, "sarah@example.com": 5} {
		user, err := target.User(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		if n := count(tenant.As(tenant.Caller(user)), "account", "pool != nil and owner == nil"); n != want {
			t.Errorf("%s sees %d accounts in pools, not %d", email, n, want)
		}
	}
}

// What a recipe adds changes nothing of what the one before it makes.
func TestServiceLeavesSalesAsItIs(t *testing.T) {
	made := func(r *Recipe) *memory {
		m := newMemory()
		if _, err := (&Loader{Target: m, Recipe: r, Seed: 7, Size: 200, Now: day}).Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		return m
	}
	sales, both := made(recipe(t, "sales")), made(recipes(t, "sales", "service", "pool"))
	if len(both.records["case"]) == 0 || len(sales.records["case"]) != 0 {
		t.Errorf("%d cases, and %d without service", len(both.records["case"]), len(sales.records["case"]))
	}
	for _, object := range []string{"account", "contact", "lead", "opportunity"} {
		for i, one := range sales.records[object] {
			if a, b := one["name"], both.records[object][i]["name"]; a != b {
				t.Fatalf("%s %d is %v, and with what is added %v", object, i, a, b)
			}
		}
	}
}

func TestRecipesThatFollowEachOther(t *testing.T) {
	first := `{"lists": {"w": ["a"]}, "steps": [{"object": "thing", "rows": 1, "fields": [{"name": "f", "text": "{w}"}]}]}`
	second := `{"steps": [{"object": "other", "each": "thing", "times": [1, 1], "fields": [{"name": "of", "this": true}, {"name": "g", "text": "{w}"}]}]}`
	if r, err := Parse([]byte(first), []byte(second)); err != nil || len(r.Steps) != 2 {
		t.Errorf("%v", err)
	}
	if _, err := Parse([]byte(second), []byte(first)); err == nil || !strings.Contains(err.Error(), `no step before makes "thing"`) {
		t.Errorf("in the wrong order: %v", err)
	}
	if _, err := Parse([]byte(first), []byte(first)); err == nil || !strings.Contains(err.Error(), `two lists have the name "w"`) {
		t.Errorf("the same list twice: %v", err)
	}
}
