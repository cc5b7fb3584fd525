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
	"encoding/json"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata"
)

// Service keeps the workspaces of all tenants. Safe for concurrent use.
type Service struct {
	catalog *catalog.Catalog
	ids     *id.Source
	now     func() time.Time
}

// New makes a service.
func New(c *catalog.Catalog, ids *id.Source, now func() time.Time) *Service {
	return &Service{catalog: c, ids: ids, now: now}
}

// Caller is who asks, of which tenant and under which configuration.
type Caller struct {
	Tenant   store.Tenant
	Snapshot *catalog.Snapshot
	Caller   *policy.Caller
	Records  *record.Session // the caller's
	// Shown is what the caller is shown of a document of the configuration by their rights on
	// records alone, as canonical JSON; nil: nothing.
	Shown func(metadata.Document) (json.RawMessage, error)
}

// As is a session for a caller; it is cheap and made for each request.
func (s *Service) As(who Caller) *Session {
	return &Session{service: s, who: who, tenant: who.Tenant, caller: who.Caller, records: who.Records}
}

// Session does what one caller asks under one snapshot.
type Session struct {
	service *Service
	who     Caller
	tenant  store.Tenant
	caller  *policy.Caller
	records *record.Session
}
