package write

import (
	"context"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/metadata"
)

// ownFields are the fields of users that everybody may change of themselves, whatever their
// rights on users.
var ownFields = []string{"language", "name", "timezone"}

// UpdateSelf changes the name, language and timezone of the user who calls, by a merge patch,
// as Update does: with all rules, history and event. It needs no right on users. Faults:
// record.read_only for any other field; record.needs_right where a sharing rule or a policy
// reads the field, so that it decides what the user may reach; those of Update.
func (w *Writer) UpdateSelf(ctx context.Context, patch map[string]any) error {
	for name := range patch {
		if !slices.Contains(ownFields, name) {
			return fault.New(fault.Forbidden, "record.read_only", "field", name).At("/" + metadata.EscapePointer(name))
		}
		if w.Snapshot.Policies.Held(session.UserObject, name, policy.Update) {
			if err := w.DemandRight(ctx, manageUsers); err != nil {
				return err
			}
		}
	}
	a, err := w.AnyObject(ctx, session.UserObject)
	if err != nil {
		return err
	}
	// The rules above stand in the place of the record policies.
	of := New(w.Unrestricted(), w.reader, w.options)
	a = a.Opened(ownFields...)
	in := draft.NewInput(of.Session, a, patch)
	if _, err := of.try(ctx, func(u *Unit) (*saving, error) { return u.change(a, in, w.Caller.User, 0) }, false); err != nil {
		return err
	}
	w.committed()
	return nil
}
