package auth

import (
	"context"
	"maps"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/policy"
	"formwork/engine/store"
)

// permissionsField is that of the permission sets in a user's record.
const permissionsField = "permissions"

// limited is a user as a caller with other permission sets than their own, such as a key's:
// these alone are what rules, policies and expressions see of the user's rights, also in
// what the user's record computes from them.
func (s *Service) limited(ctx context.Context, t store.Tenant, of *policy.Caller, sets []string) (*policy.Caller, error) {
	snapshot, err := s.catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	limited := *of
	limited.Permissions, limited.Attributes = sets, maps.Clone(of.Attributes)
	limited.Attributes[permissionsField] = sets
	if users := snapshot.Objects[UserObject]; users != nil {
		computeAnew(users, &limited, s.now())
	}
	return &limited, nil
}

// computeAnew brings the formulas that are stored with a user up to date with the permission
// sets of a caller. One that can't be computed, or that reads other records besides, is empty.
func computeAnew(users *catalog.Object, c *policy.Caller, now time.Time) {
	changed := []string{permissionsField}
	env := userEnv{c, now}
	for _, f := range users.Computed {
		if f.Formula == nil || !slices.ContainsFunc(f.Formula.Paths(), func(p expression.Path) bool { return slices.Contains(changed, p.Leaf.Name) }) {
			continue
		}
		changed = append(changed, f.Name)
		v, err := f.Formula.Eval(env)
		if err != nil || slices.ContainsFunc(f.Formula.Paths(), func(p expression.Path) bool { return len(p.Via) > 0 }) {
			v = nil
		}
		c.Attributes[f.Name] = v
	}
}

// userEnv is what expressions see of a caller's own record.
type userEnv struct {
	caller *policy.Caller
	now    time.Time
}

// Now implements expression.Env.
func (e userEnv) Now() time.Time { return e.now }

// Location implements expression.Env.
func (e userEnv) Location() *time.Location { return e.caller.Location }

// Get implements expression.Env.
func (e userEnv) Get(p expression.Path) any {
	if len(p.Via) > 0 {
		return nil
	}
	return e.caller.Attribute(p.Leaf.Name)
}
