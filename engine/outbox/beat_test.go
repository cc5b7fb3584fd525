package outbox_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/outbox"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// A batch may take longer than the beats of its lease, and than the lease, on a store whose
// transactions conflict: it is saved in its first run, and nobody takes the consumer over.
func TestBatchThatOutlastsBeats(t *testing.T) {
	h := newHouse(t)
	acme := teststore.NewOptimistic(h.tenant("acme"))
	h.write(acme.Tenant, 1, 2)
	as := func(holder string) func(*outbox.Options) {
		return func(o *outbox.Options) {
			sharedBy(holder)(o)
			o.Lease = 30 * time.Millisecond
			o.Tenant = func(context.Context, string) (store.Tenant, error) { return acme, nil }
		}
	}
	var runs atomic.Int64
	begun, watched := make(chan struct{}), make(chan struct{})
	var other *outbox.Dispatcher
	one, _ := h.dispatcher(as("one"), outbox.Consumer{Name: "one", Handle: func(ctx context.Context, in store.Tenant, b *outbox.Batch) error {
		return in.Write(ctx, func(tx store.Tx) error {
			if runs.Add(1) == 1 {
				close(begun)
				<-watched
			}
			for range 5 { // in all three times the lease
				for before := acme.Changes("_consumer_beat"); acme.Changes("_consumer_beat") == before; {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					time.Sleep(time.Millisecond)
				}
				h.clock.add(20 * time.Millisecond)
				other.Wake("acme")
			}
			if err := tx.Insert(ctx, "effect", h.ids.Next(), map[string]any{"n": int64(1)}, nil); err != nil {
				return err
			}
			return b.SaveIn(ctx, tx)
		})
	}})
	one.Wake("acme")
	<-begun
	other, _ = h.dispatcher(as("other"), outbox.Consumer{Name: "one", Handle: func(context.Context, store.Tenant, *outbox.Batch) error {
		t.Error("the other process took it over")
		return nil
	}})
	close(watched)
	h.until("the batch to be saved", func() bool {
		s, err := one.Status(t.Context(), acme.Tenant)
		return err == nil && len(s) == 1 && s[0].Behind == 0
	})
	if runs.Load() != 1 {
		t.Errorf("the batch ran %d times", runs.Load())
	}
	if n, err := acme.Tenant.Count(t.Context(), "effect", nil, nil, 0); err != nil || n != 1 {
		t.Errorf("%d effects, %v", n, err)
	}
	if err := outbox.Remove(t.Context(), acme.Tenant, "one"); err != nil {
		t.Fatal(err)
	}
	if n, err := acme.Tenant.Count(t.Context(), "_consumer_beat", nil, nil, 0); err != nil || n != 0 {
		t.Errorf("%d beats of a consumer that is gone, %v", n, err)
	}
}
