package job

import (
	"context"
	"fmt"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// processorTime is what the process has used, where that can be known.
var processorTime = func() time.Duration { return 0 }

// BenchmarkDue runs 1,000 jobs that are due, in turn alone and beside many that wait for
// next week, so that what the machine does otherwise slows each as much.
func BenchmarkDue(b *testing.B) {
	beside := []int{0, 10_000, 100_000}
	stores := make([]store.Store, len(beside))
	tenants := make([]store.Tenant, len(beside))
	for i, later := range beside {
		stores[i] = teststore.Open(b)
		tenants[i] = fill(b, stores[i], later)
	}
	ids := id.NewSource(time.Now, func() uint32 { return 0 })
	round := func(i int) (used time.Duration) {
		now := time.Now()
		err := tenants[i].Write(b.Context(), func(tx store.Tx) error {
			return enqueueMany(b.Context(), tx, ids, now, 1000, New{Kind: "now"})
		})
		if err != nil {
			b.Fatal(err)
		}
		before := processorTime()
		runAll(b, stores[i], 1000)
		return processorTime() - before
	}
	used := make([]time.Duration, len(beside))
	for i := range beside {
		round(i) // so that what filling left to do is done
	}
	for b.Loop() {
		for i := range beside {
			used[i] += round(i)
		}
	}
	for i, later := range beside {
		b.ReportMetric(float64(used[i].Microseconds())/float64(b.N)/1000, fmt.Sprintf("cpu-µs/job-beside-%d", later))
	}
}

// runAll runs a runner until it has done n jobs.
func runAll(b *testing.B, s store.Store, n int) {
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	r := NewRunner(Options{Tenant: s.Tenant, Now: time.Now, Holder: "bench"})
	done := make(chan struct{}, n)
	r.Register(Kind{Name: "now", Handle: func(context.Context, store.Tenant, *Progress) error { done <- struct{}{}; return nil }})
	r.Wake("one")
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	for range n {
		<-done
	}
	stop()
	<-ended
}
