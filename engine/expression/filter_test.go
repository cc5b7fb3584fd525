package expression_test

import (
	"strings"
	"testing"

	"formwork/engine/expression"
	"formwork/metadata/fieldtype"
)

// Conditions on conditions are written out for both answers, which doubles a filter
// with each: a short text must not become one that fills the memory.
func TestChoicesOnChoices(t *testing.T) {
	w := newWorld(t)
	scope := expression.Scope{Record: w.objects["account"], Scale: -1, Result: fieldtype.BoolKind, Queryable: true}
	for name, nest := range map[string]func(inner string) string{
		"conditional": func(inner string) string { return "(" + inner + " ? vip : not vip)" },
		"equality":    func(inner string) string { return "(" + inner + ") == vip" },
		"coalesce":    func(inner string) string { return "((" + inner + ") ?? vip)" },
		"membership":  func(inner string) string { return "(" + inner + ") in [vip, true]" },
	} {
		text, deep := "vip", "vip"
		for range 3 {
			text = nest(text)
		}
		for range 40 {
			deep = nest(deep)
		}
		if _, problems := expression.Compile(text, scope); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
		_, problems := expression.Compile(deep, scope)
		if len(problems) == 0 || !strings.HasPrefix(problems[0].Code, "expression.not_queryable") {
			t.Errorf("%s: 40 deep gives %v", name, problems)
		}
	}
}

// What the program adds by itself is not told: nobody wrote it.
func TestWhatCannotRunIsWhatWasWritten(t *testing.T) {
	w := newWorld(t)
	w.formula(t, "deal", "share", "cost * rate", "currency")
	scope := w.scope()
	scope.Queryable = true
	_, problems := expression.Compile("share > 5", scope)
	if len(problems) == 0 || problems[0].Params["what"] == "round" || problems[0].Params["reason"] != "arithmetic" {
		t.Errorf("%v", problems)
	}
}
