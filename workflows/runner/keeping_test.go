package runner_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/workflows/runner"
)

// slow is a store that keeps the answers of outside systems not before it is let.
type slow struct {
	store.Store
	free chan struct{}
}

type slowTenant struct {
	store.Tenant
	in *slow
}

type slowTx struct {
	store.Tx
	keeps *bool
}

var errSlow = errors.New("not yet")

func (s *slow) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	t, err := s.Store.Tenant(ctx, name)
	return slowTenant{t, s}, err
}

func (s *slow) Create(ctx context.Context, name string) (store.Tenant, error) {
	t, err := s.Store.Create(ctx, name)
	return slowTenant{t, s}, err
}

func (t slowTenant) Write(ctx context.Context, fn func(store.Tx) error) error {
	keeps := false
	err := t.Tenant.Write(ctx, func(tx store.Tx) error {
		err := fn(slowTx{tx, &keeps})
		if keeps {
			return errSlow
		}
		return err
	})
	if !keeps {
		return err
	}
	<-t.in.free
	return t.Tenant.Write(ctx, fn)
}

func (x slowTx) Update(ctx context.Context, table string, key id.ID, version int64, values map[string]any, words []string) error {
	if _, tried := values["tried"]; table == "_call" && !tried {
		*x.keeps = true
		return errSlow
	}
	return x.Tx.Update(ctx, table, key, version, values, words)
}

// Where an outside system answers faster than the store keeps its answers, no more is asked of it than has room.
func TestAnswersThatWaitToBeKeptAreBounded(t *testing.T) {
	const runs, most = 40, 2 * 8
	system := newCounted(t)
	asked := func() int {
		system.mu.Lock()
		defer system.mu.Unlock()
		n := 0
		for _, keys := range system.keys {
			for _, times := range keys {
				n += times
			}
		}
		return n
	}
	free := make(chan struct{})
	p := enginetest.New(t, enginetest.Options{Networks: []netip.Prefix{loopback}, Open: func(t testing.TB) store.Store { return &slow{teststore.Open(t), free} }})
	tenant := p.NewTenant("main", "core")
	change := catalog.Change{Documents: append(read[[]json.RawMessage](t, "testdata/world.json"),
		json.RawMessage(fmt.Sprintf(`{"kind": "connection", "name": "erp", "label": "ERP", "url": %q}`, system.URL)),
		json.RawMessage(`{"kind": "workflow", "name": "follow", "object": "account", "trigger": {"type": "after_save", "on": ["create"]}, "start": "order", "steps": {
			"order": {"type": "request", "connection": "erp", "method": "POST", "path": "'orders'", "body": {"for": "name"}}}}`))}
	if _, err := tenant.Catalog.Apply(t.Context(), tenant.Tenant, change, 0); err != nil {
		t.Fatal(err)
	}
	var ops []record.Operation
	for i := range runs {
		ops = append(ops, record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint(i)}})
	}
	if _, err := tenant.System().Bulk(t.Context(), "account", ops, true); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	until := func(what string, holds func() bool) {
		t.Helper()
		for began := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatalf("waited in vain: %s", what)
			}
		}
	}
	rests := func() bool { // until a later second, for there was no room
		jobs, err := job.List(t.Context(), tenant.Tenant, job.Listing{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(jobs, func(j *job.Job) bool {
			return j.Kind == "call_outside" && j.State == job.Waiting && j.RunAt.After(p.Clock.Now())
		})
	}
	for looks := 0; looks < 3 && asked() <= most; {
		until("there is no room", func() bool { return rests() || asked() > most })
		if asked() == most {
			looks++
		}
		p.Clock.Pass(time.Second)
		p.Jobs.Wake(tenant.Name())
	}
	if n := asked(); n != most || p.Workflows.Calling() != most {
		t.Errorf("%d requests were made, of which %d are not kept; at most %d", n, p.Workflows.Calling(), most)
	}
	close(free)
	var ended atomic.Bool
	running.Go(func() {
		for ; !ended.Load(); time.Sleep(5 * time.Millisecond) {
			p.Clock.Pass(time.Second)
			p.Jobs.Wake(tenant.Name())
		}
	})
	until("all runs end", func() bool {
		done, err := runner.Count(t.Context(), tenant.Tenant, runner.Done)
		if err != nil {
			t.Fatal(err)
		}
		return done == runs
	})
	ended.Store(true)
	stop()
	running.Wait()
}
