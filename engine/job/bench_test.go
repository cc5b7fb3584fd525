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

// BenchmarkDue runs 1,000 jobs that are due, alone and beside many that wait for next
// week.
func BenchmarkDue(b *testing.B) {
	for _, later := range []int{0, 10_000, 100_000} {
		b.Run(fmt.Sprint(later, " wait"), func(b *testing.B) {
			s := teststore.Open(b)
			tenant := fill(b, s, later)
			ids := id.NewSource(time.Now, func() uint32 { return 0 })
			enqueue := func() {
				now := time.Now()
				err := tenant.Write(b.Context(), func(tx store.Tx) error {
					return enqueueMany(b.Context(), tx, ids, now, 1000, New{Kind: "now"})
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			enqueue()
			runAll(b, s, 1000) // so that what filling left to do is done
			used := time.Duration(0)
			for b.Loop() {
				b.StopTimer()
				enqueue()
				before := processorTime()
				b.StartTimer()
				runAll(b, s, 1000)
				used += processorTime() - before
			}
			b.ReportMetric(float64(used.Microseconds())/float64(b.N)/1000, "cpu-µs/job")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/job")
		})
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
