package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/query"
)

func base(tb testing.TB, more ...string) []json.RawMessage {
	tb.Helper()
	var documents []json.RawMessage
	readJSON(tb, "testdata/base.json", &documents)
	for _, d := range more {
		documents = append(documents, json.RawMessage(d))
	}
	return documents
}

func TestSystemPassesEverything(t *testing.T) {
	w := newWorld(t)
	s := w.compile(t, base(t, string(policyOf(t, "deal", "package formwork.custom.p\ndeny if true")))...)
	c := System("t")
	if f := mustFilter(t, s, c, "deal", Delete); f != nil {
		t.Errorf("the program itself is held to %s", w.show(f))
	}
	r, err := s.Rights(context.Background(), c)
	if err != nil || r.Objects["deal"].Fields["amount"] != "edit" || !r.Objects["part"].Delete || !r.System["purge"] {
		t.Errorf("the program itself has %+v, %v", r, err)
	}
	if admin := w.caller("ann", []string{"admin"}, nil); w.show(mustFilter(t, s, admin, "deal", Read)) != "nothing" {
		t.Error("an admin passes by deny")
	}
	var nobody *Caller
	if f := mustFilter(t, s, nobody, "deal", Read); w.show(f) != "nothing" {
		t.Errorf("nobody may read %s", w.show(f))
	}
}

// TestCallersApart makes sure that what a filter depends on is part of what it is
// cached by: callers are asked in turn, again and again.
func TestCallersApart(t *testing.T) {
	w := newWorld(t)
	s := w.compile(t, base(t,
		`{"kind": "sharing", "name": "a", "object": "account", "to": {"users": "user.quota > 100"}, "access": "read"}`,
		`{"kind": "sharing", "name": "b", "object": "account", "when": "region == user.region", "to": {"everyone": true}, "access": "read"}`,
		`{"kind": "sharing", "name": "c", "object": "account", "to": {"teams": ["red"]}, "access": "read"}`,
		string(policyOf(t, "account", "package formwork.custom.p\nallow if input.record.name == input.user.name\ndeny if input.user.level == 9")))...)
	change := func(f func(c *Caller)) *Caller {
		c := w.caller("fay", []string{"sales"}, nil)
		f(c)
		return c
	}
	attribute := func(name string, v any) func(*Caller) {
		return func(c *Caller) {
			copied := map[string]any{}
			for k, v := range c.Attributes {
				copied[k] = v
			}
			copied[name] = v
			c.Attributes = copied
		}
	}
	callers := map[string]*Caller{
		"owner == fay":     change(func(*Caller) {}),
		"quota":            change(attribute("quota", int64(10001))),
		"region west":      change(attribute("region", "west")),
		"region east":      change(attribute("region", "east")),
		"team":             change(func(c *Caller) { c.Teams = []string{"red"} }),
		"name":             change(attribute("name", "Shop")),
		"level":            change(attribute("level", int64(9))),
		"role":             change(func(c *Caller) { c.Role = "boss" }),
		"another":          w.caller("eve", []string{"sales"}, nil),
		"permissions":      change(func(c *Caller) { c.Permissions = []string{"auditor"} }),
		"permissions both": change(func(c *Caller) { c.Permissions = []string{"auditor", "sales"} }),
		"inactive":         change(attribute("active", false)),
	}
	first := map[string]string{}
	for range 3 {
		for name, c := range callers {
			got := w.show(mustFilter(t, s, c, "account", Read))
			if want, asked := first[name]; asked && got != want {
				t.Errorf("%s: %s, then %s", name, want, got)
			}
			first[name] = got
		}
	}
	for name, want := range map[string]string{
		"quota": "everything", "team": "everything", "level": "nothing", "inactive": "nothing", "permissions": "everything", "permissions both": "everything",
		"region west": `any(owner == fay, region:t == west, name:t == Fay)`, "region east": `any(owner == fay, region:t == east, name:t == Fay)`,
		"name": `any(owner == fay, region:t == nil, name:t == Shop)`,
	} {
		if first[name] != want {
			t.Errorf("%s: %s; want %s", name, first[name], want)
		}
	}
}

func TestClock(t *testing.T) {
	w := newWorld(t)
	config := w.config(t, base(t, `{"kind": "sharing", "name": "due", "object": "deal", "when": "closes < today()", "to": {"everyone": true}, "access": "read"}`))
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	config.Now = func() time.Time { return now }
	s := mustCompile(t, config)
	c := w.caller("fay", []string{"sales"}, nil)
	deals := w.selected(t, s, c, "deal", Read)
	lines := w.selected(t, s, c, "line", Read)
	if !slices.Equal(deals, []string{"d_cat"}) || !slices.Equal(lines, []string{"l_cat"}) {
		t.Errorf("on 1 February: %v %v", deals, lines)
	}
	now = now.AddDate(0, 2, 0)
	if deals := w.selected(t, s, c, "deal", Read); !slices.Equal(deals, []string{"d_cat", "d_dan"}) {
		t.Errorf("two months later: %v", deals)
	}
	now = time.Date(2026, 1, 31, 23, 30, 0, 0, time.UTC)
	c.Location = time.FixedZone("east", 3600)
	if deals := w.selected(t, s, c, "deal", Read); !slices.Equal(deals, []string{"d_cat"}) {
		t.Errorf("after the user's midnight: %v", deals)
	}
}

func TestWrongConfiguration(t *testing.T) {
	for document, want := range map[string]string{
		`{"kind": "sharing", "name": "s", "object": "deal", "to": {"match": {"amount": "region"}}, "access": "read"}`:                          "/sharing/s/to/match policy.no_match",
		`{"kind": "sharing", "name": "s", "object": "deal", "to": {"match": {"amount": "level"}}, "access": "read"}`:                           "/sharing/s/to/match policy.no_match",
		`{"kind": "sharing", "name": "s", "object": "deal", "to": {"match": {"region": "id"}}, "access": "read"}`:                              "/sharing/s/to/match policy.no_match",
		`{"kind": "sharing", "name": "s", "object": "deal", "to": {"match": {"extra": "region"}}, "access": "read"}`:                           "/sharing/s/to/match policy.no_match",
		`{"kind": "sharing", "name": "s", "object": "deal", "to": {"match": {"region": "regon"}}, "access": "read"}`:                           "/sharing/s/to/match policy.no_user_field",
		`{"kind": "sharing", "name": "s", "object": "deal", "when": "region == user.boss.region", "to": {"everyone": true}, "access": "read"}`: "/sharing/s/when policy.beyond_user",
		`{"kind": "sharing", "name": "s", "object": "deal", "to": {"users": "user.boss.level > 3"}, "access": "read"}`:                         "/sharing/s/to/users policy.beyond_user",
	} {
		w := newWorld(t)
		problems := w.problems(t, base(t, document)...)
		if len(problems) != 1 || problems[0].Pointer+" "+problems[0].Code != want || !fault.Known(problems[0].Code) {
			t.Errorf("%s: %v; want %s", document, problems, want)
		}
	}
	w := newWorld(t)
	up := w.names["line"].fields["deal"]
	up.Target, up.Table = w.names["part"], "part"
	w.objects["line"].Parent = &up
	if problems := w.problems(t, base(t)...); len(problems) != 2 || problems[0].Code != "policy.parents" || problems[0].Pointer != "/object/line/parent" {
		t.Errorf("a circle of parents: %v", problems)
	}
}

// TestRoleCircle: a circle of roles, which documents may not have, ends.
func TestRoleCircle(t *testing.T) {
	w := newWorld(t)
	s := w.compile(t, json.RawMessage(`{"kind": "role", "name": "boss", "parent": "rep_west"}`), json.RawMessage(`{"kind": "role", "name": "rep_west", "parent": "boss"}`),
		json.RawMessage(`{"kind": "permission", "name": "sales", "objects": {"*": {"read": true}}}`))
	if got := w.selected(t, s, w.caller("ann", []string{"sales"}, nil), "deal", Read); !slices.Equal(got, []string{"d_cat", "d_dan"}) {
		t.Error(got)
	}
}

// TestConcurrent is for the race detector: sets are compiled, and one is used, by many at once.
func TestConcurrent(t *testing.T) {
	w := newWorld(t)
	documents := base(t, string(policyOf(t, "deal", newGenerator(3).rego("p"))))
	s := w.compile(t, documents...)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if i < 2 {
				w.compile(t, base(t)...)
			}
			for _, name := range []string{"ann", "bob", "cat", "dan"} {
				for _, object := range []string{"deal", "part", "account"} {
					c := w.caller(name, []string{"sales"}, []string{"red"})
					if _, err := s.Filter(context.Background(), c, object, Read); err != nil {
						t.Error(err)
					}
					if _, err := s.Rights(context.Background(), c); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
}

// TestCancelled: a caller who goes away does not spoil what others wait for.
func TestCancelled(t *testing.T) {
	w := newWorld(t)
	s := w.compile(t, base(t)...)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Filter(ctx, w.caller("ann", []string{"sales"}, nil), "deal", Read); err != nil {
		t.Error(err)
	}
}

func TestCachesAreBounded(t *testing.T) {
	w := newWorld(t)
	s := w.compile(t, base(t)...)
	for i := range maxRights + 50 {
		c := w.caller("ann", []string{fmt.Sprintf("set_%d", i), "sales"}, nil)
		if _, err := s.Rights(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	one, err := s.Rights(context.Background(), w.caller("ann", []string{"sales"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if n := s.rights.Weight(); n != maxRights*one.size() || one.size() < 5 {
		t.Errorf("rights of %d fields are kept, of one set %d", n, one.size())
	}
	large := &Rights{Objects: map[string]ObjectRights{"large": {Fields: map[string]string{}}}}
	for i := range maxFields / 3 {
		large.Objects["large"].Fields[fmt.Sprint("field_", i)] = "read"
	}
	for i := range 5 {
		s.rights.Add(fmt.Sprint("large_", i), large, large.size())
	}
	if n := s.rights.Weight(); n > maxFields {
		t.Errorf("rights of %d fields are kept", n)
	}
}

// TestExactNumbers compares stored decimals with constants that fall on and between
// them, and beyond what can be stored.
func TestExactNumbers(t *testing.T) {
	w := newWorld(t)
	symbol := w.names["deal"].fields["amount"] // scale 2
	f := newField("amount", query.Field(symbol.Column), symbol.Value)
	for _, c := range []struct {
		op       query.Op
		constant float64
		want     string
	}{
		{query.Eq, 1.005, "nothing"}, {query.Ne, 1.005, "everything"}, {query.Eq, 1.01, "amount:i == 101"}, {query.Ne, 0.1, "amount:i != 10"},
		{query.Lt, 1.005, "any(amount:i <= 100, amount:i == nil)"}, {query.Le, 1.005, "any(amount:i <= 100, amount:i == nil)"},
		{query.Gt, 1.005, "amount:i > 100"}, {query.Ge, 1.005, "amount:i > 100"}, {query.Ge, 1.01, "amount:i >= 101"},
		{query.Lt, -1.005, "any(amount:i <= -101, amount:i == nil)"}, {query.Gt, -1.005, "amount:i > -101"},
		{query.Lt, 123456789012345, "any(amount:i < 12345678901234500, amount:i == nil)"},
		{query.Gt, 999999999999999e10, "nothing"}, {query.Lt, 999999999999999e10, "everything"}, {query.Le, -999999999999999e10, "amount:i == nil"},
		{query.Ge, -999999999999999e10, "amount:i != nil"}, {query.Eq, 999999999999999e10, "nothing"},
	} {
		got, err := f.compare(c.op, c.constant)
		if err != nil || w.show(query.Simplify(got)) != c.want {
			t.Errorf("amount %s %v: %s, %v; want %s", c.op, c.constant, w.show(query.Simplify(got)), err, c.want)
		}
	}
	if got, err := f.compare(query.Lt, "text"); err != nil || w.show(query.Simplify(got)) != "everything" {
		t.Errorf("numbers come before texts: %s %v", w.show(got), err)
	}
	if got, err := f.compare(query.Gt, true); err != nil || w.show(query.Simplify(got)) != "amount:i != nil" {
		t.Errorf("numbers come after booleans: %s %v", w.show(got), err)
	}
	for text, want := range map[string]int{"0": 0, "0.10": 1, "100.005": 6, "-5": 1, "1000000": 1, "1e5": maxDigits + 1, "123456789012345.5": 16, "0.000001": 1, "10.01": 4} {
		if got := digits(text); got != want {
			t.Errorf("%s has %d digits; want %d", text, got, want)
		}
	}
}

// TestParentNeedsARecord: what holds for an empty record does not hold for none.
func TestParentNeedsARecord(t *testing.T) {
	w := newWorld(t)
	s := w.compile(t, base(t,
		`{"kind": "sharing", "name": "blank", "object": "deal", "when": "region == nil", "to": {"everyone": true}, "access": "write"}`)...)
	c := w.caller("fay", []string{"sales"}, nil)
	delete(w.records["deal"], w.ids["d_eve"]) // l_eve leads nowhere now
	w.records["deal"][w.ids["d_cat"]]["region"] = nil
	for _, a := range []Action{Create, Read, Update, Delete} {
		if got := w.selected(t, s, c, "line", a); !slices.Equal(got, []string{"l_cat"}) {
			t.Errorf("%s: %v", a, got)
		}
	}
	if got := w.selected(t, s, c, "part", Update); !slices.Equal(got, []string{"p_cat"}) {
		t.Errorf("two up: %v", got)
	}
}

func TestMatchLists(t *testing.T) {
	w := newWorld(t)
	s := w.compile(t, base(t,
		`{"kind": "sharing", "name": "tagged", "object": "deal", "to": {"match": {"tags": "region"}}, "access": "read"}`,
		`{"kind": "sharing", "name": "regions", "object": "account", "to": {"match": {"region": "regions"}}, "access": "read"}`)...)
	c := w.caller("fay", []string{"sales"}, nil)
	if f := w.show(mustFilter(t, s, c, "deal", Read)); f != "owner == fay" {
		t.Errorf("without a region: %s", f)
	}
	c.Attributes = map[string]any{"region": "big", "regions": []string{"east", "south"}}
	if got := w.selected(t, s, c, "deal", Read); !slices.Equal(got, []string{"d_cat"}) {
		t.Errorf("by tag: %v", got)
	}
	if got := w.selected(t, s, c, "account", Read); !slices.Equal(got, []string{"school"}) {
		t.Errorf("by one of the user's regions: %v", got)
	}
}

func TestReads(t *testing.T) {
	w := newWorld(t)
	s := w.compile(t, base(t,
		`{"kind": "sharing", "name": "a", "object": "deal", "when": "account.region == user.region and vip", "to": {"match": {"region": "region"}}, "access": "read"}`,
		string(policyOf(t, "deal", "package formwork.custom.p\nallow if input.record.owner.region == \"west\"\ndeny if input.record.vip == true")))...)
	read := func(object string) (names []string) {
		for _, ref := range s.Reads(object) {
			name := ""
			for _, hop := range ref.Hops {
				name += hop.Lookup.Name + "."
			}
			names = append(names, name+ref.Column.Name)
		}
		return names
	}
	if got := read("deal"); !slices.Equal(got, []string{"owner", "account:i.region:t", "vip:b", "region:t", "owner.region:t"}) {
		t.Error(got)
	}
	if got := read("line"); !slices.Equal(got, []string{"deal:i"}) {
		t.Error(got)
	}
}
