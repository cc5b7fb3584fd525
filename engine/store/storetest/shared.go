package storetest

import (
	"sync"
	"sync/atomic"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// RunShared runs the part of the suite that two processes take part in. open returns two
// stores over the same data, which open's test closes.
func RunShared(t *testing.T, open func(t *testing.T) (one, other store.Store)) {
	for _, c := range sharedCases {
		t.Run(c.name, func(t *testing.T) {
			f := &shared{fixture: fixture{T: t, ctx: t.Context()}}
			f.store, f.other = open(t)
			f.make()
			c.run(f)
		})
	}
}

// shared is a store with a tenant acme, and a second process that uses it.
type shared struct {
	fixture
	other store.Store
	their store.Tenant // the handle of the other process
}

// make makes the tenant and has the other process write to it and read it.
func (f *shared) make() {
	f.Helper()
	var err error
	f.tenant, err = f.store.Create(f.ctx, "acme")
	f.must(err)
	f.define(simple)
	f.must(f.insert("lead", 1, nil))
	f.their, err = f.other.Tenant(f.ctx, "acme")
	f.must(err)
	f.must(f.theirInsert(f.their, 2))
	f.same("rows as the other process has them", f.ids(f.their, "lead", nil), []int64{1, 2})
}

func (f *shared) theirInsert(t store.Tenant, key id.ID) error {
	return t.Write(f.ctx, func(tx store.Tx) error { return tx.Insert(f.ctx, "lead", key, nil, nil) })
}

var sharedCases = []struct {
	name string
	run  func(f *shared)
}{
	{"a tenant that another process deletes", func(f *shared) {
		f.must(f.store.Delete(f.ctx, "acme"))
		f.fails(f.theirInsert(f.their, 3), fault.NotFound, "tenant.not_found")
		f.fails(f.their.Define(f.ctx, simple), fault.NotFound, "tenant.not_found")
		_, err := f.their.Count(f.ctx, "lead", nil, nil, 0) // it is known to be gone by now
		f.fails(err, fault.NotFound, "tenant.not_found")
		_, err = f.other.Tenant(f.ctx, "acme")
		f.fails(err, fault.NotFound, "tenant.not_found")
		names, err := f.other.Tenants(f.ctx)
		f.must(err)
		if len(names) != 0 {
			f.Errorf("tenants are %q", names)
		}
	}},
	{"a tenant that another process makes anew", func(f *shared) {
		before := f.their.Identity()
		f.must(f.store.Delete(f.ctx, "acme"))
		made, err := f.store.Create(f.ctx, "acme")
		f.must(err)
		f.must(made.Define(f.ctx, simple))
		f.must(f.theirInsert(made, 7))
		rows, err := collect(f.their.Select(f.ctx, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID)}}))
		for _, row := range rows {
			if err == nil && row[0] == int64(7) {
				f.Error("a handle of the old tenant reads what belongs to the new one")
			}
		}
		f.fails(f.theirInsert(f.their, 3), fault.NotFound, "tenant.not_found")
		again, err := f.other.Tenant(f.ctx, "acme")
		f.must(err)
		if again.Identity() == before {
			f.Errorf("both are %s", before)
		}
		f.same("rows", f.ids(again, "lead", nil), []int64{7})
		f.must(f.theirInsert(again, 8))
		f.same("rows as who made it has them", f.ids(made, "lead", nil), []int64{7, 8})
		f.fails(f.theirInsert(f.their, 9), fault.NotFound, "tenant.not_found")
	}},
	{"writes while another process deletes", func(f *shared) {
		for round := range 5 {
			var deleted atomic.Bool
			var writing sync.WaitGroup
			begun := make(chan struct{}, 100)
			for w := range 3 {
				writing.Go(func() {
					for n := 0; ; n++ {
						late := deleted.Load()
						err := f.theirInsert(f.their, id.ID(1_000_000*(w+1)+n))
						begun <- struct{}{}
						switch {
						case err == nil && late:
							f.Error("a write was acknowledged after the tenant was deleted")
							return
						case fault.Is(err, "tenant.not_found"):
							return
						case err != nil:
							f.Errorf("round %d: %v", round, err)
							return
						}
					}
				})
			}
			for range 10 {
				<-begun
			}
			drained := make(chan struct{})
			go func() {
				defer close(drained)
				for range begun {
				}
			}()
			f.must(f.store.Delete(f.ctx, "acme"))
			deleted.Store(true)
			writing.Wait()
			close(begun)
			<-drained
			f.make()
		}
	}},
}
