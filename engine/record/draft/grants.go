package draft

import (
	"slices"

	"formwork/engine/fault"
	"formwork/engine/record/session"
)

// permissionsField is the field of the permission sets of users.
const permissionsField = "permissions"

// CheckGranted refuses permission sets that are given to a user by who does not have what
// they give, unless they manage permissions. Fault record.grants_beyond.
func (d *Draft) CheckGranted() {
	f, ok := d.Mapping.ByName[permissionsField]
	if d.Mapping.Object.Doc.Name != session.UserObject || !ok || d.Object.IsUnrestricted() {
		return
	}
	had := Chosen(d.Mapping.Value(d.Old, f.Column))
	for _, set := range Chosen(d.Row[f.Slot]) {
		if slices.Contains(had, set) {
			continue
		}
		beyond, err := d.Session.Snapshot.Policies.BeyondSet(d.Ctx, d.Session.Caller, set)
		if err != nil {
			d.Fail(err)
			return
		}
		if len(beyond) > 0 {
			d.problem(fault.New(fault.Forbidden, "record.grants_beyond", "set", set, "right", beyond[0].What).At("/" + permissionsField))
		}
	}
}
