package budget

import "sync"

// Places are how many things of a tenant, and of all tenants, may be under way at once. Safe for concurrent use.
type Places struct {
	ofTenant, ofAll int

	mu  sync.Mutex
	of  map[string]int // taken, by tenant
	all int
}

// NewPlaces makes places, of which so many are for one tenant.
func NewPlaces(ofTenant, ofAll int) *Places {
	return &Places{ofTenant: ofTenant, ofAll: ofAll, of: map[string]int{}}
}

// Take takes the places that are free for a tenant.
func (p *Places) Take(tenant string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := max(0, min(p.ofTenant-p.of[tenant], p.ofAll-p.all))
	p.add(tenant, n)
	return n
}

// TakeOne takes one place for a tenant, if one is free.
func (p *Places) TakeOne(tenant string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[tenant] >= p.ofTenant || p.all >= p.ofAll {
		return false
	}
	p.add(tenant, 1)
	return true
}

// Give gives places back.
func (p *Places) Give(tenant string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(tenant, -n)
}

// Taken is how many places are taken.
func (p *Places) Taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all
}

// add counts places. Under mu.
func (p *Places) add(tenant string, n int) {
	p.all += n
	if p.of[tenant] += n; p.of[tenant] == 0 {
		delete(p.of, tenant)
	}
}
