package job_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// nothing is a handler that does nothing.
func nothing(context.Context, store.Tenant, *job.Progress) error { return nil }

// blocking is a handler that tells when it begins and returns when it is let.
func blocking(t *testing.T) (begun chan id.ID, release func(), handle job.Handler) {
	begun = make(chan id.ID, 1000)
	let := make(chan struct{})
	release = sync.OnceFunc(func() { close(let) })
	return begun, release, func(_ context.Context, _ store.Tenant, p *job.Progress) error {
		begun <- p.ID
		select {
		case <-let:
		case <-t.Context().Done(): // the test is over
		}
		return nil
	}
}

// addMany enqueues n jobs in one transaction and returns the last.
func (h *house) addMany(t store.Tenant, count int, n job.New) (last id.ID) {
	h.t.Helper()
	err := t.Write(h.t.Context(), func(tx store.Tx) (err error) {
		for range count {
			if last, err = job.Enqueue(h.t.Context(), tx, h.ids, h.clock.now(), n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return last
}

// stays asserts the state of a job.
func (h *house) stays(t store.Tenant, j id.ID, state string) {
	h.t.Helper()
	if found, err := job.Get(h.t.Context(), t, j); err != nil || found.State != state {
		h.t.Errorf("job is %+v (%v), want %s", found, err, state)
	}
}

// What can't run now hides nothing that can: what waits for next week, what no runner
// here knows, what is of a kind at its limit, and what is in a lane that is busy.
func TestNothingHidesWhatIsDue(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a")
	begun, release, handle := blocking(t)
	r.Register(
		job.Kind{Name: "block", Handle: handle},
		job.Kind{Name: "single", Limit: 1, Handle: handle},
		job.Kind{Name: "plain", Handle: nothing},
	)
	h.addMany(tenant, 600, job.New{Kind: "plain", At: h.clock.now().Add(7 * 24 * time.Hour)})
	h.addMany(tenant, 600, job.New{Kind: "of another program"})
	last := h.addMany(tenant, 40, job.New{Kind: "single"})
	blocked := h.addMany(tenant, 120, job.New{Kind: "block", Lane: "busy"})
	h.clock.add(time.Second)
	plain, other := h.enqueue(tenant, "plain", nil), h.add(tenant, job.New{Kind: "plain", Lane: "other"})
	h.start(r)
	r.Wake("one")
	h.until(tenant, plain, job.Done)
	h.until(tenant, other, job.Done)
	if len(begun) != 2 {
		t.Errorf("%d jobs have begun beside", len(begun))
	}
	h.stays(tenant, last, job.Waiting)
	h.stays(tenant, blocked, job.Waiting)
	release()
	h.until(tenant, blocked, job.Done)
	h.until(tenant, last, job.Done)
}

// A job that is tried again after a pause lets its lane go on, but for strict jobs.
func TestAPauseHoldsUpWhatIsStrict(t *testing.T) {
	for _, strict := range []bool{false, true} {
		h := newHouse(t)
		tenant := h.tenant("one")
		r := h.runner("a")
		var failed atomic.Bool
		r.Register(job.Kind{Name: "once", Handle: func(context.Context, store.Tenant, *job.Progress) error {
			if failed.CompareAndSwap(false, true) {
				return errors.New("broken pipe")
			}
			return nil
		}}, job.Kind{Name: "next", Strict: strict, Handle: nothing}, job.Kind{Name: "last", Strict: strict, Handle: nothing})
		first := h.add(tenant, job.New{Kind: "once", Lane: "lane"})
		second := h.add(tenant, job.New{Kind: "next", Lane: "lane"})
		last := h.add(tenant, job.New{Kind: "last", Lane: "lane"})
		outside := h.enqueue(tenant, "next", nil)
		h.start(r)
		r.Wake("one")
		h.until(tenant, outside, job.Done)
		if !strict {
			h.until(tenant, last, job.Done)
			h.stays(tenant, first, job.Waiting)
		} else {
			time.Sleep(100 * time.Millisecond)
			h.stays(tenant, second, job.Waiting)
			h.stays(tenant, last, job.Waiting)
		}
		h.clock.add(time.Hour)
		r.Wake("one")
		for _, j := range []id.ID{first, second, last} {
			h.until(tenant, j, job.Done)
		}
	}
}

// A strict job whose time has come waits for one before it whose has not.
func TestStrictOrderIsThatOfEnqueueing(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a", func(o *job.Options) { o.Lease = 24 * time.Hour }) // the clock moves while jobs run
	var mu sync.Mutex
	var order []id.ID
	r.Register(job.Kind{Name: "step", Strict: true, Handle: func(_ context.Context, _ store.Tenant, p *job.Progress) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, p.ID)
		return nil
	}})
	var want []id.ID
	for _, minutes := range []int{30, 20, 40, 0, 10} {
		want = append(want, h.add(tenant, job.New{Kind: "step", Lane: "lane", At: h.clock.now().Add(time.Duration(minutes) * time.Minute)}))
	}
	h.start(r)
	for range 5 {
		r.Wake("one")
		time.Sleep(60 * time.Millisecond)
		h.clock.add(10 * time.Minute)
	}
	r.Wake("one")
	for _, j := range want {
		h.until(tenant, j, job.Done)
	}
	for i := range want {
		if order[i] != want[i] {
			t.Fatalf("ran %v, want %v", order, want)
		}
	}
}

// Somebody who has very much to do does not keep another from getting a turn.
func TestTenantsDoNotStarve(t *testing.T) {
	h := newHouse(t)
	busy, small := h.tenant("busy"), h.tenant("small")
	r := h.runner("a", func(o *job.Options) { o.Workers = 2 })
	var ran atomic.Int64
	r.Register(job.Kind{Name: "much", Handle: func(context.Context, store.Tenant, *job.Progress) error { ran.Add(1); return nil }},
		job.Kind{Name: "little", Handle: nothing})
	const much = 3000
	h.addMany(busy, much, job.New{Kind: "much"})
	h.start(r)
	r.Wake("busy")
	for ran.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	j := h.enqueue(small, "little", nil)
	r.Wake("small")
	h.until(small, j, job.Done)
	if n := ran.Load(); n > much/2 {
		t.Errorf("%d of %d jobs of another tenant ran first", n, much)
	}
}

// A job that was cancelled keeps its lane and its place among its kind until its handler
// has returned; retried meanwhile, it runs after that.
func TestCancelledWhileItRuns(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a")
	begun, release, handle := blocking(t)
	r.Register(job.Kind{Name: "deaf", Handle: handle}, job.Kind{Name: "limited", Limit: 1, Handle: handle}, job.Kind{Name: "plain", Handle: nothing})
	stubborn := h.add(tenant, job.New{Kind: "deaf", Lane: "lane"})
	behind := h.add(tenant, job.New{Kind: "plain", Lane: "lane"})
	first := h.enqueue(tenant, "limited", nil)
	second := h.enqueue(tenant, "limited", nil)
	h.start(r)
	r.Wake("one")
	<-begun
	<-begun
	for _, j := range []id.ID{stubborn, first} {
		if err := job.Cancel(t.Context(), tenant, j, h.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := job.Retry(t.Context(), tenant, first, h.clock.now()); err != nil {
		t.Fatal(err)
	}
	r.Wake("one")
	plain := h.enqueue(tenant, "plain", nil)
	r.Wake("one")
	h.until(tenant, plain, job.Done)
	h.stays(tenant, stubborn, job.Cancelled)
	for _, j := range []id.ID{behind, first, second} {
		h.stays(tenant, j, job.Waiting)
	}
	release()
	for _, j := range []id.ID{behind, first, second} {
		h.until(tenant, j, job.Done)
	}
	h.stays(tenant, stubborn, job.Cancelled)
}

// Who is held by a job that waits goes on when that is cancelled.
func TestCancelledWhileItWaits(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a")
	r.Register(job.Kind{Name: "step", Strict: true, Handle: nothing})
	first := h.add(tenant, job.New{Kind: "step", Lane: "lane", At: h.clock.now().Add(time.Hour)})
	behind := h.add(tenant, job.New{Kind: "step", Lane: "lane"})
	h.start(r)
	r.Wake("one")
	h.untilHeld(tenant, behind)
	if err := job.Cancel(t.Context(), tenant, first, h.clock.now()); err != nil {
		t.Fatal(err)
	}
	r.Wake("one")
	h.until(tenant, behind, job.Done)
}

// untilHeld waits for a job to be held by another.
func (h *house) untilHeld(t store.Tenant, j id.ID) {
	h.t.Helper()
	held := query.All{query.Is(query.ID, int64(j)), query.Is(query.Column{Name: "state", Storage: fieldtype.Text}, "held")}
	for range 4000 {
		if n, err := t.Count(h.t.Context(), "_job", held, nil, 0); err == nil && n == 1 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Fatal("it is not held")
}

// A job that nobody lets go, as a store without transactions may leave it, is let go by
// the next of its lane.
func TestForgottenWhileHeld(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a")
	r.Register(job.Kind{Name: "plain", Handle: nothing})
	forgotten := h.add(tenant, job.New{Kind: "plain", Lane: "lane"})
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		return tx.Update(t.Context(), "_job", forgotten, 0, map[string]any{"state": "held", "due": nil, "phase": "open"}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	next := h.add(tenant, job.New{Kind: "plain", Lane: "lane"})
	h.start(r)
	r.Wake("one")
	h.until(tenant, forgotten, job.Done)
	h.until(tenant, next, job.Done)
}

// The lane of a job that was cancelled, and whose process died before it noticed, is free
// when the lease has run out.
func TestCancelledWhileItsProcessDied(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	dead := h.runner("dead", func(o *job.Options) { o.Workers = 1 })
	begun, _, handle := blocking(t)
	dead.Register(job.Kind{Name: "deaf", Handle: handle})
	j := h.add(tenant, job.New{Kind: "deaf", Lane: "lane"})
	behind := h.add(tenant, job.New{Kind: "plain", Lane: "lane"})
	h.start(dead)
	dead.Wake("one")
	<-begun
	if err := job.Cancel(t.Context(), tenant, j, h.clock.now()); err != nil {
		t.Fatal(err)
	}
	heir := h.runner("heir")
	heir.Register(job.Kind{Name: "plain", Handle: nothing})
	h.start(heir)
	heir.Wake("one")
	time.Sleep(100 * time.Millisecond)
	h.stays(tenant, behind, job.Waiting)
	h.clock.add(2 * time.Minute)
	heir.Wake("one")
	h.until(tenant, behind, job.Done)
	h.stays(tenant, j, job.Cancelled)
}

// A runner knows when the next job of a tenant is due without being woken then.
func TestWakesForWhatIsLater(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a", func(o *job.Options) { o.Now = time.Now })
	r.Register(job.Kind{Name: "plain", Handle: nothing})
	h.start(r)
	h.add(tenant, job.New{Kind: "plain", At: time.Now().Add(time.Hour)})
	soon := h.add(tenant, job.New{Kind: "plain", At: time.Now().Add(300 * time.Millisecond)})
	r.Wake("one")
	if done := h.until(tenant, soon, job.Done); done.StartedAt.Before(done.RunAt) {
		t.Errorf("started at %v, before %v", done.StartedAt, done.RunAt)
	}
}

func TestKindsAreRegisteredOnce(t *testing.T) {
	r := newHouse(t).runner("a")
	r.Register(job.Kind{Name: "plain", Handle: nothing})
	for _, k := range []job.Kind{{Name: "plain", Handle: nothing}, {Name: "without a handler"}, {Handle: nothing}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("registered %q", k.Name)
				}
			}()
			r.Register(k)
		}()
	}
}

func TestEnqueueRefusesWhatIsTooLarge(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	for _, n := range []job.New{{Kind: "x", Args: string(make([]byte, job.MaxArgs))}, {Kind: "x", Lane: string(make([]byte, job.MaxLane+1))}} {
		err := tenant.Write(t.Context(), func(tx store.Tx) error {
			_, err := job.Enqueue(t.Context(), tx, h.ids, h.clock.now(), n)
			return err
		})
		if err == nil || len(n.Lane) == 0 && !fault.Is(err, "job.too_large") {
			t.Errorf("enqueued more than %d bytes, or a lane of %d: %v", job.MaxArgs, len(n.Lane), err)
		}
	}
}
