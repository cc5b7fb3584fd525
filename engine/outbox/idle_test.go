package outbox_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/store"
)

// counted is a tenant that counts what is asked of it; all share one store below.
type counted struct {
	store.Tenant
	name  string
	calls *atomic.Int64
}

func (c counted) Name() string { return c.name }

func (c counted) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	c.calls.Add(1)
	return c.Tenant.Select(ctx, q)
}

func (c counted) ReadLog(ctx context.Context, q store.LogRead) iter.Seq2[store.Row, error] {
	c.calls.Add(1)
	return c.Tenant.ReadLog(ctx, q)
}

func (c counted) Write(ctx context.Context, fn func(tx store.Tx) error) error {
	c.calls.Add(1)
	return c.Tenant.Write(ctx, fn)
}

// manyTenants is a dispatcher with two consumers that has looked at many tenants, none
// of which has events.
func manyTenants(t testing.TB, n int) (d *outbox.Dispatcher, calls *atomic.Int64) {
	h := newHouse(t)
	below := h.tenant("below")
	calls = &atomic.Int64{}
	nothing := func(context.Context, store.Tenant, *outbox.Batch) error { return nil }
	d, _ = h.dispatcher(func(o *outbox.Options) {
		o.Now = time.Now
		o.Tenant = func(_ context.Context, name string) (store.Tenant, error) { return counted{below, name, calls}, nil }
	}, outbox.Consumer{Name: "one", Handle: nothing}, outbox.Consumer{Name: "two", Handle: nothing})
	if err := d.Enroll(t.Context(), below); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		d.Wake(fmt.Sprint("tenant", i))
	}
	h.until("a look at each", func() bool { return calls.Load() >= int64(4*n) })
	h.until("the end of that", func() bool { return outbox.Waiting(d) == 0 })
	return d, calls
}

// Tenants without events cost nothing: the store is asked nothing, and nothing of them
// is kept.
func TestIdleTenantsCostNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	d, calls := manyTenants(t, 500)
	looked := calls.Load()
	if looked != 4*500 {
		t.Errorf("%d questions for 500 tenants and two consumers", looked)
	}
	time.Sleep(300 * time.Millisecond) // for whatever would wake up by itself
	if calls.Load() != looked || outbox.Waiting(d) != 0 {
		t.Errorf("%d questions about idle tenants, %d of them kept", calls.Load()-looked, outbox.Waiting(d))
	}
	if more := runtime.NumGoroutine() - before; more > 20 {
		t.Errorf("%d goroutines more", more)
	}
}

// processorTime is what the process has used, where that can be known.
var processorTime = func() time.Duration { return 0 }

// BenchmarkIdle is a second with 10,000 tenants that have no events.
func BenchmarkIdle(b *testing.B) {
	manyTenants(b, 10_000)
	runtime.GC()
	used, began := processorTime(), time.Now()
	for b.Loop() {
		time.Sleep(time.Second)
	}
	b.ReportMetric(100*float64(processorTime()-used)/float64(time.Since(began)), "%-of-a-core")
}
