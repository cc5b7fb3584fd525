// Package runner runs workflows.
//
// Those that run before a save are run by a hook, in its transaction (BeforeSave). All others are
// runs, which are kept in the tenant's store: the events of changes set them off, in order, by a
// consumer of the outbox, and a job goes on with those that have waited.
//
// What holds: an event sets off a workflow once, however often it is told, for the run is kept in the
// transaction that acknowledges the event. What steps do to records is done in the transaction that
// keeps how far the run came, so that nothing is done twice or left out, whenever the process is
// killed. A step that is refused changes nothing and fails its run; others go on.
package runner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"formwork/engine/cache"
	"formwork/engine/catalog"
	"formwork/engine/collaboration"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows"
)

// maxDepth is how many runs may have led to each other by what they changed; the next is not run.
const maxDepth = 10

// soon is within what time a run begins after its event, for people wait for what it does.
const soon = 10 * time.Millisecond

// Callers makes the callers that users would be.
type Callers interface {
	Acting(ctx context.Context, t store.Tenant, user id.ID, permissions []string, via string) (*policy.Caller, error)
}

// Options are what a Runner is made of.
type Options struct {
	Types   *workflows.Registry
	Catalog *catalog.Catalog
	Records *record.Service
	Callers Callers
	Notes   *collaboration.Service
	IDs     *id.Source
	Now     func() time.Time
	// Wake is called with a tenant's name after jobs were committed for it.
	Wake func(tenant string)
	Log  *slog.Logger
}

// Runner runs the workflows of all tenants. Safe for concurrent use.
type Runner struct {
	o      Options
	former *cache.Cache[formerKey, definition]
}

// New makes a runner.
func New(o Options) *Runner {
	return &Runner{o: o, former: cache.New[formerKey, definition](formerCount, formerCount*definitionBytes)}
}

// Consumer is the consumer of the outbox that starts runs.
func (r *Runner) Consumer() outbox.Consumer {
	return outbox.Consumer{Name: "workflows", Wants: wants, Handle: r.handle, Pause: soon}
}

// Jobs are the kinds of jobs that go on with runs.
func (r *Runner) Jobs() []job.Kind {
	return []job.Kind{{Name: jobResume, Limit: 1, Handle: r.resume}, {Name: workflows.JobSchedule, Limit: 1, Handle: r.schedule}, {Name: jobTrim, Limit: 1, Handle: r.trim}}
}

// errUndo ends a transaction whose changes are not wanted.
var errUndo = errors.New("nothing is to be kept")

// system is the session as which the runs of workflows write, under a tenant's newest configuration.
func (r *Runner) system(ctx context.Context, t store.Tenant) (*record.Session, error) {
	snapshot, err := r.o.Catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	return r.o.Records.As(t, snapshot, policy.System(t.Name())), nil
}

// writer is the session as which a run reads and writes records. Fault auth.user_inactive (Forbidden) where
// that is a user who is gone.
func (r *Runner) writer(ctx context.Context, t store.Tenant, s *catalog.Snapshot, w *workflows.Workflow, run *Run) (*record.Session, error) {
	via := "workflow " + w.Doc.Name
	caller := policy.System(t.Name())
	if w.Doc.RunAs == "user" {
		var err error
		if caller, err = r.o.Callers.Acting(ctx, t, run.By, run.acts, via); err != nil {
			return nil, err
		}
	}
	caller.Via = via
	if timed, ok := w.Trigger.(workflows.OnTime); ok {
		caller.Location = timed.Location()
	}
	return r.o.Records.As(t, s, caller).Depth(int(run.Depth) + 1), nil
}
