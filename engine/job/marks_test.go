package job_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"formwork/engine/job"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// A process finds by marks what others enqueued, and settles a mark for when there is
// something to do: not at all, later, or soon for a process that knows the kind.
func TestMarks(t *testing.T) {
	h := newHouse(t)
	for _, name := range []string{"busy", "idle", "later", "foreign"} {
		h.tenant(name)
	}
	tenant := func(name string) store.Tenant {
		found, err := h.store.Tenant(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	begin := h.clock.now()
	work := h.enqueue(tenant("busy"), "work", nil)
	h.add(tenant("later"), job.New{Kind: "work", At: begin.Add(time.Hour)})
	h.add(tenant("foreign"), job.New{Kind: "of a newer version"})
	marks := &teststore.Marks{}
	for _, name := range []string{"busy", "idle", "later", "foreign", "gone"} {
		marks.Add(job.Topic, name)
	}
	r := h.runner("a", func(o *job.Options) { o.Marks, o.Poll = marks, time.Millisecond })
	r.Register(job.Kind{Name: "work", Handle: func(context.Context, store.Tenant, *job.Progress) error { return nil }})
	h.start(r)
	h.until(tenant("busy"), work, job.Done)
	for name, want := range map[string][]time.Time{"busy": {{}, begin.Add(time.Minute)}, // the end of the lease, for who looked while the work went on
		"idle": {{}}, "later": {begin.Add(time.Hour)}, "foreign": {begin.Add(time.Minute)}} {
		var next time.Time
		for settled := false; !settled; time.Sleep(time.Millisecond) {
			next, settled = marks.Settled(job.Topic, name)
		}
		if !slices.ContainsFunc(want, next.Equal) {
			t.Errorf("%s: settled until %v, want %v", name, next, want)
		}
	}
}

// marking is a tenant whose marks for jobs are noted, of each write those of the run that counts.
type marking struct {
	store.Tenant
	mu     sync.Mutex
	writes []*[]time.Time
}

func (m *marking) Write(ctx context.Context, fn func(store.Tx) error) error {
	var marks []time.Time
	m.mu.Lock()
	m.writes = append(m.writes, &marks)
	m.mu.Unlock()
	return m.Tenant.Write(ctx, func(tx store.Tx) error {
		m.mu.Lock()
		marks = nil
		m.mu.Unlock()
		return fn(markingTx{tx, m, &marks})
	})
}

// since are the marks since it was asked last.
func (m *marking) since() (all []time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, marks := range m.writes {
		all = append(all, *marks...)
		*marks = nil
	}
	return all
}

type markingTx struct {
	store.Tx
	of    *marking
	marks *[]time.Time
}

func (m markingTx) Mark(ctx context.Context, topic string, at time.Time) error {
	m.of.mu.Lock()
	defer m.of.mu.Unlock()
	if topic == job.Topic {
		*m.marks = append(*m.marks, at.UTC())
	}
	return m.Tx.Mark(ctx, topic, at)
}

// Whatever has a job wait leaves a mark for when it is due: it is enqueued, is let go by
// the job before it in its lane, fails and is tried again, or is begun anew by hand.
func TestWhatMarks(t *testing.T) {
	h := newHouse(t)
	acme := &marking{Tenant: h.tenant("acme")}
	begin := h.clock.now().UTC()
	due := begin.Add(-time.Minute)
	marks := func(what string, want time.Time) {
		t.Helper()
		if got := acme.since(); len(got) != 1 || !got[0].Equal(want) {
			t.Errorf("a job that %s left marks at %v, want %v", what, got, want)
		}
	}
	r := h.runner("a", func(o *job.Options) {
		o.Tenant = func(context.Context, string) (store.Tenant, error) { return acme, nil }
		o.Attempts, o.Backoff = 2, time.Minute
	})
	runs, hold := make(chan struct{}), make(chan struct{})
	refuse := true
	r.Register(job.Kind{Name: "first", Handle: func(context.Context, store.Tenant, *job.Progress) error {
		close(runs)
		<-hold
		return nil
	}}, job.Kind{Name: "second", Handle: func(context.Context, store.Tenant, *job.Progress) error {
		if refuse {
			return errors.New("broken pipe")
		}
		return nil
	}})
	h.start(r)
	h.add(acme, job.New{Kind: "first", Lane: "lane"})
	marks("is enqueued", begin)
	r.Wake("acme")
	<-runs
	second := h.add(acme, job.New{Kind: "second", Lane: "lane", At: due})
	acme.since()
	r.Wake("acme")
	h.untilHeld(acme.Tenant, second)
	close(hold)
	tries := func(n int64) {
		t.Helper()
		for {
			j, err := job.Get(t.Context(), acme.Tenant, second)
			if err != nil {
				t.Fatal(err)
			}
			if j.Attempts == n && j.Error != "" && j.State != job.Running {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	tries(1)
	if got := acme.since(); len(got) != 2 || !got[0].Equal(due) || !got[1].Equal(begin.Add(time.Minute)) {
		t.Errorf("a job that is let go, fails and is tried again left marks at %v", got)
	}
	h.clock.add(time.Minute)
	r.Wake("acme")
	h.until(acme.Tenant, second, job.Failed)
	refuse = false
	if err := job.Retry(t.Context(), acme, second, h.clock.now()); err != nil {
		t.Fatal(err)
	}
	marks("is begun anew", begin.Add(time.Minute))
	r.Wake("acme")
	h.until(acme.Tenant, second, job.Done)
}
