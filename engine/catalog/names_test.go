package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/schema"
)

func TestMentions(t *testing.T) {
	cases := []struct{ source, want string }{
		{`amount * probability / 100`, "amount probability"},
		{`account.industry == "amount"`, "account.industry"},
		{`account . parent?.name`, "account.parent.name"},
		{`round(amount, 2) + len(name)`, "amount name"},
		{`'a\'b' + x + "\"y" + ` + "`z\\`" + ` + w`, "x w"},
		{`items | sum(.price * #.count)`, "items"},
		{`all(items, {.price > limit})`, "items limit"},
		{`1..n`, "n"},
		{`a // b` + "\n" + `+ c /* d */ - e`, "a c e"},
		{`user.region == region and old.stage != stage`, "user.region region old.stage stage"},
		{`1e5 + x2`, "x2"},
		{`"never closed`, ""},
	}
	for _, c := range cases {
		var got []string
		for _, path := range mentions(c.source) {
			if s := strings.Join(path, "."); s != "and" {
				got = append(got, s)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s mentions %v, want %s", c.source, got, c.want)
		}
	}
}

func buildBase(t testing.TB, more ...string) *Snapshot {
	t.Helper()
	var bodies []json.RawMessage
	for _, d := range more {
		bodies = append(bodies, json.RawMessage(d))
	}
	s, problems := Build(t.Context(), standardTypes(), NewKinds(StandardKinds()...), 1, metadata.Effective(readBase(t), documents(t, bodies)))
	if problems != nil {
		t.Fatal(problems)
	}
	return s
}

func TestVisibleHidesAndGuards(t *testing.T) {
	s := buildBase(t)
	hidden := map[string]bool{"deal.amount": true, "deal.owner": true, "account.name": true}
	secret := query.Is(query.Owner, int64(5))
	names := s.Objects["deal"].Visible(
		func(object, field string) bool { return !hidden[object+"."+field] },
		func(object string) query.Filter {
			if object == "account" {
				return secret
			}
			return nil
		})
	for _, name := range []string{"amount", "owner", "nothing"} {
		if _, ok := names.Symbol(name); ok || slices.Contains(names.Symbols(), name) {
			t.Errorf("%s is to be seen", name)
		}
	}
	for _, name := range []string{"id", "version", "created_by", "name", "account"} {
		if _, ok := names.Symbol(name); !ok || !slices.Contains(names.Symbols(), name) {
			t.Errorf("%s is not to be seen", name)
		}
	}
	account, _ := names.Symbol("account")
	if account.Guard == nil || account.Table != "account" {
		t.Errorf("the way to the account is not guarded: %+v", account)
	}
	if _, ok := account.Target.Symbol("name"); ok {
		t.Error("what is hidden on the account is seen through the deal")
	}
	parent, ok := account.Target.Symbol("parent")
	if !ok || parent.Guard == nil {
		t.Error("the second hop is not guarded")
	}
	if by, _ := names.Symbol("created_by"); by.Target == nil || by.Target.Object() != "user" {
		t.Error("created_by does not lead to the user")
	}
	if row, _ := names.Symbol("items"); row.Rows == nil || row.Rows.Object() != "deal.items" {
		t.Error("the rows can't be reached")
	}
	if f := s.Objects["deal"].Visible(func(string, string) bool { return true }, func(string) query.Filter { return nil }); len(f.Symbols()) != len(s.Objects["deal"].Symbols()) {
		t.Error("a caller who may see everything does not")
	}
}

func TestColumnsAndWhereThingsAreComputed(t *testing.T) {
	s := buildBase(t, `{"kind":"object","name":"account","fields":{
		"deals":{"type":"rollup","op":"avg","object":"deal","lookup":"account","field":"weighted","result":"currency","scale":2},
		"rating":{"type":"formula","result":"number","scale":1,"expression":"deals / 10"},
		"code":{"type":"text","unique":true}},
		"duplicates":{"same":{"match":{"code":{"how":"fuzzy"},"industry":{"how":"exact"}},"action":"warn"}}}`,
		`{"kind":"object","name":"deal","fields":{
		"sum":{"type":"rollup","op":"sum","rows":"items","field":"total","result":"currency","scale":2},
		"twice":{"type":"formula","result":"currency","scale":2,"expression":"sum * 2"},
		"far":{"type":"formula","result":"number","scale":1,"expression":"account.rating"},
		"farther":{"type":"formula","result":"number","scale":1,"expression":"far + 1"}}}`)
	columns := map[string]string{"account.name": "name:t name:k", "account.industry": "industry:t", "account.revenue": "revenue:i2", "account.parent": "parent:i:account",
		"account.deals": "deals:i2 deals:n", "account.rating": "rating:i1", "account.code": "code:t code:k", "deal.rate": "rate:i4", "deal.tags": "tags:l",
		"deal.items": "items:j:rows", "deal.due": "due:t:date", "deal.far": "", "deal.farther": "", "deal.overdue": "", "deal.industry": "", "deal.twice": "twice:i2", "deal.owner": "owner"}
	for path, want := range columns {
		object, name, _ := strings.Cut(path, ".")
		f, ok := s.Objects[object].Field(name)
		if !ok {
			t.Fatal(path)
		}
		if got := strings.Join(strings.Fields(f.Column.Name+" "+f.Key.Name+" "+f.Count.Name), " "); got != want {
			t.Errorf("%s is in %q, want %q", path, got, want)
		}
		if f.Formula != nil && (f.Column.Name == "") != (f.Symbol().Formula != nil) {
			t.Errorf("%s: as a symbol it is not computed where it is", path)
		}
	}
	order := ""
	for _, f := range s.Objects["deal"].Computed {
		order += f.Name + " "
	}
	if order != "weighted sum twice " {
		t.Errorf("computed in the order %s", order)
	}
	account := s.Objects["account"]
	if len(account.Rollups) != 1 || account.Rollups[0].Of.Name != "weighted" || len(s.Objects["deal"].Feeds) != 1 {
		t.Error("the roll-up is not joined to what it counts")
	}
	if d := account.Dupes[0]; d.Matches[0].Key.Name != "code:d.same" || d.Matches[1].Key.Name != "industry:d.same" {
		t.Errorf("duplicate keys are %v", d.Matches)
	}
	inbound := ""
	for _, i := range account.Inbound {
		inbound += i.From.Doc.Name + "." + i.Field.Name + " " + i.OnDelete + " "
	}
	if inbound != "account.parent clear deal.account clear " {
		t.Errorf("references to account: %s", inbound)
	}
}

func TestRecordSchema(t *testing.T) {
	o := buildBase(t, `{"kind":"object","name":"account","record_types":{"big":{"label":"Big"},"small":{}}}`).Objects["account"]
	compiled, err := schema.Compile(o.SchemaJSON)
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		record string
		ok     bool
	}{
		{`{"name":"a"}`, true},
		{`{"name":"a","industry":null,"revenue":null,"owner":null,"record_type":"big"}`, true},
		{`{"name":"a","industry":"retail","revenue":1.5}`, true},
		{`{}`, false},
		{`{"name":null}`, false},
		{`{"name":"a","industry":"mining"}`, false},
		{`{"name":"a","record_type":"huge"}`, false},
		{`{"name":"a","nothing":1}`, false},
	}
	for _, c := range cases {
		v, problem := metadata.ReadJSON([]byte(c.record), metadata.Limits{Bytes: 1000, Depth: 5})
		if problem != nil {
			t.Fatal(problem)
		}
		if err := compiled.Validate(v); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.record, err)
		}
	}
}

// A build that takes over from another gives what a build from nothing gives.
func TestBuildingOnAFormerSnapshotIsTheSame(t *testing.T) {
	in := standardLanguage()
	steps := []string{
		`{"kind":"object","name":"account","fields":{"extra":{"type":"number"}}}`,
		`{"kind":"picklist","name":"p","options":{"a":{}}}`,
		`{"kind":"object","name":"deal","fields":{"p":{"type":"picklist","picklist":"p","indexed":true}}}`,
		`{"kind":"picklist","name":"p","options":{"b":{}}}`,
		`{"kind":"view","name":"deals","columns":["name","p"],"sort":["-amount"],"filter":"p == \"b\""}`,
		`{"kind":"object","name":"account","fields":{"extra":{"type":"formula","result":"text","expression":"name"}}}`,
		`{"kind":"object","name":"deal","fields":{"level":{"type":"picklist","documents":"role"}}}`,
		`{"kind":"role","name":"boss"}`,
		`{"kind":"view","name":"deals","columns":["name"],"sort":["name"]}`,
		`{"kind":"layout","name":"deals","object":"deal","tabs":{"a":{"sections":{"b":{"visible_when":"amount > 1","fields":{"name":{}}}}}}}`,
		`{"kind":"object","name":"deal","fields":{"wrong":{"type":"formula","result":"text","expression":"extra"}}}`,
	}
	var former *Snapshot
	at := readBase(t)
	for i, s := range steps {
		at = metadata.Effective(at, documents(t, []json.RawMessage{json.RawMessage(s)}))
		whole, problems := build(t.Context(), in, int64(i), at, nil)
		part, others := build(t.Context(), in, int64(i), at, former)
		if fmt.Sprint(problems) != fmt.Sprint(others) {
			t.Fatalf("step %d: problems %v and %v", i, problems, others)
		}
		if problems != nil {
			continue
		}
		if !reflect.DeepEqual(whole.Indexes, part.Indexes) {
			t.Errorf("step %d: the indexes differ", i)
		}
		for _, l := range part.lists {
			if l.Object != part.Objects[l.Object.Doc.Name] {
				t.Errorf("step %d: %s is a list of the former snapshot", i, l.Source)
			}
		}
		for name, o := range whole.Objects {
			other := part.Objects[name]
			if !reflect.DeepEqual(o.Table, other.Table) || string(o.SchemaJSON) != string(other.SchemaJSON) || !slices.Equal(o.names, other.names) {
				t.Errorf("step %d: %s differs", i, name)
			}
			for _, f := range o.Fields {
				if f.Target != nil && other.byName[f.Name].Target != part.Objects[f.Target.Doc.Name] {
					t.Errorf("step %d: %s.%s leads into the former snapshot", i, name, f.Name)
				}
			}
		}
		former = part
	}
}

func TestPlannedIndexes(t *testing.T) {
	fields := `"status":{"type":"picklist","options":{"a":{},"b":{}},"indexed":true},"active":{"type":"checkbox"},"score":{"type":"number","indexed":true},"born":{"type":"date"}`
	cases := []struct {
		name, visibility string
		documents        []string
		want             string
	}{
		{"private records are read by their owner; an indexed number", "private", nil, "i.name:k i.owner.id i.score:i0.id"},
		{"who sees all needs no owner", "read", nil, "i.name:k i.score:i0.id"},
		{"those of views are made on demand", "private", []string{
			`{"kind":"view","name":"v","object":"thing","show":"table","columns":["name"],"filter":"active and status == \"a\"","sort":["-born","name"]}`,
			`{"kind":"view","name":"k","object":"thing","show":"kanban","columns":["name"],"group":"status","sum":["score"],"sort":["name"],"order":1}`},
			"i.name:k i.owner.id i.score:i0.id"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			object := `{"kind":"object","name":"thing","name_field":"name","visibility":"` + c.visibility + `","indexes":{"n":{"fields":["name"]}},"fields":{"name":{"type":"text"},` + fields + `}}`
			planned := buildBase(t, append([]string{object}, c.documents...)...).Indexes["thing"]
			var names []string
			for _, i := range planned {
				names = append(names, i.Name)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("planned\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// References have indexes as long as a collection of MongoDB has room, keys always.
func TestReliedIndexesAreBounded(t *testing.T) {
	var fields strings.Builder
	for i := range 80 {
		fmt.Fprintf(&fields, `,"r%d":{"type":"lookup","object":"account"}`, i)
	}
	planned := buildBase(t, `{"kind":"object","name":"thing","name_field":"name","fields":{"name":{"type":"text","unique":true}`+fields.String()+`}}`).Indexes["thing"]
	unique := slices.ContainsFunc(planned, func(i store.Index) bool { return i.Unique })
	if n := len(planned); n != mostIndexes || !unique {
		t.Errorf("%d indexes are planned, one unique: %t", n, unique)
	}
}

// The advisor tells of a list that no index fits, once there are records to read.
func TestAdvise(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	h.apply(change(`{"kind":"view","name":"by_status","object":"account","show":"table","columns":["name"],"filter":"industry == \"retail\"","sort":["-revenue"]}`))
	h.settle()
	advice, err := h.catalog.Advise(t.Context(), h.tenant)
	if err != nil || len(advice) > 0 {
		t.Fatal(advice, err)
	}
	many := make([]map[string]any, FewRows+1)
	h.insert("account", many...)
	h.insert("deal", many...)
	advice, err = h.catalog.Advise(t.Context(), h.tenant)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(advice, func(a Advice) bool {
		return a.Source == "view/by_status" && a.Scans && a.Sorts && slices.Equal(a.Columns, []string{"industry", "-revenue", "-id"})
	}) {
		t.Errorf("a view without an index is not told: %+v", advice)
	}
	rate := h.snapshot().Objects["deal"].byName["rate"].Column
	seen := Shape{Source: "seen", Object: "deal", Sort: []query.Order{{Ref: query.Field(rate), Descending: true}}}
	advice, err = h.catalog.Advise(t.Context(), h.tenant, seen)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, a := range advice {
		found = found || a.Source == "seen" && a.Sorts && slices.Equal(a.Columns, []string{"-rate", "-id"}) && !a.Owned
	}
	if !found {
		t.Errorf("a sort without an index is not told: %+v", advice)
	}
}

// FuzzBuild reads documents from outside: whatever they say, there is a snapshot or
// there are problems, the same ones each time.
func FuzzBuild(f *testing.F) {
	for _, d := range readBase(f) {
		f.Add(string(d.Body))
	}
	f.Add(`{"kind":"object","name":"deal","fields":{"weighted":{"expression":"overdue"},"items":{"fields":{"total":{"expression":"total"}}}}}`)
	f.Add(`{"kind":"object","name":"account","stages":{"field":"industry","stages":{"retail":{"to":{"x":{}}}}},"unique":{"k":{"fields":["a.b"]}},"indexes":{"i":{"fields":["--"]}}}`)
	f.Add(`{"kind":"layout","name":"l","object":"deal","tabs":{"a":{"sections":{"b":{"fields":{"c":{}}}}}}}`)
	f.Add(`{"kind":"sharing","name":"s","object":"deal","access":"read","to":{"users":"user.","match":{".":"."}}}`)
	in := standardLanguage()
	base := readBase(f)
	former, problems := build(context.Background(), in, 1, base, nil)
	if problems != nil {
		f.Fatal(problems)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d, problems := metadata.Parse([]byte(body))
		if problems != nil {
			return
		}
		effective := metadata.Effective(base, []metadata.Document{d})
		s, problems := build(context.Background(), in, 1, effective, nil)
		if (s == nil) != (len(problems) > 0) {
			t.Fatalf("a snapshot %v and problems %v", s != nil, problems)
		}
		again, others := build(context.Background(), in, 1, effective, former)
		if fmt.Sprint(problems) != fmt.Sprint(others) {
			t.Fatalf("problems %v and then %v", problems, others)
		}
		if s == nil {
			return
		}
		for name := range s.Objects {
			if !slices.EqualFunc(s.Indexes[name], again.Indexes[name], func(a, b store.Index) bool { return a.Name == b.Name }) {
				t.Fatalf("the indexes of %s are planned differently", name)
			}
		}
	})
}

// An index for what refers to a record leaves out what refers to none, unless
// something else is read by it.
func TestIndexesOfReferencesAreFilled(t *testing.T) {
	for _, c := range []struct {
		indexes string
		filled  bool
	}{
		{"", true},
		{`"indexes":{"all":{"fields":["above"]}},`, false},
		{`"indexes":{"all":{"fields":["above","name"]}},`, false},
	} {
		planned := buildBase(t, `{"kind":"object","name":"thing","name_field":"name",`+c.indexes+`"fields":{"name":{"type":"text"},"above":{"type":"lookup","object":"thing"}}}`).Indexes["thing"]
		found := 0
		for _, i := range planned {
			if strings.HasPrefix(i.Columns[0].Column.Name, "above:") {
				found++
				if i.Filled != c.filled {
					t.Errorf("with %q %s is filled: %v", c.indexes, i.Name, i.Filled)
				}
			}
		}
		if found != 1 {
			t.Errorf("with %q there are %d", c.indexes, found)
		}
	}
}
