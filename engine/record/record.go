// Package record is the only write path for records, and the read path. A Session
// does what one caller asks under one snapshot of the configuration: it refuses what
// the caller may not, holds every rule of the object, and writes the record, its
// history, changed roll-ups and an event in one transaction.
package record

import (
	"context"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/store"
)

// Options are what a Service is made of.
type Options struct {
	IDs *id.Source
	Now func() time.Time
	// Committed, if not nil, is called with a tenant's name after changes of its records
	// were committed, so that readers of the outbox need not wait for their next look.
	Committed func(tenant string)
	// Before are asked, in order, before a record is saved or deleted.
	Before []Before
}

// Service makes sessions. Safe for concurrent use.
type Service struct {
	ids       *id.Source
	now       func() time.Time
	committed func(tenant string)
	before    []Before
	compiled  compiledCache
}

// New makes a service.
func New(o Options) *Service {
	s := &Service{ids: o.IDs, now: o.Now, committed: o.Committed, before: o.Before}
	if s.committed == nil {
		s.committed = func(string) {}
	}
	return s
}

// As is a session for a caller; it is cheap and made for each request.
func (s *Service) As(t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller) *Session {
	return &Session{service: s, tenant: t, snapshot: snapshot, caller: c, compiled: s.compiled.of(snapshot), clock: s.now()}
}

// Session does what one caller asks under one snapshot. All of its calls have the
// time at which it was made. It is used by one goroutine at a time.
type Session struct {
	service  *Service
	tenant   store.Tenant
	snapshot *catalog.Snapshot
	caller   *policy.Caller
	compiled *compiled
	clock    time.Time
	depth    int            // see Depth
	rights   *policy.Rights // loaded when first needed
}

// Depth returns a session whose events tell how many changes led to what it does,
// each through an event of the one before, so that loops end. A request's is 0.
func (s *Session) Depth(n int) *Session {
	deeper := *s
	deeper.depth = n
	return &deeper
}

// Saved is a record after it was saved, as the caller may see it.
type Saved struct {
	Record   Record
	Warnings []Warning
}

// Warning tells what did not stand in the way of saving: the fault says it in words.
type Warning struct {
	Fault   *fault.Fault
	Matches []Match // of a duplicate rule: those that the caller may read
}

// Match is another record that is probably the same thing.
type Match struct {
	Object string
	ID     id.ID
	Name   string
}

// ListQuery asks for records.
type ListQuery struct {
	Filter string   // an expression
	Q      string   // words
	Sort   []string // paths, "-amount" descends; by id when empty
	Fields []string // paths; every field the caller may read when empty
	Limit  int      // 1 to MaxLimit; DefaultLimit when 0
	Cursor string   // Page.Next of the page before
	Count  bool     // wants Page.Total
}

// Limits of one request.
const (
	DefaultLimit  = 50
	MaxLimit      = 500
	MaxOperations = 1000
)

// Page is a part of a list. It may be shorter than the limit though more follow, where
// the records are large.
type Page struct {
	Items []Record
	Next  string // cursor of the next page; "" if this is the last
	Total *int64 // of the whole list, if asked for
}

// Action is what is done to a record.
type Action string

const (
	Created  Action = "create"
	Updated  Action = "update"
	Deleted  Action = "delete"
	Restored Action = "restore"
	Merged   Action = "merge"  // other records were merged into it
	Rolled   Action = "rollup" // its roll-ups changed because a child did; in the outbox only
)

// Before may change or refuse what is about to be saved or deleted. It is called in
// the transaction that saves, after defaults and formulas and before the rules; what
// it changes is checked like everything else. It may be called more than once for
// one change, and must change nothing but through the Change.
type Before interface {
	// Wants tells, without looking at a record, whether BeforeSave is to be called.
	Wants(s *catalog.Snapshot, object string, a Action) bool
	// BeforeSave returns a fault to refuse.
	BeforeSave(ctx context.Context, tx store.Tx, c *Change) error
}
