package runner_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/job"
	"formwork/engine/outbox"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/sla"
)

// However many records have moments to come, one job waits for the first of them, and an index finds it.
func TestMomentsWaitInOneJob(t *testing.T) {
	began := time.Now()
	now := func() time.Time { return enginetest.Start.Add(time.Since(began)) } // at a time of day after which the tasks of the day come later than the moments
	tenant := enginetest.New(t, enginetest.Options{Now: now}).NewTenant("main", "core")
	change := catalog.Change{Documents: append(read[[]json.RawMessage](t, "testdata/world.json"),
		json.RawMessage(`{"kind":"sla","name":"s","label":"S","object":"inquiry","target":"aim","stops":"status == 'closed'","fields":{"state":"r_state","due":"r_due","since":"r_since","spent":"r_spent"}}`),
		json.RawMessage(`{"kind":"workflow","name":"w","object":"inquiry","trigger":{"type":"moment","field":"r_due","before":"30m"},"start":"a","steps":{"a":{"type":"set","values":{"note":"'x'"}}}}`))}
	if _, err := tenant.Catalog.Apply(t.Context(), tenant.Tenant, change, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"i.r_due:i:datetime.id", "i.r_state:t.r_due:i:datetime.id"} {
		if !slices.ContainsFunc(tenant.Snapshot().Indexes["inquiry"], func(i store.Index) bool { return i.Name == want }) {
			t.Errorf("there is no index %s: %+v", want, tenant.Snapshot().Indexes["inquiry"])
		}
	}
	tenant.RunJobs()
	for i := range 40 {
		if _, err := tenant.System().Create(t.Context(), "inquiry", map[string]any{"name": "T", "aim": fmt.Sprint(10_000 + 100*i)}); err != nil {
			t.Fatal(err)
		}
	}
	go tenant.Outbox.Run(t.Context())
	for began, behind := time.Now(), true; behind; time.Sleep(time.Millisecond) {
		all, err := tenant.Outbox.Status(t.Context(), tenant.Tenant)
		if err != nil {
			t.Fatal(err)
		}
		behind = len(all) == 0 || slices.ContainsFunc(all, func(s outbox.Status) bool { return s.Behind > 0 })
		if time.Since(began) > 20*time.Second {
			t.Fatalf("after 20 s there are still events: %+v", all)
		}
	}
	for kind, want := range map[string]int{workflows.JobSchedule: 2, sla.JobMiss: 1} { // one is for the tasks of the day
		jobs, err := job.List(t.Context(), tenant.Tenant, job.Listing{Kind: kind, State: job.Waiting})
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs) != want {
			t.Errorf("%d jobs of the kind %s wait, want %d", len(jobs), kind, want)
		}
	}
}
