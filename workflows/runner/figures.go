package runner

import (
	"maps"
	"sync"
	"time"

	"formwork/engine/store"
	"formwork/workflows/outside"
)

// Figures are what this process has done. They name no tenant and no workflow.
type Figures struct {
	Begun   int64            // runs
	Waited  int64            // times that a run began to wait
	Ended   map[string]int64 // runs, by their state
	Calling int              // requests to outside systems that are under way
	Calls   map[string]int64 // tries of these, by what became of the request: outside.Done, Failed, or Pending: it is tried again
	// Late is how long after their events runs began: how many within each of LateBounds, in all, and in seconds together.
	Late        [len(lateBounds)]int64
	LateCount   int64
	LateSeconds float64
}

// lateBounds are in seconds.
var lateBounds = [...]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60, 600}

// LateBounds are the bounds of Figures.Late, in seconds.
func LateBounds() []float64 { return lateBounds[:] }

// figures are kept while the program runs. Safe for concurrent use.
type figures struct {
	mu  sync.Mutex
	all Figures
}

// tally is what one transaction does; it counts once that is committed.
type tally struct {
	begun, waited int
	ended         map[string]int
	late          []time.Duration
	broken        []broken
}

// broken is a run that failed at a step by no fault of its own.
type broken struct {
	run  *Run
	step string
	err  error
}

// saw counts what a run has come to.
func (t *tally) saw(run *Run) {
	if run.State == Waiting {
		t.waited++
		return
	}
	if t.ended == nil {
		t.ended = map[string]int{}
	}
	t.ended[run.State]++
}

// committed counts what was done in a transaction.
func (r *Runner) committed(t store.Tenant, did *tally) {
	r.tell(t, did)
	r.pace.began(t.Name(), did.begun)
	r.figures.mu.Lock()
	defer r.figures.mu.Unlock()
	all := &r.figures.all
	all.Begun += int64(did.begun)
	all.Waited += int64(did.waited)
	for state, n := range did.ended {
		all.Ended[state] += int64(n)
	}
	for _, late := range did.late {
		seconds := max(0, late.Seconds())
		all.LateCount++
		all.LateSeconds += seconds
		for i, bound := range lateBounds {
			if seconds <= bound {
				all.Late[i]++
			}
		}
	}
}

// called counts what became of a try of a request.
func (f *figures) called(c *outside.Call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all.Calls[c.State]++
}

func newFigures() *figures {
	f := &figures{all: Figures{Ended: map[string]int64{}, Calls: map[string]int64{}}}
	for _, state := range []string{Done, Failed, Cancelled} {
		f.all.Ended[state] = 0
	}
	for _, state := range []string{outside.Done, outside.Failed, outside.Pending} {
		f.all.Calls[state] = 0
	}
	return f
}

// Figures are those of this process.
func (r *Runner) Figures() Figures {
	r.figures.mu.Lock()
	defer r.figures.mu.Unlock()
	all := r.figures.all
	all.Ended, all.Calls, all.Calling = maps.Clone(all.Ended), maps.Clone(all.Calls), r.Calling()
	return all
}

// tell logs which runs failed by no fault of their own. A transaction that is begun anew has such, which are none.
func (r *Runner) tell(t store.Tenant, did *tally) {
	for _, b := range did.broken {
		r.o.Log.Error("doing a step of a workflow", "tenant", t.Name(), "workflow", b.run.Workflow, "run", b.run.ID.String(), "step", b.step, "error", b.err)
	}
}
