// Package record is the only write path for records, and the read path. A Session
// does what one caller asks under one snapshot of the configuration: it refuses what
// the caller may not, holds every rule of the object, and writes the record, its
// history, changed roll-ups and an event in one transaction.
//
// The work is done in the rooms below, each a package of its own; this one puts them
// together and is what the rest of the program imports.
package record

import (
	"context"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/demand"
	"formwork/engine/expression"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/background"
	"formwork/engine/record/explain"
	"formwork/engine/record/form"
	"formwork/engine/record/page"
	"formwork/engine/record/past"
	"formwork/engine/record/read"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/record/write"
	"formwork/engine/store"
)

// Options are what a Service is made of.
type Options struct {
	IDs *id.Source
	Now func() time.Time
	// Committed, if not nil, is called with a tenant's name after changes of its records
	// were committed, so that readers of the outbox need not wait for their next look.
	Committed func(tenant string)
	// Wake, if not nil, is called with a tenant's name after jobs were committed for it.
	Wake func(tenant string)
	// Transactions is how long one may go on in a store in which they run side by side; 0
	// where they run one after the other.
	Transactions time.Duration
	// SaveHooks are asked, in order, before a record is saved or deleted.
	SaveHooks []write.SaveHook
	// Users is told what becomes of users; nil: nobody is let in.
	Users write.Users
	// Uses counts the shapes of lists and aggregations; nil: nobody counts.
	Uses *demand.Uses
}

// Service makes sessions. Safe for concurrent use.
type Service struct {
	now      func() time.Time
	write    *write.Options
	uses     *demand.Uses
	prepared preparedCache
}

// New makes a service.
func New(o Options) *Service {
	s := &Service{now: o.Now, uses: o.Uses, write: &write.Options{IDs: o.IDs, Committed: o.Committed, Enqueued: o.Wake, Transactions: o.Transactions, Hooks: o.SaveHooks, Users: o.Users}}
	if s.write.Enqueued == nil {
		s.write.Enqueued = func(string) {}
	}
	if s.write.Committed == nil {
		s.write.Committed = func(string) {}
	}
	if s.write.Users == nil {
		s.write.Users = write.NoUsers{}
	}
	return s
}

// As is a session for a caller; it is cheap and made for each request.
func (s *Service) As(t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller) *Session {
	p := s.prepared.of(snapshot)
	core := session.New(t, snapshot, c, s.now(), &p.mappings, &p.choices)
	core.Uses = s.uses
	return newSession(core, p, s.write)
}

// Records that are past; see past.Walk and past.Stretches.
type (
	PastChange  = past.Change
	PastStretch = past.Stretch
	PastBounds  = past.Bounds
	PastWalked  = past.Walked
)

// An expression that somebody is writing; see read.Reader.Try.
type (
	Trial = read.Trial
	Tried = read.Tried
)

// Sheet is a record of which expressions are computed for a caller; see read.Sheet.
type Sheet = read.Sheet

// Session does what one caller asks under one snapshot. All of its calls have the
// time at which it was made. It is used by one goroutine at a time.
//
// Its calls are those of the rooms: Get, List, Names, Each, Sheet, Aggregate, Board, Related, Search,
// History, Bin and Duplicates of the Reader; Create, Update, Delete, Restore, Purge,
// Merge, Bulk, BulkWith, Check and Preview of the Writer; Explain of the Explainer; Form of
// the Forms; Page of the Pages.
type Session struct {
	core     session.Session
	prepared *prepared
	options  *write.Options
	read.Reader
	write.Writer
	explain.Explainer
	form.Forms
	page.Pages
}

func newSession(c session.Session, p *prepared, o *write.Options) *Session {
	s := &Session{core: c, prepared: p, options: o}
	s.Reader = read.New(&s.core, &p.reading)
	s.Writer = write.New(&s.core, s.Reader, o)
	s.Explainer = explain.New(&s.core)
	s.Forms = form.New(&s.core, &s.Reader, &s.Writer, &p.forms)
	s.Pages = page.New(&s.core, &s.Reader, &s.Forms)
	return s
}

// Uncounted returns a session whose lists and aggregations are not counted as uses: it looks at a
// configuration that does not hold.
func (s *Session) Uncounted() *Session {
	core := s.core
	core.Uses = nil
	return newSession(core, s.prepared, s.options)
}

// Depth returns a session whose events tell how many changes led to what it does,
// each through an event of the one before, so that loops end. A request's is 0.
func (s *Session) Depth(n int) *Session {
	deeper := s.core
	deeper.Depth = n
	return newSession(deeper, s.prepared, s.options)
}

// Joint is one transaction in which several sessions write; see write.Joint.
type Joint = write.Joint

// Past are records as they were when events happened; see write.Past.
type Past = write.Past

// Within is a transaction of another session in the hands of this one, which is of the same tenant
// and snapshot.
func (s *Session) Within(j *Joint) *Joint { return j.As(&s.core) }

// Snapshot is the configuration under which the session works.
func (s *Session) Snapshot() *catalog.Snapshot { return s.core.Snapshot }

// Env is the environment of a record as it is, whatever the caller may read; nil: there is none.
func (s *Session) Env(ctx context.Context, object string, key id.ID) (*session.Env, error) {
	o, ok := s.core.Snapshot.Objects[object]
	if !ok {
		return nil, nil
	}
	m := s.core.Mappings.Of(o)
	r, err := session.Load(ctx, s.core.Tenant, m, query.Is(query.ID, int64(key)))
	if err != nil || r == nil {
		return nil, err
	}
	e := session.NewEnv(ctx, &s.core, s.core.Tenant, m, r, nil)
	return &e, nil
}

// Walk tells of the changes of an object's records since a time, whatever the caller may read; see past.Walk.
func (s *Session) Walk(ctx context.Context, object string, since time.Time, b PastBounds, visit func(c *PastChange) error) (PastWalked, error) {
	return past.Walk(ctx, s.core.Tenant, s.core.Mappings.Of(s.core.Snapshot.Objects[object]), since, b, visit)
}

// Stretches tells how an object's records were from one time until another, whatever the caller may read; see past.Stretches.
func (s *Session) Stretches(ctx context.Context, object string, since, until time.Time, b PastBounds, visit func(of *PastStretch) error) (PastWalked, error) {
	return past.Stretches(ctx, s.core.Tenant, s.core.Mappings.Of(s.core.Snapshot.Objects[object]), since, until, b, visit)
}

// ValueOf is what a row of an object's records has in a column, in stored form; nil: nothing.
func (s *Session) ValueOf(o *catalog.Object, r stored.Row, c query.Column) any {
	return s.core.Mappings.Of(o).Value(r, c)
}

// AsNow reports whether a column of records is as it is now wherever Walk tells of them, or of them before a change.
func (s *Session) AsNow(o *catalog.Object, column query.Column, before bool) bool {
	return past.AsNow(s.core.Mappings.Of(o), column, before)
}

// EnvOf is the environment of a record of an object as it is given, and as it was before; of no object (nil), of what is about no record.
func (s *Session) EnvOf(ctx context.Context, o *catalog.Object, after, before stored.Row) *session.Env {
	var m *stored.Mapping
	if o != nil {
		m = s.core.Mappings.Of(o)
	}
	e := session.NewEnv(ctx, &s.core, s.core.Tenant, m, after, before)
	return &e
}

// Bind is a condition that reads no record as a filter, with the values that it has for the caller now.
func (s *Session) Bind(ctx context.Context, p *expression.Program) (query.Filter, error) {
	e := session.NewCallerEnv(ctx, &s.core)
	f, err := p.Filter(&e)
	if failed := e.Failed(); failed != nil {
		return nil, failed
	}
	return f, err
}

// Readable is the condition under which the caller may read records of an object; nil: all. Fault record.forbidden.
func (s *Session) Readable(ctx context.Context, object string) (query.Filter, error) {
	if _, err := s.core.Object(ctx, object, policy.Read); err != nil {
		return nil, err
	}
	return s.core.RecordFilter(ctx, object, policy.Read)
}

// InAnyStage returns a session whose new records may begin in any stage, as those do that
// were elsewhere before. Whether the caller may is asked by who uses it.
func (s *Session) InAnyStage() *Session {
	free := s.core
	free.AnyStage = true
	return newSession(free, s.prepared, s.options)
}

// Sights decides by several record policies which of some records may be read under each; see
// read.Sights.
func (s *Service) Sights(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, object string, records []id.ID, policies []query.Filter) (map[id.ID]Sight, error) {
	return read.Sights(ctx, &s.As(t, snapshot, policy.System(t.Name())).core, object, records, policies)
}

// Location is the caller's time zone, which decides what today is.
func (s *Session) Location() *time.Location { return s.core.Location() }

// Configure makes the records of some objects what a configuration says; see
// catalog.Options.
func (s *Service) Configure(ctx context.Context, t store.Tenant, tx store.Tx, after *catalog.Snapshot, objects []string) error {
	free := s.As(t, after, policy.System(t.Name())).InAnyStage()
	return write.Configure(ctx, &free.core, s.write, tx, objects)
}

// Jobs are the kinds of background jobs of this room: catalog.JobBackfill and
// catalog.JobRollup, both with catalog.Work, and catalog.JobFollow.
func Jobs(s *Service, snapshots background.Snapshots) []job.Kind {
	return background.Jobs(s.jobs(), snapshots)
}

// jobs are what the background jobs need.
func (s *Service) jobs() background.Options {
	return background.Options{IDs: s.write.IDs, Now: s.now, Platform: func(t store.Tenant, snapshot *catalog.Snapshot) *write.SystemWriter {
		return write.NewSystemWriter(&s.As(t, snapshot, policy.System(t.Name())).core, s.write)
	}}
}
