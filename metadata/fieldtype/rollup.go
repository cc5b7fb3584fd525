package fieldtype

import (
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// RollupType sums up the records that look up to this one, or rows of its own.
type RollupType struct{}

type rollupSettings struct {
	Rollup
	Result string `json:"result"`
}

var rollupOps = []string{"count", "sum", "min", "max", "avg", "first", "last"}

func (RollupType) Name() string { return "rollup" }

// AlsoCalled implements Called.
func (RollupType) AlsoCalled() []string {
	return []string{"summary", "rollup_summary", "aggregate"}
}

func (RollupType) Derives()                   {}
func (RollupType) RequiredSettings() []string { return []string{"op"} }

func (RollupType) SettingsSchema() map[string]any {
	op := setting("string", "Operation", "What is made of the records.", nil)
	op["enum"] = list(rollupOps)
	filter := textSetting("Filter", "A condition on the records that count.", "status == \"open\"")
	filter["maxLength"] = maxExpression
	return map[string]any{
		"op":       op,
		"object":   nameSetting("Object", "The object whose records are summed up.", "order"),
		"lookup":   nameSetting("Lookup", "The field of that object that refers to this record.", "customer"),
		"rows":     nameSetting("Rows", "A children field of this record, instead of another object.", "lines"),
		"field":    nameSetting("Field", "What is summed up or taken over; not for count.", "amount"),
		"sort":     sortSetting(),
		"filter":   filter,
		"timezone": textSetting("Time zone", "Whose day it is where the filter looks at the clock; that of whoever reads when absent.", "Europe/Berlin"),
		"result":   resultSetting(),
	}
}

// ShownSettings implements Shows. What the field is computed by is not shown.
func (RollupType) ShownSettings(metadata.Shown) metadata.Members {
	return metadata.AllOf("op", "object", "lookup", "rows", "field", "sort", "result")
}

func sortSetting() map[string]any {
	s := textSetting("Sort", "The field of the records by which the first or last of them is found; a minus before it descends.", "close_date", "-amount")
	s["pattern"] = "^-?" + strings.TrimPrefix(metadata.NamePattern.String(), "^")
	return s
}

// Bind checks what can be known from the field alone; that object, lookup, rows and
// field exist is for whoever compiles the object.
func (RollupType) Bind(name string, f *metadata.Field, in Context) (Value, []*fault.Fault) {
	s, problems := settings[rollupSettings](f)
	if problems != nil {
		return nil, problems
	}
	if !contains(rollupOps, s.Op) {
		problems = append(problems, fault.New(fault.Invalid, "metadata.not_one_of", "value", show(s.Op), "options", strings.Join(rollupOps, ", ")).At("/op"))
	}
	records := s.Object != "" && s.Lookup != "" && s.Rows == ""
	rows := s.Rows != "" && s.Object == "" && s.Lookup == ""
	if !records && !rows {
		problems = append(problems, fault.New(fault.Invalid, "metadata.rollup_source"))
	}
	if s.Rows != "" && s.Timezone != "" {
		problems = append(problems, fault.New(fault.Invalid, "metadata.rollup_of_rows", "op", "timezone").At("/timezone"))
	}
	if (s.Op == "count") != (s.Field == "") {
		problems = append(problems, fault.New(fault.Invalid, "metadata.rollup_field").At("/field"))
	}
	if s.Picks() != (s.Sort != "") {
		problems = append(problems, fault.New(fault.Invalid, "metadata.rollup_sort").At("/sort"))
	}
	var result Value
	switch {
	case s.Picks():
		problems = append(problems, checkPick(s)...)
		result = unknownValue{}
	case s.Op == "count" && s.Result == "":
		result = decimalValue{}
	default:
		var wrong []*fault.Fault
		result, wrong = bindResult(name, s.Result, f, in)
		problems = append(problems, wrong...)
	}
	if problems == nil && !s.Picks() && s.Op != "min" && s.Op != "max" && result.Kind() != NumberKind && (s.Op == "count" || result.Kind() != DurationKind) {
		problems = append(problems, fault.New(fault.Invalid, "metadata.rollup_result", "op", s.Op).At("/result"))
	}
	if problems != nil {
		return nil, problems
	}
	return RollupOf(s.Rollup, result), nil
}

// checkPick tells what a roll-up that takes over a value has no use for.
func checkPick(s rollupSettings) (problems []*fault.Fault) {
	if s.Rows != "" {
		problems = append(problems, fault.New(fault.Invalid, "metadata.rollup_of_rows", "op", s.Op).At("/rows"))
	}
	if s.Result != "" {
		problems = append(problems, fault.New(fault.Invalid, "metadata.rollup_own_type", "op", s.Op).At("/result"))
	}
	return problems
}

// RollupOf is the value of a roll-up that results in another value. Bind makes that of a
// roll-up that picks without knowing the field that it takes over: such a value can't be
// stored, and whoever knows the field makes the roll-up's value anew of that of the field.
func RollupOf(r Rollup, result Value) Value {
	switch ability := result.(type) {
	case Scaled:
		return scaledRollup{result, ability, rolls{r}}
	case Formed:
		return formedRollup{result, ability, rolls{r}}
	case Folds:
		return foldedRollup{result, ability, rolls{r}}
	}
	return rollup{result, rolls{r}}
}

// unknownValue stands for the value of a field that is not known yet.
type unknownValue struct{ jsonValue }

func (unknownValue) Storage() Storage { return None }

type rolls struct{ definition Rollup }

func (r rolls) Rollup() Rollup { return r.definition }

// A roll-up has the abilities of its result, by embedding them.
type (
	rollup struct {
		Value
		rolls
	}
	scaledRollup struct {
		Value
		Scaled
		rolls
	}
	foldedRollup struct {
		Value
		Folds
		rolls
	}
	formedRollup struct {
		Value
		Formed
		rolls
	}
)
