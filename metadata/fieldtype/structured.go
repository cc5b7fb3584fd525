package fieldtype

import (
	"encoding/json"
	"strings"

	"formwork/engine/fault"
	"formwork/metadata"
)

// structured is what all values kept as JSON share: stored canonically, so that
// equal values are the same bytes, and shown as they are stored.
type structured struct{}

func (structured) Storage() Storage { return JSON }
func (structured) AppendJSON(dst []byte, stored any) []byte {
	return append(dst, stored.(json.RawMessage)...)
}
func (structured) CSV(stored any) string { return string(stored.(json.RawMessage)) }

// fromText decodes a text that is JSON, as a CSV cell holds it; what is no text
// passes through. ok is false for text that is no JSON within the limits.
func fromText(in any, limits metadata.Limits) (v any, ok bool) {
	s, isText := in.(string)
	if !isText {
		return in, true
	}
	v, problem := metadata.ReadJSON([]byte(s), limits)
	return v, problem == nil
}

// blank reports whether an input is a text with nothing in it.
func blank(in any) bool {
	s, ok := in.(string)
	return ok && strings.TrimSpace(s) == ""
}

// unknownPart is the problem of an object with a member that it may not have.
func unknownPart(name string, parts []string) *fault.Fault {
	problem := fault.New(fault.Invalid, "field.unknown_part", "name", show(name), "parts", strings.Join(parts, ", "))
	if suggestion, ok := metadata.Nearest(name, parts); ok {
		problem.Params["suggestion"] = suggestion
	}
	return problem.At("/" + metadata.EscapePointer(name))
}
