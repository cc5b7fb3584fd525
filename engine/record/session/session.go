// Package session is what a caller's session knows: who asks, with which rights, of
// which tenant, under which snapshot, at which time. It decides what the caller may see
// of an object, guards paths that lead through other records, and is the environment in
// which expressions are evaluated. It reads records and writes nothing.
package session

import (
	"context"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/demand"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// UserObject is the object whose records are the users.
const UserObject = "user"

// Session is who asks, of which tenant, under which snapshot and at which time. Its rights
// are loaded when they are first needed; after that it can be used by several
// goroutines.
type Session struct {
	Tenant   store.Tenant
	Snapshot *catalog.Snapshot
	Caller   *policy.Caller
	Clock    time.Time // of all that is done; what a caller only records may have an earlier one
	Depth    int       // changes that led here, each through an event of the one before
	Mappings *stored.Mappings
	AnyStage bool         // new records may begin in any stage
	Uses     *demand.Uses // counts what is asked of indexes; nil: nobody counts

	// unrestricted: the platform itself asks, and nothing is withheld from it. Its objects
	// are those of Unrestricted, which is the only way around the rights.
	unrestricted bool
	rights       *policy.Rights // nil: not loaded, or unrestricted
	choices      *Choices
}

// New is a session of a caller; those of the platform itself are unrestricted. The mappings
// and choices are those of the snapshot.
func New(t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller, clock time.Time, m *stored.Mappings, choices *Choices) Session {
	return Session{Tenant: t, Snapshot: snapshot, Caller: c, Clock: clock, Mappings: m, unrestricted: c.System, choices: choices}
}

// Unrestricted is a session of the same caller from which nothing is withheld, for what a rule
// of the program's own lets them do.
func (s *Session) Unrestricted() *Session {
	free := *s
	free.unrestricted, free.rights = true, nil
	return &free
}

// By is who writes, in stored form.
func (s *Session) By() any {
	if s.Caller.User == 0 {
		return nil
	}
	return int64(s.Caller.User)
}

// Location is the caller's, which decides what today is.
func (s *Session) Location() *time.Location {
	if s.Caller.Location != nil {
		return s.Caller.Location
	}
	return time.UTC
}

// Rights evaluates the caller's rights once. They are nil for an unrestricted session.
func (s *Session) Rights(ctx context.Context) (*policy.Rights, error) {
	if s.unrestricted || s.rights != nil {
		return s.rights, nil
	}
	rights, err := s.Snapshot.Policies.Rights(ctx, s.Caller)
	if err != nil {
		return nil, err
	}
	s.rights = rights
	return rights, nil
}

// RecordFilter is the condition under which the caller may do something with records of
// an object; nil: every one.
func (s *Session) RecordFilter(ctx context.Context, object string, action policy.Action) (query.Filter, error) {
	if s.unrestricted {
		return nil, nil
	}
	return s.Snapshot.Policies.Filter(ctx, s.Caller, object, action)
}
