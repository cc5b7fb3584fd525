package record

import (
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/metadata"
)

// label is a field's name for the caller.
func (s *core) label(f *catalog.Field) string {
	if f.Doc == nil {
		return f.Name
	}
	return f.Doc.Label.In(s.caller.Language, f.Name)
}

// forbidden is the fault of an action that the caller may not do with any record.
func (s *core) forbidden(o *catalog.Object, action policy.Action) *fault.Fault {
	return fault.New(fault.Forbidden, "record.forbidden", "object", o.Doc.Name, "action", string(action),
		"label", o.Doc.Label.In(s.caller.Language, o.Doc.Name), "doing", s.doing(string(action)))
}

// forbiddenRecord is the fault of an action that the caller may not do with this record.
func (s *core) forbiddenRecord(o *catalog.Object, action string) *fault.Fault {
	return fault.New(fault.Forbidden, "record.forbidden_record", "object", o.Doc.Name, "action", action, "doing", s.doing(action))
}

// doing is an action in the caller's language.
func (s *core) doing(action string) string {
	return (&fault.Fault{Code: "record.doing_" + action}).Text(s.caller.Language)
}

// unknownField is the fault of a name that is no field or may not be known.
func unknownField(a *access, code, name string) *fault.Fault {
	return unknownName(a, code, name, a.readableNames())
}

// unknownName is unknownField with the names of which one could have been meant.
func unknownName(a *access, code, name string, among []string) *fault.Fault {
	f := &fault.Fault{Kind: fault.Invalid, Code: code, Params: map[string]any{
		"object": a.object.Doc.Name, "field": shorten(name)}}
	if near, ok := metadata.Nearest(name, among); ok {
		f.Params["suggestion"] = near
	}
	return f
}

// notFound is the fault of a record that is not there, or that the caller may not read.
func notFound(object string, key id.ID) *fault.Fault {
	return fault.New(fault.NotFound, "record.not_found", "object", object, "id", key.String())
}

// shorten bounds what a caller wrote before it is shown in a message.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
