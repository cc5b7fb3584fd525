package policy

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"formwork/engine/expression"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

var rounds = flag.Int("rounds", 25, "how many generated configurations TestFilterIsDecision tries")

// shortRounds are enough to find what is often wrong.
const shortRounds = 5

// TestFilterIsDecision generates permission sets, roles, sharing rules, policies in
// Rego and records, and asks OPA about every record as a whole: input.record is
// known, no partial evaluation, no UCAST, and the tenant's text as it was written.
// The filter must choose the same records.
func TestFilterIsDecision(t *testing.T) {
	n := *rounds
	if testing.Short() {
		n = min(n, shortRounds)
	}
	for round := range n {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			filterIsDecision(t, round)
		})
	}
}

// filterIsDecision compares filters and decisions of one generated configuration.
func filterIsDecision(t *testing.T, round int) {
	g := newGenerator(round)
	w := newWorld(t)
	g.scramble(t, w)
	documents := g.documents()
	config := w.config(t, documents)
	s, problems := Compile(context.Background(), config)
	if len(problems) > 0 {
		t.Fatalf("round %d: %v\n%s", round, problems[0], pretty(documents))
	}
	o := newOracle(t, w, s, config)
	yes, no := 0, 0
	for _, name := range []string{"ann", "bob", "cat", "dan", "eve", "fay"} {
		c := w.caller(name, g.some("p_one", "p_two", "p_three"), g.some("red", "west", "bank"))
		for _, object := range []string{"deal", "account", "part", "notice"} {
			for _, action := range []Action{Create, Read, Update, Delete} {
				f := mustFilter(t, s, c, object, action)
				var together func(map[string]any) bool
				if round%4 == 0 { // it takes much longer than a filter
					together = taken(t, w, s, c, object, action)
				}
				for key, record := range w.records[object] {
					want, got := o.decide(t, c, object, action, record), query.Match(f, w.get(object, record))
					if want != got {
						t.Fatalf("round %d: %s may %s %s %s: decision %v, filter %v (%s)\nrecord %v\nuser %v %v\n%s", round, name, action, object,
							w.called[key], want, got, w.show(f), record, c.Permissions, c.Attributes, pretty(documents))
					}
					if together != nil && together(record) != want {
						t.Fatalf("round %d: %s may %s %s %s: decision %v, which its ways are not\nuser %v %v\n%s", round, name, action, object,
							w.called[key], want, c.Permissions, c.Attributes, pretty(documents))
					}
					if want {
						yes++
					} else {
						no++
					}
				}
			}
		}
	}
	if yes+no == 0 {
		t.Fatal("nothing was compared")
	}
}

// taken puts the ways that a decision was taken apart to together again.
func taken(t *testing.T, w *world, s *Set, c *Caller, object string, a Action) func(record map[string]any) bool {
	t.Helper()
	ways, err := s.Ways(context.Background(), c, object, a)
	if err != nil {
		t.Fatal(err)
	}
	rights, err := s.Rights(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	granted := slices.Contains(actionsOf(rights.Objects[object]), string(a))
	return func(record map[string]any) bool {
		reached := false
		for _, way := range ways {
			switch holds := query.Match(way.Filter, w.get(object, record)); {
			case holds && way.Kind == "deny":
				return false
			case holds:
				reached = true
			}
		}
		return granted && reached
	}
}

func pretty(documents []json.RawMessage) (s string) {
	for _, d := range documents {
		var p metadata.Policy
		if json.Unmarshal(d, &p) == nil && p.Rego != "" {
			s += p.Object + ":\n" + p.Rego + "\n"
			continue
		}
		s += string(d) + "\n"
	}
	return s
}

// oracle decides about whole records.
type oracle struct {
	w       *world
	s       *Set
	sharing map[string]Sharing
	query   rego.PreparedEvalQuery
}

func newOracle(t *testing.T, w *world, s *Set, c Config) *oracle {
	t.Helper()
	o := &oracle{w: w, s: s, sharing: map[string]Sharing{}}
	for _, rule := range c.Sharing {
		o.sharing[rule.Doc.Name] = rule
	}
	modules := map[string]*ast.Module{}
	for _, p := range c.Policies {
		modules[p.Name] = ast.MustParseModuleWithOpts(p.Rego, ast.ParserOptions{RegoVersion: ast.RegoV1})
	}
	compiler, err := compileModules(modules)
	if err != nil {
		t.Fatal(err)
	}
	store := rego.Store(inmem.NewFromObjectWithOpts(data(c, s), storeOptions...))
	o.query, err = rego.New(rego.Compiler(compiler), store, rego.Query("data.formwork.answer")).PrepareForEval(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *oracle) decide(t *testing.T, c *Caller, object string, a Action, record map[string]any) bool {
	t.Helper()
	if !c.active() {
		return false
	}
	compiled := o.s.objects[object]
	user, err := o.s.userTerm(c, compiled.policies)
	if err != nil {
		t.Fatal(err)
	}
	var known any
	if known, err = ast.JSON(user.Value); err != nil {
		t.Fatal(err)
	}
	holds := []string{}
	shown := o.shown(t, object, record, "", 3)
	for name, rule := range o.sharing {
		env := environment{o.w, c, object, record, o.s.now}
		if rule.When != nil {
			shown["when:"+name] = rule.Doc.Object == object && ok(rule.When.Holds(env))
		}
		if rule.Users != nil && ok(rule.Users.Holds(env)) {
			holds = append(holds, name)
		}
		shown["match:"+name] = rule.Doc.Object == object && o.matches(c, object, record, rule.Match)
	}
	shown["$owner"], shown["$role"] = shown["owner"], shown["owner.role"]
	if compiled.parent != nil {
		above := o.w.records[compiled.above][id.ID(toInt(record[compiled.Parent.Name]))]
		for _, action := range []Action{Read, Update} {
			shown["parent:"+string(action)] = above != nil && o.decide(t, c, compiled.above, action, above)
		}
	}
	input := map[string]any{"object": object, "action": string(a), "user": known, "holds": holds, "record": shown}
	return o.ask(t, input, "allow") && !o.ask(t, input, "deny")
}

func (o *oracle) ask(t *testing.T, input map[string]any, question string) bool {
	t.Helper()
	input["ask"] = question
	rs, err := o.query.Eval(context.Background(), rego.EvalInput(input))
	if err != nil {
		t.Fatal(err)
	}
	return rs.Allowed()
}

func ok(b bool, err error) bool { return err == nil && b }

func toInt(v any) int64 { n, _ := v.(int64); return n }

// shown is a record as a policy sees it: every path by its name, empty ones null.
func (o *oracle) shown(t *testing.T, object string, record map[string]any, prefix string, depth int) map[string]any {
	t.Helper()
	out := map[string]any{}
	for name, symbol := range o.w.names[object].fields {
		v, err := newField(name, query.Ref{}, symbol.Value).shown(record[name])
		if err != nil {
			t.Fatal(err)
		}
		out[prefix+name] = v
		if symbol.Target != nil && depth > 1 {
			target := o.w.records[symbol.Table][id.ID(toInt(record[name]))]
			for key, v := range o.shown(t, symbol.Table, target, prefix+name+".", depth-1) {
				out[key] = v
			}
		}
	}
	return out
}

func (o *oracle) matches(c *Caller, object string, record map[string]any, pairs map[string]expression.Path) bool {
	for user, path := range pairs {
		mine, theirs := c.Attribute(user), o.w.get(object, record)(path.Ref())
		texts, isList := mine.([]string)
		text, _ := theirs.(string)
		if !(isList && theirs != nil && slices.Contains(texts, text)) && (mine == nil || isList || mine != theirs) {
			return false
		}
	}
	return len(pairs) > 0
}

// environment evaluates sharing expressions on a record.
type environment struct {
	w      *world
	c      *Caller
	object string
	record map[string]any
	now    func() time.Time
}

func (e environment) Get(p expression.Path) any {
	if p.Root == "user" {
		return e.c.Attribute(p.Leaf.Name)
	}
	return e.w.get(e.object, e.record)(p.Ref())
}
func (e environment) Now() time.Time           { return e.now() }
func (e environment) Location() *time.Location { return time.UTC }

// generator makes documents and records that are right.
type generator struct{ *rand.Rand }

func newGenerator(seed int) *generator { return &generator{rand.New(rand.NewPCG(uint64(seed), 42))} }

func (g *generator) one(of ...string) string { return of[g.IntN(len(of))] }
func (g *generator) coin() bool              { return g.IntN(2) == 0 }

func (g *generator) some(of ...string) (chosen []string) {
	for _, s := range of {
		if g.coin() {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// scramble gives records other values, empty ones among them.
func (g *generator) scramble(t *testing.T, w *world) {
	t.Helper()
	for _, object := range sortedKeys(w.records) {
		for _, name := range sortedKeys(w.ids) {
			record := w.records[object][w.ids[name]]
			if record == nil {
				continue
			}
			for _, field := range sortedKeys(w.names[object].fields) {
				value := w.names[object].fields[field].Value
				switch shown := g.value(object, field); {
				case field == "id" || field == "active" || g.IntN(3) == 0:
				case shown == nil:
					record[field] = nil
				default:
					stored, problem := value.Coerce(shown)
					if problem != nil && value.Kind() != fieldtype.TextKind {
						t.Fatalf("%s.%s: %v", object, field, problem)
					} else if problem == nil {
						record[field] = stored
					}
				}
			}
			if refers := record["owner"]; refers != nil && g.IntN(3) > 0 {
				record["owner"] = int64(w.ids[g.one("ann", "bob", "cat", "dan", "eve", "fay")])
			}
		}
	}
}

// value is some value of a field as the API shows it; nil for empty, or where the
// record stays as it is.
func (g *generator) value(object, field string) any {
	switch field {
	case "region", "other_region", "name":
		if g.IntN(4) > 0 {
			return g.one("west", "east", "north", "westerly", "Cat's", "中文")
		}
	case "amount", "discount", "quota":
		if g.IntN(4) > 0 {
			return json.Number(g.one("100", "100.01", "99.99", "0", "-5", "100.1", "1000000"))
		}
	case "count", "level":
		return json.Number(g.one("1", "2", "9"))
	case "stage":
		return g.one("new", "won")
	case "industry":
		return g.one("bank", "school", "shop")
	case "rating":
		return json.Number(g.one("4.5", "1", "5"))
	case "vip":
		return g.coin()
	case "closes", "joined":
		return g.one("2026-01-31", "2026-02-28", "2020-01-01")
	case "signed", "seen":
		return g.one("2026-02-28T10:00:00Z", "2026-01-01T00:00:00Z")
	}
	return nil
}

func (g *generator) documents() []json.RawMessage {
	var out []json.RawMessage
	add := func(d map[string]any) {
		raw, err := json.Marshal(d)
		if err != nil {
			panic(err)
		}
		out = append(out, raw)
	}
	roles := []string{"boss", "lead_west", "lead_east", "rep_west", "rep_east"}
	for i, role := range roles {
		d := map[string]any{"kind": "role", "name": role}
		if i > 0 && g.IntN(5) > 0 {
			d["parent"] = roles[g.IntN(i)]
		}
		add(d)
	}
	for _, name := range []string{"p_one", "p_two", "p_three"} {
		objects := map[string]any{}
		for _, object := range g.some("*", "deal", "account", "line", "part", "notice") {
			rights := map[string]any{}
			for _, right := range g.some("create", "read", "update", "delete", "read", "update", "create") {
				rights[right] = true
			}
			if g.IntN(6) == 0 {
				rights[g.one("read_all", "write_all")] = true
			}
			objects[object] = rights
		}
		add(map[string]any{"kind": "permission", "name": name, "objects": objects})
	}
	for i := range g.IntN(4) {
		add(g.sharing(fmt.Sprintf("share_%d", i)))
	}
	for i := range g.IntN(4) {
		name := fmt.Sprintf("own_%d", i)
		add(map[string]any{"kind": "policy", "name": name, "object": g.one("deal", "deal", "account"), "rego": g.rego(name)})
	}
	return out
}

func (g *generator) sharing(name string) map[string]any {
	object := g.one("deal", "account", "deal")
	to := map[string]any{}
	switch g.IntN(7) {
	case 0:
		to["everyone"] = true
	case 1:
		to["roles"] = []string{g.one("boss", "lead_west", "lead_east")}
	case 2:
		to["permissions"] = []string{g.one("p_one", "p_two")}
	case 3:
		to["teams"] = []string{g.one("red", "west")}
	case 4:
		to["users"] = g.one(`user.region == "west"`, `user.level > 3`, `user.role == nil`, `not user.active`)
	case 5:
		to["match"] = map[string]string{"region": "region"}
	case 6:
		to["match"] = map[string]string{"region": "teams", g.one("owner.boss", "owner"): "id"}
		to["teams"] = []string{"red"}
	}
	d := map[string]any{"kind": "sharing", "name": name, "object": object, "to": to, "access": g.one("read", "write")}
	if g.coin() {
		d["when"] = g.one(`region == "west"`, `region != user.region`, `name == nil`, `owner.region == "east" or region == "north"`, `not (region == "west")`)
		if object == "deal" && g.coin() {
			d["when"] = g.one(`amount > 100`, `amount <= 100.005 and vip`, `account.region == "west"`, `not (account.industry == "bank")`, `closes < today()`, `stage in ["new", "won"]`)
		}
	}
	return d
}
