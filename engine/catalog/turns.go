package catalog

import (
	"context"
	"sync"
	"time"

	"formwork/engine/fault"
)

// Limits of what is compiled at a time. What a compilation makes on the way is several
// times what it leaves, so the memory of the process is bounded by how many there are.
const (
	draftsAtOnce = 2 // of the process, and one of a tenant
	loadsAtOnce  = 2 // of the process
	// maxWaiting is how many drafts of a tenant may be under way or wait; each holds the
	// documents that were sent.
	maxWaiting = 32
	// waitFor is how long a draft or a load waits for its turn.
	waitFor = 30 * time.Second
)

// turns let drafts and loads compile one after another. Drafts and loads have places of
// their own, so that planning keeps nobody from a tenant that is opened.
type turns struct {
	drafts, loads chan struct{}

	mu      sync.Mutex
	tenants map[string]*queue
}

// queue is the drafts of one tenant; there is one while there are any.
type queue struct {
	place chan struct{}
	count int // under way or waiting
}

func newTurns() *turns {
	return &turns{drafts: make(chan struct{}, draftsAtOnce), loads: make(chan struct{}, loadsAtOnce), tenants: map[string]*queue{}}
}

// draft waits until a tenant may make a draft. The caller calls done when it no longer
// holds what it compiled. Fault "catalog.busy" (Unavailable) if too many wait already,
// or the wait takes too long.
func (t *turns) draft(ctx context.Context, tenant string) (done func(), err error) {
	q := t.join(tenant)
	if q == nil {
		return nil, fault.New(fault.Unavailable, "catalog.busy")
	}
	ctx, cancel := context.WithTimeout(ctx, waitFor)
	defer cancel()
	if err := enter(ctx, q.place); err != nil {
		t.leave(tenant, q)
		return nil, err
	}
	if err := enter(ctx, t.drafts); err != nil {
		<-q.place
		t.leave(tenant, q)
		return nil, err
	}
	return func() {
		<-t.drafts
		<-q.place
		t.leave(tenant, q)
	}, nil
}

// load is draft for a revision that is compiled to be used. It is for the caller to
// load a tenant once at a time.
func (t *turns) load(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, waitFor)
	defer cancel()
	if err := enter(ctx, t.loads); err != nil {
		return nil, err
	}
	return func() { <-t.loads }, nil
}

// join counts a draft of a tenant; nil: there are too many.
func (t *turns) join(tenant string) *queue {
	t.mu.Lock()
	defer t.mu.Unlock()
	q := t.tenants[tenant]
	if q == nil {
		q = &queue{place: make(chan struct{}, 1)}
		t.tenants[tenant] = q
	}
	if q.count == maxWaiting {
		return nil
	}
	q.count++
	return q
}

func (t *turns) leave(tenant string, q *queue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if q.count--; q.count == 0 {
		delete(t.tenants, tenant)
	}
}

func enter(ctx context.Context, place chan struct{}) error {
	select {
	case place <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "catalog.busy").Because(ctx.Err())
	}
}
