package write

import (
	"context"
	"slices"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// Users is who lets users in. It is told what becomes of their records, in whatever way
// these are written.
type Users interface {
	// EndAccess is called in the transaction in which a user is deleted or is no longer
	// active: nothing of what the user was let in by may be good afterwards, whether or
	// not the user comes back.
	EndAccess(ctx context.Context, tx store.Tx, user id.ID) error
	// Forget is called after a transaction that wrote records of users.
	Forget(tenant string, users ...id.ID)
}

// NoUsers is told of users where nobody is let in.
type NoUsers struct{}

func (NoUsers) EndAccess(context.Context, store.Tx, id.ID) error { return nil }
func (NoUsers) Forget(string, ...id.ID)                          {}

// wrote notes that the row of a record has been written; r is nil for one that is gone.
// Roll-ups whose filters read it through lookups are computed anew later.
// The access of a user who may not log in any more ends. Of changes that are computed alone,
// which may be many, nothing is told.
func (u *Unit) wrote(m *stored.Mapping, old, r stored.Row) error {
	row := r
	if r == nil {
		row = old
	}
	if old != nil {
		u.followRead(m, old, r)
	}
	u.writes++
	u.known.wrote(m, row.ID(), r)
	u.referrers.wrote(m, r)
	u.references.Wrote(m, int64(row.ID()), r)
	if m.Object.Doc.Name != session.UserObject {
		return nil
	}
	changes := m.Changes(old, r)
	if !slices.ContainsFunc(changes, func(c stored.Changed) bool { return !c.Computed }) {
		return nil
	}
	u.users = append(u.users, row.ID())
	if active, ok := m.ByName["active"]; r == nil || ok && old != nil && old[active.Slot] == true && r[active.Slot] != true {
		return u.options.Users.EndAccess(u.ctx, u.Tx, row.ID())
	}
	return nil
}

// checkTakenAlong refuses to delete or restore records along with another that nobody may
// delete or restore by themselves without managing users. Fault record.needs_right.
func (u *Unit) checkTakenAlong(records []stored.Record) error {
	for _, r := range records {
		if u.session.Snapshot.Policies.Held(r.Object.Doc.Name, "", policy.Delete) {
			return u.session.DemandRight(u.ctx, manageUsers)
		}
	}
	return nil
}

// checkFollowing refuses changes that follow from another one and that the caller could
// not make without managing users: where a lookup of theirs that decides access is
// emptied or leads elsewhere. Fault record.needs_right.
func (u *Unit) checkFollowing(m *stored.Mapping, changes []stored.Changed) error {
	for _, c := range changes {
		if !c.Computed && u.session.Snapshot.Policies.Held(m.Object.Doc.Name, c.Name, policy.Update) {
			return u.session.DemandRight(u.ctx, manageUsers)
		}
	}
	return nil
}

// manageUsers is the right without which what makes users able to do things is held.
const manageUsers = "manage_users"
