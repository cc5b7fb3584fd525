package demand

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"formwork/engine/query"
	"formwork/engine/store"
)

const (
	// Often is how many uses of a shape within a day are worth an index.
	Often = 20

	every      = time.Hour // uses are kept in memory for, at most, while a process lives
	look       = time.Minute
	maxShapes  = 256      // of a tenant
	maxBytes   = 32 << 20 // of all tenants
	shapeBytes = 128      // of a shape, besides its text
	// tenantBytes are of a tenant, besides its shapes.
	tenantBytes = 512
)

// Use is how often a shape was used.
type Use struct {
	Table string
	Shape string // its text
	Times int64
}

// Uses counts the shapes that are used, in memory: what reads costs no write. The counts
// of a tenant are handed on once an hour, and before that when a shape has been used often,
// once an hour for each. A nil Uses counts nothing. Safe for concurrent use.
type Uses struct {
	now   func() time.Time
	ready chan struct{} // a shape was used often

	mu      sync.Mutex
	tenants map[string]*counts // by identity
	bytes   int
}

// counts are those of one tenant.
type counts struct {
	tenant string
	since  time.Time
	often  bool
	shapes map[use]int64
	told   map[use]bool // since then they were handed on as used often
	bytes  int          // of both
}

// use is a table and the text of a shape.
type use struct{ table, shape string }

// bytes is about what it takes in memory.
func (w use) bytes() int { return len(w.table) + len(w.shape) + shapeBytes }

// NewUses counts from nothing on.
func NewUses(now func() time.Time) *Uses {
	return &Uses{now: now, ready: make(chan struct{}, 1), tenants: map[string]*counts{}}
}

// List counts a list.
func (u *Uses) List(t store.Tenant, q query.Select) {
	if u == nil {
		return
	}
	if s, ok := OfList(q); ok {
		u.add(t, use{q.Table, s.String()})
	}
}

// Groups counts an aggregation.
func (u *Uses) Groups(t store.Tenant, q query.Aggregate) {
	if u == nil {
		return
	}
	if s, ok := OfAggregate(q); ok {
		u.add(t, use{q.Table, s.String()})
	}
}

func (u *Uses) add(t store.Tenant, what use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := u.tenants[t.Identity()]
	if c == nil {
		if u.bytes+tenantBytes > maxBytes {
			return
		}
		c = &counts{tenant: t.Name(), since: u.now(), shapes: map[use]int64{}, told: map[use]bool{}, bytes: tenantBytes}
		u.tenants[t.Identity()] = c
		u.bytes += c.bytes
	}
	times, known := c.shapes[what]
	if !known && !u.room(c, what) {
		return
	}
	c.shapes[what] = times + 1
	if times+1 == Often && !c.told[what] && len(c.told) < maxShapes {
		c.often = true
		c.told[what] = true
		size := what.bytes()
		c.bytes += size
		u.bytes += size
		select {
		case u.ready <- struct{}{}:
		default:
		}
	}
}

// room makes room for a shape that was not known. Where a tenant has too many, each is
// counted once less, and those that come to nothing are forgotten: so one that is more than
// a 256th of all uses stays, whatever else is asked.
func (u *Uses) room(c *counts, what use) bool {
	size := what.bytes()
	if len(c.shapes) >= maxShapes {
		for one := range c.shapes {
			if c.shapes[one]--; c.shapes[one] == 0 {
				delete(c.shapes, one)
				c.bytes -= one.bytes()
				u.bytes -= one.bytes()
			}
		}
		return false
	}
	if u.bytes+size > maxBytes {
		return false
	}
	c.bytes += size
	u.bytes += size
	return true
}

// Keep stores what was counted of a tenant. It is given the identity that the tenant had.
type Keep func(ctx context.Context, tenant, identity string, uses []Use) error

// Run hands on what is due until ctx ends. What was counted since is lost then, which is an
// hour's uses at most.
func (u *Uses) Run(ctx context.Context, keep Keep, log *slog.Logger) {
	wait := time.NewTicker(look)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		case <-u.ready:
		}
		u.Flush(ctx, keep, log)
	}
}

// Flush hands on what is due now. What can't be kept is logged and lost.
func (u *Uses) Flush(ctx context.Context, keep Keep, log *slog.Logger) {
	for identity, c := range u.due() {
		uses := make([]Use, 0, len(c.shapes))
		for what, times := range c.shapes {
			uses = append(uses, Use{what.table, what.shape, times})
		}
		slices.SortFunc(uses, func(a, b Use) int { return strings.Compare(a.Table+"\x00"+a.Shape, b.Table+"\x00"+b.Shape) })
		if err := keep(ctx, c.tenant, identity, uses); err != nil && ctx.Err() == nil {
			log.Warn("the use of lists was not kept", "tenant", c.tenant, "error", err)
		}
	}
}

// due takes the counts of the tenants that are due.
func (u *Uses) due() map[string]*counts {
	u.mu.Lock()
	defer u.mu.Unlock()
	due := map[string]*counts{}
	for identity, c := range u.tenants {
		over := u.now().Sub(c.since) >= every
		if !over && !c.often {
			continue
		}
		due[identity] = c
		delete(u.tenants, identity)
		u.bytes -= c.bytes
		if over {
			continue
		}
		rest := &counts{tenant: c.tenant, since: c.since, shapes: map[use]int64{}, told: c.told, bytes: tenantBytes}
		for what := range c.told {
			rest.bytes += what.bytes()
		}
		u.tenants[identity] = rest
		u.bytes += rest.bytes
	}
	return due
}
