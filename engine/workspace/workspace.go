// Package workspace keeps what people keep for themselves: how they are called and which
// language they read, the settings of the pages, the records that they marked or opened
// last, and the lists that they saved. It belongs to its user, and nobody else is told of it
// but of lists that are shared.
//
// All of it has a bound in numbers and in bytes, so that a tenant's store grows with its
// users and not with what they do. It goes when its user is removed for good; lists that are
// shared stay.
package workspace

import (
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
)

// Service keeps the workspaces of all tenants. Safe for concurrent use.
type Service struct {
	ids *id.Source
	now func() time.Time
}

// New makes a service.
func New(ids *id.Source, now func() time.Time) *Service {
	return &Service{ids: ids, now: now}
}

// As is a session for a caller; it is cheap and made for each request. records is the
// caller's session on records.
func (s *Service) As(t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller, records *record.Session) *Session {
	return &Session{service: s, tenant: t, snapshot: snapshot, caller: c, records: records}
}

// Session does what one caller asks under one snapshot.
type Session struct {
	service  *Service
	tenant   store.Tenant
	snapshot *catalog.Snapshot
	caller   *policy.Caller
	records  *record.Session
}
