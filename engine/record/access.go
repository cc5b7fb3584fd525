package record

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// access is an object as the caller may use it.
type access struct {
	*mapping
	rights       policy.ObjectRights
	unrestricted bool // nothing is withheld
}

// unrestricted is an object as the platform itself uses it.
func unrestricted(m *mapping) *access { return &access{mapping: m, unrestricted: true} }

// allows reports whether the caller may do something with records of the object.
func (a *access) allows(action policy.Action) bool { return a.unrestricted || allows(a.rights, action) }

// allows reports whether rights on an object are enough for an action.
func allows(rights policy.ObjectRights, action policy.Action) bool {
	switch action {
	case policy.Create:
		return rights.Create
	case policy.Read:
		return rights.Read
	case policy.Update:
		return rights.Update
	case policy.Delete:
		return rights.Delete
	}
	return false
}

// reads reports whether the caller may read a field; system fields come with the object.
func (a *access) reads(f *catalog.Field) bool {
	return a.unrestricted || readable(a.rights, f)
}

func readable(rights policy.ObjectRights, f *catalog.Field) bool {
	if f.System && f.Name != query.Owner.Name {
		return true
	}
	_, ok := rights.Fields[f.Name]
	return ok
}

// writes reports whether the caller may write a field.
func (a *access) writes(name string) bool {
	f, ok := a.byName[name]
	if !ok || f.computed {
		return false
	}
	return a.unrestricted || !f.readOnly() && a.rights.Fields[f.Name] == "edit"
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

// access finds an object and demands a right on it. Faults: record.unknown_object
// (NotFound), record.forbidden (Forbidden).
func (s *core) access(ctx context.Context, object string, action policy.Action) (*access, error) {
	a, err := s.reach(ctx, object)
	if err != nil {
		return nil, err
	}
	if !a.allows(action) {
		return nil, s.forbidden(a.object, action)
	}
	return a, nil
}

// reach finds an object, whatever the caller may do with it.
func (s *core) reach(ctx context.Context, object string) (*access, error) {
	o, ok := s.snapshot.Objects[object]
	if !ok {
		return nil, fault.New(fault.NotFound, "record.unknown_object", "object", shorten(object))
	}
	return s.accessTo(ctx, o)
}

// accessTo is an object of the snapshot as the caller may use it.
func (s *core) accessTo(ctx context.Context, o *catalog.Object) (*access, error) {
	if s.unrestricted {
		return unrestricted(s.mappings.of(o)), nil
	}
	rights, err := s.loadRights(ctx)
	if err != nil {
		return nil, err
	}
	return &access{mapping: s.mappings.of(o), rights: rights.Objects[o.Doc.Name]}, nil
}

// demand asks for a right on the platform. Fault record.needs_right (Forbidden).
func (s *core) demand(ctx context.Context, right string) error {
	rights, err := s.loadRights(ctx)
	if err != nil {
		return err
	}
	if !s.unrestricted && !rights.System[right] {
		return fault.New(fault.Forbidden, "record.needs_right", "right", right)
	}
	return nil
}

// visible tells, by names, which fields the caller of these rights may read; nothing
// of an object the caller may not read at all.
func (s *core) visible(rights *policy.Rights) func(object, field string) bool {
	return func(object, field string) bool {
		o, ok := s.snapshot.Objects[object]
		if !ok {
			return false
		}
		f, ok := o.Field(field)
		if !ok || s.unrestricted {
			return ok
		}
		r := rights.Objects[object]
		return r.Read && readable(r, f)
	}
}
