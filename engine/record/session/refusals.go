package session

import (
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/message"
	"formwork/engine/policy"
	"formwork/metadata"
)

// Label is a field's name for the caller.
func (s *Session) Label(f *catalog.Field) string {
	if f.Doc == nil {
		return f.Name
	}
	return f.Doc.Label.In(s.Caller.Language, f.Name)
}

// Forbidden is the fault of an action that the caller may not do with any record.
func (s *Session) Forbidden(o *catalog.Object, action policy.Action) *fault.Fault {
	return fault.New(fault.Forbidden, "record.forbidden", "object", o.Doc.Name, "action", string(action),
		"label", o.Doc.Label.In(s.Caller.Language, o.Doc.Name), "doing", s.doing(string(action)))
}

// ForbiddenRecord is the fault of an action that the caller may not do with this record.
func (s *Session) ForbiddenRecord(o *catalog.Object, action string) *fault.Fault {
	return fault.New(fault.Forbidden, "record.forbidden_record", "object", o.Doc.Name, "action", action, "doing", s.doing(action))
}

// doing is an action in the caller's language.
func (s *Session) doing(action string) string {
	return message.New("action." + action).Text(s.Caller.Language)
}

// HiddenField is all that is told of what is wrong with a field that the caller may not
// read: no name, no value and no place.
func HiddenField() *fault.Fault { return fault.New(fault.Invalid, "record.hidden_field") }

// Told is a problem of a field as the caller may be told it.
func (a *Object) Told(f *catalog.Field, problem *fault.Fault) *fault.Fault {
	if a.Reads(f) {
		return problem
	}
	return HiddenField().Because(problem)
}

// ToldOnce keeps one of the problems that tell nothing: how many there are is not told either.
func ToldOnce(problems []*fault.Fault) []*fault.Fault {
	hidden := false
	return slices.DeleteFunc(problems, func(f *fault.Fault) bool {
		was := hidden
		hidden = hidden || f.Code == "record.hidden_field"
		return was && f.Code == "record.hidden_field"
	})
}

// UnknownField is the fault of a name that is no field or may not be known.
func UnknownField(a *Object, code, name string) *fault.Fault {
	return unknownName(a, code, name, a.ReadableNames())
}

// unknownName is UnknownField with the names of which one could have been meant.
func unknownName(a *Object, code, name string, among []string) *fault.Fault {
	f := &fault.Fault{Kind: fault.Invalid, Code: code, Params: map[string]any{
		"object": a.Object.Doc.Name, "field": Shorten(name)}}
	if near, ok := metadata.Nearest(name, among); ok {
		f.Params["suggestion"] = near
	}
	return f
}

// NotFound is the fault of a record that is not there, or that the caller may not read.
func NotFound(object string, key id.ID) *fault.Fault {
	return fault.New(fault.NotFound, "record.not_found", "object", object, "id", key.String())
}

// NotInBin is the fault of a record that is not in the recycle bin, or that the caller may not read.
func NotInBin(object string, key id.ID) *fault.Fault {
	return fault.New(fault.NotFound, "record.not_in_bin", "object", object, "id", key.String())
}

// Shorten bounds what a caller wrote before it is shown in a message.
func Shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
