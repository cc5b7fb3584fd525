package job

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"formwork/engine/store"
)

// Handler does the work of one kind of job. It returns nil when all is done, ctx's
// error when ctx ends (the process stops: the job goes on later from its cursor),
// or another error: a fault of kind Internal, Unavailable, Limited, Conflict or Stale is tried
// again with growing pauses, any other ends the job as failed at once.
type Handler func(ctx context.Context, t store.Tenant, j *Progress) error

// Options of a Runner. Zero values take the defaults named.
type Options struct {
	// Tenant opens a tenant by name, when it has work.
	Tenant func(ctx context.Context, name string) (store.Tenant, error)
	Now    func() time.Time
	// Tenants lists all tenants. What an earlier process left undone is looked for in
	// each, one after the other, when Run begins; nil: only in those that are woken.
	Tenants func(ctx context.Context) ([]string, error)
	// Holder names this process; no two that share a store may have the same.
	Holder string
	// Alone says that no other process runs jobs of this store, so that what another
	// holder had is free at once, not when its lease ends.
	Alone   bool
	Workers int           // jobs at a time; 4
	Lease   time.Duration // after which another process takes over a job that gives no sign; 1 minute
	// Poll is how often a tenant that was woken is looked at again although nothing
	// was heard of it, for stores that several processes share; 0: never. A tenant
	// is forgotten an hour after its last wake.
	Poll     time.Duration
	Attempts int64         // runs without progress until a job fails; 6
	Backoff  time.Duration // pause after the first failure, doubled each time; 1 second
	Keep     time.Duration // how long ended jobs are kept; 30 days
	Log      *slog.Logger
}

const (
	maxBackoff = 10 * time.Minute
	linger     = time.Hour
	pause      = 50 * time.Millisecond // between two looks at a tenant that had no work
	stagger    = 20 * time.Millisecond // between two tenants that are looked at when Run begins
	// queueLimit is how many open jobs of a tenant are considered at a time.
	queueLimit = 500
)

// Runner runs jobs of the tenants that were woken. It opens no other tenant.
type Runner struct {
	o        Options
	handlers map[string]registered

	mu      sync.Mutex
	tenants map[string]*watch // of those that were ever woken; small
	runs    int64             // numbers the runs, for unique holders
	woken   chan struct{}
}

// registered is a handler and the lane it works in.
type registered struct {
	handle Handler
	lane   string
}

// watch is what the runner knows of a tenant.
type watch struct {
	due     time.Time // when it is looked at next; zero: when somebody wakes it
	woken   time.Time // last time
	running int
	looking bool
}

// NewRunner makes a runner; Register its handlers before Run.
func NewRunner(o Options) *Runner {
	if o.Workers <= 0 {
		o.Workers = 4
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
	if o.Keep <= 0 {
		o.Keep = 30 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Runner{o: o, handlers: map[string]registered{}, tenants: map[string]*watch{}, woken: make(chan struct{}, 1)}
}

// Register says who does the work of a kind. Jobs of one kind run one after
// another in a tenant, in the order they were enqueued.
func (r *Runner) Register(kind string, h Handler) { r.RegisterIn(kind, kind, h) }

// RegisterIn is Register for kinds that must not overlap: those of one lane run
// one after another in a tenant, in the order they were enqueued.
func (r *Runner) RegisterIn(lane, kind string, h Handler) {
	r.handlers[kind] = registered{handle: h, lane: lane}
}

// Wake says that a tenant may have work: after a job was enqueued and committed,
// and when a tenant is used for the first time since the start. Cheap.
func (r *Runner) Wake(tenant string) {
	now := r.o.Now()
	r.mu.Lock()
	w := r.tenants[tenant]
	if w == nil {
		w = &watch{}
		r.tenants[tenant] = w
	}
	w.due, w.woken = now, now
	r.mu.Unlock()
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
	if r.o.Tenants != nil {
		under.Go(func() { r.wakeAll(ctx) })
	}
	slots := make(chan struct{}, r.o.Workers)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		tenant, wait := r.next()
		if tenant == "" {
			<-slots
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
			again, idle := r.look(ctx, tenant)
			<-slots
			if idle {
				// Saves that follow each other quickly wake a tenant once.
				rest(ctx, pause)
				r.looked(tenant, again, false)
			}
		}()
	}
}

// wakeAll wakes every tenant, without haste: opening them costs something.
func (r *Runner) wakeAll(ctx context.Context) {
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

// next takes the tenant that has been due for longest; none: how long to wait.
// A tenant never has all workers for itself, if there are several.
func (r *Runner) next() (tenant string, wait time.Duration) {
	now := r.o.Now()
	wait = time.Minute
	r.mu.Lock()
	defer r.mu.Unlock()
	var best *watch
	for name, w := range r.tenants {
		switch {
		case w.looking || w.due.IsZero() || w.running > 0 && w.running >= r.o.Workers-1:
		case w.due.After(now):
			wait = min(wait, w.due.Sub(now))
		case best == nil || w.due.Before(best.due) || w.due.Equal(best.due) && name < tenant:
			tenant, best = name, w
		}
	}
	if best != nil {
		best.looking, best.due = true, time.Time{}
	}
	return tenant, max(wait, time.Millisecond)
}

// looked notes what was seen of a tenant: when it has work again (zero: nothing to
// wait for), and whether a job of it begins.
func (r *Runner) looked(tenant string, again time.Time, begins bool) {
	now := r.o.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.tenants[tenant]
	if w == nil {
		return // forgotten meanwhile
	}
	w.looking = false
	if begins {
		w.running++
	}
	if r.o.Poll > 0 && now.Sub(w.woken) < linger {
		if poll := now.Add(r.o.Poll); again.IsZero() || poll.Before(again) {
			again = poll
		}
	}
	if w.due.IsZero() || !again.IsZero() && again.Before(w.due) {
		w.due = again // unless it was woken meanwhile for earlier
	}
}

// forget drops a tenant that can't be opened.
func (r *Runner) forget(tenant string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.tenants, tenant)
}

// ran notes that a job of a tenant has ended: the next one may begin.
func (r *Runner) ran(tenant string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.tenants[tenant]; w != nil { // else forgotten meanwhile
		w.running--
		w.due = r.o.Now()
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
// (zero: until it is woken).
func (r *Runner) look(ctx context.Context, tenant string) (again time.Time, idle bool) {
	t, err := r.o.Tenant(ctx, tenant)
	if err != nil {
		if ctx.Err() == nil {
			r.o.Log.Error("opening a tenant for its jobs", "tenant", tenant, "error", err)
		}
		r.forget(tenant)
		return time.Time{}, false
	}
	claimed, again, err := r.claim(ctx, t)
	if err != nil {
		if ctx.Err() == nil {
			r.o.Log.Error("claiming a job", "tenant", tenant, "error", err)
		}
		return r.o.Now().Add(r.o.Backoff), true
	}
	if claimed == nil {
		return again, true
	}
	r.looked(tenant, r.o.Now(), true)
	r.signal() // another worker may look for a second job
	r.run(ctx, t, claimed)
	r.ran(tenant)
	return time.Time{}, false
}
