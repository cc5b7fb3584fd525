// Package live tells those who listen what happens in their tenant while it happens: which
// records that they may read were made, changed or deleted, how many notifications they have
// not read, and that there is a new revision of the configuration.
//
// It reads the outbox, once for each tenant in which somebody listens, however many they are,
// and keeps no state in the store. So several processes may each do so, and it holds nothing
// of a tenant in which nobody listens. What is told may be missed: whoever listens again says
// how far they came, and is told what came since or, if that is too much, to look anew.
package live

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
)

// Snapshots gives the compiled configuration of a tenant.
type Snapshots interface {
	Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error)
}

// Sights decides which records may be read under several policies.
type Sights interface {
	Sights(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, object string, records []id.ID, policies []query.Filter) (map[id.ID]record.Sight, error)
}

// Inboxes knows the notifications of users.
type Inboxes interface {
	// Changes counts the changes of users' notifications, from the first on.
	Changes(ctx context.Context, t store.Tenant, users []id.ID) (map[id.ID]int64, error)
	// Unread is how many a caller has not read.
	Unread(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller) (int, error)
}

// Options of a Hub. Zero values take the defaults named.
type Options struct {
	Snapshots Snapshots
	Records   Sights
	Inboxes   Inboxes
	Now       func() time.Time
	Poll      time.Duration // how often a tenant is looked at in which somebody listens; 2 seconds
	Recheck   time.Duration // how often a stream asks whether its caller may still come in; 1 minute
	Log       *slog.Logger  // discarded
}

const (
	userStreams   = 8    // of a user at once
	tenantStreams = 2000 // of a tenant at once
	maxBatch      = 50   // events that are looked at together
	maxBehind     = 500  // events that are told afterwards; who is further behind looks anew
	maxQueued     = 128  // events that wait for a stream, each of some 80 bytes
	atOnce        = 4    // tenants whose events are decided at once
	pause         = 100 * time.Millisecond
	lookWithin    = 30 * time.Second
)

// Hub has the streams of all tenants. Safe for concurrent use.
type Hub struct {
	options Options
	turns   chan struct{} // taken by a tenant whose events are decided

	mu       sync.Mutex
	stopped  bool
	channels map[string]*channel // of tenants in which somebody listens, by name
}

// New makes a hub; nothing runs until somebody listens.
func New(o Options) *Hub {
	if o.Poll <= 0 {
		o.Poll = 2 * time.Second
	}
	if o.Recheck <= 0 {
		o.Recheck = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Hub{options: o, turns: make(chan struct{}, atOnce), channels: map[string]*channel{}}
}

// Wake says that something was committed in a tenant. Cheap.
func (h *Hub) Wake(tenant string) {
	h.mu.Lock()
	c := h.channels[tenant]
	h.mu.Unlock()
	if c != nil {
		signal(c.woken)
	}
}

// Stop ends all streams, and those that begin later, at once.
func (h *Hub) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	for _, c := range h.channels {
		c.end()
	}
}

// Streams is how many there are.
func (h *Hub) Streams() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.channels {
		n += len(c.streams)
	}
	return n
}

// Listener is who listens.
type Listener struct {
	Tenant store.Tenant
	Caller *policy.Caller
	// After is the position of the last event that the listener knows; 0: begin now.
	After int64
	// Still is asked now and then whether the caller may still listen, with the same rights.
	Still func(ctx context.Context) bool
}

// Listen begins a stream, which its caller has to Close. Its first events are the revision, with
// the position from which it tells, and the number of unread notifications. Faults "live.streams" (Limited), "api.stopping"
// (Unavailable).
func (h *Hub) Listen(ctx context.Context, l Listener) (*Stream, error) {
	snapshot, err := h.options.Snapshots.Snapshot(ctx, l.Tenant)
	if err != nil {
		return nil, err
	}
	end, err := outbox.End(ctx, l.Tenant)
	if err != nil {
		return nil, err
	}
	inbox, err := h.options.Inboxes.Changes(ctx, l.Tenant, []id.ID{l.Caller.User})
	if err != nil {
		return nil, err
	}
	s, position, err := h.enter(l, snapshot.Revision, end, inbox[l.Caller.User])
	if err != nil {
		return nil, err
	}
	if err := s.catchUp(ctx, snapshot, l.After, position); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// enter puts a stream among those of its tenant. It is told of what is behind the position, and of
// later changes of the inbox.
func (h *Hub) enter(l Listener, revision, end, inbox int64) (*Stream, int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return nil, 0, fault.New(fault.Unavailable, "api.stopping")
	}
	name := l.Tenant.Name()
	c := h.channels[name]
	if c != nil && c.tenant.Identity() != l.Tenant.Identity() { // of a former tenant of the name
		c.end()
		delete(h.channels, name)
		c = nil
	}
	mine := 0
	if c != nil {
		for s := range c.streams {
			if s.caller.User == l.Caller.User {
				mine++
			}
		}
		if mine >= userStreams || len(c.streams) >= tenantStreams {
			return nil, 0, fault.New(fault.Limited, "live.streams", "user", userStreams, "tenant", tenantStreams, "seconds", 5)
		}
	}
	s := &Stream{hub: h, caller: l.Caller, still: l.Still, inbox: inbox, checked: h.options.Now(), ready: make(chan struct{}, 1)}
	if c == nil {
		c = &channel{hub: h, tenant: l.Tenant, streams: map[*Stream]struct{}{}, position: end, revision: revision, woken: make(chan struct{}, 1)}
		h.channels[name] = c
		go c.run()
	}
	s.channel = c
	c.streams[s] = struct{}{}
	return s, c.position, nil
}

// leave takes a stream out; the last one ends the work for its tenant.
func (h *Hub) leave(s *Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := s.channel
	delete(c.streams, s)
	if len(c.streams) == 0 {
		if h.channels[c.tenant.Name()] == c {
			delete(h.channels, c.tenant.Name())
		}
		signal(c.woken)
	}
}

// signal wakes whoever waits for it, now or next.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
