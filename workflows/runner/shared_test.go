package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/record"
	"formwork/workflows/runner"
)

// counted is an outside system that counts requests by what they are for and by their key.
type counted struct {
	*httptest.Server
	mu   sync.Mutex
	keys map[string]map[string]int
}

func newCounted(t *testing.T) *counted {
	c := &counted{keys: map[string]map[string]int{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.keys[string(body)] == nil {
			c.keys[string(body)] = map[string]int{}
		}
		c.keys[string(body)][r.Header.Get("Idempotency-Key")]++
	}))
	t.Cleanup(c.Close)
	return c
}

// Two processes on one store share the runs, while one and then the other stops and another takes its place: each step of each
// run is done once. The processes are two platforms of this one: SQLite serves no second process, and there is no server of
// MongoDB with transactions here. Each is told of what the other has committed as marks would tell it.
func TestTwoProcessesShareTheRuns(t *testing.T) {
	const made, rounds = 240, 4
	system := newCounted(t)
	first := enginetest.New(t, enginetest.Options{Now: time.Now, Shared: true, Networks: []netip.Prefix{loopback}})
	tenant := first.NewTenant("main", "core")
	change := catalog.Change{Documents: append(read[[]json.RawMessage](t, "testdata/world.json"),
		json.RawMessage(fmt.Sprintf(`{"kind": "connection", "name": "erp", "label": "ERP", "url": %q}`, system.URL)),
		json.RawMessage(`{"kind": "workflow", "name": "follow", "object": "account", "trigger": {"type": "after_save", "on": ["create"]}, "start": "first", "steps": {
			"first": {"type": "create", "object": "deal", "values": {"name": "'first ' + name", "account": "id"}, "next": "wait"},
			"wait": {"type": "wait", "for": "seconds(1)", "next": "order"},
			"order": {"type": "request", "connection": "erp", "method": "POST", "path": "'orders'", "body": {"for": "name"}, "next": "second"},
			"second": {"type": "create", "object": "deal", "values": {"name": "'second ' + name", "account": "id"}}}}`))}
	if _, err := tenant.Catalog.Apply(t.Context(), tenant.Tenant, change, 0); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	processes := map[*enginetest.Platform]context.CancelFunc{}
	var running sync.WaitGroup
	start := func(p *enginetest.Platform) {
		ctx, stop := context.WithCancel(t.Context())
		mu.Lock()
		processes[p] = stop
		mu.Unlock()
		running.Go(func() { p.Run(ctx) })
	}
	ended := make(chan struct{})
	running.Go(func() { // the marks
		for {
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
			}
			mu.Lock()
			for p := range processes {
				p.Jobs.Wake(tenant.Name())
				p.Outbox.Wake(tenant.Name())
			}
			mu.Unlock()
		}
	})
	a, b := first, first.Restart()
	start(a)
	start(b)
	for round := range rounds {
		var ops []record.Operation
		for i := range made / rounds {
			ops = append(ops, record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprintf("%d-%d", round, i)}})
		}
		if _, err := tenant.System().Bulk(t.Context(), "account", ops, true); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		processes[a]() // which may be in the middle of any of it
		delete(processes, a)
		mu.Unlock()
		a, b = b, first.Restart()
		start(b)
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		done, err := runner.Count(t.Context(), tenant.Tenant, runner.Done)
		if err != nil {
			t.Fatal(err)
		}
		if done >= made {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("%d of %d runs have ended", done, made)
		}
	}
	close(ended)
	mu.Lock()
	for _, stop := range processes {
		stop()
	}
	mu.Unlock()
	running.Wait()
	page, err := tenant.System().List(t.Context(), "deal", record.ListQuery{Limit: 500, Fields: []string{"name"}})
	if err != nil || page.Next != "" {
		t.Fatal("reading what the steps made: ", err, page.Next)
	}
	times := map[string]int{}
	for _, r := range page.Items {
		times[decoded(t, r)["name"].(string)]++
	}
	for i := range made {
		for _, step := range []string{"first", "second"} {
			if of := fmt.Sprintf("%s %d-%d", step, i/(made/rounds), i%(made/rounds)); times[of] != 1 {
				t.Errorf("%s was done %d times", of, times[of])
			}
		}
	}
	if len(system.keys) != made {
		t.Errorf("there were requests for %d of %d", len(system.keys), made)
	}
	for of, keys := range system.keys {
		if len(keys) != 1 {
			t.Errorf("that for %s came with %v", of, keys)
		}
	}
}
