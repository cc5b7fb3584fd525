// Package budget bounds what requests hold of the memory together, and how many of one
// user and of one tenant are under way and worked on at once. What a request holds is counted
// as it grows: rows of a page, groups of an aggregation, a body as it arrives, an answer until
// it is sent.
package budget

import (
	"context"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"formwork/engine/fault"
	"formwork/engine/id"
)

// Bounds are what a Budget allows.
type Bounds struct {
	Bytes          int64         // held by all requests together
	TenantBytes    int64         // by those of a tenant
	UserBytes      int64         // by those of a user
	TenantRequests int           // under way at once
	UserRequests   int           // under way at once
	TenantWorks    int           // worked on at once; 0: all that are under way
	UserWorks      int           // worked on at once; 0: all that are under way
	Wait           time.Duration // how long a request waits for bytes that others hold
}

// How many requests are worked on at once for each processor. The processors are shared
// evenly by what is worked on, in slices of 10 ms: whenever a request of another tenant has
// something to do, it waits for as long as those of one tenant take in turn.
const (
	tenantWorks = 2
	userWorks   = 1
	// remoteWorks is how many times as many there are where requests wait for another process
	// most of the time.
	remoteWorks = 8
)

// Of are the bounds for a number of bytes in all: half of them for a tenant, a quarter for
// a user. remote: the data is in another process, for which requests wait.
func Of(bytes int64, remote bool) Bounds {
	processors := runtime.GOMAXPROCS(0)
	if remote {
		processors *= remoteWorks
	}
	return Bounds{Bytes: bytes, TenantBytes: bytes / 2, UserBytes: bytes / 4, TenantRequests: 512, UserRequests: 128,
		TenantWorks: tenantWorks * processors, UserWorks: userWorks * processors, Wait: 2 * time.Second}
}

// Budget is shared by the requests of a process. Its methods may be called concurrently.
type Budget struct {
	bounds Bounds
	bytes  *semaphore.Weighted

	mu   sync.Mutex
	uses map[user]*use // of those with a request under way
	held int64
}

// user names a user of a tenant; 0 is the tenant as a whole.
type user struct {
	tenant string
	id     id.ID
}

// use is what the requests of a user, or of a tenant, have. Under the budget's mu.
type use struct {
	requests int
	bytes    int64
	works    *semaphore.Weighted // places of those that are worked on; nil: no bound
}

func newUse(works int) *use {
	if works <= 0 {
		return &use{}
	}
	return &use{works: semaphore.NewWeighted(int64(works))}
}

// New makes a budget.
func New(b Bounds) *Budget {
	return &Budget{bounds: b, bytes: semaphore.NewWeighted(b.Bytes), uses: map[user]*use{}}
}

// Held is the number of bytes that all requests hold.
func (b *Budget) Held() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}

const (
	// uncounted is what every request may hold besides: most need no more, and so are
	// counted in requests alone.
	uncounted = 64 << 10
	// step is by how much a share grows at least.
	step = 256 << 10
)

// Share is what one request holds. It is used by one goroutine at a time. The methods of a
// nil Share allow everything.
type Share struct {
	budget       *Budget
	tenant, user *use
	key          user
	used         int64 // bytes that were asked for
	granted      int64 // of the budget
	working      bool  // has a place among those that are worked on
	turn         Turn
}

// Enter begins a request of a user; Leave ends it. Faults "budget.user_requests",
// "budget.tenant_requests" (Limited).
func (b *Budget) Enter(tenant string, of id.ID) (*Share, error) {
	key := user{tenant, of}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &Share{budget: b, key: key, tenant: b.uses[user{tenant: tenant}], user: b.uses[key]}
	if s.user != nil && s.user.requests >= b.bounds.UserRequests {
		return nil, fault.New(fault.Limited, "budget.user_requests", "max", b.bounds.UserRequests, "seconds", 1)
	}
	if s.tenant != nil && s.tenant.requests >= b.bounds.TenantRequests {
		return nil, fault.New(fault.Limited, "budget.tenant_requests", "max", b.bounds.TenantRequests, "seconds", 1)
	}
	if s.tenant == nil {
		s.tenant = newUse(b.bounds.TenantWorks)
		b.uses[user{tenant: tenant}] = s.tenant
	}
	if s.user == nil {
		s.user = newUse(b.bounds.UserWorks)
		b.uses[key] = s.user
	}
	s.tenant.requests++
	s.user.requests++
	return s, nil
}

// Leave ends the request, and gives back what it held. Further calls do nothing.
func (s *Share) Leave() {
	if s == nil || s.budget == nil {
		return
	}
	s.Rest()
	b := s.budget
	s.budget = nil
	b.mu.Lock()
	b.held -= s.granted
	s.tenant.bytes -= s.granted
	s.user.bytes -= s.granted
	s.user.requests--
	if s.tenant.requests--; s.tenant.requests == 0 {
		delete(b.uses, user{tenant: s.key.tenant})
	}
	if s.user.requests == 0 {
		delete(b.uses, s.key)
	}
	b.mu.Unlock()
	if s.granted > 0 {
		b.bytes.Release(s.granted)
	}
}

// Work waits for a place among the requests of the user and the tenant that are worked on,
// in the order in which they came. Rest gives it back. Without an error the request has one.
// Fault "budget.work" (Unavailable) if none became free before ctx ended.
func (s *Share) Work(ctx context.Context) error {
	if s == nil || s.budget == nil || s.working {
		return nil
	}
	// Who waits for the user's place has none of the tenant's, which others may take.
	if err := s.user.enter(ctx); err != nil {
		return err
	}
	if err := s.tenant.enter(ctx); err != nil {
		s.user.leave()
		return err
	}
	s.working = true
	return nil
}

// Rest gives the place back while the request waits for something, or has been worked on.
// It reports whether there was one.
func (s *Share) Rest() bool {
	if s == nil || !s.working {
		return false
	}
	s.working = false
	s.tenant.leave()
	s.user.leave()
	return true
}

// While does something that waits more than it works without a place, such as a write that
// shares a commit with others. A place that there was is taken again afterwards; what has
// been done goes on without one if none becomes free.
func (s *Share) While(ctx context.Context, do func() error) error {
	if !s.Rest() {
		return do()
	}
	err := do()
	_ = s.Work(ctx) // see above
	return err
}

// More takes up to n further places for others who work on the same request, as far as they
// are free; done gives them back.
func (s *Share) More(n int) (got int, done func()) {
	if s == nil || s.budget == nil {
		return n, func() {}
	}
	for got < n && s.user.tryEnter() {
		if !s.tenant.tryEnter() {
			s.user.leave()
			break
		}
		got++
	}
	return got, func() {
		for range got {
			s.tenant.leave()
			s.user.leave()
		}
	}
}

func (u *use) enter(ctx context.Context) error {
	if u.tryEnter() {
		return nil
	}
	if err := u.works.Acquire(ctx, 1); err != nil {
		return fault.New(fault.Unavailable, "budget.work").Because(err)
	}
	return nil
}

func (u *use) tryEnter() bool { return u.works == nil || u.works.TryAcquire(1) }

func (u *use) leave() {
	if u.works != nil {
		u.works.Release(1)
	}
}

// Hold says that the request holds n bytes more. It waits for bytes that others hold, for
// as long as the bounds say. Faults: "budget.too_large" (Limited) if no request may hold as
// much; "budget.user_bytes" and "budget.tenant_bytes" (Limited), which time mends;
// "budget.bytes" (Unavailable) if others hold too much. What is held grows by small steps, so
// the request yields here.
func (s *Share) Hold(ctx context.Context, n int64) error {
	if s == nil || s.budget == nil {
		return nil
	}
	s.turn.Yield()
	if s.used += n; s.used <= s.granted+uncounted {
		return nil
	}
	b := s.budget
	more, refused := s.reserve(n)
	if refused != nil {
		return refused
	}
	if b.bytes.TryAcquire(more) {
		return nil
	}
	waiting, stop := context.WithTimeout(ctx, b.bounds.Wait)
	defer stop()
	if err := b.bytes.Acquire(waiting, more); err != nil {
		return s.withdraw(n, more).Because(err)
	}
	return nil
}

// Try is Hold that never waits: for where others would wait along.
func (s *Share) Try(n int64) error {
	if s == nil || s.budget == nil {
		return nil
	}
	if s.used += n; s.used <= s.granted+uncounted {
		return nil
	}
	more, refused := s.reserve(n)
	if refused != nil {
		return refused
	}
	if !s.budget.bytes.TryAcquire(more) {
		return s.withdraw(n, more)
	}
	return nil
}

// Used is how many bytes the request has said that it holds.
func (s *Share) Used() int64 {
	if s == nil {
		return 0
	}
	return s.used
}

// Release says that the request holds n bytes less. They stay granted, for what it comes to
// hold next.
func (s *Share) Release(n int64) {
	if s != nil {
		s.used -= n
	}
}

// reserve counts the bytes that a share lacks since it holds n more, before they are acquired.
func (s *Share) reserve(n int64) (more int64, refused *fault.Fault) {
	b := s.budget
	more = (s.used - uncounted - s.granted + step - 1) / step * step
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case s.granted+more > b.bounds.UserBytes:
		refused = fault.New(fault.Limited, "budget.too_large", "max", b.bounds.UserBytes)
	case s.user.bytes+more > b.bounds.UserBytes:
		refused = fault.New(fault.Limited, "budget.user_bytes", "max", b.bounds.UserBytes, "seconds", 1)
	case s.tenant.bytes+more > b.bounds.TenantBytes:
		refused = fault.New(fault.Limited, "budget.tenant_bytes", "max", b.bounds.TenantBytes, "seconds", 1)
	}
	if refused != nil {
		s.used -= n
		return 0, refused
	}
	s.count(more)
	return more, nil
}

// withdraw takes back what reserve counted, for others hold too much.
func (s *Share) withdraw(n, more int64) *fault.Fault {
	s.budget.mu.Lock()
	s.count(-more)
	s.budget.mu.Unlock()
	s.used -= n
	return fault.New(fault.Unavailable, "budget.bytes")
}

// count notes bytes that were granted, before they are acquired. Under the budget's mu.
func (s *Share) count(n int64) {
	s.granted += n
	s.user.bytes += n
	s.tenant.bytes += n
	s.budget.held += n
}

type shareKey struct{}

// With gives a request's share to what it calls.
func With(ctx context.Context, s *Share) context.Context {
	return context.WithValue(ctx, shareKey{}, s)
}

// From is the share of a request, nil outside of one.
func From(ctx context.Context) *Share {
	s, _ := ctx.Value(shareKey{}).(*Share)
	return s
}
