package workflows

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/record/draft"
	"formwork/metadata/fieldtype"
)

// maxText is how many characters a text has at most that is computed for later steps, or taken out of JSON.
const maxText = 10_000

// Computation is what a document says of a value that is computed and has a name.
type Computation struct {
	Type  string `json:"type"` // text, number, checkbox, date or datetime
	Scale int    `json:"scale"`
	Value string `json:"value"` // an expression
}

func (d Computation) value() fieldtype.Value { return named(d.Type, d.Scale) }

// named is a value of one of the types that documents say of what has a name and stands in no field.
func named(typ string, scale int) fieldtype.Value {
	switch typ {
	case "number":
		return fieldtype.Number(scale)
	case "checkbox":
		return fieldtype.Loose(fieldtype.BoolKind, 0)
	case "date":
		return fieldtype.Loose(fieldtype.DateKind, 0)
	case "datetime":
		return fieldtype.Loose(fieldtype.DatetimeKind, 0)
	}
	return fieldtype.Lines(maxText)
}

// OfferedBy is what computations offer, by name.
func OfferedBy(all map[string]Computation) Result {
	offered := make(Result, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		offered = append(offered, Offered(name, all[name].value()))
	}
	return offered
}

// Computed is a Computation compiled.
type Computed struct {
	Symbol  expression.Symbol
	Program *expression.Program
}

// Computed compiles named values, in the order of their names.
func (c *Compiling) Computed(all map[string]Computation, at string) []Computed {
	computed := make([]Computed, 0, len(all))
	for _, symbol := range OfferedBy(all) {
		at := at + "/" + symbol.Name
		if !expression.Usable(symbol.Name) {
			c.Report(fault.New(fault.Invalid, "catalog.reserved_name", "name", symbol.Name), at)
			continue
		}
		scale := -1
		if all[symbol.Name].Type == "number" {
			scale = all[symbol.Name].Scale
		}
		if p := c.Expression(all[symbol.Name].Value, symbol.Value.Kind(), scale, at+"/value"); p != nil {
			computed = append(computed, Computed{symbol, p})
		}
	}
	return computed
}

// Compute computes named values, in stored form. Faults: those of expressions, workflow.long_text (TooLarge).
func (x *Execution) Compute(all []Computed) (map[string]any, error) {
	values := make(map[string]any, len(all))
	for _, one := range all {
		v, err := x.Eval(one.Program)
		if err != nil {
			return nil, fmt.Errorf("computing %s: %w", one.Symbol.Name, err)
		}
		if text, ok := v.(string); ok && utf8.RuneCountInString(text) > maxText {
			return nil, fault.New(fault.TooLarge, "workflow.long_text", "name", one.Symbol.Name, "limit", maxText)
		}
		values[one.Symbol.Name] = v
	}
	return values, nil
}

// Checked is a value that an expression made for a field, as it would be stored, or what is wrong with it.
func Checked(f *catalog.Field, value any) (stored any, problem *fault.Fault, err error) {
	if value == nil {
		return nil, nil, nil
	}
	shown, err := draft.Shown(f.Value, value)
	if err != nil {
		return nil, nil, err
	}
	stored, problem = f.Value.Coerce(shown)
	return stored, problem, nil
}

// Answer is what a run answers that was called and has ended, as the API shows values; nil: nothing.
func (x *Execution) Answer() (json.RawMessage, error) {
	if len(x.workflow.answer) == 0 {
		return nil, nil
	}
	values, err := x.Compute(x.workflow.answer)
	if err != nil {
		return nil, err
	}
	shown := map[string]json.RawMessage{}
	for _, one := range x.workflow.answer {
		if v := values[one.Symbol.Name]; v != nil {
			shown[one.Symbol.Name] = one.Symbol.Value.AppendJSON(nil, v)
		}
	}
	raw, err := json.Marshal(shown)
	if err != nil {
		return nil, fmt.Errorf("writing what a run answers: %w", err)
	}
	return raw, nil
}
