package record_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// A form tells exactly the problems with which saving ends, and the values that are then
// saved, whatever the object, the layout, the caller's rights and the draft. It writes
// nothing.
func TestFormAgreesWithSaving(t *testing.T) { teststore.Each(t, formAgreesWithSaving) }

func formAgreesWithSaving(t *testing.T, open teststore.Opener) {
	told := map[string]int{}
	for seed := range uint64(8) {
		g := &forms{world: newWorldOn(t, open).populate(), r: rand.New(rand.NewPCG(seed, 11))}
		g.configure()
		g.fill()
		for range 50 {
			g.check(t, seed, told)
		}
	}
	// What is never told was never tried.
	for _, code := range []string{"", "record.required", "record.rule", "record.no_reference", "record.not_unique", "record.duplicate", "record.forbidden_values",
		"record.read_only", "record.unknown_field", "record.option_not_offered", "record.option_not_of_type", "record.stage_required", "record.stage_step",
		"record.stage_not_initial", "record.expression_failed", "record.hidden_field", "record.too_late", "field.not_an_option", "field.required"} {
		if told[code] == 0 {
			t.Errorf("no draft has the outcome %q: %v", code, told)
		}
	}
}

// forms generates an object with all that saving looks at, and drafts of its records.
type forms struct {
	*world
	r      *rand.Rand
	places []string
	things []id.ID
}

func (g *forms) pick(of ...string) string { return of[g.r.IntN(len(of))] }
func (g *forms) maybe(text string) string { return g.pick(text, text, "") }

// configure makes the object, a layout and the rights.
func (g *forms) configure() {
	required := g.pick(`true`, `"kind == \"a\""`, `"place.size > 2"`, `false`)
	types := g.maybe(`"record_types":{"basic":{"label":"Basic","options":{"kind":["a"]}},"full":{"label":"Full"}},`)
	g.apply(`{"kind":"object","name":"place","label":"Place","name_field":"name","visibility":"private","fields":{"name":{"type":"text"},"size":{"type":"number","scale":0}}}`,
		`{"kind":"object","name":"thing","label":"Thing","name_field":"name","visibility":"`+g.pick("private", "read", "write")+`",`+types+`"fields":{
		"name":{"type":"text","required":`+required+`},
		"kind":{"type":"picklist","options":{"a":{},"b":{},"c":{"active":false}}`+g.maybe(`,"default":"a"`)+`},
		"sub":{"type":"picklist","depends_on":"kind","options":{"x":{"for":["a"]},"y":{"for":["b"]},"z":{}}},
		"amount":{"type":"number","scale":2`+g.maybe(`,"required":"stage == \"mid\""`)+`},
		"code":{"type":"text","unique":`+g.pick("true", "false")+`},
		"place":{"type":"lookup","object":"place"`+g.maybe(`,"required":true`)+`},
		"where":{"type":"formula","result":"text","expression":"place.name"},
		"square":{"type":"formula","result":"number","scale":2,"expression":"amount * amount * amount"},
		"note":{"type":"text"`+g.maybe(`,"default_expr":"place.name"`)+g.maybe(`,"read_only":true`)+`},
		"number":{"type":"auto_number","pattern":"N-{0}"},
		"label":{"type":"formula","result":"text","expression":"number + name"},
		"parts":{"type":"children","fields":{"item":{"type":"text","required":true},"n":{"type":"number","scale":0},"at":{"type":"lookup","object":"place"},
			"twice":{"type":"formula","result":"number","scale":0,"expression":"n * 2"}}},
		"sum":{"type":"rollup","rows":"parts","op":"sum","field":"twice","result":"number","scale":0,"filter":"at == nil or at.size < 4"},
		"stage":{"type":"picklist","options":{"open":{},"mid":{},"won":{}},"default":"open"}},
		"stages":{"field":"stage","stages":{
			"open":{"set":{"note":"place.name"},"to":{"mid":{"when":"place.size > 1"}}},
			"mid":{"required":["amount"],"set":{"amount":"`+g.pick("5", "place.size")+`"},"to":{"won":{}}},
			"won":{"initial":false,"required":["place"]}}},
		"unique":{"pair":{"fields":["kind","note"]},"place_code":{"fields":["place","code"]}},
		"rules":{"small":{"must":"amount == nil or amount < 100","field":"amount","message":"x"},
			"seen":{"must":"place.name != \"p1\"","message":"x"},
			"third":{"must":"number == nil or number != \"N-13\"","field":"number","message":"x"},
			"grows":{"must":"amount == nil or old.amount == nil or amount >= old.amount","on":["update"],"message":"x"}},
		"duplicates":{"named":{"match":{"name":{"how":"exact"}},"action":"`+g.pick("refuse", "warn")+`","when":"kind != \"b\""}}}`,
		`{"kind":"layout","name":"thing","object":"thing","tabs":{"t":{"sections":{
			"s":{"visible_when":"amount > 1","fields":{"name":{},"kind":{"required_when":"sub == nil"},"note":{"read_only_when":"place.size > 1"}}},
			"u":{"fields":{"name":{"visible_when":"where != \"p0\""},"amount":{}}}}}}}`,
		g.permission("sales"), g.permission("reader"))
}

// permission gives rights on the object, which differ from field to field.
func (g *forms) permission(name string) string {
	fields := []string{}
	for _, f := range []string{"name", "kind", "sub", "amount", "code", "place", "where", "square", "note", "number", "label", "parts", "sum", "stage"} {
		fields = append(fields, fmt.Sprintf("%q:%q", f, []string{"read", "none", "edit"}[min(g.r.IntN(24), 2)]))
	}
	return `{"kind":"permission","name":"` + name + `","objects":{"place":{"create":true,"read":true},
		"thing":{"create":true,"read":` + g.pick("true", "true", "true", "true", "true", "false") + `,"update":true,"fields":{"*":"edit",` + strings.Join(fields, ",") + `}}}}`
}

// fill makes places of two owners, and things.
func (g *forms) fill() {
	for i := range 6 {
		data := map[string]any{"name": fmt.Sprint("p", i), "size": number(fmt.Sprint(i))}
		g.places = append(g.places, g.create(g.as([]string{"rob", "rita", "rex"}[i%3]), "place", data).Record.ID().String())
	}
	for i := range 12 {
		owner := g.people[g.pick("rob", "rita", "rex")].User.String()
		data := map[string]any{"name": fmt.Sprint("n", i), "kind": "a", "amount": number(fmt.Sprint(i)), "code": fmt.Sprint("c", i), "place": g.places[g.r.IntN(6)], "owner": owner,
			"stage": g.pick("open", "mid")}
		if saved, err := g.system().Create(g.ctx, "thing", data); err == nil {
			g.things = append(g.things, saved.Record.ID())
		}
	}
}

// draft is what somebody sends: some fields, some of them wrong.
func (g *forms) draft() map[string]any {
	values := map[string]func() any{
		"name": func() any { return g.pick("n1", "n2", "new", "refuse", "") },
		"kind": func() any { return g.pick("a", "a", "a", "b", "b", "b", "c", "odd") },
		"sub":  func() any { return g.pick("x", "y", "z") },
		"amount": func() any {
			return []any{number("1"), number("7.5"), number("250"), number("900000000000"), true, nil, number("2"), number("5"), number("9")}[g.r.IntN(9)]
		},
		"code": func() any { return g.pick("c1", "c2", "fresh", "other") },
		"place": func() any {
			return []any{g.places[g.r.IntN(6)], g.places[g.r.IntN(6)], g.places[0], g.places[2], g.ids.Next().String(), nil}[g.r.IntN(6)]
		},
		"note":  func() any { return g.pick("p1", "text") },
		"stage": func() any { return g.pick("open", "mid", "won") },
		"owner": func() any { return g.people[g.pick("rob", "rita", "rex")].User.String() },
		"parts": func() any {
			row := map[string]any{"item": "i", "n": number(fmt.Sprint(g.r.IntN(9))), "at": g.places[g.r.IntN(6)]}
			if g.r.IntN(4) == 0 {
				delete(row, "item")
			}
			return []any{row, map[string]any{"item": "j", "n": number("2")}}
		},
		"record_type": func() any { return g.pick("basic", "full") },
		"odd":         func() any { return 1.0 },
		"where":       func() any { return "x" },
	}
	data := map[string]any{}
	for _, name := range []string{"name", "kind", "sub", "amount", "code", "place", "note", "stage", "owner", "parts", "record_type", "odd", "where"} {
		often := 2
		switch name {
		case "name":
			often = 1
		case "odd", "where":
			often = 40
		case "parts", "record_type", "owner", "note", "sub":
			often = 5
		}
		if g.r.IntN(often) == 0 {
			data[name] = values[name]()
		}
	}
	return data
}

// check asks for a form, then saves the same.
func (g *forms) check(t *testing.T, seed uint64, told map[string]int) {
	t.Helper()
	g.before.do = nil
	if g.r.IntN(2) == 0 {
		g.before.do = func(c *record.Change) error {
			if c.Get("name") == "refuse" {
				return fault.New(fault.Conflict, "record.too_late")
			}
			return c.Set("note", "hooked")
		}
	}
	caller := g.people[g.pick("rob", "rita", "rex", "ada")]
	q := record.FormQuery{Data: g.draft()}
	if g.r.IntN(2) == 0 && len(g.things) > 0 {
		q.ID = g.things[g.r.IntN(len(g.things))]
	}
	before := g.dump()
	form, err := g.service.As(onlyRead{g.tenant, t}, g.snapshot, caller).Form(g.ctx, "thing", q)
	if after := g.dump(); after != before {
		t.Fatalf("seed %d: a form left\n%s\nbefore\n%s", seed, after, before)
	}
	got := faults(err)
	if err == nil {
		got = listed(form)
	}
	session := g.service.As(g.tenant, g.snapshot, caller)
	var saved *record.Saved
	if q.ID == 0 {
		saved, err = session.Create(g.ctx, "thing", q.Data)
	} else {
		saved, err = session.Update(g.ctx, "thing", q.ID, q.Data, 0)
	}
	if want := faults(err); got != want {
		t.Fatalf("seed %d: %s thing %s %v: the form tells %q, saving %q", seed, caller.Name, q.ID, q.Data, got, want)
	}
	for _, one := range strings.Split(got, "; ") {
		told[one[strings.LastIndex(one, " ")+1:]]++
	}
	if err == nil {
		g.same(t, seed, q, form, saved)
		return
	}
	g.knows(t, seed, caller, q, fault.From(err))
}

// knows holds what is told to somebody to what they may read, or have sent themselves.
func (g *forms) knows(t *testing.T, seed uint64, caller *policy.Caller, q record.FormQuery, told *fault.Fault) {
	t.Helper()
	rights, err := g.snapshot.Policies.Rights(g.ctx, caller)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range told.Each() {
		names := []string{strings.Split(one.Pointer+"/", "/")[1]}
		for _, param := range []string{"field", "other"} {
			name, _ := one.Params[param].(string)
			names = append(names, strings.Split(name, ", ")...)
		}
		for _, name := range names {
			_, reads := rights.Objects["thing"].Fields[name]
			_, sent := q.Data[name]
			if _, is := g.snapshot.Objects["thing"].Field(name); is && !reads && !sent {
				t.Errorf("seed %d: %s is told of %s: %v", seed, caller.Name, name, one)
			}
		}
	}
}

// same holds the values of a form to the record that was saved.
func (g *forms) same(t *testing.T, seed uint64, q record.FormQuery, form *record.Form, saved *record.Saved) {
	t.Helper()
	want := decode(t, saved.Record)
	var v map[string]any
	d := json.NewDecoder(strings.NewReader(string(form.Values)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if len(want) == 2 { // the caller may not read it: nothing that is computed is shown
		if where := v["where"]; q.ID == 0 && where != nil {
			t.Errorf("seed %d: shows %v", seed, where)
		}
		return
	}
	skipped := []string{"id", "version", "created_at", "updated_at", "updated_by"}
	if q.ID == 0 {
		skipped = append(skipped, "number")
		if v["number"] != nil || v["id"] != nil {
			t.Errorf("seed %d: shows the number %v and the id %v", seed, v["number"], v["id"])
		}
	}
	for name, value := range want {
		if !slices.Contains(skipped, name) && !reflect.DeepEqual(v[name], value) {
			t.Errorf("seed %d: %v: the form shows %s = %v, saved was %v", seed, q.Data, name, v[name], value)
		}
	}
	for name := range want {
		if _, ok := form.Fields[name]; !ok {
			t.Errorf("seed %d: no state of %s", seed, name)
		}
	}
}

// dump is all that forms could change.
func (g *forms) dump() string {
	g.t.Helper()
	var b strings.Builder
	fmt.Fprint(&b, g.traces())
	for _, table := range []store.Table{g.snapshot.Objects["thing"].Table, tableOf(g.t, "_sequence")} {
		for r, err := range g.tenant.Select(g.ctx, selectAll(table)) {
			if err != nil {
				g.t.Fatal(err)
			}
			fmt.Fprintln(&b, r)
		}
	}
	return b.String()
}
