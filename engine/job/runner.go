package job

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// Kind is a kind of job and how it is done. The package comment says what runs when.
type Kind struct {
	Name string
	// Strict: a job of this kind begins when every job that was enqueued before it in
	// its lane has ended, also one that waits for a later time.
	Strict bool
	// Limit is how many jobs of this kind run at a time in a tenant; 0: any number.
	Limit  int
	Handle Handler
}

// Handler does the work of a job. It returns nil when all is done, Again if it is to come again, ctx's
// error when ctx ends (the process stops: the job goes on later from its cursor),
// or another error: a fault of kind Internal, Unavailable, Limited, Conflict or Stale is tried
// again with growing pauses, any other ends the job as failed at once.
type Handler func(ctx context.Context, t store.Tenant, j *Progress) error

// usualWorkers is how many jobs a process runs at a time.
const usualWorkers = 4

// Options of a Runner. Zero values take the defaults named.
type Options struct {
	// Tenant opens a tenant by name, when it has work.
	Tenant func(ctx context.Context, name string) (store.Tenant, error)
	Now    func() time.Time
	// Tenants lists all tenants. Unless there are Marks, what an earlier process left
	// undone is looked for in each, one after the other, when Run begins. nil: only in
	// those that are woken.
	Tenants func(ctx context.Context) ([]string, error)
	// Marks tell which tenants have jobs that are due, for stores that several processes
	// share; nil: this process knows of all jobs but those that are there when it starts.
	Marks store.Marks
	// Holder names this process; no two that share a store may have the same.
	Holder string
	// Alone says that no other process runs jobs of this store, so that what another
	// holder had is free at once, not when its lease ends.
	Alone    bool
	Workers  int           // jobs at a time; usualWorkers when 0
	Lease    time.Duration // after which another process takes over a job that gives no sign; 1 minute
	Poll     time.Duration // how often Marks are looked for; 5 seconds
	Attempts int64         // runs without progress until a job fails; 6
	Backoff  time.Duration // pause after the first failure, doubled each time; 1 second
	Keep     time.Duration // how long ended jobs are kept; 30 days
	Log      *slog.Logger
}

const (
	maxBackoff = 10 * time.Minute
	pause      = 50 * time.Millisecond // between two looks at a tenant that had no work
	reopen     = time.Minute           // after a tenant could not be opened
	stagger    = 20 * time.Millisecond // between two tenants when all are looked at
	takeMost   = 100                   // marks that are taken at a time
)

// Topic is that of the marks of tenants that have jobs; see store.Marks.
const Topic = "jobs"

// Runner runs jobs of the tenants that were woken. It opens no other tenant.
type Runner struct {
	o      Options
	kinds  map[string]Kind
	agenda *agenda
	ledger *ledger
	runs   atomic.Int64 // numbers the runs, for unique holders
	woken  chan struct{}
}

// NewRunner makes a runner; Register the kinds it knows before Run.
func NewRunner(o Options) *Runner {
	if o.Workers <= 0 {
		o.Workers = usualWorkers
	}
	if o.Lease <= 0 {
		o.Lease = time.Minute
	}
	if o.Attempts <= 0 {
		o.Attempts = 6
	}
	if o.Backoff <= 0 {
		o.Backoff = time.Second
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	if o.Keep <= 0 {
		o.Keep = 30 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	capacity := maxTenants
	if o.Tenants == nil && o.Marks == nil {
		capacity = 0 // who is forgotten would not be found again
	}
	return &Runner{o: o, kinds: map[string]Kind{}, agenda: newAgenda(max(o.Workers-1, 1), capacity), ledger: newLedger(), woken: make(chan struct{}, 1)}
}

// Register says how kinds of jobs are done. It panics where a kind is incomplete or
// registered twice.
func (r *Runner) Register(kinds ...Kind) {
	for _, k := range kinds {
		if _, twice := r.kinds[k.Name]; twice || k.Name == "" || k.Handle == nil {
			panic("job: the kind " + strconv.Quote(k.Name) + " is incomplete or registered twice")
		}
		r.kinds[k.Name] = k
	}
}

// Wake says that a tenant may have work: after a job was enqueued and committed,
// and when a tenant is used for the first time since the start. Cheap.
func (r *Runner) Wake(tenant string) {
	r.agenda.wake(tenant, r.o.Now())
	r.signal()
}

func (r *Runner) signal() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

// Run runs jobs until ctx ends; then it tells those under way to stop, waits for
// them, and returns. What did not finish goes on at the next start.
func (r *Runner) Run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	switch {
	case r.o.Marks != nil:
		under.Go(func() { r.followMarks(ctx) })
	case r.o.Tenants != nil:
		under.Go(func() { r.rounds(ctx) })
	}
	under.Go(func() { r.measure(ctx) })
	workers := make(chan struct{}, r.o.Workers)
	for {
		select {
		case workers <- struct{}{}:
		case <-ctx.Done():
			return
		}
		tenant, busy, wait := r.agenda.next(r.o.Now())
		if tenant == "" {
			<-workers
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-r.woken:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		under.Add(1)
		go func() {
			defer under.Done()
			defer r.signal()
			again, idle := r.look(ctx, tenant, busy)
			<-workers
			if idle && r.agenda.looked(tenant, r.o.Now(), again, false) {
				rest(ctx, pause)
				r.agenda.rested(tenant)
			}
		}()
	}
}

// followMarks looks at tenants whose marks are due until ctx ends.
func (r *Runner) followMarks(ctx context.Context) {
	for ctx.Err() == nil {
		taken, err := r.o.Marks.Take(ctx, Topic, takeMost, r.o.Poll)
		if err != nil && ctx.Err() == nil {
			r.o.Log.Error("looking for tenants that have jobs", "error", err)
		}
		for _, m := range taken {
			if err := r.followMark(ctx, m); err != nil && ctx.Err() == nil && !fault.Is(err, "tenant.not_found") {
				r.o.Log.Error("looking for the jobs of a tenant", "tenant", m.Tenant, "error", err)
			}
		}
		if len(taken) < takeMost {
			rest(ctx, r.o.Poll)
		}
	}
}

// followMark wakes a tenant if a job can begin, and else settles its mark. While a job can
// begin the mark comes due again and again, so that a process with free workers gets it.
func (r *Runner) followMark(ctx context.Context, m store.Mark) error {
	t, err := r.o.Tenant(ctx, m.Tenant)
	if err != nil {
		return err
	}
	next, err := r.choose(ctx, t)
	if err != nil {
		return err
	}
	if next.job != nil {
		r.Wake(m.Tenant)
		return nil
	}
	if next.again.IsZero() || next.again.After(r.o.Now().Add(reopen)) {
		other, err := dueBy(r.o.Now(), "").first(ctx, t)
		if err != nil {
			return err
		}
		if other != nil { // of a kind that another version of the program may know
			next.later(r.o.Now().Add(reopen))
		}
	}
	return r.o.Marks.Settle(ctx, m, next.again)
}

// rounds looks at all tenants: at the start, and when one has come due for which the
// agenda had no place.
func (r *Runner) rounds(ctx context.Context) {
	for ctx.Err() == nil {
		r.visitAll(ctx)
		for ctx.Err() == nil && !r.agenda.roundDue(r.o.Now()) {
			rest(ctx, time.Second)
		}
	}
}

// visitAll has every tenant looked at, without haste: opening them costs something.
func (r *Runner) visitAll(ctx context.Context) {
	names, err := r.o.Tenants(ctx)
	if err != nil && ctx.Err() == nil {
		r.o.Log.Error("listing tenants to look for their jobs", "error", err)
	}
	for i, name := range names {
		if i > 0 {
			rest(ctx, stagger)
		}
		if ctx.Err() != nil {
			return
		}
		r.Wake(name)
	}
}

// rest waits, but not beyond the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// look claims one job of a tenant and runs it. idle: there is none, until again
// (zero: until it is woken). busy: there probably is one.
func (r *Runner) look(ctx context.Context, tenant string, busy bool) (again time.Time, idle bool) {
	t, err := r.o.Tenant(ctx, tenant)
	if err != nil {
		if ctx.Err() == nil {
			r.o.Log.Error("opening a tenant for its jobs", "tenant", tenant, "error", err)
		}
		if fault.Is(err, "tenant.not_found") {
			return time.Time{}, true
		}
		return r.o.Now().Add(reopen), true
	}
	claimed, again, err := r.claim(ctx, t, busy)
	if err != nil {
		if ctx.Err() == nil {
			r.o.Log.Error("claiming a job", "tenant", tenant, "error", err)
		}
		return r.o.Now().Add(r.o.Backoff), true
	}
	if claimed == nil {
		return again, true
	}
	r.agenda.looked(tenant, r.o.Now(), r.o.Now(), true)
	r.signal() // another worker may look for a second job
	r.run(ctx, t, claimed)
	r.agenda.ended(tenant, r.o.Now())
	return time.Time{}, false
}
