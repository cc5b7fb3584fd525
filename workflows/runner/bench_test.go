package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/enginetest"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/workflows/runner"
)

// benchTenant is a tenant with 100 workflows on deals, of which that for an amount of 7 has one condition, changes
// one field and tells one user. It returns operations that make deals for several owners.
func benchTenant(b *testing.B, trigger string) (*enginetest.Tenant, []record.Operation) {
	b.Helper()
	return benchTenantOf(b, enginetest.New(b, enginetest.Options{Now: time.Now}), "main", trigger)
}

// benchTenantOf is another such tenant of a platform.
func benchTenantOf(b *testing.B, p *enginetest.Platform, name, trigger string, more ...string) (*enginetest.Tenant, []record.Operation) {
	b.Helper()
	tenant := p.NewTenant(name, "core")
	change := catalog.Change{Documents: read[[]json.RawMessage](b, "testdata/world.json")}
	for i := range 100 {
		if trigger == "" {
			break
		}
		change.Documents = append(change.Documents, json.RawMessage(fmt.Sprintf(`{"kind":"workflow","name":"w%d","object":"deal","trigger":%s,
			"when":"amount == %d","start":"a","steps":{"a":{"type":"set","values":{"size":"'large'"},"next":"b"},"b":{"type":"notify","to":"owner","text":"'New: ' + name"}}}`, i, trigger, i)))
	}
	for _, document := range more {
		change.Documents = append(change.Documents, json.RawMessage(document))
	}
	if _, err := tenant.Catalog.Apply(b.Context(), tenant.Tenant, change, 0); err != nil {
		b.Fatal(err)
	}
	var users []string
	for i := range 20 {
		users = append(users, tenant.User(fmt.Sprintf("u%d@example.com", i), nil).String())
	}
	var ops []record.Operation
	for i := range 200 {
		ops = append(ops, record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint("Deal ", i), "amount": "7", "owner": users[i%len(users)]}})
	}
	return tenant, ops
}

const created = `{"type":"after_save","on":["create"]}`

// doneRuns waits until there are so many runs.
func doneRuns(b *testing.B, tenant *enginetest.Tenant, wanted int) {
	b.Helper()
	for {
		runs, err := runner.Count(b.Context(), tenant.Tenant, runner.Done)
		if err != nil {
			b.Fatal(err)
		}
		if runs >= wanted {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// BenchmarkRuns measures runs a second that the events of new records set off.
func BenchmarkRuns(b *testing.B) {
	tenant, ops := benchTenant(b, created)
	made := 0
	for ; made < b.N; made += len(ops) {
		if _, err := tenant.System().Bulk(b.Context(), "deal", ops, true); err != nil {
			b.Fatal(err)
		}
	}
	var running sync.WaitGroup
	b.ResetTimer()
	running.Go(func() { tenant.Outbox.Run(b.Context()) })
	doneRuns(b, tenant, made)
	b.ReportMetric(float64(made)/b.Elapsed().Seconds(), "runs/s")
}

// BenchmarkRecording compares runs as those of BenchmarkRuns that are recorded with such that are not, in turns: how much longer they
// take, and how much more of the processor, in hundredths.
func BenchmarkRecording(b *testing.B) {
	const rounds, each = 6, 5 // of 200 runs
	var took, used [2]time.Duration
	for range rounds {
		for i, recorded := range []bool{false, true} {
			tenant, ops := benchTenant(b, created+fmt.Sprintf(`,"record":%v`, recorded))
			for range each {
				if _, err := tenant.System().Bulk(b.Context(), "deal", ops, true); err != nil {
					b.Fatal(err)
				}
			}
			ctx, stop := context.WithCancel(b.Context())
			var running sync.WaitGroup
			began, before := time.Now(), processor(b)
			running.Go(func() { tenant.Outbox.Run(ctx) })
			doneRuns(b, tenant, each*len(ops))
			took[i], used[i] = took[i]+time.Since(began), used[i]+processor(b)-before
			stop()
			running.Wait()
		}
	}
	b.ReportMetric(100*(took[1].Seconds()/took[0].Seconds()-1), "%longer")
	b.ReportMetric(100*(used[1].Seconds()/used[0].Seconds()-1), "%processor")
	b.ReportMetric(rounds*each*200/took[1].Seconds(), "runs/s")
}

// BenchmarkLatency measures how long after a save its run begins, while records are made one after the other at
// a rate; RunsPerSecond says which was reached.
func BenchmarkLatency(b *testing.B) {
	for _, rate := range []int{100, 500, 1000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			tenant, ops := benchTenant(b, created)
			var running sync.WaitGroup
			running.Go(func() { tenant.Outbox.Run(b.Context()) })
			began := time.Now()
			for i := range b.N {
				if ahead := time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))); ahead > 0 {
					time.Sleep(ahead)
				}
				if _, err := tenant.System().Create(b.Context(), "deal", ops[i%len(ops)].Data); err != nil {
					b.Fatal(err)
				}
			}
			reached := float64(b.N) / time.Since(began).Seconds()
			doneRuns(b, tenant, b.N)
			var late []time.Duration
			for before := id.ID(0); ; {
				runs, err := runner.List(b.Context(), tenant.Tenant, runner.Listing{Before: before, Limit: 500})
				if err != nil {
					b.Fatal(err)
				}
				for _, run := range runs {
					made, err := tenant.System().Get(b.Context(), "deal", run.Record, []string{"created_at"})
					if err != nil {
						b.Fatal(err)
					}
					at, err := time.Parse(time.RFC3339Nano, decoded(b, made)["created_at"].(string))
					if err != nil {
						b.Fatal(err)
					}
					late, before = append(late, run.Started.Sub(at)), run.ID
				}
				if len(runs) < 500 {
					break
				}
			}
			slices.Sort(late)
			b.ReportMetric(reached, "runs/s")
			b.ReportMetric(float64(late[len(late)/2].Milliseconds()), "ms-median")
			b.ReportMetric(float64(late[len(late)*99/100].Milliseconds()), "ms-p99")
		})
	}
}

// BenchmarkSaves measures saves that set off nothing: without workflows, and with 100 on the object that want other
// fields to change.
func BenchmarkSaves(b *testing.B) {
	for name, trigger := range map[string]string{"without": "", "with": `{"type":"after_save","on":["update"],"fields":["closes"]}`} {
		b.Run(name, func(b *testing.B) {
			tenant, ops := benchTenant(b, trigger)
			var running sync.WaitGroup
			running.Go(func() { tenant.Outbox.Run(b.Context()) })
			made, err := tenant.System().Create(b.Context(), "deal", ops[0].Data)
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for i := range b.N {
				if _, err := tenant.System().Update(b.Context(), "deal", made.Record.ID(), map[string]any{"note": fmt.Sprint(i)}, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
