package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/metadata"
)

func policyOf(tb testing.TB, object, text string) json.RawMessage {
	tb.Helper()
	raw, err := json.Marshal(map[string]any{"kind": "policy", "name": "p", "object": object, "rego": text})
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// TestRefused holds what a policy may not say, and where the fault points.
func TestRefused(t *testing.T) {
	var cases []struct {
		Says, Rego, Code string
		Line, Column     int
		Params           map[string]any
	}
	readJSON(t, "testdata/refused.json", &cases)
	w := newWorld(t)
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.Says, " ", "_"), func(t *testing.T) {
			problems := w.problems(t, policyOf(t, "deal", c.Rego))
			if len(problems) == 0 {
				t.Fatal("accepted")
			}
			f := problems[0]
			if f.Code != c.Code || f.Pointer != "/policy/p/rego" || f.Kind != fault.Invalid {
				t.Errorf("refused with %v; want %s", f, c.Code)
			}
			if c.Line > 0 && (f.Params["line"] != c.Line || f.Params["column"] != c.Column) {
				t.Errorf("at line %v, column %v; want %d, %d: %v", f.Params["line"], f.Params["column"], c.Line, c.Column, f)
			}
			for name, want := range c.Params {
				if f.Params[name] != want {
					t.Errorf("%s is %v; want %v", name, f.Params[name], want)
				}
			}
			if text := f.Text("en"); strings.ContainsAny(strings.Split(text, "input.")[0], "{}") && !strings.Contains(text, "{ …") {
				t.Errorf("text with holes: %s", text)
			}
			if !fault.Known(f.Code) {
				t.Errorf("no text for %s", f.Code)
			}
		})
	}
}

// TestTooMuch tries policies that are too big, too deep or take too long. Each is
// refused quickly, whatever it would have cost.
func TestTooMuch(t *testing.T) {
	const head = "package formwork.custom.p\n"
	lists := strings.Repeat("1, ", 900) + "1"
	for name, c := range map[string]struct{ text, code string }{
		"long":       {head + "allow if true\n#" + strings.Repeat("x", maxRego), "policy.too_large"},
		"not UTF-8":  {head + "allow if input.record.region == \"\xff\"", "policy.not_utf8"},
		"deep":       {head + "allow if " + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + " == 1", "policy.too_nested"},
		"many steps": {head + "allow if {\n" + loops(6, "["+lists+"]") + "\n}", "policy.too_costly"},
		"many steps over records": {head + "allow if {\n" + loops(2, "["+lists+"]") +
			"\ninput.record.amount == x0\ninput.record.discount == x1\n}", "policy.too_costly"},
		"many alternatives": {head + doubling(20), "policy.written_out"},
		"long alternatives": {head + "allow if {\n" + strings.Repeat("helper\n", 100) + "}\nhelper if input.record.vip == true", "policy.written_out"},
		"many negations":    {head + negations(maxNegations+1), "policy.written_out"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			begun := time.Now()
			_, problems := Compile(context.Background(), Config{Objects: w.objects,
				Policies: []*metadata.Policy{{Head: metadata.Head{Name: "p"}, Object: "deal", Rego: c.text}}})
			t.Logf("%v: %.200v", time.Since(begun), problems)
			if len(problems) == 0 || problems[0].Code != c.code {
				t.Errorf("want %s, got %.300v", c.code, problems)
			}
		})
	}
}

func loops(n int, over string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "some x%d in %s\n", i, over)
	}
	for i := range n {
		fmt.Fprintf(&b, "x%d > 0\n", i)
	}
	return b.String()
}

// doubling has two alternatives more with every rule.
func doubling(n int) string {
	var b strings.Builder
	b.WriteString("allow if r0\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d if {\n\tinput.record.count == %d\n\tr%d\n}\nr%d if {\n\tinput.record.amount == %d\n\tr%d\n}\n", i, i, i+1, i, i, i+1)
	}
	fmt.Fprintf(&b, "r%d if input.record.vip == true\n", n)
	return b.String()
}

// negations are rules that negate each other, n deep.
func negations(n int) string {
	var b strings.Builder
	b.WriteString("allow if not r0\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d if {\n\tinput.record.count == %d\n\tnot r%d\n}\n", i, i, i+1)
	}
	fmt.Fprintf(&b, "r%d if input.record.vip == true\n", n)
	return b.String()
}

func TestManyProblemsAtOnce(t *testing.T) {
	w := newWorld(t)
	_, problems := Compile(context.Background(), w.config(t, []json.RawMessage{
		policyOf(t, "deal", "package formwork.custom.p\nallow if input.record.regin == 1\ndeny if {\n\tinput.record.vip\n\tinput.record.amount > \"x\"\n}"),
		json.RawMessage(`{"kind": "policy", "name": "q", "object": "deel", "rego": ""}`),
		json.RawMessage(`{"kind": "sharing", "name": "s", "object": "acount", "to": {}, "access": "read"}`),
	}))
	var got []string
	for _, f := range problems {
		got = append(got, f.Pointer+" "+f.Code)
	}
	want := "/sharing/s/object policy.misspelt_object, /policy/p/rego policy.misspelt_field, /policy/q/object policy.misspelt_object"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %v\nwant %s", strings.Join(got, ", "), want)
	}
}

// FuzzPolicy feeds the checks with any text; what passes must compile for a caller.
func FuzzPolicy(f *testing.F) {
	var cases []struct {
		Says, Rego, Code string
		Line, Column     int
		Params           map[string]any
	}
	readJSON(f, "testdata/refused.json", &cases)
	for _, c := range cases {
		f.Add(c.Rego)
	}
	for round := range 20 {
		g := newGenerator(round)
		f.Add(g.rego("p"))
	}
	w := newWorld(f)
	admin := json.RawMessage(`{"kind": "permission", "name": "admin", "objects": {"*": {"read": true}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, problems := Compile(context.Background(), w.config(t, []json.RawMessage{admin, policyOf(t, "deal", text)}))
		if len(problems) > 0 {
			for _, p := range problems {
				if p.Kind != fault.Invalid {
					t.Fatal(p)
				}
			}
			return
		}
		for _, name := range []string{"ann", "fay"} {
			if _, err := s.Filter(context.Background(), w.caller(name, []string{"admin"}, []string{"red"}), "deal", Read); err != nil &&
				!fault.Is(err, "policy.too_costly") && !fault.Is(err, "policy.too_big") {
				t.Fatalf("%v\n%s", err, text)
			}
		}
	})
}
