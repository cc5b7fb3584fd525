package expression_test

import (
	"maps"
	"testing"

	"formwork/engine/expression"
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
