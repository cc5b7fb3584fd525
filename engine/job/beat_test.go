package job_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/job"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// A batch may take longer than the beats of its run, and than its lease, on a store whose
// transactions conflict: it is saved in its first run, and nobody takes the job over.
func TestBatchThatOutlastsBeats(t *testing.T) {
	h := newHouse(t)
	acme := teststore.NewOptimistic(h.tenant("acme"))
	as := func(o *job.Options) {
		o.Lease = 30 * time.Millisecond
		o.Tenant = func(context.Context, string) (store.Tenant, error) { return acme, nil }
	}
	r, other := h.runner("one", as), h.runner("other", as)
	var runs atomic.Int64
	begun, watched := make(chan struct{}), make(chan struct{})
	r.Register(job.Kind{Name: "work", Handle: func(ctx context.Context, t store.Tenant, j *job.Progress) error {
		return t.Write(ctx, func(tx store.Tx) error {
			if runs.Add(1) == 1 {
				close(begun)
				<-watched
			}
			for range 5 { // in all three times the lease
				for before := acme.Changes("_job_beat"); acme.Changes("_job_beat") == before; {
					time.Sleep(time.Millisecond)
				}
				h.clock.add(20 * time.Millisecond)
				other.Wake("acme")
			}
			return j.SaveIn(ctx, tx, 1, 1, nil)
		})
	}})
	other.Register(job.Kind{Name: "work", Handle: func(context.Context, store.Tenant, *job.Progress) error {
		t.Error("the other process took it over")
		return nil
	}})
	j := h.enqueue(acme.Tenant, "work", nil)
	h.start(r)
	r.Wake("acme")
	<-begun
	h.start(other)
	close(watched)
	h.until(acme.Tenant, j, job.Done)
	if runs.Load() != 1 {
		t.Errorf("the batch ran %d times", runs.Load())
	}
	if n, err := acme.Tenant.Count(t.Context(), "_job_beat", nil, nil, 0); err != nil || n != 0 {
		t.Errorf("%d beats are left, %v", n, err)
	}
}
