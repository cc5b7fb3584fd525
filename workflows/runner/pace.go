package runner

import (
	"sync"
	"time"
)

// pace counts the runs that began in each tenant within a minute. It knows the tenants of this minute alone.
type pace struct {
	limit int // 0: none
	now   func() time.Time

	mu    sync.Mutex
	ends  time.Time // the minute
	begun map[string]int
}

func newPace(limit int, now func() time.Time) *pace {
	return &pace{limit: limit, now: now, begun: map[string]int{}}
}

// began counts runs of a tenant that have begun.
func (p *pace) began(tenant string, runs int) {
	if p.limit == 0 || runs == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn()
	p.begun[tenant] += runs
}

// rests is until when no more begin in a tenant of those that nobody waits for; the zero time: they may.
func (p *pace) rests(tenant string) time.Time {
	if p.limit == 0 {
		return time.Time{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn()
	if p.begun[tenant] < p.limit {
		return time.Time{}
	}
	return p.ends
}

// turn begins the next minute if this one is over.
func (p *pace) turn() {
	if now := p.now(); !now.Before(p.ends) {
		p.ends = now.Add(time.Minute)
		clear(p.begun)
	}
}
