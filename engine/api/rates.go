package api

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// rates count what a tenant is sent within a minute. Of the tenants that are not sent anything for the longest, nothing is remembered.
type rates struct {
	now     func() time.Time
	mu      sync.Mutex
	tenants *lru.Cache[string, *minute]
}

// minute is how much came since a time.
type minute struct {
	since time.Time
	count int
}

const ratedTenants = 10_000 // that are remembered

func newRates(now func() time.Time) *rates {
	tenants, err := lru.New[string, *minute](ratedTenants)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &rates{now: now, tenants: tenants}
}

// take counts one more. Over a limit it does not, and says after how many seconds there is room again.
func (r *rates) take(tenant string, limit int) (seconds int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	m, ok := r.tenants.Get(tenant)
	if !ok || now.Sub(m.since) >= time.Minute {
		m = &minute{since: now}
		r.tenants.Add(tenant, m)
	}
	if m.count >= limit {
		return int((time.Minute-now.Sub(m.since))/time.Second) + 1
	}
	m.count++
	return 0
}
