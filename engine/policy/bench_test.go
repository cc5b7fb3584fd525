package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"formwork/engine/query"
)

// large is a tenant of some size: the world's objects and as many others as make 20,
// 10 permission sets, 20 roles, 20 sharing rules.
func large(tb testing.TB) (*world, Config) {
	tb.Helper()
	w := newWorld(tb)
	for i := len(w.objects); i < 20; i++ {
		copied := *w.objects["deal"]
		copied.Name = fmt.Sprintf("object_%d", i)
		w.objects[copied.Name], w.names[copied.Name] = &copied, w.names["deal"]
	}
	var documents []json.RawMessage
	add := func(d map[string]any) {
		raw, err := json.Marshal(d)
		if err != nil {
			tb.Fatal(err)
		}
		documents = append(documents, raw)
	}
	for i := range 20 {
		role := map[string]any{"kind": "role", "name": fmt.Sprintf("role_%d", i)}
		if i > 0 {
			role["parent"] = fmt.Sprintf("role_%d", (i-1)/3)
		}
		add(role)
		add(map[string]any{"kind": "sharing", "name": fmt.Sprintf("share_%d", i), "object": []string{"deal", "account", "object_9"}[i%3],
			"when": `region == "west"`, "access": "read", "to": map[string]any{"roles": []string{fmt.Sprintf("role_%d", i)}, "teams": []string{"red"}}})
	}
	for i := range 10 {
		objects := map[string]any{}
		for name := range w.objects {
			rights := map[string]any{"create": true, "read": true, "update": true}
			if i%2 == 0 {
				rights["fields"] = map[string]string{"*": "edit", "amount": "read", "discount": "none"}
			}
			objects[name] = rights
		}
		add(map[string]any{"kind": "permission", "name": fmt.Sprintf("set_%d", i), "objects": objects, "system": []string{"export"}})
	}
	return w, w.config(tb, documents)
}

func mustCompile(tb testing.TB, c Config) *Set {
	tb.Helper()
	s, problems := Compile(context.Background(), c)
	if len(problems) > 0 {
		tb.Fatal(problems[0])
	}
	return s
}

func (w *world) member(permissions ...string) *Caller {
	c := w.caller("bob", permissions, []string{"red"})
	c.Role = "role_1"
	return c
}

func BenchmarkCompile(b *testing.B) {
	_, c := large(b)
	for b.Loop() {
		mustCompile(b, c)
	}
}

func BenchmarkCompileWithPolicies(b *testing.B) {
	_, c := large(b)
	for i := range 5 {
		raw := policyOf(b, "deal", newGenerator(i).rego(fmt.Sprintf("own_%d", i)))
		p := newWorld(b).config(b, []json.RawMessage{raw}).Policies[0]
		p.Name = fmt.Sprintf("own_%d", i)
		c.Policies = append(c.Policies, p)
	}
	for b.Loop() {
		mustCompile(b, c)
	}
}

func BenchmarkRightsCached(b *testing.B) {
	w, config := large(b)
	s, c := mustCompile(b, config), w.member("set_1", "set_2")
	for b.Loop() {
		if _, err := s.Rights(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRightsCold(b *testing.B) {
	w, config := large(b)
	s, c := mustCompile(b, config), w.member("set_1", "set_2", "set_3")
	for b.Loop() {
		if _, err := s.evaluateRights(context.Background(), c.Permissions); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFilterCached(b *testing.B) {
	w, config := large(b)
	s, c := mustCompile(b, config), w.member("set_1", "set_2")
	b.ReportAllocs()
	for b.Loop() {
		if f, err := s.Filter(context.Background(), c, "deal", Read); err != nil || f == nil {
			b.Fatal(f, err)
		}
	}
}

func benchmarkFilterCold(b *testing.B, object string, a Action) {
	w, config := large(b)
	s, c := mustCompile(b, config), w.member("set_1", "set_2")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.compileFilter(context.Background(), c, s.objects[object], a); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFilterColdOwner(b *testing.B)   { benchmarkFilterCold(b, "deal", Delete) }
func BenchmarkFilterColdSharing(b *testing.B) { benchmarkFilterCold(b, "deal", Read) }

func BenchmarkMatch(b *testing.B) {
	w, config := large(b)
	s, c := mustCompile(b, config), w.member("set_1")
	f := mustFilter(b, s, c, "deal", Read)
	get := w.get("deal", w.records["deal"][w.ids["d_eve"]])
	for b.Loop() {
		query.Match(f, get)
	}
}
