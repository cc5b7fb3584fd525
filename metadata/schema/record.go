package schema

import (
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"formwork/engine/fault"
	"formwork/metadata"
)

// recordFaults say by keyword what is wrong with a record.
var recordFaults = map[string]func(finding) *fault.Fault{
	"required": func(finding) *fault.Fault { return fault.New(fault.Invalid, "field.required") },
	"additionalProperties": func(f finding) *fault.Fault {
		if suggestion, ok := metadata.Nearest(f.name, members(f.schema)); ok {
			return fault.New(fault.Invalid, "field.unknown_near", "name", short(f.name), "suggestion", suggestion)
		}
		return fault.New(fault.Invalid, "field.unknown", "name", short(f.name))
	},
	"type": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "field.type", "expected", strings.Join(f.schema.Types, ", "), "found", typeOf(f.value))
	},
	"enum": func(f finding) *fault.Fault {
		suggestion, ok := nearest(f.value, f.schema.Enum)
		options := listing(f.schema.Enum)
		if ok {
			options = suggestion
		}
		problem := fault.New(fault.Invalid, "field.not_an_option", "value", short(f.value), "options", options)
		if ok {
			problem.Params["suggestion"] = suggestion
		}
		return problem
	},
	"pattern": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "field.pattern", "value", short(f.value), "pattern", f.schema.Pattern.String())
	},
	"maxLength": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "field.too_long", "max", f.schema.MaxLength)
	},
	"minLength": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "field.too_short", "min", f.schema.MinLength)
	},
	"minimum": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "field.too_small", "value", short(f.value), "min", f.schema.Minimum.RatString())
	},
	"maximum": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "field.too_big", "value", short(f.value), "max", f.schema.Maximum.RatString())
	},
	"maxItems": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "field.too_many", "max", f.schema.MaxItems)
	},
}

// RecordFaults says in coded faults what a record's schema refused: err is what
// s.Validate(v) returned. Pointers are into the record. nil if err is nil.
func RecordFaults(s *jsonschema.Schema, v any, err error) []*fault.Fault {
	var problems []*fault.Fault
	for _, f := range findings(s, v, err) {
		problem := fault.New(fault.Invalid, "field.invalid")
		if speak, ok := recordFaults[f.keyword]; ok {
			problem = speak(f)
		}
		problems = append(problems, problem.At(f.pointer))
	}
	return problems
}
