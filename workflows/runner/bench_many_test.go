package runner_test

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"formwork/engine/enginetest"
	"formwork/engine/record"
	"formwork/workflows/runner"
)

// many is a number from the environment, else the usual one.
func many(b *testing.B, name string, usual int) int {
	b.Helper()
	value := os.Getenv(name)
	if value == "" {
		return usual
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		b.Fatalf("%s: %v", name, err)
	}
	return n
}

// BenchmarkRunsOfManyTenants measures runs a second as BenchmarkRuns does, of events that are spread over FORMWORK_BENCH_TENANTS
// (2,000), each with its 100 workflows: as a process begins, which has to open each of them for a few events, and in a second round,
// with the saves that they come from.
func BenchmarkRunsOfManyTenants(b *testing.B) {
	p := enginetest.New(b, enginetest.Options{Now: time.Now})
	tenants := make([]*enginetest.Tenant, many(b, "FORMWORK_BENCH_TENANTS", 2_000))
	var ops []record.Operation
	for i := range tenants {
		tenants[i], ops = benchTenantOf(b, p, fmt.Sprint("t", i), created)
		for j := range ops { // its own users are of no other
			delete(ops[j].Data, "owner")
		}
	}
	ops = ops[:min(max(1, b.N/len(tenants)), len(ops))]
	save := func() {
		for _, tenant := range tenants {
			if _, err := tenant.System().Bulk(b.Context(), "deal", ops, true); err != nil {
				b.Fatal(err)
			}
		}
	}
	ended := 0
	wait := func() {
		ended += len(ops)
		for _, tenant := range tenants {
			doneRuns(b, tenant, ended)
		}
	}
	rate := func(began time.Time) float64 { return float64(len(tenants)*len(ops)) / time.Since(began).Seconds() }
	save()
	b.ResetTimer()
	began := time.Now()
	var running sync.WaitGroup
	running.Go(func() { p.Outbox.Run(b.Context()) })
	wait()
	b.ReportMetric(rate(began), "runs/s-at-first")
	began = time.Now()
	save()
	wait()
	b.ReportMetric(rate(began), "runs/s-with-saves")
}

// processor is how much of it this process has used.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkTimers measures what FORMWORK_BENCH_TIMERS (100,000) runs cost that wait for a time: the processor in ten seconds in
// which nothing happens, without them and with them, and the runs a second that others get beside them.
func BenchmarkTimers(b *testing.B) {
	const waits = `{"kind":"workflow","name":"remind","object":"account","trigger":{"type":"after_save","on":["create"]},"start":"a","steps":{
		"a":{"type":"wait","for":"days(30)","next":"b"},"b":{"type":"set","values":{"region":"'late'"}}}}`
	timers := many(b, "FORMWORK_BENCH_TIMERS", 100_000)
	tenant, ops := benchTenantOf(b, enginetest.New(b, enginetest.Options{Now: time.Now}), "main", created, waits)
	var running sync.WaitGroup
	running.Go(func() { tenant.Run(b.Context()) })
	idle := func() float64 {
		const during = 10 * time.Second
		before := processor(b)
		time.Sleep(during)
		return 100 * (processor(b) - before).Seconds() / during.Seconds()
	}
	ended := 0
	rate := func() float64 {
		began := time.Now()
		for made := 0; made < b.N; made += len(ops) {
			if _, err := tenant.System().Bulk(b.Context(), "deal", ops, true); err != nil {
				b.Fatal(err)
			}
			ended += len(ops)
		}
		doneRuns(b, tenant, ended)
		return float64(b.N) / time.Since(began).Seconds()
	}
	rate()
	idleWithout, without := idle(), rate()
	accounts := make([]record.Operation, 500)
	for i := range accounts {
		accounts[i] = record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint("Account ", i)}}
	}
	for made := 0; made < timers; made += len(accounts) {
		if _, err := tenant.System().Bulk(b.Context(), "account", accounts, true); err != nil {
			b.Fatal(err)
		}
	}
	for {
		waiting, err := runner.Count(b.Context(), tenant.Tenant, runner.Waiting)
		if err != nil {
			b.Fatal(err)
		}
		if waiting >= timers {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	idleWith, with := idle(), rate()
	b.ReportMetric(idleWithout, "%idle-without")
	b.ReportMetric(idleWith, "%idle-with")
	b.ReportMetric(without, "runs/s-without")
	b.ReportMetric(with, "runs/s-with")
}

// BenchmarkSavesWithClocks measures saves that move a moment which sets off a workflow, and that move the target of an SLA (which is
// such a moment, too), beside saves of as many fields of which nothing follows.
func BenchmarkSavesWithClocks(b *testing.B) {
	const (
		warn  = `{"kind":"workflow","name":"warn","object":"inquiry","trigger":{"type":"moment","field":"r_due","before":"1h"},"start":"a","steps":{"a":{"type":"set","values":{"note":"'late'"}}}}`
		level = `{"kind":"sla","name":"answer","object":"inquiry","label":"Answer","target":"priority == 'high' ? hours(200) : hours(300)","stops":"status == 'closed'","fields":{"state":"r_state","due":"r_due","since":"r_since","spent":"r_spent","left":"r_left"}}`
	)
	for _, of := range []struct {
		name      string
		documents []string
	}{{"without", nil}, {"moment", []string{warn}}, {"sla", []string{level}}, {"both", []string{warn, level}}} {
		b.Run(of.name, func(b *testing.B) {
			tenant, _ := benchTenantOf(b, enginetest.New(b, enginetest.Options{Now: time.Now}), "main", "", of.documents...)
			var running sync.WaitGroup
			running.Go(func() { tenant.Run(b.Context()) })
			made, err := tenant.System().Create(b.Context(), "inquiry", map[string]any{"name": "A"})
			if err != nil {
				b.Fatal(err)
			}
			clocked := len(of.documents) > 0 && of.documents[len(of.documents)-1] == level
			b.ResetTimer()
			for i := range b.N {
				change := map[string]any{"note": fmt.Sprint(i), "priority": []string{"high", "low"}[i%2]}
				if !clocked {
					change["r_due"] = time.Now().Add(720*time.Hour + time.Duration(i)*time.Minute).UTC().Format(time.RFC3339)
				}
				if _, err := tenant.System().Update(b.Context(), "inquiry", made.Record.ID(), change, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
