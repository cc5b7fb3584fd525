package fieldtype

import (
	"encoding/json"
	"iter"
	"maps"
	"slices"
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

var addressLabels = map[string]metadata.Text{
	"street":      {"en": "Street", "zh": "街道"},
	"city":        {"en": "City", "zh": "城市"},
	"state":       {"en": "State", "zh": "省/州"},
	"postal_code": {"en": "Postal code", "zh": "邮政编码"},
	"country":     {"en": "Country", "zh": "国家/地区"},
}

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

// Parts implements Parts.
func (addressValue) Parts() []Part {
	parts := make([]Part, len(addressParts))
	for i, name := range addressParts {
		parts[i] = Part{Name: name, Label: addressLabels[name], Value: textValue{max: maxPart}}
	}
	return parts
}

// Split implements Parts.
func (addressValue) Split(stored any) []any {
	parts := make([]any, len(addressParts))
	for name, text := range texts(string(stored.(json.RawMessage))) {
		if i := slices.Index(addressParts, name); i >= 0 && text != "" {
			parts[i] = text
		}
	}
	return parts
}

// texts yields the members of an object of texts. Where nothing is escaped, as in most
// addresses, names and values are what stands between quotation marks.
func texts(object string) iter.Seq2[string, string] {
	if !strings.Contains(object, `\`) {
		return func(yield func(string, string) bool) {
			pieces := strings.Split(object, `"`)
			for i := 1; i+2 < len(pieces) && pieces[i+1] == ":" && yield(pieces[i], pieces[i+2]); i += 4 {
			}
		}
	}
	var members map[string]string
	_ = json.Unmarshal([]byte(object), &members) // what is no address has no parts
	return maps.All(members)
}

func (addressValue) Schema() map[string]any {
	properties := map[string]any{}
	for _, name := range addressParts {
		properties[name] = map[string]any{"type": "string", "maxLength": maxPart}
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}
