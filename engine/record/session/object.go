package session

import (
	"context"
	"maps"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/metadata/fieldtype"
)

// Object is an object as the caller may use it.
type Object struct {
	*stored.Mapping
	rights       policy.ObjectRights
	unrestricted bool // nothing is withheld
}

// Unrestricted is an object as the platform itself uses it, whoever the caller is.
func Unrestricted(m *stored.Mapping) *Object { return &Object{Mapping: m, unrestricted: true} }

// Opened is the object as the caller may use it, and some fields to edit besides.
func (a *Object) Opened(fields ...string) *Object {
	opened := *a
	opened.rights.Read, opened.rights.Update = true, true
	opened.rights.Fields = make(map[string]string, len(a.rights.Fields)+len(fields))
	maps.Copy(opened.rights.Fields, a.rights.Fields)
	for _, name := range fields {
		opened.rights.Fields[name] = "edit"
	}
	return &opened
}

// IsUnrestricted reports whether nothing of the object is withheld.
func (a *Object) IsUnrestricted() bool { return a.unrestricted }

// Allows reports whether the caller may do something with records of the object.
func (a *Object) Allows(action policy.Action) bool { return a.unrestricted || Allows(a.rights, action) }

// Allows reports whether rights on an object are enough for an action.
func Allows(rights policy.ObjectRights, action policy.Action) bool {
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

// Reads reports whether the caller may read a field; system fields come with the object.
func (a *Object) Reads(f *catalog.Field) bool {
	return a.unrestricted || readable(a.rights, f)
}

// Mask is what hides a part of a field's values from the caller, of whom that part is all they
// may not know; nil: the field may be read as it is, or not at all. For all but showing it such
// a field may not be read: by comparing, sorting or finding, what is hidden would be found out.
func (a *Object) Mask(f *catalog.Field) *fieldtype.Mask {
	if a.unrestricted || f.Doc == nil || !a.rights.Masked[f.Name] {
		return nil
	}
	return fieldtype.MaskOf(f.Value, f.Doc.Mask)
}

// Shows reports whether the caller is shown a field: as it is, or what its mask leaves.
func (a *Object) Shows(f *catalog.Field) bool { return a.Reads(f) || a.Mask(f) != nil }

// ShowsText reports whether the caller is shown a field that is stored as text, which may be nil.
func (a *Object) ShowsText(f *catalog.Field) bool {
	return f != nil && f.Column.Storage == fieldtype.Text && a.Shows(f)
}

// ShownText is what the caller is shown of the stored text of such a field.
func (a *Object) ShownText(f *catalog.Field, stored any) string {
	text, _ := stored.(string)
	if mask := a.Mask(f); mask != nil {
		return mask.Text(text)
	}
	return text
}

func readable(rights policy.ObjectRights, f *catalog.Field) bool {
	if f.System && f.Name != query.Owner.Name {
		return true
	}
	_, ok := rights.Fields[f.Name]
	return ok
}

// Writes reports whether the caller may write a field.
func (a *Object) Writes(name string) bool {
	f, ok := a.ByName[name]
	if !ok || f.Computed {
		return false
	}
	return a.unrestricted || !a.Object.Doc.Configuration && !f.ReadOnly() && a.rights.Fields[f.Name] == "edit"
}

// ReadableNames lists the fields the caller may read, for suggestions.
func (a *Object) ReadableNames() []string {
	var names []string
	for _, f := range a.Object.Fields {
		if a.Reads(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// ShownNames lists the fields that the caller is shown, in order.
func (a *Object) ShownNames() []string {
	var names []string
	for _, f := range a.Object.Fields {
		if a.Shows(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// Object finds an object and demands a right on it. Faults: record.unknown_object
// (NotFound), record.forbidden (Forbidden), record.configuration (Forbidden) for writing
// what only the configuration writes.
func (s *Session) Object(ctx context.Context, object string, action policy.Action) (*Object, error) {
	a, err := s.AnyObject(ctx, object)
	if err != nil {
		return nil, err
	}
	if a.Object.Doc.Configuration && action != policy.Read {
		return nil, fault.New(fault.Forbidden, "record.configuration", "object", object, "label", a.Object.Doc.Label.In(s.Caller.Language, object))
	}
	if !a.Allows(action) {
		return nil, s.Forbidden(a.Object, action)
	}
	return a, nil
}

// AnyObject finds an object, whatever the caller may do with it.
func (s *Session) AnyObject(ctx context.Context, object string) (*Object, error) {
	o, ok := s.Snapshot.Objects[object]
	if !ok {
		return nil, fault.New(fault.NotFound, "record.unknown_object", "object", Shorten(object))
	}
	return s.ObjectOf(ctx, o)
}

// ObjectOf is an object of the snapshot as the caller may use it.
func (s *Session) ObjectOf(ctx context.Context, o *catalog.Object) (*Object, error) {
	if s.unrestricted {
		return Unrestricted(s.Mappings.Of(o)), nil
	}
	rights, err := s.Rights(ctx)
	if err != nil {
		return nil, err
	}
	of := rights.Objects[o.Doc.Name]
	if o.Doc.Configuration {
		of.Create, of.Update, of.Delete = false, false, false
	}
	return &Object{Mapping: s.Mappings.Of(o), rights: of}, nil
}

// DemandRight asks for a right on the platform. Fault record.needs_right (Forbidden).
func (s *Session) DemandRight(ctx context.Context, right string) error {
	rights, err := s.Rights(ctx)
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
func (s *Session) visible(rights *policy.Rights) func(object, field string) bool {
	return func(object, field string) bool {
		o, ok := s.Snapshot.Objects[object]
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
