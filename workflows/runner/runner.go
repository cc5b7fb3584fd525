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
	"formwork/engine/file"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/link"
	"formwork/engine/mail"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/printing"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/approval"
	"formwork/workflows/inquiry"
	"formwork/workflows/outside"
	"formwork/workflows/sla"
	"formwork/workflows/webhook"
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
	Files   *file.Service
	Printer *printing.Printer
	IDs     *id.Source
	Now     func() time.Time
	Reach   outside.Reach
	// Address is where people reach the program; "": it is not known, and no links are made.
	Address string
	// PerMinute is how many runs begin in a tenant within a minute, about, of those that events and the clock set off; 0: any. The
	// others wait.
	PerMinute int
	// Wake is called with a tenant's name after jobs were committed for it.
	Wake func(tenant string)
	Log  *slog.Logger
}

// Runner runs the workflows of all tenants. Safe for concurrent use.
type Runner struct {
	o         Options
	approvals *approval.Desk
	links     *approval.Links
	inquiries *inquiry.Links
	leaving   *link.Links // by which people unsubscribe
	outside   *outside.Caller
	prover    *webhook.Prover
	former    *cache.Cache[formerKey, definition]
	// watchedBefore is what formerlyWatched found.
	watchedBefore *cache.Cache[watchedKey, map[string]bool]
	pace          *pace
	figures       *figures
}

// New makes a runner.
func New(o Options) *Runner {
	r := &Runner{o: o, approvals: approval.NewDesk(o.Notes, o.IDs, o.Now), links: approval.NewLinks(o.Reach.Secrets, o.Address), inquiries: inquiry.NewLinks(o.Reach.Secrets, o.Address), leaving: mail.NewLinks(o.Reach.Secrets, o.Address), prover: webhook.NewProver(), former: cache.New[formerKey, definition](formerCount, formerCount*definitionBytes),
		watchedBefore: cache.New[watchedKey, map[string]bool](watchedCount, watchedBytes), pace: newPace(o.PerMinute, o.Now), figures: newFigures()}
	r.outside = outside.New(outside.Options{Reach: o.Reach, Catalog: o.Catalog, Now: o.Now, Answered: r.answered, Kept: r.figures.called, Late: r.sentLate, Linked: r.linked, Prepare: r.prepare, Print: r.printKept, Committed: o.Wake,
		Failed: func(tenant string, err error) {
			o.Log.Error("keeping the answer of an outside system", "tenant", tenant, "error", err)
		}})
	return r
}

// Consumer is the consumer of the outbox that starts runs.
func (r *Runner) Consumer() outbox.Consumer {
	return outbox.Consumer{Name: "workflows", Wants: wants, Handle: r.handle, Pause: soon, Rests: r.pace.rests}
}

// Jobs are the kinds of jobs that go on with runs.
func (r *Runner) Jobs() []job.Kind {
	return []job.Kind{{Name: jobResume, Limit: 1, Handle: r.resume}, {Name: workflows.JobSchedule, Limit: 1, Handle: r.schedule}, {Name: sla.JobMiss, Limit: 1, Handle: r.miss}, {Name: jobTrim, Limit: 1, Handle: r.trim},
		{Name: jobCall, Limit: 1, Handle: r.call}}
}

// errUndo ends a transaction whose changes are not wanted.
var errUndo = errors.New("nothing is to be kept")

// underNewest does what a transaction does under the configuration that was looked at before, and does it anew
// where that was changed in between.
func (r *Runner) underNewest(ctx context.Context, t store.Tenant, do func(system *record.Session) error) error {
	return r.o.Catalog.UnderNewest(ctx, t, func(s *catalog.Snapshot) error {
		return do(r.o.Records.As(t, s, policy.System(t.Name())))
	})
}
