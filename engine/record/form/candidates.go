package form

import (
	"context"

	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/record/read"
	"formwork/engine/record/session"
)

// Candidates lists the records that may be chosen in a reference of a record that is being
// written, which q tells as for Form; list asks for them as List does. Faults: those of Form
// and List; record.unknown_field; record.read_only; record.no_candidates of a field that
// does not refer to one object; record.choice_hidden where the caller may not read what
// decides.
func (f *Forms) Candidates(ctx context.Context, object, field string, q Query, list read.ListQuery) (*read.Page, error) {
	data, err := q.sent()
	if err != nil {
		return nil, err
	}
	d, err := f.writer.Fill(ctx, object, q.ID, data)
	if err != nil {
		return nil, err
	}
	of, ok := d.Mapping.Object.Field(field)
	switch {
	case !ok || !d.Object.Reads(of):
		return nil, session.UnknownField(d.Object, "record.unknown_field", field).At("/field")
	case of.Target == nil:
		return nil, fault.New(fault.Invalid, "record.no_candidates", "field", of.Name, "object", object).At("/field")
	case !d.Object.Writes(of.Name):
		return nil, fault.New(fault.Forbidden, "record.read_only", "field", f.session.Label(of)).At("/field")
	}
	if _, err := f.session.Object(ctx, of.Target.Doc.Name, policy.Read); err != nil {
		return nil, err
	}
	allowed, err := d.ChoiceFilter(d.Object, of)
	if err != nil {
		return nil, err
	}
	return f.reader.ListAmong(ctx, of.Target.Doc.Name, list, allowed)
}
