package schema

import (
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// documentFaults say by keyword what is wrong with a document.
var documentFaults = map[string]func(finding) *fault.Fault{
	"required": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.required", "name", f.name)
	},
	"additionalProperties": unknownProperty,
	"type": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.type", "expected", strings.Join(f.schema.Types, ", "), "found", typeOf(f.value))
	},
	"const": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.const", "expected", listing(f.schema.Constant), "value", short(f.value))
	},
	"enum": func(f finding) *fault.Fault {
		if suggestion, ok := nearest(f.value, f.schema.Enum); ok {
			return fault.New(fault.Invalid, "schema.enum_near", "value", short(f.value), "suggestion", suggestion)
		}
		return fault.New(fault.Invalid, "schema.enum", "value", short(f.value), "options", listing(f.schema.Enum))
	},
	"pattern": func(f finding) *fault.Fault {
		if f.schema.Pattern.String() == metadata.NamePattern.String() {
			return fault.New(fault.Invalid, "schema.name", "value", short(f.value))
		}
		if examples := f.schema.Examples; len(examples) > 0 {
			return fault.New(fault.Invalid, "schema.form", "value", short(f.value), "examples", listing(examples), "pattern", f.schema.Pattern.String())
		}
		return fault.New(fault.Invalid, "schema.pattern", "value", short(f.value), "pattern", f.schema.Pattern.String())
	},
	"maxLength": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.too_long", "max", f.schema.MaxLength)
	},
	"minLength": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.too_short", "min", f.schema.MinLength)
	},
	"minimum": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.too_small", "value", short(f.value), "min", f.schema.Minimum.RatString())
	},
	"maximum": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.too_big", "value", short(f.value), "max", f.schema.Maximum.RatString())
	},
	"minItems": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.too_few", "min", f.schema.MinItems)
	},
	"maxItems": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.too_many", "max", f.schema.MaxItems)
	},
	"minProperties": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.too_few", "min", f.schema.MinProperties)
	},
	"maxProperties": func(f finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.too_many", "max", f.schema.MaxProperties)
	},
	"uniqueItems": func(finding) *fault.Fault {
		return fault.New(fault.Invalid, "schema.not_unique")
	},
	"not": func(f finding) *fault.Fault {
		names := ""
		if f.schema.Not != nil {
			names = strings.Join(f.schema.Not.Required, ", ")
		}
		return fault.New(fault.Invalid, "schema.exclusive", "names", names)
	},
}

// documentFault says what is wrong. Where a type of field is asked for, the name that
// another system has for one tells which was meant.
func (s *Schemas) documentFault(f finding) *fault.Fault {
	if name, ok := f.value.(string); ok && f.keyword == "enum" && s.types != nil {
		if meant, ok := s.types.Meant(name); ok && slices.Contains(f.schema.Enum, any(meant)) {
			return fault.New(fault.Invalid, "schema.enum_near", "value", short(name), "suggestion", meant)
		}
	}
	if speak, ok := documentFaults[f.keyword]; ok {
		return speak(f)
	}
	return fault.New(fault.Invalid, "schema.invalid", "keyword", f.keyword)
}

// unknownProperty speaks of a member that has no place: a misspelt setting, or a
// name that is none.
func unknownProperty(f finding) *fault.Fault {
	names := members(f.schema)
	if len(names) == 0 {
		if form, ok := pattern(f.schema); ok && form.String() == metadata.NamePattern.String() {
			return fault.New(fault.Invalid, "schema.name", "value", short(f.name))
		}
		return fault.New(fault.Invalid, "schema.bad_key", "name", short(f.name))
	}
	if suggestion, ok := metadata.Nearest(f.name, names); ok {
		return fault.New(fault.Invalid, "schema.unknown_property_near", "name", short(f.name), "suggestion", suggestion)
	}
	return fault.New(fault.Invalid, "schema.unknown_property", "name", short(f.name), "known", strings.Join(names, ", "))
}
