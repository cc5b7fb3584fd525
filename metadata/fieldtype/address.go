package fieldtype

import (
	"sort"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// AddressType is a postal address in parts, each of which may be missing.
type AddressType struct{}

const maxPart = 255

// addressParts are in the order in which addresses are read.
var addressParts = []string{"street", "city", "state", "postal_code", "country"}

func (AddressType) Name() string                   { return "address" }
func (AddressType) SettingsSchema() map[string]any { return map[string]any{} }

func (AddressType) Bind(string, *metadata.Field, Context) (Value, []*fault.Fault) {
	return addressValue{}, nil
}

type addressValue struct{ structured }

func (addressValue) Kind() Kind   { return ObjectKind }
func (addressValue) Form() string { return "address" }

func (addressValue) Coerce(in any) (any, *fault.Fault) {
	if blank(in) {
		return nil, nil
	}
	v, _ := fromText(in, metadata.Limits{Bytes: 8 * maxPart * len(addressParts), Depth: 2})
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Invalid, "field.not_an_address", "value", show(in))
	}
	var problems []*fault.Fault
	out := map[string]any{}
	for name, part := range object {
		if !contains(addressParts, name) {
			problems = append(problems, unknownPart(name, addressParts))
			continue
		}
		if part == nil {
			continue
		}
		s, problem := plain(part, name == "street")
		if problem == nil {
			s = strings.TrimSpace(s)
			problem = tooLong(s, maxPart)
		}
		if problem != nil {
			problems = append(problems, problem.At("/"+name))
		} else if s != "" {
			out[name] = s
		}
	}
	if len(problems) > 0 {
		return nil, firstOf(problems)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return metadata.Canonical(out), nil
}

// firstOf is the problem of the first place.
func firstOf(problems []*fault.Fault) *fault.Fault {
	sort.Slice(problems, func(i, j int) bool { return problems[i].Pointer < problems[j].Pointer })
	return problems[0]
}

func (addressValue) Schema() map[string]any {
	properties := map[string]any{}
	for _, name := range addressParts {
		properties[name] = map[string]any{"type": "string", "maxLength": maxPart}
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}
