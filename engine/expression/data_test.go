package expression_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// testCase is one line of a data file: an expression, and what becomes of it.
type testCase struct {
	Expression string          `json:"expression"`
	Record     json.RawMessage `json:"record"`
	Old        json.RawMessage `json:"old"`
	User       json.RawMessage `json:"user"`
	Zone       string          `json:"zone"`
	Kind       *string         `json:"kind"`      // of the result wanted; any if absent
	Scale      *int            `json:"scale"`     // wanted
	Result     any             `json:"result"`    // as JSON; decimals as stored
	Fault      string          `json:"fault"`     // code of a fault while running
	Problems   []string        `json:"problems"`  // code@line:column→suggestion
	Queryable  *bool           `json:"queryable"` // checked if given
	Reason     string          `json:"reason"`    // why not
}

var kindsByName = map[string]fieldtype.Kind{"text": fieldtype.TextKind, "number": fieldtype.NumberKind,
	"bool": fieldtype.BoolKind, "date": fieldtype.DateKind, "datetime": fieldtype.DatetimeKind,
	"duration": fieldtype.DurationKind, "reference": fieldtype.ReferenceKind, "list": fieldtype.ListKind, "time": fieldtype.TimeKind}

func TestData(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no data files", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []testCase
		if err := json.Unmarshal(raw, &cases); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range cases {
			t.Run(filepath.Base(file)+"/"+c.Expression, func(t *testing.T) { c.check(t) })
		}
	}
}

func (c testCase) check(t *testing.T) {
	w := newWorld(t)
	w.add(t, "account", 1, `{"name": "Acme", "industry": "retail", "revenue": 5000, "vip": true, "parent": "0000000000002", "manager": "0000000000007"}`)
	w.add(t, "account", 2, `{"name": "Holding", "industry": "education", "revenue": 100}`)
	w.add(t, "user", 7, `{"name": "Ann", "region": "west"}`)
	scope := expression.Scope{Record: w.objects["deal"], User: w.objects["user"], Scale: -1}
	if c.Old != nil {
		scope.Old = true
		w.old = w.load(t, "deal", c.Old)
	}
	if c.Kind != nil {
		scope.Result = kindsByName[*c.Kind]
	}
	if c.Scale != nil {
		scope.Scale = *c.Scale
	}
	if c.Zone != "" {
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			t.Skip("this system has no time zones")
		}
		w.zone = zone
	}
	w.record = w.load(t, "deal", c.Record)
	for name, value := range w.load(t, "user", c.User) {
		w.user[name] = value
	}
	p, problems := expression.Compile(c.Expression, scope)
	if got := list(problems); !reflect.DeepEqual(got, c.Problems) {
		t.Fatalf("problems %q, want %q", got, c.Problems)
	}
	if p == nil {
		return
	}
	c.run(t, w, p)
}

func (c testCase) run(t *testing.T, w *world, p *expression.Program) {
	got, err := p.Eval(w)
	if c.Fault != "" {
		if !fault.Is(err, c.Fault) {
			t.Fatalf("got %v, %v, want fault %s", got, err, c.Fault)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(c.Result)
	if err != nil || string(raw) != string(want) {
		t.Fatalf("got %s, want %s", raw, want)
	}
	if c.Queryable != nil && p.Queryable() != *c.Queryable {
		t.Fatalf("queryable is %t", p.Queryable())
	}
	filter, err := p.Filter(w)
	switch {
	case p.Queryable():
		if err != nil {
			t.Fatal(err)
		}
		if held, _ := got.(bool); query.Match(filter, w.Ref) != held {
			t.Fatalf("the filter %v says otherwise", filter)
		}
	case c.Reason != "":
		if f := fault.From(err); f.Code != "expression.not_queryable" || f.Params["reason"] != c.Reason {
			t.Fatalf("got %v, want reason %s", err, c.Reason)
		}
	case !fault.Is(err, "expression.not_queryable"):
		t.Fatalf("got %v", err)
	}
}

// list writes problems as the data files do.
func list(problems []expression.Problem) []string {
	var all []string
	for _, p := range problems {
		raw, _ := json.Marshal([2]int{p.Line, p.Column})
		s := p.Code + " " + string(raw)
		if p.Suggestion != "" {
			s += " " + p.Suggestion
		}
		all = append(all, s[len("expression."):])
	}
	return all
}

// Every problem has texts in every language.
func TestProblemsHaveTexts(t *testing.T) {
	raw, err := os.ReadFile("../fault/messages/expression.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	for code := range texts {
		if !fault.Known("expression." + code) {
			t.Errorf("%s lacks a language", code)
		}
	}
	p := expression.Problem{Code: "expression.unknown_name", Params: map[string]any{"name": "amonut"}, Line: 1, Column: 4, Suggestion: "amount"}
	f := p.Fault("/filter")
	if f.Pointer != "/filter" || f.Text("en") != "There is no “amonut” here. Did you mean “amount”?" || f.Params["column"] != 4 {
		t.Errorf("got %v", f)
	}
}
