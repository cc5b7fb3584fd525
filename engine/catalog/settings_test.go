package catalog_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"formwork/engine/enginetest"
	"formwork/engine/policy"
	"formwork/engine/record"
)

// Everybody reads their own value of a setting, in formulas, rules and filters.
func TestSettingsVary(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(`{"kind":"role","name":"rep","label":"R"}`, `{"kind":"role","name":"boss","label":"B"}`,
		`{"kind":"object","name":"user","fields":{"own_limit":{"type":"number","label":"L"}}}`,
		`{"kind":"setting","name":"most","label":"M","type":"number","value":10,"user_field":"own_limit",
			"overrides":{"bosses":{"roles":["boss"],"value":100,"order":1},"all":{"roles":["rep","boss"],"value":20,"order":2}}}`,
		`{"kind":"setting","name":"plain","label":"P","type":"number","value":1}`,
		`{"kind":"object","name":"bid","label":"Bid","name_field":"name","visibility":"write","fields":{"name":{"type":"text"},"cut":{"type":"number"},
			"kept":{"type":"formula","result":"number","expression":"cut + settings.plain"},
			"left":{"type":"formula","result":"number","expression":"settings.most - cut"},
			"all":{"type":"lookup","object":"bid"},"parts":{"type":"rollup","op":"count","object":"bid","lookup":"all","filter":"cut > settings.plain"}},
			"rules":{"cap":{"must":"cut <= settings.most","message":"M"}}}`)
	bid := main.Create("bid", map[string]any{"name": "B", "cut": json.Number("5")})
	for name, c := range map[string]struct {
		user map[string]any
		most int
		left string
	}{
		"nobody":    {map[string]any{}, 10, "5"},
		"rep":       {map[string]any{"role": "rep"}, 20, "15"},
		"boss":      {map[string]any{"role": "boss"}, 100, "95"},
		"one's own": {map[string]any{"role": "boss", "own_limit": json.Number("7")}, 7, "2"},
	} {
		c.user["permissions"] = []any{"admin"}
		s := main.As(main.Caller(main.User(strings.ReplaceAll(name, "'", "")[:3]+id(main)+"@example.com", c.user)))
		r, err := s.Get(t.Context(), "bid", bid, []string{"left", "kept"})
		if err != nil {
			t.Fatal(err)
		}
		if raw, _ := json.Marshal(r); !strings.HasSuffix(string(raw), `"left":`+c.left+`,"kept":6}`) {
			t.Errorf("%s reads %s", name, raw)
		}
		page, err := s.List(t.Context(), "bid", record.ListQuery{Filter: `name == "B" and cut < settings.most and settings.most == ` + strconv.Itoa(c.most)})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("%s finds %v, %v", name, page, err)
		}
		for _, over := range []int{0, 1} {
			cut := json.Number(strconv.Itoa(c.most + over))
			_, err := s.Create(t.Context(), "bid", map[string]any{"name": "C", "cut": cut})
			if (err != nil) != (over == 1) {
				t.Errorf("%s creates with %s: %v", name, cut, err)
			}
		}
	}
	for name, c := range map[string]struct{ document, want string }{
		"a roll-up of one that varies": {`{"kind":"setting","name":"plain","label":"P","type":"number","value":1,"user_field":"own_limit"}`, "expression.setting_varies /object/bid/fields/parts/filter"},
		"no role":                      {`{"kind":"setting","name":"most","label":"M","type":"number","value":10,"overrides":{"a":{"roles":["bos"],"value":1}}}`, "catalog.unknown_document_near /setting/most/overrides/a/roles/0"},
		"no field":                     {`{"kind":"setting","name":"most","label":"M","type":"number","value":10,"user_field":"own"}`, "catalog.unknown_field /setting/most/user_field"},
		"another type":                 {`{"kind":"setting","name":"most","label":"M","type":"number","value":10,"user_field":"name"}`, "catalog.setting_field /setting/most/user_field"},
		"another value":                {`{"kind":"setting","name":"most","label":"M","type":"number","value":"x"}`, "field.not_a_number /setting/most/value"},
	} {
		if got, _ := planned(t, main, "admin", c.document); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

// The nearest role upwards that has a value counts, and a role that moves takes its value from
// where it is then.
func TestSettingsReachRolesBelow(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	role := func(name, parent string) string {
		return `{"kind":"role","name":"` + name + `","label":"R","parent":"` + parent + `"}`
	}
	main.Apply(`{"kind":"role","name":"chief","label":"R"}`, role("head", "chief"), role("lead", "head"), role("rep", "lead"), role("aide", "chief"),
		`{"kind":"role","name":"guest","label":"R"}`,
		`{"kind":"setting","name":"most","label":"M","type":"number","value":1,"overrides":{
			"chiefs":{"roles":["chief"],"value":1000,"order":1},"leads":{"roles":["lead"],"value":10,"order":3},"again":{"roles":["lead","chief"],"value":5,"order":4}}}`,
		`{"kind":"object","name":"bid","label":"Bid","name_field":"name","visibility":"write","fields":{"name":{"type":"text"},
			"most":{"type":"formula","result":"number","expression":"settings.most"}}}`)
	bid := main.Create("bid", map[string]any{"name": "B"})
	callers := map[string]*policy.Caller{}
	for _, name := range []string{"chief", "head", "lead", "rep", "aide", "guest"} {
		callers[name] = main.Caller(main.User(name+"@example.com", map[string]any{"role": name, "permissions": []any{"admin"}}))
	}
	check := func(want map[string]int) {
		t.Helper()
		for name, most := range want {
			s := main.As(callers[name])
			r, err := s.Get(t.Context(), "bid", bid, []string{"most"})
			if raw, _ := json.Marshal(r); err != nil || !strings.HasSuffix(string(raw), `"most":`+strconv.Itoa(most)+`}`) {
				t.Errorf("%s reads %s, %v, want %d", name, raw, err, most)
			}
			page, err := s.List(t.Context(), "bid", record.ListQuery{Filter: `settings.most == ` + strconv.Itoa(most)})
			if err != nil || len(page.Items) != 1 {
				t.Errorf("%s finds %v, %v", name, page, err)
			}
		}
	}
	check(map[string]int{"chief": 1000, "head": 1000, "lead": 10, "rep": 10, "aide": 1000, "guest": 1})
	main.Apply(role("rep", "head"), role("lead", "guest"))
	check(map[string]int{"rep": 1000, "lead": 10})
}

// A setting by which records are shared opens them: only who may open them changes it, and
// only who manages users gives a user a value of their own.
func TestNobodyOpensByASetting(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	setting := func(value string) string {
		return `{"kind":"setting","name":"shared","label":"S","type":"text","value":"` + value + `","user_field":"own"}`
	}
	main.Apply(designer, `{"kind":"object","name":"user","fields":{"own":{"type":"text","label":"O"}}}`, setting("a"))
	_, effects := planned(t, main, "admin", `{"kind":"sharing","name":"s","label":"S","object":"task","when":"subject == settings.shared","to":{"everyone":true},"access":"read"}`)
	if want := "narrowing catalog.holds_field object/user/fields/own"; !slices.Contains(effects, want) {
		t.Errorf("%v, want %s", effects, want)
	}
	for _, subject := range []string{"a", "b"} {
		main.Create("task", map[string]any{"subject": subject})
	}
	main.Apply(`{"kind":"permission","name":"reader","label":"R","objects":{"task":{"read":true,"fields":{"*":"read"}}}}`)
	for own, want := range map[string]string{"": "a", "b": "b"} {
		user := main.User("user"+own+"@example.com", map[string]any{"permissions": []any{"reader"}, "own": own})
		page, err := main.As(main.Caller(user)).List(t.Context(), "task", record.ListQuery{Filter: "subject == \"" + want + "\""})
		all, wrong := main.As(main.Caller(user)).List(t.Context(), "task", record.ListQuery{})
		if err != nil || wrong != nil || len(page.Items) != 1 || len(all.Items) != 1 {
			t.Errorf("with %q: %v, %v", own, page, all)
		}
	}
	if got, _ := planned(t, main, "designer", setting("b")); !slices.Equal(got, []string{"catalog.opens_beyond /sharing/s/to"}) {
		t.Errorf("problems %v", got)
	}
	if got, _ := planned(t, main, "admin", setting("b")); len(got) > 0 {
		t.Errorf("an administrator is told %v", got)
	}
}

// A record of the configuration by which records are shared opens them.
func TestNobodyOpensByAConfigurationRecord(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	level := func(open string) string {
		return `{"kind":"record","name":"low","object":"level","values":{"name":"Low","open":` + open + `}}`
	}
	main.Apply(designer, `{"kind":"object","name":"level","label":"L","name_field":"name","configuration":true,"fields":{"name":{"type":"text"},"open":{"type":"checkbox"}}}`,
		level("false"), `{"kind":"object","name":"task","fields":{"level":{"type":"lookup","object":"level","label":"L"}}}`,
		`{"kind":"sharing","name":"s","label":"S","object":"task","when":"level.open","to":{"everyone":true},"access":"read"}`)
	if got, _ := planned(t, main, "designer", level("true")); len(got) != 1 || !strings.HasPrefix(got[0], "catalog.opens_through /object/") {
		t.Errorf("problems %v", got)
	}
	if got, _ := planned(t, main, "admin", level("true")); len(got) > 0 {
		t.Errorf("an administrator is told %v", got)
	}
}
