package expression_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// Constants stand in an expression as if they were written there: they are typed, run in
// the database, and are part of the program.
func TestConstants(t *testing.T) {
	w := newWorld(t)
	scope := w.scope()
	scope.Constants = expression.Constants{}
	for name, doc := range map[string]string{"vat": `{"type":"percent"}`, "stage": `{"type":"text"}`, "start": `{"type":"date"}`, "live": `{"type":"checkbox"}`} {
		scope.Constants[name] = expression.Constant{Value: w.bind(t, name, field(t, doc), false).Value,
			Stored: map[string]any{"vat": int64(1950), "stage": "won", "start": "2026-01-31", "live": true}[name]}
	}
	w.record = map[string]any{"amount:i2": int64(2000), "stage:t": "won", "due:t": "2026-02-01"}
	for source, problem := range map[string]string{
		"amount > constants.vat and constants.live":        "",
		"stage == constants.stage":                         "",
		"due > constants.start":                            "",
		"due == constants.stage":                           "expression.bad_date",
		"amount > constants.stage":                         "expression.wrong_kind",
		"amount > constants.vta":                           "expression.unknown_constant",
		"amount > constants":                               "expression.constants_alone",
		"amount > user.limit or amount > constants.vat.of": "expression.no_fields",
	} {
		p, problems := expression.Compile(source, scope)
		switch {
		case problem != "":
			if len(problems) != 1 || problems[0].Code != problem {
				t.Errorf("%s: %v, want %s", source, problems, problem)
			}
		case problems != nil:
			t.Errorf("%s: %v", source, problems)
		case !p.Queryable() || len(p.Constants()) == 0:
			t.Errorf("%s: queryable %t, reads %v", source, p.Queryable(), p.Constants())
		}
	}
	number := scope
	number.Result, number.Scale = fieldtype.NumberKind, 2
	p, problems := expression.Compile("1000 * constants.vat / 100", number)
	if problems != nil {
		t.Fatal(problems)
	}
	if v, err := p.Eval(w); v != int64(19500) || err != nil {
		t.Errorf("evaluated to %v, %v", v, err)
	}
	number.Constants = maps.Clone(scope.Constants)
	number.Constants["vat"] = expression.Constant{Value: scope.Constants["vat"].Value, Stored: int64(2000)}
	if other, _ := expression.Compile("1000 * constants.vat / 100", number); maps.Equal(other.Constants(), p.Constants()) {
		t.Error("another value of a constant is not told")
	}
	w.objects["deal"].symbols["constants"] = w.objects["deal"].symbols["account"]
	if _, problems := expression.Compile(`constants.name == "x"`, scope); problems != nil {
		t.Errorf("a field of that name is not read any more: %v", problems)
	}
}

// A setting is the user's own value, else that of the first override with their role, else
// the organisation's; in the database as in memory. Without a user only a setting with one
// value can be read.
func TestSettings(t *testing.T) {
	w := newWorld(t)
	w.objects["user"].symbols["role"] = w.bind(t, "role", field(t, `{"type":"text"}`), true)
	constant := func(doc string, stored any) expression.Constant {
		return expression.Constant{Value: w.bind(t, "x", field(t, doc), false).Value, Stored: stored}
	}
	scope := w.scope()
	scope.Settings = expression.Settings{
		"least": expression.NewSetting(constant(`{"type":"currency"}`, int64(1000)), []expression.Override{
			{Roles: []string{"rep", "boss"}, Stored: int64(2000)}, {Roles: []string{"boss"}, Stored: int64(9999)}}, "limit"),
		"live":  expression.NewSetting(constant(`{"type":"checkbox"}`, true), []expression.Override{{Roles: []string{"rep"}, Stored: false}}, ""),
		"plain": expression.NewSetting(constant(`{"type":"currency"}`, int64(1500)), nil, ""),
	}
	w.record = w.load(t, "deal", json.RawMessage(`{"amount":"15.00"}`))
	for name, c := range map[string]struct {
		user string
		held string
	}{
		"nobody":       {`{}`, "least live plain"},
		"with a role":  {`{"role":"rep"}`, "plain"},
		"the first":    {`{"role":"boss"}`, "live plain"},
		"another role": {`{"role":"guest"}`, "least live plain"},
		"one's own":    {`{"role":"rep","limit":"12.50"}`, "least plain"},
	} {
		w.user = w.load(t, "user", json.RawMessage(c.user))
		var held []string
		for _, of := range []string{"least", "live", "plain"} {
			source := map[string]string{"live": "settings.live"}[of]
			if source == "" {
				source = "amount >= settings." + of
			}
			p, problems := expression.Compile(source, scope)
			if problems != nil {
				t.Fatal(source, problems)
			}
			holds, err := p.Holds(w)
			filter, wrong := p.Filter(w)
			if err != nil || wrong != nil || p.UsesUser() != (of != "plain") {
				t.Fatal(source, err, wrong, p.UsesUser())
			}
			if query.Match(filter, func(r query.Ref) any { return w.reach(w.record, r) }) != holds {
				t.Errorf("%s: %s does not select what it holds for", name, source)
			}
			if holds {
				held = append(held, of)
			}
		}
		if strings.Join(held, " ") != c.held {
			t.Errorf("%s: %v hold, want %s", name, held, c.held)
		}
	}
	kept := scope
	kept.User = nil
	hidden := scope
	hidden.User = w.objects["account"] // without the fields that settings read
	for source, want := range map[string][2]string{
		"amount > settings.least": {"expression.setting_varies", "expression.unknown_setting"},
		"amount > settings.plain": {"", ""},
		"amount > settings.plane": {"expression.unknown_setting", "expression.unknown_setting"},
		"amount > settings":       {"expression.settings_alone", "expression.settings_alone"},
	} {
		for i, in := range []expression.Scope{kept, hidden} {
			_, problems := expression.Compile(source, in)
			if got := append(problems, expression.Problem{})[0].Code; got != want[i] {
				t.Errorf("%s: %s, want %s", source, got, want[i])
			}
			if len(problems) > 0 && problems[0].Suggestion == "least" {
				t.Errorf("%s: suggests what may not be read", source)
			}
		}
	}
}
