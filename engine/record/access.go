package record

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/metadata"
)

// access is an object as the caller may use it.
type access struct {
	*plan
	rights policy.ObjectRights
	// all: the program itself calls, nothing is withheld.
	all bool
}

// right is what is wanted on an object.
func (a *access) right(action policy.Action) bool {
	if a.all {
		return true
	}
	switch action {
	case policy.Create:
		return a.rights.Create
	case policy.Read:
		return a.rights.Read
	case policy.Update:
		return a.rights.Update
	case policy.Delete:
		return a.rights.Delete
	}
	return false
}

// reads reports whether the caller may read a field; system fields come with the object.
func (a *access) reads(f *catalog.Field) bool {
	return a.all || readable(a.rights, f)
}

func readable(rights policy.ObjectRights, f *catalog.Field) bool {
	if f.System && f.Name != query.Owner.Name {
		return true
	}
	_, ok := rights.Fields[f.Name]
	return ok
}

// edits reports whether the caller may write a field that is not read-only.
func (a *access) edits(f *catalog.Field) bool {
	return a.all || a.rights.Fields[f.Name] == "edit"
}

// loadRights evaluates the caller's rights once.
func (s *Session) loadRights(ctx context.Context) (*policy.Rights, error) {
	if s.rights != nil {
		return s.rights, nil
	}
	if s.caller.System {
		s.rights = systemRights
		return s.rights, nil
	}
	rights, err := s.snapshot.Policies.Rights(ctx, s.caller)
	if err != nil {
		return nil, err
	}
	s.rights = rights
	return rights, nil
}

// systemRights stand for the program itself, which is asked for none.
var systemRights = &policy.Rights{}

// access finds an object and demands a right on it. Faults: record.unknown_object
// (NotFound), record.forbidden (Forbidden).
func (s *Session) access(ctx context.Context, object string, action policy.Action) (*access, error) {
	a, err := s.reach(ctx, object)
	if err != nil {
		return nil, err
	}
	if !a.right(action) {
		return nil, s.forbidden(a.object, action)
	}
	return a, nil
}

// forbidden is the fault of an action that the caller may not do with any record.
func (s *Session) forbidden(o *catalog.Object, action policy.Action) *fault.Fault {
	return fault.New(fault.Forbidden, "record.forbidden", "object", o.Doc.Name, "action", string(action),
		"label", o.Doc.Label.In(s.caller.Language, o.Doc.Name), "doing", s.doing(string(action)))
}

// forbiddenRecord is the fault of an action that the caller may not do with this record.
func (s *Session) forbiddenRecord(o *catalog.Object, action string) *fault.Fault {
	return fault.New(fault.Forbidden, "record.forbidden_record", "object", o.Doc.Name, "action", action, "doing", s.doing(action))
}

// doing is an action in the caller's language.
func (s *Session) doing(action string) string {
	return (&fault.Fault{Code: "record.doing_" + action}).Text(s.caller.Language)
}

// reach finds an object, whatever the caller may do with it.
func (s *Session) reach(ctx context.Context, object string) (*access, error) {
	o, ok := s.snapshot.Objects[object]
	if !ok {
		return nil, fault.New(fault.NotFound, "record.unknown_object", "object", shorten(object))
	}
	return s.accessTo(ctx, o)
}

func (s *Session) accessTo(ctx context.Context, o *catalog.Object) (*access, error) {
	rights, err := s.loadRights(ctx)
	if err != nil {
		return nil, err
	}
	return &access{plan: s.compiled.plan(o), rights: rights.Objects[o.Doc.Name], all: s.caller.System}, nil
}

// demand asks for a right on the platform. Fault record.needs_right (Forbidden).
func (s *Session) demand(ctx context.Context, right string) error {
	rights, err := s.loadRights(ctx)
	if err != nil {
		return err
	}
	if !s.caller.System && !rights.System[right] {
		return fault.New(fault.Forbidden, "record.needs_right", "right", right)
	}
	return nil
}

// filter is the condition under which the caller may do something with records of
// an object; nil: every one.
func (s *Session) filter(ctx context.Context, object string, action policy.Action) (query.Filter, error) {
	if s.caller.System {
		return nil, nil
	}
	return s.snapshot.Policies.Filter(ctx, s.caller, object, action)
}

// visible tells, by names, which fields the caller may read; nothing of an object
// the caller may not read at all.
func (s *Session) visible(rights *policy.Rights) func(object, field string) bool {
	return func(object, field string) bool {
		o, ok := s.snapshot.Objects[object]
		if !ok {
			return false
		}
		f, ok := o.Field(field)
		if !ok || s.caller.System {
			return ok
		}
		r := rights.Objects[object]
		return r.Read && readable(r, f)
	}
}

// readableNames lists the fields the caller may read, for suggestions.
func (a *access) readableNames() []string {
	var names []string
	for _, f := range a.object.Fields {
		if a.reads(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// unknownField is the fault of a name that is no field or may not be known.
func (s *Session) unknownField(a *access, code string, name string) *fault.Fault {
	return s.unknownName(a, code, name, a.readableNames())
}

// unknownName is unknownField with what could have been meant.
func (s *Session) unknownName(a *access, code, name string, among []string) *fault.Fault {
	f := &fault.Fault{Kind: fault.Invalid, Code: code, Params: map[string]any{
		"object": a.object.Doc.Name, "field": shorten(name)}}
	if near, ok := metadata.Nearest(name, among); ok {
		f.Params["suggestion"] = near
	}
	return f
}

// shorten bounds what a caller wrote before it is shown in a message.
func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
