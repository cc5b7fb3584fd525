package session

import (
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

// Shorten bounds what a caller wrote before it is shown in a message.
func Shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
