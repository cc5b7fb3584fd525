package api

import (
	"sync"

	"formwork/engine/fault"
	"formwork/engine/id"
)

// Exports under way at once: each reads the store for as long as its reader takes.
const (
	userExports   = 2
	tenantExports = 8
)

// exportCounts counts the exports under way.
type exportCounts struct {
	mu sync.Mutex
	of map[exporter]int
}

// exporter is a user of a tenant; without a user the tenant as a whole.
type exporter struct {
	tenant string
	user   id.ID
}

func newExportCounts() *exportCounts { return &exportCounts{of: map[exporter]int{}} }

// enter begins an export, and leave, which must be called, ends it. Fault "api.exports"
// (Limited).
func (e *exportCounts) enter(tenant string, user id.ID) (leave func(), err error) {
	mine, all := exporter{tenant, user}, exporter{tenant: tenant}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.of[mine] >= userExports || e.of[all] >= tenantExports {
		return nil, fault.New(fault.Limited, "api.exports", "user", userExports, "tenant", tenantExports, "seconds", 5)
	}
	e.of[mine]++
	e.of[all]++
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, one := range []exporter{mine, all} {
			if e.of[one]--; e.of[one] == 0 {
				delete(e.of, one)
			}
		}
	}, nil
}
