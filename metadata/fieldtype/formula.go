package fieldtype

import (
	"formwork/engine/fault"
	"formwork/metadata"
)

// FormulaType is computed from other fields by an expression.
type FormulaType struct{}

type formulaSettings struct {
	Expression string `json:"expression"`
	Result     string `json:"result"`
}

// maxExpression is the longest text of an expression in bytes.
const maxExpression = 20_000

func (FormulaType) Name() string { return "formula" }

// AlsoCalled implements Called.
func (FormulaType) AlsoCalled() []string {
	return []string{"computed", "calculated"}
}

func (FormulaType) Derives()                   {}
func (FormulaType) RequiredSettings() []string { return []string{"expression", "result"} }

func (FormulaType) SettingsSchema() map[string]any {
	expression := textSetting("Expression", "What computes the value.", "amount * probability / 100")
	expression["minLength"], expression["maxLength"] = 1, maxExpression
	return map[string]any{"expression": expression, "result": resultSetting()}
}

// resultSetting is completed with the names of the types by whoever knows them.
func resultSetting() map[string]any {
	return textSetting("Result", "The type of the value; its settings, such as scale, stand beside.", "currency")
}

// ShownSettings implements Shows. What the field is computed by is not shown.
func (FormulaType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("result")
}

func (FormulaType) Bind(name string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	s, problems := settings[formulaSettings](f)
	if problems != nil {
		return nil, problems
	}
	if s.Expression == "" {
		problems = append(problems, fault.New(fault.Invalid, "metadata.setting_missing", "setting", "expression"))
	}
	result, wrong := bindResult(name, s.Result, f, in)
	if problems = append(problems, wrong...); problems != nil {
		return nil, problems
	}
	computed := computed{s.Expression}
	switch ability := result.(type) {
	case Scaled:
		return scaledFormula{result, ability, computed}, nil
	case Folds:
		return foldedFormula{result, ability, computed}, nil
	case Formed:
		return formedFormula{result, ability, computed}, nil
	}
	return formula{result, computed}, nil
}

// bindResult makes the value of the type that a computed field results in, which
// reads its settings from the same field.
func bindResult(name, result string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	if result == "" {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.setting_missing", "setting", "result")}
	}
	t, ok := in.Type(result)
	if !ok {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.unknown_name", "kind", "type", "name", show(result)).At("/result")}
	}
	if _, may := t.(Results); !may {
		return nil, []*fault.Fault{fault.New(fault.Invalid, "metadata.not_a_result", "type", result).At("/result")}
	}
	v, problems := t.Bind(name, f, in)
	if _, unordered := v.(Unordered); unordered { // expressions make no texts of that length
		return nil, []*fault.Fault{outOfRange("max_length", 1, maxOrdered)}
	}
	return v, problems
}

type computed struct{ expression string }

func (c computed) Expression() string { return c.expression }

// A formula has the abilities of its result, by embedding them.
type (
	formula struct {
		Value
		computed
	}
	scaledFormula struct {
		Value
		Scaled
		computed
	}
	foldedFormula struct {
		Value
		Folds
		computed
	}
	formedFormula struct {
		Value
		Formed
		computed
	}
)
