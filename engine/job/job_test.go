package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a store with runners over it.
type house struct {
	t     *testing.T
	store store.Store
	clock *clock
	ids   *id.Source
}

func newHouse(t *testing.T) *house {
	s := teststore.Open(t)
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return &house{t: t, store: s, clock: c, ids: id.NewSource(c.now, func() uint32 { return 0 })}
}

func (h *house) tenant(name string) store.Tenant {
	h.t.Helper()
	t, err := h.store.Create(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := t.Define(h.t.Context(), job.Tables()...); err != nil {
		h.t.Fatal(err)
	}
	return t
}

func (h *house) enqueue(t store.Tenant, kind string, args any) id.ID {
	h.t.Helper()
	return h.add(t, job.New{Kind: kind, Args: args, By: 7})
}

func (h *house) add(t store.Tenant, n job.New) (made id.ID) {
	h.t.Helper()
	err := t.Write(h.t.Context(), func(tx store.Tx) (err error) {
		made, err = job.Enqueue(h.t.Context(), tx, h.ids, h.clock.now(), n)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return made
}

func (h *house) runner(holder string, change ...func(*job.Options)) *job.Runner {
	o := job.Options{Tenant: h.store.Tenant, Now: h.clock.now, Holder: holder, Lease: time.Minute}
	for _, c := range change {
		c(&o)
	}
	return job.NewRunner(o)
}

// start runs a runner until the test, or the function returned, ends it.
func (h *house) start(r *job.Runner) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	stop = func() { cancel(); <-done }
	h.t.Cleanup(stop)
	return stop
}

// until waits for a job to come to a state.
func (h *house) until(t store.Tenant, j id.ID, state string) *job.Job {
	h.t.Helper()
	for range 4000 {
		found, err := job.Get(h.t.Context(), t, j)
		if err != nil {
			h.t.Fatal(err)
		}
		if found.State == state {
			return found
		}
		time.Sleep(5 * time.Millisecond)
	}
	found, _ := job.Get(h.t.Context(), t, j)
	h.t.Fatalf("job is %+v, want %s", found, state)
	return nil
}

func TestJobRunsWithItsArguments(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a")
	got := make(chan string, 1)
	r.Register(job.Kind{Name: "greet", Handle: func(ctx context.Context, in store.Tenant, p *job.Progress) error {
		var args struct{ Name string }
		if err := p.Decode(&args); err != nil {
			return err
		}
		if err := p.Save(ctx, 1, 2, map[string]int{"at": 1}); err != nil {
			return err
		}
		got <- in.Name() + " " + args.Name
		return nil
	}})
	h.start(r)
	j := h.enqueue(tenant, "greet", map[string]string{"name": "Ada"})
	r.Wake("one")
	done := h.until(tenant, j, job.Done)
	if s := <-got; s != "one Ada" {
		t.Errorf("ran %q", s)
	}
	if done.Done != 1 || done.Total != 2 || string(done.Cursor) != `{"at":1}` || done.By != 7 || done.EndedAt.IsZero() || done.Fault() != nil {
		t.Errorf("ended as %+v", done)
	}
}

func TestNothingIsEnqueuedByATransactionThatFails(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	refused := errors.New("no")
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		if _, err := job.Enqueue(t.Context(), tx, h.ids, h.clock.now(), job.New{Kind: "x"}); err != nil {
			return err
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	if jobs, err := job.List(t.Context(), tenant, job.Listing{}); err != nil || len(jobs) != 0 {
		t.Fatalf("%v, %v", jobs, err)
	}
}

func TestFailures(t *testing.T) {
	cases := []struct {
		name  string
		err   error
		runs  int
		state string
		code  string
	}{
		{"a wrong one is not tried again", fault.New(fault.Invalid, "job.not_found", "id", "x"), 1, job.Failed, "job.not_found"},
		{"an internal one is, until it has been tried enough", errors.New("broken pipe"), 3, job.Failed, "internal"},
		{"so is what may pass", fault.New(fault.Unavailable, "internal"), 3, job.Failed, "internal"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			tenant := h.tenant("one")
			r := h.runner("a", func(o *job.Options) { o.Attempts = 3 })
			ran := make(chan struct{}, 10)
			r.Register(job.Kind{Name: "fail", Handle: func(context.Context, store.Tenant, *job.Progress) error {
				ran <- struct{}{}
				return c.err
			}})
			h.start(r)
			j := h.enqueue(tenant, "fail", nil)
			for i := range c.runs {
				r.Wake("one")
				<-ran
				if i < c.runs-1 {
					h.until(tenant, j, job.Waiting)
					h.clock.add(time.Hour)
				}
			}
			ended := h.until(tenant, j, c.state)
			if ended.Error != c.code || ended.Fault() == nil || len(ran) != 0 {
				t.Errorf("ended as %+v after %d more runs", ended, len(ran))
			}
			if err := job.Retry(t.Context(), tenant, j, h.clock.now()); err != nil {
				t.Fatal(err)
			}
			r.Wake("one")
			<-ran
		})
	}
}

func TestPanicIsAFailureOfTheJobAlone(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a", func(o *job.Options) { o.Attempts = 1 })
	r.Register(job.Kind{Name: "panic", Handle: func(context.Context, store.Tenant, *job.Progress) error { panic("oh") }})
	r.Register(job.Kind{Name: "fine", Handle: func(context.Context, store.Tenant, *job.Progress) error { return nil }})
	h.start(r)
	broken, fine := h.enqueue(tenant, "panic", nil), h.enqueue(tenant, "fine", nil)
	r.Wake("one")
	h.until(tenant, broken, job.Failed)
	h.until(tenant, fine, job.Done)
}

// A process that dies leaves its jobs behind; another takes them over from the
// cursor once the lease has run out, and not before.
func TestTakeOverAfterADeath(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	dead := h.runner("dead", func(o *job.Options) { o.Workers = 1 }) // too busy to take it over itself
	holding, release := make(chan struct{}), make(chan struct{})
	late := make(chan error, 1)
	letGo := sync.OnceFunc(func() { close(release) })
	dead.Register(job.Kind{Name: "count", Handle: func(ctx context.Context, _ store.Tenant, p *job.Progress) error {
		if err := p.Save(ctx, 40, 100, 40); err != nil {
			return err
		}
		close(holding)
		<-release // as if the process had been stopped here
		late <- p.Save(context.WithoutCancel(ctx), 50, 100, 50)
		return nil
	}})
	h.start(dead)
	t.Cleanup(letGo) // before the runner is stopped
	j := h.enqueue(tenant, "count", nil)
	dead.Wake("one")
	<-holding

	heir := h.runner("heir")
	from := make(chan string, 1)
	heir.Register(job.Kind{Name: "count", Handle: func(ctx context.Context, _ store.Tenant, p *job.Progress) error {
		from <- fmt.Sprint(string(p.Cursor), " ", p.Done)
		return p.Save(ctx, 100, 100, 100)
	}})
	h.start(heir)
	heir.Wake("one")
	time.Sleep(50 * time.Millisecond)
	if len(from) > 0 {
		t.Fatal("taken over under a lease that holds")
	}
	h.clock.add(2 * time.Minute)
	heir.Wake("one")
	if s := <-from; s != "40 40" {
		t.Errorf("went on from %q", s)
	}
	h.until(tenant, j, job.Done)
	letGo()
	if err := <-late; !fault.Is(err, "job.lost") {
		t.Errorf("the dead one could still save: %v", err)
	}
	if found, err := job.Get(t.Context(), tenant, j); err != nil || found.Done != 100 || found.State != job.Done {
		t.Errorf("%+v, %v", found, err)
	}
}

// A process that is alone with its store goes on at its start with what a dead one
// left, without being woken and before the lease ends.
func TestGoesOnAfterTheStart(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	dead := h.runner("dead", func(o *job.Options) { o.Workers = 1 })
	holding, release := make(chan struct{}), make(chan struct{})
	dead.Register(job.Kind{Name: "count", Handle: func(ctx context.Context, _ store.Tenant, p *job.Progress) error {
		if err := p.Save(ctx, 40, 100, 40); err != nil {
			return err
		}
		close(holding)
		<-release
		return ctx.Err()
	}})
	h.start(dead)
	t.Cleanup(func() { close(release) })
	j := h.enqueue(tenant, "count", nil)
	dead.Wake("one")
	<-holding

	heir := h.runner("heir", func(o *job.Options) { o.Tenants, o.Alone = h.store.Tenants, true })
	heir.Register(job.Kind{Name: "count", Handle: func(ctx context.Context, _ store.Tenant, p *job.Progress) error {
		if p.Done != 40 {
			return fmt.Errorf("goes on from %d", p.Done)
		}
		return p.Save(ctx, 100, 100, 100)
	}})
	h.start(heir)
	if found := h.until(tenant, j, job.Done); found.Done != 100 {
		t.Errorf("%+v", found)
	}
}

func TestStopGivesJobsBack(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a")
	started := make(chan struct{})
	r.Register(job.Kind{Name: "long", Handle: func(ctx context.Context, _ store.Tenant, p *job.Progress) error {
		if err := p.Save(ctx, 1, 2, "half"); err != nil {
			return err
		}
		close(started)
		<-ctx.Done()
		return ctx.Err()
	}})
	stop := h.start(r)
	j := h.enqueue(tenant, "long", nil)
	r.Wake("one")
	<-started
	stop()
	found, err := job.Get(t.Context(), tenant, j)
	if err != nil || found.State != job.Waiting || string(found.Cursor) != `"half"` || found.Attempts != 0 {
		t.Fatalf("%+v, %v", found, err)
	}
}

func TestCancel(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a")
	started, told := make(chan struct{}), make(chan error, 1)
	r.Register(job.Kind{Name: "long", Handle: func(ctx context.Context, _ store.Tenant, p *job.Progress) error {
		close(started)
		for {
			if err := p.Save(ctx, 1, 2, nil); err != nil {
				told <- err
				return err
			}
			time.Sleep(time.Millisecond)
		}
	}})
	h.start(r)
	running := h.add(tenant, job.New{Kind: "long", Lane: "one"})
	waiting := h.add(tenant, job.New{Kind: "long", Lane: "one"})
	r.Wake("one")
	<-started
	for _, j := range []id.ID{waiting, running} {
		if err := job.Cancel(t.Context(), tenant, j, h.clock.now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-told; !fault.Is(err, "job.cancelled") {
		t.Error(err)
	}
	for _, j := range []id.ID{waiting, running} {
		h.until(tenant, j, job.Cancelled)
	}
	if err := job.Cancel(t.Context(), tenant, 12345, h.clock.now()); !fault.Is(err, "job.not_found") {
		t.Error(err)
	}
}

// Jobs of a lane keep their order; those of other lanes pass by.
func TestLanes(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	r := h.runner("a", func(o *job.Options) { o.Workers = 4 })
	var mu sync.Mutex
	var order []string
	running := 0
	work := func(_ context.Context, _ store.Tenant, p *job.Progress) error {
		mu.Lock()
		running++
		if running > 1 {
			t.Error("two jobs of a lane overlap")
		}
		order = append(order, p.Kind+string(p.Args))
		mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		return nil
	}
	r.Register(job.Kind{Name: "first", Handle: work}, job.Kind{Name: "second", Handle: work})
	free := make(chan struct{})
	r.Register(job.Kind{Name: "free", Handle: func(context.Context, store.Tenant, *job.Progress) error { close(free); return nil }})
	later := h.add(tenant, job.New{Kind: "free", At: h.clock.now().Add(time.Hour)})
	var last id.ID
	want := ""
	for i := range 6 {
		kind := []string{"first", "second"}[i%2]
		last = h.add(tenant, job.New{Kind: kind, Args: i, Lane: "ordered"})
		want += fmt.Sprint(kind, i, " ")
	}
	h.start(r)
	r.Wake("one")
	h.until(tenant, last, job.Done)
	got := ""
	for _, s := range order {
		got += s + " "
	}
	if got != want {
		t.Errorf("ran %s, want %s", got, want)
	}
	if found, _ := job.Get(t.Context(), tenant, later); found.State != job.Waiting {
		t.Errorf("what is for later is %s", found.State)
	}
	h.clock.add(2 * time.Hour)
	r.Wake("one")
	<-free
}

// A job that kills its process each time is not tried for ever.
func TestExhausted(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("one")
	j := h.enqueue(tenant, "kill", nil)
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		return tx.Update(t.Context(), "_job", j, 0, map[string]any{"state": job.Running, "due": nil, "holder": "dead/1", "attempts": int64(6),
			"lease_until": h.clock.now().Add(-time.Second).UnixMilli()}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	r := h.runner("a")
	r.Register(job.Kind{Name: "kill", Handle: func(context.Context, store.Tenant, *job.Progress) error { t.Error("ran again"); return nil }})
	h.start(r)
	r.Wake("one")
	if ended := h.until(tenant, j, job.Failed); ended.Error != "job.exhausted" {
		t.Errorf("ended as %+v", ended)
	}
}

func TestManyTenantsAndOldJobs(t *testing.T) {
	h := newHouse(t)
	r := h.runner("a", func(o *job.Options) { o.Workers = 3 })
	var mu sync.Mutex
	ran := map[string]int{}
	r.Register(job.Kind{Name: "mark", Handle: func(_ context.Context, in store.Tenant, _ *job.Progress) error {
		mu.Lock()
		defer mu.Unlock()
		ran[in.Name()]++
		return nil
	}})
	h.start(r)
	jobs := map[string][]id.ID{} // of each tenant: two run at a time, so the last may end before another
	tenants := map[string]store.Tenant{}
	for i := range 5 {
		name := fmt.Sprint("tenant-", i)
		tenants[name] = h.tenant(name)
		for range 8 {
			jobs[name] = append(jobs[name], h.enqueue(tenants[name], "mark", nil))
			r.Wake(name)
		}
	}
	for name, t := range tenants {
		for _, j := range jobs[name] {
			h.until(t, j, job.Done)
		}
	}
	mu.Lock()
	for name := range tenants {
		if ran[name] != 8 {
			t.Errorf("%s ran %d jobs", name, ran[name])
		}
	}
	mu.Unlock()
	h.clock.add(40 * 24 * time.Hour)
	one := tenants["tenant-0"]
	fresh := h.enqueue(one, "mark", nil)
	r.Wake("tenant-0")
	h.until(one, fresh, job.Done)
	for range 200 {
		jobs, err := job.List(t.Context(), one, job.Listing{State: job.Done})
		if err != nil {
			t.Fatal(err)
		}
		if len(jobs) == 1 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("jobs that ended long ago are still there")
}

// A job that comes again is one row: it waits for its time and does what it did before, until it says that all is done.
func TestJobsComeAgain(t *testing.T) {
	h := newHouse(t)
	tenant := h.tenant("main")
	runs := 0
	r := h.runner("a")
	r.Register(job.Kind{Name: "round", Handle: func(context.Context, store.Tenant, *job.Progress) error {
		if runs++; runs == 9 {
			return nil
		}
		return fmt.Errorf("said: %w", job.Again(h.clock.now().Add(time.Minute)))
	}})
	h.start(r)
	j := h.enqueue(tenant, "round", nil)
	for i := 1; i < 9; i++ {
		r.Wake("main")
		found := h.until(tenant, j, job.Waiting)
		for found.RunAt.Before(h.clock.now().Add(time.Minute)) { // it waits to begin
			time.Sleep(time.Millisecond)
			found = h.until(tenant, j, job.Waiting)
		}
		if found.Attempts != 0 || found.Error != "" || !found.EndedAt.IsZero() {
			t.Fatalf("after %d runs it is %+v", i, found)
		}
		h.clock.add(time.Minute)
	}
	r.Wake("main")
	h.until(tenant, j, job.Done)
	all, err := job.List(t.Context(), tenant, job.Listing{})
	if err != nil || len(all) != 1 || runs != 9 {
		t.Errorf("after %d runs there are %d jobs, %v", runs, len(all), err)
	}
	for _, f := range r.Figures() {
		if f.Kind == "round" && f.Runs[job.Done] != 9 {
			t.Errorf("the figures are %v", f.Runs)
		}
	}
}
