package record

import (
	"context"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// core is who asks, of which tenant, under which snapshot and at which time. Its rights
// are loaded when they are first needed; after that it can be used by several
// goroutines.
type core struct {
	tenant   store.Tenant
	snapshot *catalog.Snapshot
	caller   *policy.Caller
	clock    time.Time // of all that is done
	depth    int       // changes that led here, each through an event of the one before
	mappings *mappings

	// unrestricted: the platform itself asks, and nothing is withheld from it. This and
	// the unrestricted object are the only way around the rights.
	unrestricted bool
	rights       *policy.Rights // nil: not loaded, or unrestricted
}

func newCore(t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller, clock time.Time, m *mappings) core {
	return core{tenant: t, snapshot: snapshot, caller: c, clock: clock, mappings: m, unrestricted: c.System}
}

// by is who writes, in stored form.
func (s *core) by() any {
	if s.caller.User == 0 {
		return nil
	}
	return int64(s.caller.User)
}

// location is the caller's, which decides what today is.
func (s *core) location() *time.Location {
	if s.caller.Location != nil {
		return s.caller.Location
	}
	return time.UTC
}

// loadRights evaluates the caller's rights once. They are nil for an unrestricted
// session.
func (s *core) loadRights(ctx context.Context) (*policy.Rights, error) {
	if s.unrestricted || s.rights != nil {
		return s.rights, nil
	}
	rights, err := s.snapshot.Policies.Rights(ctx, s.caller)
	if err != nil {
		return nil, err
	}
	s.rights = rights
	return rights, nil
}

// filter is the condition under which the caller may do something with records of
// an object; nil: every one.
func (s *core) filter(ctx context.Context, object string, action policy.Action) (query.Filter, error) {
	if s.unrestricted {
		return nil, nil
	}
	return s.snapshot.Policies.Filter(ctx, s.caller, object, action)
}
