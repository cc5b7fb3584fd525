package runner

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows/inquiry"
)

// jobResume goes on with the runs of a tenant that have waited long enough. There is one such job
// for when the first of them is due, however many wait.
const jobResume = "resume_workflows"

// resumeAtOnce is how many runs one transaction goes on with.
const resumeAtOnce = 50

// queue has the jobs come that new runs make necessary: one that goes on with those that wait, of which the first is
// due at a time (the zero time: none waits), unless it comes before; and one that removes them some time. It reports whether
// a job was enqueued.
func (r *Runner) queue(ctx context.Context, tx store.Tx, due time.Time) (bool, error) {
	queued, err := r.trimLater(ctx, tx)
	if err != nil || due.IsZero() {
		return queued, err
	}
	set, err := resumes.by(ctx, tx, r, due)
	return queued || set, err
}

// resume goes on with all runs that are due, and has the job come again for the next.
func (r *Runner) resume(ctx context.Context, t store.Tenant, _ *job.Progress) error {
	for more := true; more; {
		err := r.underNewest(ctx, t, func(system *record.Session) (err error) {
			more, err = r.resumeSome(ctx, t, system)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) resumeSome(ctx context.Context, t store.Tenant, system *record.Session) (more bool, err error) {
	known, who, err := r.before(ctx, t, system.Snapshot())
	if err != nil {
		return false, err
	}
	queued, did := false, &tally{}
	err = system.Jointly(ctx, func(j *record.Joint) error {
		more, queued = false, false
		runs, err := r.due(ctx, j.Tx())
		if err != nil {
			return err
		}
		g := r.together(ctx, t, system.Snapshot(), j, who)
		did = &g.tally
		if more, err = g.goOnWith(runs, known); err != nil {
			return err
		}
		if !more {
			if queued, err = r.queueNext(ctx, j.Tx()); err != nil {
				return err
			}
		}
		calls, err := g.queueCalls()
		queued = queued || calls
		return err
	})
	if err == nil {
		r.committed(t, did)
	}
	if err == nil && queued {
		r.o.Wake(t.Name())
	}
	return more, err
}

// goOnWith goes on with runs that are due. more: others are, or some of these still.
func (g *together) goOnWith(runs []*Run, known map[id.ID]definition) (more bool, err error) {
	for _, run := range runs {
		d, found := known[run.ID]
		if !found || g.budget.Steps <= 0 { // it has come due since, or others wait for the transaction
			return true, nil
		}
		if run.Parent != 0 || len(run.At.Ways) > 0 { // one before it may have ended it, or what it waits for
			if run, err = Get(g.ctx, g.joint.Tx(), run.ID); err != nil {
				return false, err
			}
			if run.State != Waiting {
				continue
			}
		}
		if err := g.goOn(d, run); err != nil {
			return false, err
		}
	}
	return len(runs) == resumeAtOnce, nil
}

// due are the next runs that are due.
func (r *Runner) due(ctx context.Context, from store.Reader) ([]*Run, error) {
	past := query.Compare{Ref: query.Field(colDue), Op: query.Le, Value: r.o.Now().UnixMilli()}
	return find(ctx, from, query.Select{Table: runTable, Filter: past, Limit: resumeAtOnce, Sort: inOrder}, true)
}

// before finds what runs that are due need and a transaction does not read: their definitions, and who set them off.
func (r *Runner) before(ctx context.Context, t store.Tenant, s *catalog.Snapshot) (map[id.ID]definition, callers, error) {
	runs, err := r.due(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	known, who := map[id.ID]definition{}, callers{}
	for _, run := range runs {
		d, err := r.definitionOf(ctx, t, s, version{run.Workflow, run.Revision})
		if err != nil {
			return nil, nil, err
		}
		if known[run.ID] = d; d.workflow == nil {
			continue
		}
		if err := who.look(ctx, r, t, s, d.workflow, run.By, run.acts); err != nil {
			return nil, nil, err
		}
	}
	return known, who, nil
}

// inOrder is the order in which runs go on.
var inOrder = []query.Order{{Ref: query.Field(colDue)}, {Ref: query.Field(query.ID)}}

// queueNext has the job come for the run that is due next, in place of the one that is under way.
func (r *Runner) queueNext(ctx context.Context, tx store.Tx) (bool, error) {
	waits := query.Compare{Ref: query.Field(colDue), Op: query.Ge, Value: int64(0)}
	next, waiting, err := store.First(ctx, tx, query.Select{Table: runTable, Filter: waits, Sort: inOrder}, colDue)
	if err != nil {
		return false, fmt.Errorf("reading which run goes on next: %w", err)
	}
	var due time.Time
	if waiting {
		due = next.Time(colDue)
	}
	return waiting, resumes.next(ctx, tx, r, due)
}

// goOn does the next steps of a run that has waited.
func (g *together) goOn(d definition, run *Run) error {
	w := d.workflow
	switch {
	case w == nil && fault.Is(d.problem, "workflow.removed"):
		return g.end(run, Cancelled, d.problem)
	case d.problem != nil:
		return g.end(run, Failed, d.problem)
	}
	env, err := g.about(g.asking(w, run.By, run.acts), run)
	if err != nil {
		return err
	}
	if env == nil {
		return g.end(run, Cancelled, fault.New(fault.NotFound, "workflow.record_gone"))
	}
	if _, err := g.carryOn(run, w, env); err != nil {
		return err
	}
	return g.update(run)
}

// update keeps how far a run came, and has the one go on that waits for its end.
func (g *together) update(run *Run) error {
	if err := run.update(g.ctx, g.joint.Tx()); err != nil {
		return err
	}
	_, err := g.r.tellCaller(g.ctx, g.joint.Tx(), run) // the job is enqueued for all that are due
	return err
}

// end ends a run that can't go on.
func (g *together) end(run *Run, state string, why *fault.Fault) error {
	run.State, run.Fault, run.Ended = state, why, g.r.o.Now()
	g.tally.saw(run)
	if err := g.release(run); err != nil {
		return err
	}
	return g.update(run)
}

// release lets go of what a run waits for that has ended.
func (g *together) release(run *Run) error {
	undoes, err := g.r.release(g.ctx, g.joint, run, &g.tally)
	g.undoes(undoes)
	return err
}

// undoes notes that runs go on which undo what they did.
func (g *together) undoes(some bool) {
	if now := g.r.o.Now(); some && (g.due.IsZero() || now.Before(g.due)) {
		g.due = now
	}
}

// release lets go of what a run waits for that has ended. It reports whether runs go on which undo what they did.
func (r *Runner) release(ctx context.Context, j *record.Joint, run *Run, did *tally) (undoes bool, err error) {
	if len(run.At.AllAsked()) == 0 {
		return false, nil
	}
	return r.letGo(ctx, j, run, did)
}

// letGo lets go of what a run asked, began, or had made, and waits for no more: some if they are given, else all. It reports whether runs
// go on which undo what they did.
func (r *Runner) letGo(ctx context.Context, j *record.Joint, run *Run, did *tally, some ...id.ID) (undoes bool, err error) {
	if err := r.leaveCalls(ctx, j, run, some...); err != nil {
		return false, err
	}
	if err := r.approvals.CloseOf(ctx, j.Tx(), run.ID, some...); err != nil {
		return false, err
	}
	if err := inquiry.CloseOf(ctx, j.Tx(), run.ID, some...); err != nil {
		return false, err
	}
	return r.cancelRuns(ctx, j, store.Among(query.Is(colParent, int64(run.ID)), some), did)
}

// stop ends a run that waits, as cancelled, or has it undo first what it did; who called it is not told. It reports whether it, or one
// that it called, does so, and has to be gone on with.
func (r *Runner) stop(ctx context.Context, j *record.Joint, run *Run, did *tally) (undoes bool, err error) {
	if undoes, err = r.release(ctx, j, run, did); err != nil {
		return false, err
	}
	if now := r.o.Now(); run.undoing.Begin(&run.At) {
		run.Due, run.watches, undoes = now, min(run.watches, mayWatch), true
		if err := run.recording.follow(chapter{Undo: true}); err != nil {
			return false, err
		}
	} else {
		run.State, run.Ended = run.undone(), now
		did.saw(run)
	}
	return undoes, run.update(ctx, j.Tx())
}
