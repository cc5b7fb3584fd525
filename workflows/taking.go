package workflows

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Takings are what is taken out of JSON that comes from outside, by the names that expressions read it by. Settings have them
// as "#/$defs/taken".
type Takings map[string]Taking

// Taking is a place in the JSON and the type of what is there.
type Taking struct {
	At       string `json:"at"`
	Type     string `json:"type"`
	Scale    int    `json:"scale"`
	Required bool   `json:"required"`
}

func (t Taking) value() fieldtype.Value { return named(t.Type, t.Scale) }

// Offer is what expressions read of it, but for names that are reserved, and places that are none, which are reported.
func (all Takings) Offer(c *Compiling, at string, reserved ...string) (offered Result) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		at := at + "/" + name
		switch t := all[name]; {
		case slices.Contains(reserved, name):
			c.Report(fault.New(fault.Invalid, "catalog.reserved_name", "name", name), at)
		case t.At != "" && !strings.HasPrefix(t.At, "/"):
			c.Report(fault.New(fault.Invalid, "workflow.no_pointer"), at+"/at")
		default:
			offered = append(offered, Offered(name, t.value()))
		}
	}
	return offered
}

// Take takes the values out of a decoded text, in stored form. What can't be taken is told at its place: field.required of what is required and
// not there or empty, else what is wrong with what is there.
func (all Takings) Take(whole any) (values map[string]any, problems []*fault.Fault) {
	values = map[string]any{}
	for name, t := range all {
		found, _ := metadata.Find(whole, t.At)
		if n, ok := found.(json.Number); ok && t.Type == "text" {
			found = n.String()
		}
		var value any
		var problem *fault.Fault
		if found != nil {
			value, problem = t.value().Coerce(found)
		}
		switch {
		case value != nil && problem == nil:
			values[name] = value
		case t.Required && problem == nil:
			problems = append(problems, fault.New(fault.Invalid, "field.required").At(t.At))
		case problem != nil:
			problems = append(problems, problem.At(t.At))
		}
	}
	return values, problems
}
