package auth

import (
	"context"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/store"
)

// Acting is the caller that background work acts as: the user who began it, with the
// rights they have now, or as far as these go with the permission sets of the key that
// began it. Fault "auth.user_inactive" (Forbidden) once the user may not log in any more.
func (s *Service) Acting(ctx context.Context, t store.Tenant, user id.ID, permissions []string, via string) (*policy.Caller, error) {
	found, err := s.userByID(ctx, t, user)
	if err != nil {
		return nil, err
	}
	if found == nil || !found.active {
		return nil, fault.New(fault.Forbidden, "auth.user_inactive")
	}
	caller := *found.caller
	if len(permissions) > 0 {
		sets, err := s.grantable(ctx, t, found.caller, permissions)
		if err != nil {
			return nil, err
		}
		limited, err := s.limited(ctx, t, found.caller, sets)
		if err != nil {
			return nil, err
		}
		caller = *limited
	}
	caller.Via = via
	return &caller, nil
}

// Describe is the caller that a user, named by id or e-mail, would be, and whether they
// may log in. Fault "auth.user_not_found" (NotFound).
func (s *Service) Describe(ctx context.Context, t store.Tenant, name string) (*policy.Caller, bool, error) {
	var found *user
	var err error
	if key, ok := id.Parse(name); ok {
		found, err = s.userByID(ctx, t, key)
	} else {
		found, err = s.userByEmail(ctx, t, name)
	}
	if err != nil {
		return nil, false, err
	}
	if found == nil {
		return nil, false, fault.New(fault.NotFound, "auth.user_not_found")
	}
	return found.caller, found.active, nil
}

// MayTakeOver refuses to let somebody give a user a password who could then act with
// rights that they do not have themselves, unless they manage permissions. Faults
// "auth.takes_over" (Forbidden), "auth.user_not_found".
func (s *Service) MayTakeOver(ctx context.Context, t store.Tenant, by *policy.Caller, user id.ID) error {
	found, err := s.userByID(ctx, t, user)
	if err != nil {
		return err
	}
	if found == nil {
		return fault.New(fault.NotFound, "auth.user_not_found")
	}
	snapshot, err := s.catalog.Snapshot(ctx, t)
	if err != nil {
		return err
	}
	for _, set := range found.caller.Permissions {
		beyond, err := snapshot.Policies.BeyondSet(ctx, by, set)
		if err != nil {
			return err
		}
		if len(beyond) > 0 {
			return fault.New(fault.Forbidden, "auth.takes_over", "set", set, "right", beyond[0].What)
		}
	}
	return nil
}
