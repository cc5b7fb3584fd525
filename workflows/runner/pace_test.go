package runner_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/record"
	"formwork/workflows/runner"
)

// until waits for what comes by itself.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("there is never " + what)
		}
	}
}

// A tenant that sets off too many runs waits with the others, and loses none; other tenants and consumers go on. What was done is counted.
func TestRunsBeyondThePaceWait(t *testing.T) {
	var passed atomic.Int64 // a clock that goes, for pauses to end, but slowly: no minute is over before the test says so
	began := time.Now()
	now := func() time.Time { return enginetest.Start.Add(time.Duration(passed.Load()) + time.Since(began)/10) }
	engine := enginetest.New(t, enginetest.Options{Now: now, RunsPerMinute: 10})
	flood, other := engine.NewTenant("flood", "core"), engine.NewTenant("other", "core")
	change := catalog.Change{Documents: append(read[[]json.RawMessage](t, "testdata/world.json"),
		json.RawMessage(`{"kind":"workflow","name":"w","object":"deal","trigger":{"type":"after_save","on":["create"]},"start":"a","steps":{"a":{"type":"stop"}}}`))}
	for _, tenant := range []*enginetest.Tenant{flood, other} {
		if _, err := tenant.Catalog.Apply(t.Context(), tenant.Tenant, change, 0); err != nil {
			t.Fatal(err)
		}
	}
	var running sync.WaitGroup
	running.Go(func() { engine.Outbox.Run(t.Context()) })
	t.Cleanup(running.Wait)
	count := func(tenant *enginetest.Tenant) int {
		runs, err := runner.Count(t.Context(), tenant.Tenant, runner.Done)
		if err != nil {
			t.Fatal(err)
		}
		return runs
	}
	var ops []record.Operation
	for i := range 250 {
		ops = append(ops, record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint("Deal ", i)}})
	}
	if _, err := flood.System().Bulk(t.Context(), "deal", ops, true); err != nil {
		t.Fatal(err)
	}
	until(t, "a first batch", func() bool { return count(flood) > 0 })
	if _, err := other.System().Create(t.Context(), "deal", map[string]any{"name": "Other"}); err != nil {
		t.Fatal(err)
	}
	until(t, "a run of the other tenant", func() bool { return count(other) == 1 })
	until(t, "an other consumer that has caught up", func() bool {
		all, err := flood.Outbox.Status(t.Context(), flood.Tenant)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(all, func(s outbox.Status) bool { return s.Consumer != "workflows" && s.Behind == 0 })
	})
	counted := func() { // what was done is counted once it is committed
		until(t, "a count of what was done", func() bool { return int(engine.Workflows.Figures().Begun) == count(flood)+count(other) })
	}
	for minutes := 1; count(flood) < len(ops); minutes++ {
		counted()
		before := count(flood)
		if before > 100*minutes {
			t.Fatalf("%d runs began within %d minutes", before, minutes)
		}
		passed.Add(int64(time.Minute))
		flood.Outbox.Wake("flood")
		until(t, "more runs", func() bool { return count(flood) > before })
	}
	seen := map[id.ID]bool{}
	last := id.ID(1 << 62)
	for before := id.ID(0); ; {
		runs, err := runner.List(t.Context(), flood.Tenant, runner.Listing{Before: before, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range runs {
			if seen[run.Record] || run.Record > last {
				t.Fatalf("the run on %v is not in its turn", run.Record)
			}
			seen[run.Record], last, before = true, run.Record, run.ID
		}
		if len(runs) < 500 {
			break
		}
	}
	counted()
	const within10s = 10 // of LateBounds: those of the first batch, and of the other tenant
	f := engine.Workflows.Figures()
	if len(seen) != len(ops) || f.Begun != 251 || f.Ended[runner.Done] != 251 || f.LateCount != 251 || f.Late[within10s] != 101 || f.LateSeconds < 60 {
		t.Errorf("%d records had runs: %+v", len(seen), f)
	}
}
