package job_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo/mongotest"
	"formwork/metadata/fieldtype"
)

// Whatever is enqueued, fails, is cancelled and retried, and although one of two
// processes dies with jobs in its hands: two jobs of a lane never run at a time, those
// of a lane begin in their order, limits hold, and everything is done in the end.
func TestJobsAgainstAModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { newTrial(t, seed).run() })
	}
}

// planned is what the model knows of a job.
type planned struct {
	kind, lane string
	strict     bool
	later      bool // waits, or has waited, for a later time
	failures   int  // runs that are to fail before one succeeds
	broken     bool // fails for good
	starts     int  // runs that began
	ended      bool // done, failed or cancelled
	cancelled  bool // at least once
}

// trial is one history of jobs with its model.
type trial struct {
	*house
	random *rand.Rand
	tenant store.Tenant

	mu      sync.Mutex
	jobs    map[id.ID]*planned
	order   []id.ID
	running map[id.ID]*process // by whom
}

// process is a runner that may die: then its handlers return, and what it writes fails.
type process struct {
	name   string
	runner *job.Runner
	stop   func()
	dead   atomic.Bool
	death  chan struct{}
}

// mortal is a tenant in the hands of a process.
type mortal struct {
	store.Tenant
	in *process
}

func (m mortal) Write(ctx context.Context, fn func(store.Tx) error) error {
	if m.in.dead.Load() {
		return errors.New("dead")
	}
	return m.Tenant.Write(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		if m.in.dead.Load() {
			return errors.New("dead")
		}
		return nil
	})
}

// kinds are those of the trial with their limits; the strict ones end with an s.
var kinds = map[string]int{"free": 0, "pair": 2, "single": 1, "steps": 0, "pairs": 2}

func newTrial(t *testing.T, seed uint64) *trial {
	h := newHouse(t)
	return &trial{house: h, random: rand.New(rand.NewPCG(seed, 1)), tenant: h.tenant("one"),
		jobs: map[id.ID]*planned{}, running: map[id.ID]*process{}}
}

// process starts a process. Leases are so long that none runs out by itself.
func (tr *trial) process(name string) *process {
	p := &process{name: name, death: make(chan struct{})}
	p.runner = tr.runner(name, func(o *job.Options) {
		o.Lease, o.Workers, o.Attempts = 24*time.Hour, 6, 1000
		o.Tenant = func(ctx context.Context, name string) (store.Tenant, error) {
			opened, err := tr.store.Tenant(ctx, name)
			return mortal{opened, p}, err
		}
	})
	for name := range kinds {
		p.runner.Register(job.Kind{Name: name, Strict: strict(name), Limit: kinds[name],
			Handle: func(ctx context.Context, _ store.Tenant, j *job.Progress) error { return tr.handle(ctx, p, j) }})
	}
	p.stop = tr.start(p.runner)
	return p
}

func strict(kind string) bool { return kind[len(kind)-1] == 's' }

// kill ends a process without its noting anything, and has its leases run out.
func (tr *trial) kill(p *process) {
	tr.mu.Lock()
	p.dead.Store(true)
	for j, by := range tr.running {
		if by == p {
			delete(tr.running, j)
		}
	}
	tr.mu.Unlock()
	close(p.death)
	p.stop()
	q := query.Select{Table: "_job", Columns: []query.Ref{query.Field(query.ID)}, Sort: []query.Order{{Ref: query.Field(query.ID)}},
		Filter: query.Like{Ref: query.Field(query.Column{Name: "holder", Storage: fieldtype.Text}), Text: p.name + "/", At: query.Start}}
	err := tr.tenant.Write(tr.t.Context(), func(tx store.Tx) error {
		var jobs []id.ID
		for row, err := range tx.Select(tr.t.Context(), q) {
			if err != nil {
				return err
			}
			jobs = append(jobs, id.ID(row[0].(int64)))
		}
		for _, j := range jobs {
			if err := tx.Update(tr.t.Context(), "_job", j, 0, map[string]any{"lease_until": int64(1)}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tr.t.Fatal(err)
	}
}

// handle is a run of a job.
func (tr *trial) handle(ctx context.Context, by *process, p *job.Progress) error {
	j, begins := tr.begin(by, p.ID)
	if !begins {
		return errors.New("dead")
	}
	select {
	case <-by.death:
	case <-time.After(time.Duration(p.ID%4) * time.Millisecond):
	}
	return tr.end(by, p.ID, j)
}

// begin checks that a job may begin now.
func (tr *trial) begin(by *process, i id.ID) (*planned, bool) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if by.dead.Load() {
		return nil, false
	}
	j := tr.jobs[i]
	kind := 0
	for other := range tr.running {
		if o := tr.jobs[other]; o.kind == j.kind {
			kind++
		}
		if o := tr.jobs[other]; j.lane != "" && o.lane == j.lane {
			tr.t.Errorf("%v %+v begins while %v %+v runs", i, j, other, o)
		}
	}
	if limit := kinds[j.kind]; limit > 0 && kind >= limit {
		tr.t.Errorf("%d jobs of kind %s run, not %d", kind+1, j.kind, limit)
	}
	for _, before := range tr.order {
		o := tr.jobs[before]
		if before == i || j.lane == "" || o.lane != j.lane {
			if before == i {
				break
			}
			continue
		}
		// What was cancelled and retried is not where it was, nor what waited for a place.
		inTurn := o.starts == 0 && !o.later && kinds[o.kind] == 0 && !o.cancelled && j.starts == 0 && !j.cancelled
		if !o.ended && !o.cancelled && (j.strict && j.starts == 0 || inTurn) {
			tr.t.Errorf("%v %+v begins before %v %+v", i, j, before, o)
		}
	}
	j.starts++
	tr.running[i] = by
	return j, true
}

// end says how a run ended.
func (tr *trial) end(by *process, i id.ID, j *planned) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if by.dead.Load() {
		return errors.New("dead")
	}
	delete(tr.running, i)
	switch {
	case j.broken:
		j.ended = true
		return fault.New(fault.Invalid, "job.not_found", "id", i.String())
	case j.failures > 0:
		j.failures--
		j.later = true
		return errors.New("broken pipe")
	}
	j.ended = true
	return nil
}

// enqueue adds a random job.
func (tr *trial) enqueueAny() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	names := []string{"free", "pair", "single", "steps", "pairs"}
	j := &planned{kind: names[tr.random.IntN(len(names))], broken: tr.random.IntN(12) == 0}
	j.strict = strict(j.kind)
	if tr.random.IntN(3) > 0 {
		j.lane = fmt.Sprint("lane ", tr.random.IntN(6))
	}
	if tr.random.IntN(5) == 0 {
		j.failures = 1 + tr.random.IntN(3)
	}
	n := job.New{Kind: j.kind, Lane: j.lane}
	if tr.random.IntN(4) == 0 {
		j.later = true
		n.At = tr.clock.now().Add(time.Duration(tr.random.IntN(60)) * time.Second)
	}
	made := tr.add(tr.tenant, n)
	tr.jobs[made] = j
	tr.order = append(tr.order, made)
}

// cancelAny cancels a random job and may retry it.
func (tr *trial) cancelAny() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.order) == 0 {
		return
	}
	i := tr.order[tr.random.IntN(len(tr.order))]
	if tr.jobs[i].ended {
		return
	}
	tr.jobs[i].cancelled = true
	if err := job.Cancel(tr.t.Context(), tr.tenant, i, tr.clock.now()); err != nil {
		tr.t.Fatal(err)
	}
	if tr.random.IntN(2) == 0 {
		tr.jobs[i].ended = true
	} else if err := job.Retry(tr.t.Context(), tr.tenant, i, tr.clock.now()); err != nil && !fault.Is(err, "job.not_failed") {
		tr.t.Fatal(err)
	}
}

func (tr *trial) run() {
	mayDie, stays := tr.process("mortal"), tr.process("heir")
	steps := 160
	if mongotest.URI() != "" {
		steps = 50 // a server may take milliseconds for each of the many small questions
	}
	for step := range steps {
		tr.enqueueAny()
		tr.enqueueAny()
		if tr.random.IntN(8) == 0 {
			tr.cancelAny()
		}
		tr.clock.add(time.Duration(tr.random.IntN(400)) * time.Millisecond)
		if step%50 == 30 {
			tr.kill(mayDie)
			mayDie = tr.process(fmt.Sprint("mortal ", step))
		}
		mayDie.runner.Wake("one")
		stays.runner.Wake("one")
		time.Sleep(2 * time.Millisecond)
	}
	tr.wait(stays, func() bool {
		tr.clock.add(time.Second)
		return tr.open() == 0
	})
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for i, j := range tr.jobs {
		found, err := job.Get(tr.t.Context(), tr.tenant, i)
		if err != nil {
			tr.t.Fatal(err)
		}
		want := job.Done
		if j.broken {
			want = job.Failed
		}
		if j.cancelled && found.State == job.Cancelled {
			continue
		}
		if found.State != want || j.starts == 0 {
			tr.t.Errorf("%+v ended as %+v", j, found)
		}
	}
}

// wait wakes a process until something holds.
func (tr *trial) wait(p *process, holds func() bool) {
	tr.t.Helper()
	for range 3000 {
		if holds() {
			return
		}
		p.runner.Wake("one")
		time.Sleep(10 * time.Millisecond)
	}
	jobs, _ := job.List(tr.t.Context(), tr.tenant, job.Listing{State: job.Waiting})
	for _, j := range jobs {
		tr.t.Logf("%+v", j)
	}
	tr.t.Fatalf("%d jobs are left, %d run", tr.open(), len(tr.running))
}

// open counts the jobs that have not ended, in one read: they go from one state to
// another.
func (tr *trial) open() (n int) {
	jobs, err := job.List(tr.t.Context(), tr.tenant, job.Listing{Limit: 500})
	if err != nil {
		tr.t.Fatal(err)
	}
	for _, j := range jobs {
		if j.EndedAt.IsZero() {
			n++
		}
	}
	return n
}
