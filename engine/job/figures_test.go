package job_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/job"
	"formwork/engine/store"
)

// figuresOf are those of one kind.
func figuresOf(t *testing.T, r *job.Runner, kind string) job.Figures {
	t.Helper()
	all := r.Figures()
	i := slices.IndexFunc(all, func(f job.Figures) bool { return f.Kind == kind })
	if i < 0 {
		t.Fatalf("no figures of %s in %v", kind, all)
	}
	return all[i]
}

// What runs, what waits and how runs end is counted by kind; what waits for a later time is
// not among it, and a tenant without work is forgotten.
func TestFigures(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	started, goOn := make(chan struct{}), make(chan struct{})
	r := h.runner("p")
	r.Register(
		job.Kind{Name: "slow", Limit: 1, Handle: func(ctx context.Context, _ store.Tenant, _ *job.Progress) error {
			started <- struct{}{}
			<-goOn
			h.clock.add(3 * time.Second)
			return nil
		}},
		job.Kind{Name: "wrong", Handle: func(context.Context, store.Tenant, *job.Progress) error {
			return fault.New(fault.Invalid, "job.exhausted", "attempts", 1)
		}})
	due := h.clock.now()
	h.enqueue(acme, "slow", nil)
	h.enqueue(acme, "slow", nil)
	h.enqueue(acme, "unheard", nil)
	h.add(acme, job.New{Kind: "slow", At: due.Add(time.Hour)})
	stop := h.start(r)
	r.Wake("acme")
	<-started
	h.clock.add(time.Minute / 4)
	r.Measure(t.Context())
	if f := figuresOf(t, r, "slow"); f.Running != 1 || f.Waiting != 1 || !f.Oldest.Equal(due) {
		t.Errorf("one runs, one waits: %+v", f)
	}
	if f := figuresOf(t, r, job.OtherKinds); f.Waiting != 1 || f.Running != 0 {
		t.Errorf("one of another kind waits: %+v", f)
	}
	goOn <- struct{}{}
	<-started
	goOn <- struct{}{}
	h.enqueue(acme, "wrong", nil)
	r.Wake("acme")
	for figuresOf(t, r, "wrong").Runs[job.Failed] == 0 || figuresOf(t, r, "slow").Runs[job.Done] < 2 {
		time.Sleep(time.Millisecond)
	}
	r.Measure(t.Context())
	if f := figuresOf(t, r, "slow"); f.Running != 0 || f.Waiting != 0 || !f.Oldest.IsZero() || f.Took != 21*time.Second {
		t.Errorf("all is done: %+v", f)
	}
	stop()
}

// A job that nobody begins and one that does not come on are stuck; those that wait for a
// later time, or go on, are not.
func TestFindStuck(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	began := h.clock.now()
	started, goOn := make(chan struct{}), make(chan struct{})
	r := h.runner("p")
	r.Register(job.Kind{Name: "slow", Handle: func(ctx context.Context, _ store.Tenant, _ *job.Progress) error {
		started <- struct{}{}
		<-goOn
		return nil
	}})
	runs := h.enqueue(acme, "slow", nil)
	stop := h.start(r)
	r.Wake("acme")
	<-started
	waits := h.enqueue(acme, "unheard", nil)
	h.add(acme, job.New{Kind: "slow", At: began.Add(5 * time.Hour)})
	for after, want := range map[time.Duration][]string{0: nil, 30 * time.Second: {waits.String()}, 2 * time.Minute: {waits.String(), runs.String()}} {
		found, err := job.FindStuck(t.Context(), acme, began.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range found {
			got = append(got, s.ID.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("what did not come on before %v: %v, want %v", after, got, want)
		}
	}
	close(goOn)
	stop()
}
