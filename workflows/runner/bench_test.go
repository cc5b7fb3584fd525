package runner_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/record"
	"formwork/workflows/runner"
)

// BenchmarkRuns measures runs a second that the events of new records set off: of 100 workflows of the
// object one matches, which has one condition, changes one field and tells one user.
func BenchmarkRuns(b *testing.B) {
	tenant := enginetest.New(b, enginetest.Options{Now: time.Now}).NewTenant("main", "core")
	change := catalog.Change{Documents: read[[]json.RawMessage](b, "testdata/world.json")}
	for i := range 100 {
		change.Documents = append(change.Documents, json.RawMessage(fmt.Sprintf(`{"kind":"workflow","name":"w%d","object":"deal","trigger":{"type":"after_save","on":["create"]},
			"when":"amount == %d","start":"a","steps":{"a":{"type":"set","values":{"size":"'large'"},"next":"b"},"b":{"type":"notify","to":"owner","text":"'New: ' + name"}}}`, i, i)))
	}
	if _, err := tenant.Catalog.Apply(b.Context(), tenant.Tenant, change, 0); err != nil {
		b.Fatal(err)
	}
	var users []string
	for i := range 20 {
		users = append(users, tenant.User(fmt.Sprintf("u%d@example.com", i), nil).String())
	}
	const batch = 200
	ops := make([]record.Operation, 0, batch)
	for len(ops) < batch {
		ops = append(ops, record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint("Deal ", len(ops)), "amount": "7", "owner": users[len(ops)%len(users)]}})
	}
	made := 0
	for ; made < b.N; made += batch {
		if _, err := tenant.System().Bulk(b.Context(), "deal", ops, true); err != nil {
			b.Fatal(err)
		}
	}
	var running sync.WaitGroup
	b.ResetTimer()
	running.Go(func() { tenant.Outbox.Run(b.Context()) })
	for {
		runs, err := runner.Count(b.Context(), tenant.Tenant, runner.Done)
		if err != nil {
			b.Fatal(err)
		}
		if runs >= made {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.ReportMetric(float64(made)/b.Elapsed().Seconds(), "runs/s")
}
