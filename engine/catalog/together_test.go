package catalog_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
)

// Tenants that have the same configuration share what it was compiled to, and change theirs at the same time:
// what is shared stays as it is. The race detector judges.
func TestTenantsChangeASharedConfiguration(t *testing.T) {
	p := enginetest.New(t, enginetest.Options{})
	var tenants []*enginetest.Tenant
	for i := range 4 {
		tenants = append(tenants, p.NewTenant(fmt.Sprint("t", i), "core", "sales"))
	}
	var changing sync.WaitGroup
	for i, tenant := range tenants {
		changing.Go(func() {
			for n := range 3 {
				view := fmt.Sprintf(`{"kind":"view","name":"own_%d_%d","label":"Own","object":"account","show":"table","filter":"name != \"%d\"","columns":["name"]}`, i, n, i)
				if _, err := tenant.Catalog.Apply(t.Context(), tenant.Tenant, catalog.Change{Documents: []json.RawMessage{json.RawMessage(view)}}, 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	changing.Wait()
	for i, tenant := range tenants {
		if got := len(tenant.Snapshot().Objects["account"].Fields); got == 0 {
			t.Errorf("the account of tenant %d has no fields", i)
		}
	}
}
