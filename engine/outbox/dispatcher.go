package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"formwork/engine/id"
	"formwork/engine/store"
)

// Options of a Dispatcher. Zero values take the defaults named.
type Options struct {
	// Tenant opens a tenant by name, when it has events.
	Tenant func(ctx context.Context, name string) (store.Tenant, error)
	// Tenants lists all tenants. Unless there are Marks, events that a process left which
	// is gone are looked for in each, one tenant after the other, when Run begins; nil: only
	// in those that are woken.
	Tenants func(ctx context.Context) ([]string, error)
	// Marks tell which tenants have events, for stores that several processes share; nil:
	// this process knows of all events but those that are there when it starts.
	Marks store.Marks
	Poll  time.Duration // how often Marks are looked for; 5 seconds
	IDs   *id.Source
	Now   func() time.Time
	// Holder names this process; no two that share a store may have the same.
	Holder string
	// Alone says that no other process runs a Dispatcher on this store, so that there is
	// nobody to lease consumers from.
	Alone   bool
	Workers int           // tenants that a consumer is given events of at a time; 4
	Lease   time.Duration // after which another process takes over from one that gives no sign; 1 minute
	Within  time.Duration // in which a consumer handles a batch; 5 minutes
	Backoff time.Duration // pause after the first failure, doubled each time up to 10 minutes; 1 second
	Keep    time.Duration // how long events are kept that every consumer has taken; a week
	// Forget is how long a consumer that no process has registered holds up the trimming;
	// then it is dropped with how far it came; 14 days.
	Forget time.Duration
	Log    *slog.Logger // discarded
}

const (
	maxBackoff = 10 * time.Minute
	pause      = 50 * time.Millisecond // between two looks at a tenant for one consumer
	recheck    = time.Second           // between two looks at one that another process has leased
	afterError = 10 * time.Second      // until a tenant is looked at again that could not be read
	stagger    = 20 * time.Millisecond // between two tenants that are looked at when Run begins
)

// Topic is that of the marks of tenants that have events; see store.Marks.
const Topic = "events"

// Dispatcher gives events to consumers. It keeps nothing of a tenant that has no events
// for anybody, and does nothing for it.
type Dispatcher struct {
	options Options
	lanes   []*lane
}

// New makes a dispatcher; Register its consumers before Run.
func New(o Options) *Dispatcher {
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.Lease <= 0 {
		o.Lease = time.Minute
	}
	if o.Within <= 0 {
		o.Within = 5 * time.Minute
	}
	if o.Backoff <= 0 {
		o.Backoff = time.Second
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	if o.Keep <= 0 {
		o.Keep = 7 * 24 * time.Hour
	}
	if o.Forget <= 0 {
		o.Forget = 14 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Dispatcher{options: o}
}

// Register adds consumers. Two of one name are a programmer's mistake and panic.
func (d *Dispatcher) Register(consumers ...Consumer) {
	for _, c := range consumers {
		if c.Name == "" || c.Handle == nil || d.lane(c.Name) != nil {
			panic(fmt.Sprintf("outbox: the consumer %q has no name or handler, or is registered twice", c.Name))
		}
		if c.Wants == nil {
			c.Wants = func(*Event) bool { return true }
		}
		if c.Rests == nil {
			c.Rests = func(string) time.Time { return time.Time{} }
		}
		if c.MaxEvents <= 0 {
			c.MaxEvents = 100
		}
		if c.Pause <= 0 {
			c.Pause = pause
		}
		if c.MaxBytes <= 0 {
			c.MaxBytes = 1 << 20
		}
		d.lanes = append(d.lanes, &lane{dispatcher: d, consumer: c, due: map[string]*visit{}, lagging: map[string]lag{}, woken: make(chan struct{}, 1)})
	}
}

// lane finds the lane of a consumer; nil if it is not registered.
func (d *Dispatcher) lane(consumer string) *lane {
	for _, l := range d.lanes {
		if l.consumer.Name == consumer {
			return l
		}
	}
	return nil
}

// Wake says that events of a tenant were committed. Cheap.
func (d *Dispatcher) Wake(tenant string) {
	for _, l := range d.lanes {
		l.wake(tenant)
	}
}

// Run gives events to consumers until ctx ends; then it tells those at work to stop,
// and waits for them.
func (d *Dispatcher) Run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	for _, l := range d.lanes {
		under.Go(func() { l.run(ctx) })
	}
	switch {
	case len(d.lanes) == 0:
	case d.options.Marks != nil:
		under.Go(func() { d.followMarks(ctx) })
	case d.options.Tenants != nil:
		under.Go(func() { d.visitAll(ctx) })
	}
	<-ctx.Done()
}

// visitAll looks at every tenant, without haste.
func (d *Dispatcher) visitAll(ctx context.Context) {
	names, err := d.options.Tenants(ctx)
	if err != nil && ctx.Err() == nil {
		d.options.Log.Error("listing tenants to look for their events", "error", err)
	}
	for _, name := range names {
		d.Wake(name)
		if !rest(ctx, stagger) {
			return
		}
	}
}

// rest waits; false if ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// lane is the work of one consumer in all tenants. Consumers do not wait for each other.
type lane struct {
	dispatcher *Dispatcher
	consumer   Consumer
	woken      chan struct{}

	mu      sync.Mutex
	due     map[string]*visit // tenants that may have events for the consumer, and no others
	lagging map[string]lag    // tenants whose events it has not caught up with, as this process knows
	counted counts
}

// visit is a tenant that is looked at, now or later.
type visit struct {
	at    time.Time
	busy  bool // it is being looked at
	again bool // it was woken meanwhile
}

func (l *lane) wake(tenant string) {
	l.mu.Lock()
	if v := l.due[tenant]; v != nil {
		v.again = true // while it is looked at; else there is a time for it already
	} else {
		l.due[tenant] = &visit{at: l.dispatcher.options.Now()}
	}
	l.mu.Unlock()
	l.signal()
}

func (l *lane) signal() {
	select {
	case l.woken <- struct{}{}:
	default:
	}
}

// run looks at tenants that are due, several at a time.
func (l *lane) run(ctx context.Context) {
	var under sync.WaitGroup
	defer under.Wait()
	slots := make(chan struct{}, l.dispatcher.options.Workers)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		tenant, wait := l.next()
		if tenant != "" {
			under.Go(func() {
				again := l.look(ctx, tenant)
				<-slots
				l.looked(tenant, again)
				l.signal()
			})
			continue
		}
		<-slots
		if !l.wait(ctx, wait) {
			return
		}
	}
}

// wait waits until the time has passed or somebody is woken; 0: for the latter alone.
// false if ctx ended first.
func (l *lane) wait(ctx context.Context, d time.Duration) bool {
	var over <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-l.woken:
	case <-over:
	}
	return true
}

// next takes the tenant that has been due for longest; none: how long to wait, 0 for
// until somebody is woken.
func (l *lane) next() (tenant string, wait time.Duration) {
	now := l.dispatcher.options.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	var first *visit
	for name, v := range l.due {
		if !v.busy && (first == nil || v.at.Before(first.at) || v.at.Equal(first.at) && name < tenant) {
			tenant, first = name, v
		}
	}
	if first == nil {
		return "", 0
	}
	if first.at.After(now) {
		return "", max(first.at.Sub(now), time.Millisecond)
	}
	first.busy, first.again = true, false
	return tenant, 0
}

// looked notes when a tenant is looked at again; zero: when it is woken.
func (l *lane) looked(tenant string, again time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.due[tenant]
	switch {
	case !again.IsZero():
		v.busy, v.at = false, again
	case v.again: // saves that follow each other quickly are told together
		v.busy, v.at = false, l.dispatcher.options.Now().Add(l.consumer.Pause)
	default:
		delete(l.due, tenant)
	}
}
