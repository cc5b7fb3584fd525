package sqlite

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/store"
)

const (
	// usualReaders are opened at once. More would only share the same processors, and
	// each maps the file anew; a query waits for patience before another is opened.
	usualReaders = 4
	patience     = 20 * time.Millisecond
	// maxReaders bounds a tenant's read connections. It is generous: a query within
	// the loop of another holds two.
	maxReaders = 64
	// maxSlow bounds those of them that queries hold whose rows are taken slowly (see
	// store.Slowly), so that the others stay for ordinary requests.
	maxSlow = maxReaders / 4
	// readerWait is how long a query waits for one beyond that.
	readerWait = 5 * time.Second
)

// pool keeps the read connections of a tenant: opened when needed, the one used
// last taken first, closed when idle.
type pool struct {
	open func() (*conn, error)

	slow *semaphore.Weighted // of maxSlow

	mu      sync.Mutex
	idle    []*conn
	least   int // fewest idle since the last sweep: those nobody needed
	count   int
	waiting []chan *conn
	epoch   int                   // connections of an older one are closed when they come back
	closed  atomic.Pointer[error] // refuses everybody; set under mu
	empty   chan struct{}         // made by close; closed when the last connection is
}

// acquire takes a connection, which release gives back. Fault "store.busy" (Unavailable).
func (p *pool) acquire(ctx context.Context) (*conn, error) {
	if !store.IsSlow(ctx) {
		return p.take(ctx)
	}
	waiting, stop := context.WithTimeout(ctx, readerWait)
	defer stop()
	if err := p.slow.Acquire(waiting, 1); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fault.New(fault.Unavailable, "store.busy").Because(err)
	}
	c, err := p.take(ctx)
	if err != nil {
		p.slow.Release(1)
		return nil, err
	}
	c.slow = true
	return c, nil
}

func (p *pool) take(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	if err := p.gone(); err != nil {
		p.mu.Unlock()
		return nil, err
	}
	if last := len(p.idle) - 1; last >= 0 {
		c := p.idle[last]
		p.idle = p.idle[:last]
		p.least = min(p.least, last)
		p.mu.Unlock()
		return c, nil
	}
	if p.count < usualReaders {
		return p.another()
	}
	mine := make(chan *conn, 1)
	p.waiting = append(p.waiting, mine)
	p.mu.Unlock()
	if c, came, err := p.wait(ctx, mine, patience); came || err != nil {
		return c, err
	}
	p.mu.Lock()
	if p.gone() == nil && p.count < maxReaders && p.leave(mine) {
		return p.another()
	}
	p.mu.Unlock()
	c, came, err := p.wait(ctx, mine, readerWait)
	if !came && err == nil {
		p.giveUp(mine)
		err = fault.New(fault.Unavailable, "store.busy")
	}
	return c, err
}

// another opens a connection. Called under mu, which it releases.
func (p *pool) another() (*conn, error) {
	p.count++
	epoch := p.epoch
	p.mu.Unlock()
	c, err := p.open()
	if err != nil {
		p.mu.Lock()
		p.count--
		p.settle()
		p.mu.Unlock()
		return nil, err
	}
	c.epoch = epoch
	return c, nil
}

// wait waits for a connection that somebody gives back.
func (p *pool) wait(ctx context.Context, mine chan *conn, atMost time.Duration) (c *conn, came bool, err error) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case c := <-mine:
		if c == nil {
			return nil, true, p.gone()
		}
		return c, true, nil
	case <-timer.C:
		return nil, false, nil
	case <-ctx.Done():
		p.giveUp(mine)
		return nil, false, ctx.Err()
	}
}

// leave takes a place out of the queue; false if it was called already. Under mu.
func (p *pool) leave(mine chan *conn) bool {
	for i, other := range p.waiting {
		if other == mine {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// giveUp stops waiting; a connection that came nevertheless goes back.
func (p *pool) giveUp(mine chan *conn) {
	p.mu.Lock()
	left := p.leave(mine)
	p.mu.Unlock()
	if left {
		return
	}
	if c := <-mine; c != nil {
		p.release(c)
	}
}

// pass gives a connection to whoever waits, or lays it aside. Under mu.
func (p *pool) pass(c *conn) {
	if len(p.waiting) > 0 {
		p.waiting[0] <- c
		p.waiting = p.waiting[1:]
	} else {
		p.idle = append(p.idle, c)
	}
}

func (p *pool) release(c *conn) {
	c.ctx, c.turn = nil, budget.Turn{}
	if c.slow {
		c.slow = false
		p.slow.Release(1)
	}
	p.mu.Lock()
	if p.gone() != nil || c.epoch != p.epoch {
		p.mu.Unlock()
		c.close()
		p.mu.Lock()
		p.count--
		p.settle()
		p.mu.Unlock()
		return
	}
	p.pass(c)
	p.mu.Unlock()
}

// sweep closes connections that nobody needed since the last sweep.
func (p *pool) sweep() {
	p.mu.Lock()
	unused := p.idle[:p.least:p.least]
	p.idle = append([]*conn(nil), p.idle[p.least:]...)
	p.least = len(p.idle)
	p.mu.Unlock()
	p.discard(unused)
}

// discard closes connections that were idle.
func (p *pool) discard(unused []*conn) {
	for _, c := range unused {
		c.close()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count -= len(unused)
	p.settle()
}

func (p *pool) isEmpty() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count == 0
}

// renew makes all connections be opened anew: they know nothing of statistics
// that others gathered.
func (p *pool) renew() {
	p.mu.Lock()
	p.epoch++
	p.drop()
}

// settle tells that a closed pool has no connections any more. Under mu.
func (p *pool) settle() {
	if p.gone() != nil && p.count == 0 {
		select {
		case <-p.empty:
		default:
			close(p.empty)
		}
	}
}

// close refuses everybody from now on. The channel is closed when the connections
// that are in use have come back and are closed.
func (p *pool) close(reason error) <-chan struct{} {
	p.mu.Lock()
	p.closed.Store(&reason)
	if p.empty == nil {
		p.empty = make(chan struct{})
	}
	for _, w := range p.waiting {
		w <- nil
	}
	p.waiting = nil
	empty := p.empty
	p.drop()
	return empty
}

// drop takes what is idle and unlocks.
func (p *pool) drop() {
	idle := p.idle
	p.idle, p.least = nil, 0
	p.mu.Unlock()
	p.discard(idle)
}

// gone is why a query under way must end, or nil.
func (p *pool) gone() error {
	if reason := p.closed.Load(); reason != nil {
		return *reason
	}
	return nil
}
