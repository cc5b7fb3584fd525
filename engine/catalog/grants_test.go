package catalog_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	ids "formwork/engine/id"
	"formwork/metadata"
)

const (
	designer = `{"kind":"permission","name":"designer","label":"Designer","objects":{"task":{"read":true,"update":true},"note":{"read":true,"read_all":true,"fields":{"*":"read"}}},"system":["manage_metadata"]}`
	people   = `{"kind":"permission","name":"people","label":"People","objects":{"user":{"create":true,"read":true,"update":true,"delete":true,"write_all":true}},"system":["manage_users","manage_keys","api"]}`
)

// planned are the problems and the effects that a change by somebody with a permission set has.
func planned(t *testing.T, main *enginetest.Tenant, set string, documents ...string) (problems, effects []string) {
	t.Helper()
	change := catalog.Change{Author: main.CallerWith(set+id(main)+"@example.com", set), Allow: []string{"object/task/fields/*", "object/mine/fields/to"}}
	for _, d := range documents {
		change.Documents = append(change.Documents, json.RawMessage(d))
	}
	plan, err := main.Catalog.Plan(t.Context(), main.Tenant, change)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plan.Problems {
		problems = append(problems, p.Code+" "+p.Pointer)
	}
	for _, i := range plan.Impact {
		effects = append(effects, i.Class+" "+i.Notice.Code+" "+i.Path)
	}
	_, err = main.Catalog.Apply(t.Context(), main.Tenant, change, 0)
	if (err == nil) != (len(problems) == 0) {
		t.Errorf("planned with %v, and applied with %v", problems, err)
	}
	return problems, effects
}

func id(main *enginetest.Tenant) string { return main.IDs.Next().String() }

// Who changes the configuration gives nobody, and so not themselves, what they don't have.
func TestNobodyGivesByTheConfigurationWhatTheyDoNotHave(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		want     []string
	}{
		"a system right":       {`{"kind":"permission","name":"own","label":"O","system":["manage_metadata","manage_users"]}`, []string{"catalog.grants_beyond /permission/own/system/1"}},
		"to the own set":       {`{"kind":"permission","name":"designer","label":"D","objects":{"task":{"read":true,"update":true,"delete":true}},"system":["manage_metadata"]}`, []string{"catalog.grants_beyond /permission/designer/objects/task/delete"}},
		"every object":         {`{"kind":"permission","name":"own","label":"O","objects":{"*":{"read":true}}}`, []string{"catalog.grants_beyond /permission/own/objects/*/fields", "catalog.grants_beyond /permission/own/objects/*/read"}},
		"all records":          {`{"kind":"permission","name":"own","label":"O","objects":{"task":{"read":true,"read_all":true}}}`, []string{"catalog.grants_beyond /permission/own/objects/task/read_all"}},
		"fields":               {`{"kind":"permission","name":"own","label":"O","objects":{"note":{"create":true,"read":true}}}`, []string{"catalog.grants_beyond /permission/own/objects/note/create", "catalog.grants_beyond /permission/own/objects/note/fields"}},
		"by another set":       {`{"kind":"permission","name":"own","label":"O","includes":["admin"]}`, []string{"catalog.grants_beyond /permission/own/includes/0"}},
		"by a set one has":     {`{"kind":"permission","name":"own","label":"O","includes":["designer"]}`, nil},
		"what one has":         {`{"kind":"permission","name":"own","label":"O","objects":{"task":{"read":true,"fields":{"*":"read"}}},"system":["manage_metadata"]}`, nil},
		"a set as it is":       {`{"kind":"permission","name":"admin","label":"Boss"}`, nil},
		"an object of one's":   {`{"kind":"object","name":"thing","label":"Thing","name_field":"name","fields":{"name":{"type":"text"}}}`, nil},
		"records by sharing":   {`{"kind":"sharing","name":"s","label":"S","object":"task","to":{"everyone":true},"access":"read"}`, []string{"catalog.opens_beyond /sharing/s/to"}},
		"records one reads":    {`{"kind":"sharing","name":"s","label":"S","object":"note","to":{"everyone":true},"access":"read"}`, nil},
		"writing those":        {`{"kind":"sharing","name":"s","label":"S","object":"note","to":{"everyone":true},"access":"write"}`, []string{"catalog.opens_beyond /sharing/s/to"}},
		"records by policy":    {`{"kind":"policy","name":"p","label":"P","object":"task","rego":"package formwork.custom.p\nallow if input.user.id == input.record.created_by"}`, []string{"catalog.opens_beyond /policy/p/rego"}},
		"records by place":     {`{"kind":"role","name":"low","label":"L","parent":"high"}`, []string{"catalog.opens_beyond /role/low/parent"}},
		"records to everybody": {`{"kind":"object","name":"task","visibility":"read"}`, []string{"catalog.opens_beyond /object/task/visibility"}},
		"sets by default":      {`{"kind":"object","name":"user","fields":{"permissions":{"default":["admin"]}}}`, []string{"catalog.opens_beyond /object/user/fields/permissions"}},
	} {
		t.Run(name, func(t *testing.T) {
			main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
			main.Apply(designer, `{"kind":"role","name":"high","label":"H"}`, `{"kind":"role","name":"low","label":"L"}`)
			if got, _ := planned(t, main, "designer", c.document); !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
			if got, _ := planned(t, main, "admin", c.document); len(got) > 0 {
				t.Errorf("an administrator is told %v", got)
			}
		})
	}
}

// A rule that says what it said opens more when what it reads is computed otherwise: that
// needs the same right as another rule.
func TestNobodyOpensByWhatRulesRead(t *testing.T) {
	const (
		area = `{"kind":"object","name":"area","label":"Area","name_field":"name","fields":{"name":{"type":"text"},
			"free":{"type":"formula","result":"checkbox","expression":"name == 'free'"},
			"big":{"type":"rollup","op":"count","object":"task","lookup":"area","filter":"effort > constants.big_task"},
			"newest":{"type":"rollup","op":"last","object":"task","lookup":"area","field":"place","sort":"bare"},
			"tasks":{"type":"rollup","op":"count","object":"task","lookup":"area","filter":"status == 'done'"}}}`
		limit = `{"kind":"constant","name":"big_task","type":"number","value":5}`
		task  = `{"kind":"object","name":"task","fields":{"area":{"type":"lookup","object":"area","on_delete":"clear"},
			"bare":{"type":"formula","result":"text","expression":"subject"},
			"plain":{"type":"formula","result":"text","expression":"bare"},
			"late":{"type":"formula","result":"checkbox","expression":"due < today()"},
			"kept":{"type":"checkbox"},"effort":{"type":"number"},"place":{"type":"text"},
			"high":{"type":"formula","result":"checkbox","expression":"area.tasks > 3"}}}`
		note = `{"kind":"object","name":"note","fields":{"same":{"type":"formula","result":"text","expression":"title"}}}`
		user = `{"kind":"object","name":"user","fields":{"desk":{"type":"text"},"place":{"type":"formula","result":"text","expression":"desk"}}}`
	)
	rule := func(when, to string) string {
		return `{"kind":"sharing","name":"s","label":"S","object":"task","when":"` + when + `","to":` + to + `,"access":"read"}`
	}
	const matched = `{"kind":"sharing","name":"s","label":"S","object":"task","to":{"match":{"plain":"place"}},"access":"read"}`
	rego := func(condition string) string {
		return `{"kind":"policy","name":"p","label":"P","object":"task","rego":"package formwork.custom.p\nallow if ` + condition + `"}`
	}
	const everyone = `{"everyone":true}`
	change := func(document, from, to string) string { return strings.Replace(document, from, to, 1) }
	var (
		ofArea  = []string{"catalog.grants_beyond /object/area/fields/free", "catalog.opens_through /object/area/fields/free"}
		ofCount = []string{"catalog.opens_beyond /object/area/fields/tasks", "catalog.opens_through /object/area/fields/tasks"}
		ofBare  = []string{"catalog.opens_through /object/task/fields/bare"}
	)
	for name, c := range map[string]struct {
		rule, change string
		want         []string
	}{
		"a formula":                        {rule("bare == 'x'", everyone), change(task, `"subject"`, `"'x'"`), ofBare},
		"a formula that a formula reads":   {rule("plain == 'x'", everyone), change(task, `"subject"`, `"'x'"`), ofBare},
		"a formula computed when read":     {rule("late", everyone), change(task, "due <", "due == nil or due <"), []string{"catalog.opens_through /object/task/fields/late"}},
		"a formula through a lookup":       {rule("area.free", everyone), change(area, "== 'free'", "!= nil"), ofArea},
		"a roll-up":                        {rule("area.tasks > 3", everyone), change(area, "status == 'done'", "status != 'done'"), ofCount},
		"a constant of a roll-up":          {rule("area.big > 3", everyone), change(limit, "5", "1"), []string{"catalog.opens_through /object/area/fields/big"}},
		"what a roll-up is sorted by":      {rule("area.newest == 'x'", everyone), change(task, `"subject"`, `"'x'"`), ofBare},
		"a roll-up that a formula reads":   {rule("high", everyone), change(area, "status == 'done'", "status != 'done'"), ofCount},
		"a value that becomes a formula":   {rule("not kept", everyone), change(task, `"kept":{"type":"checkbox"}`, `"kept":{"type":"formula","result":"checkbox","expression":"false"}`), []string{"catalog.opens_through /object/task/fields/kept"}},
		"what is matched":                  {matched, change(task, `"subject"`, `"'x'"`), ofBare},
		"what is matched of users":         {matched, change(user, `"expression":"desk"`, `"expression":"'x'"`), []string{"catalog.opens_through /object/user/fields/place"}},
		"a policy":                         {rego(`input.record.plain == \"x\"`), change(task, `"subject"`, `"'x'"`), ofBare},
		"what a policy reads of users":     {rego(`input.user.place == \"x\"`), change(user, `"expression":"desk"`, `"expression":"'x'"`), []string{"catalog.opens_through /object/user/fields/place"}},
		"a formula that no rule reads":     {rule("late", everyone), change(task, `"subject"`, `"'x'"`), nil},
		"another label":                    {rule("plain == 'x'", everyone), change(task, `"bare":{`, `"bare":{"label":"B",`), nil},
		"a formula about records one sees": {`{"kind":"sharing","name":"s","label":"S","object":"note","when":"same == 'x'","to":{"everyone":true},"access":"read"}`, change(note, `"title"`, `"'x'"`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
			main.Apply(designer, limit, area, task, note, user, c.rule)
			if got, _ := planned(t, main, "designer", c.change); !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
			if got, _ := planned(t, main, "admin", c.change); len(got) > 0 {
				t.Errorf("an administrator is told %v", got)
			}
		})
	}
}

// What is computed is shown to who may read the computed field, so nobody has something
// computed of what they may not read.
func TestNobodyComputesOfWhatTheyMayNotRead(t *testing.T) {
	const (
		firm = `{"kind":"object","name":"firm","label":"F","name_field":"name","fields":{"name":{"type":"text"},"gain":{"type":"number"},"staff":{"type":"number"},"above":{"type":"lookup","object":"firm"},
			"rich":{"type":"formula","result":"checkbox","expression":"gain > 1000"},"both":{"type":"formula","result":"number","expression":"staff + 1"}}}`
		deal = `{"kind":"object","name":"deal","label":"D","name_field":"name","fields":{"name":{"type":"text"},"title":{"type":"text"},"firm":{"type":"lookup","object":"firm"},"sum":{"type":"number"}}}`
		call = `{"kind":"object","name":"call","label":"C","name_field":"name","fields":{"name":{"type":"text"},"secret":{"type":"text"},"firm":{"type":"lookup","object":"firm"}}}`
		mine = `{"kind":"object","name":"mine","label":"M","name_field":"name","fields":{"name":{"type":"text"},"to":{"type":"lookup","object":"note"},"x":{"type":"formula","result":"text","expression":"to.title"}}}`
		dev  = `{"kind":"permission","name":"dev","label":"D","objects":{"firm":{"read":true,"update":true,"fields":{"*":"edit","gain":"none"}},
			"mine":{"read":true},"note":{"read":true},"call":{"read":true,"read_all":true,"fields":{"*":"read","secret":"none"}},"user":{"read":true,"fields":{"*":"read","level":"none"}}},"system":["manage_metadata"]}`
		user = `{"kind":"object","name":"user","fields":{"level":{"type":"number"}}}`
		read = "catalog.grants_beyond /object/firm/fields/x"
	)
	with := func(fields string) string {
		return strings.Replace(firm, `"fields":{`, `"fields":{`+fields+`,`, 1)
	}
	formula := func(expression string) string {
		return with(`"x":{"type":"formula","result":"text","expression":"` + expression + `"}`)
	}
	rollup := func(of string) string { return with(`"x":{"type":"rollup","lookup":"firm",` + of + `}`) }
	change := func(from, to string) string { return strings.Replace(firm, from, to, 1) }
	for name, c := range map[string]struct {
		documents []string
		want      []string
	}{
		"a hidden field":                {[]string{formula("text(gain)")}, []string{read}},
		"a field that one reads":        {[]string{formula("name + text(staff)")}, nil},
		"a formula that one reads":      {[]string{formula("rich ? 'a' : 'b'")}, nil},
		"through a lookup":              {[]string{formula("above.name + text(above.gain)")}, []string{read}},
		"through a formula":             {[]string{with(`"x":{"type":"formula","result":"number","expression":"gain"},"y":{"type":"formula","result":"number","expression":"x"}`)}, []string{read}},
		"a field of the reader":         {[]string{formula("text(user.level)")}, []string{read}},
		"by a setting":                  {[]string{`{"kind":"setting","name":"s","type":"number","value":1,"user_field":"level"}`, formula("text(settings.s)")}, []string{read}},
		"another formula":               {[]string{change("staff + 1", "staff + gain")}, []string{"catalog.grants_beyond /object/firm/fields/both"}},
		"more of what was computed":     {[]string{change("gain > 1000", "gain > 2000")}, []string{"catalog.grants_beyond /object/firm/fields/rich"}},
		"another label":                 {[]string{change(`"rich":{`, `"rich":{"label":"Rich",`)}, nil},
		"of a hidden object":            {[]string{rollup(`"op":"last","object":"deal","field":"name","sort":"sum"`)}, []string{read}},
		"of records one reaches":        {[]string{rollup(`"op":"count","object":"call","filter":"name == 'x'"`)}, nil},
		"by a hidden field":             {[]string{rollup(`"op":"count","object":"call","filter":"secret == 'x'"`)}, []string{read}},
		"sorted by a hidden field":      {[]string{rollup(`"op":"last","object":"call","field":"name","sort":"-secret"`)}, []string{read}},
		"of records one reaches not":    {[]string{rollup(`"op":"count","object":"call","filter":"firm.name == 'x'"`)}, []string{"catalog.opens_beyond /object/firm/fields/x"}},
		"a default":                     {[]string{with(`"x":{"type":"number","default_expr":"gain"}`)}, []string{read + "/default_expr"}},
		"of what is new":                {[]string{with(`"new":{"type":"text"},"x":{"type":"formula","result":"text","expression":"new + name"}`)}, nil},
		"a lookup that leads elsewhere": {[]string{strings.Replace(mine, `"object":"note"`, `"object":"deal"`, 1)}, []string{"catalog.grants_beyond /object/mine/fields/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
			main.Apply(dev, user, firm, deal, call, mine)
			if got, _ := planned(t, main, "dev", c.documents...); !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
			if got, _ := planned(t, main, "admin", c.documents...); len(got) > 0 {
				t.Errorf("an administrator is told %v", got)
			}
		})
	}
}

// What was removed and can come back with its data counts as there: nobody opens it as it
// comes back.
func TestNobodyOpensWhatTheyRemoved(t *testing.T) {
	const (
		pay   = `{"kind":"object","name":"pay","label":"Pay","name_field":"name","fields":{"name":{"type":"text"},"sum":{"type":"number"}}}`
		plain = `{"kind":"object","name":"pay","label":"Pay","name_field":"name","fields":{"name":{"type":"text"}}}`
		named = `{"kind":"permission","name":"clerk","label":"C","objects":{"pay":{"read":true,"read_all":true,"fields":{"name":"read"}}},"system":["manage_metadata"]}`
		both  = `{"kind":"permission","name":"clerk","label":"C","objects":{"pay":{"read":true,"read_all":true,"fields":{"name":"read","sum":"read"}}},"system":["manage_metadata"]}`
		none  = `{"kind":"permission","name":"clerk","label":"C","system":["manage_metadata"]}`
		seen  = `{"kind":"object","name":"pay","label":"Pay","name_field":"name","visibility":"read","fields":{"name":{"type":"text"},"sum":{"type":"number"}}}`
		read  = `{"kind":"permission","name":"clerk","label":"C","objects":{"pay":{"read":true}},"system":["manage_metadata"]}`
		share = `{"kind":"sharing","name":"s","label":"S","object":"pay","to":{"everyone":true},"access":"read"}`
	)
	for name, c := range map[string]struct {
		had     string   // what the author has at first
		removal []string // the change that removes
		deletes bool     // the object goes
		filled  bool     // there is a record
		back    []string // the change that opens
		want    []string
	}{
		"a field as it comes back":  {named, []string{plain}, false, true, []string{pay, both}, []string{"catalog.grants_beyond /permission/clerk/objects/pay/fields/sum"}},
		"a field that stays closed": {named, []string{plain}, false, true, []string{pay}, nil},
		"an object by a set":        {none, nil, true, true, []string{pay, read}, []string{"catalog.grants_beyond /permission/clerk/objects/pay/fields", "catalog.grants_beyond /permission/clerk/objects/pay/read"}},
		"an object by its own word": {none, nil, true, true, []string{seen}, []string{"catalog.opens_beyond /object/pay/visibility"}},
		"an object by sharing":      {none, nil, true, true, []string{pay, share}, []string{"catalog.opens_beyond /sharing/s/to"}},
		"an object as it was":       {none, nil, true, true, []string{pay}, nil},
		"an object without records": {none, nil, true, false, []string{seen, read}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
			main.Apply(pay, c.had)
			if c.filled {
				main.Create("pay", map[string]any{"name": "Ann", "sum": json.Number("5")})
			}
			removal := catalog.Change{Author: main.CallerWith("ann@example.com", "clerk"), Allow: []string{"object/pay*"}}
			for _, d := range c.removal {
				removal.Documents = append(removal.Documents, json.RawMessage(d))
			}
			if c.deletes {
				removal.Delete = []metadata.Key{{Kind: "object", Name: "pay"}}
			}
			if _, err := main.Catalog.Apply(t.Context(), main.Tenant, removal, 0); err != nil {
				t.Fatal(err)
			}
			if got, _ := planned(t, main, "clerk", c.back...); !slices.Equal(got, c.want) {
				t.Errorf("problems %v, want %v", got, c.want)
			}
		})
	}
}

// A field that does not come back with its object is still removed.
func TestAFieldIsRemovedWithItsObject(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(designer, `{"kind":"object","name":"pay","label":"Pay","name_field":"name","fields":{"name":{"type":"text"},"sum":{"type":"number"}}}`)
	main.Create("pay", map[string]any{"name": "Ann", "sum": json.Number("5")})
	remove := catalog.Change{Delete: []metadata.Key{{Kind: "object", Name: "pay"}}, Allow: []string{"object/pay"}}
	if _, err := main.Catalog.Apply(t.Context(), main.Tenant, remove, 0); err != nil {
		t.Fatal(err)
	}
	main.Apply(`{"kind":"object","name":"pay","label":"Pay","name_field":"name","fields":{"name":{"type":"text"}}}`,
		`{"kind":"permission","name":"designer","label":"D","objects":{"pay":{"read":true,"fields":{"name":"read"}}},"system":["manage_metadata"]}`)
	want := []string{"catalog.grants_beyond /permission/designer/objects/pay/fields/sum"}
	if got, _ := planned(t, main, "designer", `{"kind":"object","name":"pay","label":"Pay","name_field":"name","fields":{"name":{"type":"text"},"sum":{"type":"number"}}}`,
		`{"kind":"permission","name":"designer","label":"D","objects":{"pay":{"read":true,"fields":{"name":"read","sum":"read"}}},"system":["manage_metadata"]}`); !slices.Equal(got, want) {
		t.Errorf("problems %v, want %v", got, want)
	}
}

// An older configuration comes back within the same bounds.
func TestARollbackGivesNoMore(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(designer, `{"kind":"permission","name":"own","label":"O","system":["manage_users"]}`)
	before := main.Snapshot().Revision
	main.Apply(`{"kind":"permission","name":"own","label":"O"}`)
	back := catalog.Restoration{To: before, Author: main.CallerWith("dee@example.com", "designer")}
	if _, err := main.Catalog.Rollback(t.Context(), main.Tenant, back, 0); !fault.Is(err, "catalog.invalid") {
		t.Errorf("rolling back: %v", err)
	}
	back.Author = main.CallerWith("bo@example.com", "admin")
	if _, err := main.Catalog.Rollback(t.Context(), main.Tenant, back, 0); err != nil {
		t.Error(err)
	}
}

// Who manages users gives them no sets that give more than they have.
func TestNobodyGivesSetsWithMoreThanTheyHave(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(designer, people, `{"kind":"permission","name":"part","label":"P","objects":{"user":{"read":true}},"system":["api"]}`,
		`{"kind":"permission","name":"giver","label":"G","system":["manage_permissions"]}`)
	ann := main.CallerWith("ann@example.com", "people")
	give := func(to string, sets ...any) error {
		_, err := main.As(ann).Update(t.Context(), "user", main.User(to, nil), map[string]any{"permissions": sets}, 0)
		return err
	}
	if err := give("a@example.com", "people", "part"); err != nil {
		t.Errorf("giving what she has: %v", err)
	}
	for _, set := range []string{"admin", "designer", "giver"} {
		if err := give(set+"@example.com", set); err == nil {
			t.Errorf("giving %s: %v", set, err)
		}
		if _, err := main.As(ann).Create(t.Context(), "user", map[string]any{"name": "N", "email": "new" + set + "@example.com", "permissions": []any{set}}); err == nil {
			t.Errorf("a user is made with %s", set)
		}
	}
	boss := main.User("boss@example.com", map[string]any{"permissions": []any{"admin"}})
	if _, err := main.As(ann).Update(t.Context(), "user", boss, map[string]any{"title": "Boss", "permissions": []any{"admin", "part"}}, 0); err != nil {
		t.Errorf("what somebody has already is not given: %v", err)
	}
	if err := main.Auth.MayTakeOver(t.Context(), main.Tenant, ann, boss); !fault.Is(err, "auth.takes_over") {
		t.Errorf("giving the administrator a password: %v", err)
	}
	ann = main.CallerWith("ada@example.com", "people", "giver")
	if err := give("b@example.com", "admin"); err != nil {
		t.Errorf("with the right to: %v", err)
	}
	if err := main.Auth.MayTakeOver(t.Context(), main.Tenant, ann, boss); err != nil {
		t.Error(err)
	}
}

// What sharing rules and policies read of users is held like their roles.
func TestWhatDecidesAccessIsHeld(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(people, `{"kind":"permission","name":"self","label":"S","objects":{"user":{"read":true,"update":true,"write_all":true}}}`,
		`{"kind":"object","name":"area","label":"Area","name_field":"name","fields":{"name":{"type":"text"}}}`,
		`{"kind":"permission","name":"areas","label":"A","objects":{"area":{"read":true,"update":true,"delete":true,"write_all":true}},"system":["merge"]}`,
		`{"kind":"object","name":"user","fields":{"region":{"type":"text"},"desk":{"type":"text"},"floor":{"type":"text"},"area":{"type":"lookup","object":"area","on_delete":"clear"},
			"place":{"type":"formula","result":"text","expression":"desk"},"reports":{"type":"rollup","op":"count","object":"user","lookup":"manager"}}}`,
		`{"kind":"object","name":"task","fields":{"region":{"type":"text"},"area":{"type":"lookup","object":"area","on_delete":"clear"}}}`)
	_, effects := planned(t, main, "admin",
		`{"kind":"sharing","name":"mine","label":"M","object":"task","to":{"match":{"region":"region"}},"access":"read"}`,
		`{"kind":"sharing","name":"areas","label":"M","object":"task","to":{"match":{"area":"area"}},"access":"read"}`,
		`{"kind":"sharing","name":"chiefs","label":"C","object":"task","to":{"users":"user.reports > 3"},"access":"read"}`,
		`{"kind":"policy","name":"desks","label":"D","object":"task","rego":"package formwork.custom.desks\nallow if input.user.place == \"A\""}`)
	for _, want := range []string{"narrowing catalog.holds_field object/user/fields/region", "narrowing catalog.holds_field object/user/fields/desk",
		"free catalog.access_by_rollup object/user/fields/reports"} {
		if !slices.Contains(effects, want) {
			t.Errorf("the plan does not tell %s of %v", want, effects)
		}
	}
	area, other := main.Create("area", map[string]any{"name": "A"}), main.Create("area", map[string]any{"name": "B"})
	sam := main.User("sam@example.com", map[string]any{"permissions": []any{"self", "areas"}, "area": area.String()})
	self, manager := main.As(main.Caller(sam)), main.As(main.CallerWith("ann@example.com", "people"))
	for _, field := range []string{"region", "desk", "floor"} {
		_, err := self.Update(t.Context(), "user", sam, map[string]any{field: "A"}, 0)
		if held := field != "floor"; held != (err != nil) {
			t.Errorf("changing one's own %s: %v", field, err)
		}
		if _, err := manager.Update(t.Context(), "user", sam, map[string]any{field: "B"}, 0); err != nil {
			t.Errorf("a manager of users changes %s: %v", field, err)
		}
	}
	if err := self.Delete(t.Context(), "area", area, 0); !fault.Is(err, "record.needs_right") {
		t.Errorf("emptying the lookup by deleting what it leads to: %v", err)
	}
	if _, err := self.Merge(t.Context(), "area", other, []ids.ID{area}, nil); !fault.Is(err, "record.needs_right") {
		t.Errorf("having the lookup lead elsewhere by merging: %v", err)
	}
}

// Sharing rules name teams by their names; one that does not exist is told.
func TestTeamsExist(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	blue := main.Create("team", map[string]any{"name": "Blue"})
	rule := func(teams string) string {
		return `{"kind":"sharing","name":"teams","label":"T","object":"task","to":{"teams":[` + teams + `]},"access":"read"}`
	}
	problems := func(document string) []string { got, _ := planned(t, main, "admin", document); return got }
	if got := problems(rule(`"Blue","Blu","Green"`)); !slices.Equal(got, []string{"catalog.no_team_near /sharing/teams/to/teams/1", "catalog.no_team /sharing/teams/to/teams/2"}) {
		t.Errorf("problems %v", got)
	}
	if got := problems(rule(`"Blue","` + blue.String() + `"`)); len(got) > 0 {
		t.Errorf("problems %v", got)
	}
	if err := main.System().Delete(t.Context(), "team", blue, 0); err != nil {
		t.Fatal(err)
	}
	if got := problems(rule(`"Blue"`)); len(got) > 0 {
		t.Errorf("what was so before is told: %v", got)
	}
}

// Plans tell how many records a condition concerns to those alone who may read all of them
// and what the condition reads: others could find out any value by planning rules.
func TestCountsAreOfWhatMayBeRead(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	main.Apply(designer,
		`{"kind":"permission","name":"reader","label":"R","objects":{"task":{"read":true,"read_all":true,"fields":{"subject":"read","id":"read"}}},"system":["manage_metadata"]}`)
	for range 3 {
		main.Create("task", map[string]any{"subject": "Hidden", "description": "secret"})
	}
	planned := func(set, must string) *catalog.Impact {
		t.Helper()
		rule := `{"kind":"object","name":"task","rules":{"guess":{"must":` + must + `,"message":"No."}}}`
		plan, err := main.Catalog.Plan(t.Context(), main.Tenant, catalog.Change{Author: main.CallerWith(set+id(main)+"@example.com", set), Documents: []json.RawMessage{json.RawMessage(rule)}})
		if err != nil || len(plan.Problems) > 0 {
			t.Fatalf("%v, %v", err, plan)
		}
		for _, i := range plan.Impact {
			if i.Path == "object/task/rules/guess" {
				return &i
			}
		}
		t.Fatalf("the plan does not tell of the rule: %v", plan.Impact)
		return nil
	}
	for _, c := range []struct {
		set, must string
		told      bool
	}{
		{"admin", `"subject != 'Hidden'"`, true},
		{"admin", `"description != 'secret'"`, true},
		{"designer", `"subject != 'Hidden'"`, false},    // sees the tasks of their own alone
		{"reader", `"subject != 'Hidden'"`, true},       //
		{"reader", `"description != 'secret'"`, false},  // sees all tasks, and not this field
		{"reader", `"owner.name != 'somebody'"`, false}, // nor people
	} {
		i := planned(c.set, c.must)
		if (i.Records != nil) != c.told || i.Class != catalog.Narrowing || c.told && *i.Records != 3 {
			t.Errorf("%s, who plans %s, is told %v", c.set, c.must, i)
		}
	}
}

// Who has a field masked does not change the mask, by which they would see more of it.
func TestNobodyUnmasksWhatTheyMayNotRead(t *testing.T) {
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	person := func(label, mask string) string {
		return `{"kind":"object","name":"person","label":"` + label + `","name_field":"name","fields":{"name":{"type":"text"},"phone":{"type":"text","mask":"` + mask + `"}}}`
	}
	main.Apply(person("Person", "***####"), `{"kind":"permission","name":"drawer","label":"D","objects":{"person":{"read":true,"fields":{"*":"read","phone":"masked"}}},"system":["manage_metadata"]}`)
	for mask, want := range map[string][]string{"######***": {"catalog.grants_beyond /object/person/fields/phone/mask"}, "***####": nil} {
		if problems, _ := planned(t, main, "drawer", person("Somebody", mask)); !slices.Equal(problems, want) {
			t.Errorf("%s: %v, want %v", mask, problems, want)
		}
	}
}
