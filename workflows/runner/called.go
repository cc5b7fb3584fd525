package runner

import (
	"context"
	"fmt"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/workflows"
)

// Begin implements workflows.Acts. The run that is called does its first steps at once, as its own workflow says, in
// the transaction of the one that calls it.
func (e *executing) Begin(workflow string, record id.ID, inputs map[string]any) (id.ID, error) {
	var run *Run
	key, err := workflows.Ask(e.tape, func() (key id.ID, err error) {
		if run, err = e.begin(workflow, record, inputs); err == nil && run != nil {
			key = run.ID
		}
		return key, err
	}, "begin", workflow, record, inputs)
	if err != nil || key == 0 {
		return 0, err
	}
	e.note(Effect{Do: "call", Record: key, Text: workflow})
	if e.tries {
		for _, did := range run.Trace {
			for _, effect := range did.Effects {
				e.note(effect)
			}
		}
	}
	return key, nil
}

// begin is the run that is called; nil: its condition does not hold.
func (e *executing) begin(workflow string, record id.ID, inputs map[string]any) (*Run, error) {
	w := workflows.Of(e.g.snapshot).ByName[workflow]
	switch {
	case w == nil || !w.Active():
		return nil, fault.New(fault.Conflict, "workflow.not_active", "workflow", workflow)
	case e.run.Depth+1 >= maxDepth:
		return nil, fault.New(fault.Limited, "workflow.too_deep", "limit", maxDepth)
	}
	run := &Run{ID: e.r.o.IDs.Next(), Parent: e.run.ID, Workflow: workflow, Revision: e.g.snapshot.Revision, Object: w.Object.Doc.Name, Record: record,
		By: e.run.By, acts: e.run.acts, Depth: e.run.Depth + 1, Started: e.r.o.Now(), At: w.Begin(), watches: mayWatchOf(w)}
	env, err := e.g.asking(w, run.By, run.acts).Within(e.g.joint).Record(run.Object, record)
	if err == nil && env == nil {
		err = session.NotFound(run.Object, record)
	}
	if err != nil {
		return nil, err
	}
	if triggered, err := run.triggers(e.ctx, w, env); err != nil || !triggered {
		return nil, err
	}
	values, err := given(w, env, inputs)
	if err != nil {
		return nil, err
	}
	if err := run.begin(w, values); err != nil {
		return nil, err
	}
	wrote, err := e.g.carryOn(run, w, env)
	if err != nil {
		return nil, err
	}
	e.wrote = e.wrote || wrote
	e.g.waits(run)
	e.g.tally.begun++
	if err := e.refresh(); err != nil {
		return nil, err
	}
	return run, run.insert(e.ctx, e.joint.Tx())
}

// refresh reads the record that the run is about as it is now; one that was deleted stays as it was.
func (e *executing) refresh() error {
	e.env.Forget()
	if e.run.Object == "" {
		return nil
	}
	now, err := e.joint.Record(e.env.Mapping.Object.Doc.Name, e.env.Row.ID())
	if err == nil && now != nil {
		e.env.Row = now.Row
	}
	return err
}

// given are the inputs of a run that is called; one that is not given begins as the workflow says. Fault
// workflow.inputs (Invalid), with every problem at its place below /inputs.
func given(w *workflows.Workflow, env *session.Env, inputs map[string]any) (map[string]any, error) {
	values := map[string]any{}
	var problems []*fault.Fault
	for _, input := range w.Trigger.(workflows.OnCall).Inputs() {
		f := input.Field
		value, was := inputs[f.Name]
		if !was {
			value = f.Initial
			if input.Default != nil {
				own := *env
				var err error
				if value, err = input.Default.Eval(&own); err == nil {
					err = own.Failed()
				}
				if err != nil {
					return nil, fmt.Errorf("computing the input %s: %w", f.Name, err)
				}
			}
		}
		value, problem, err := workflows.Checked(f, value)
		if err != nil {
			return nil, fmt.Errorf("reading the input %s: %w", f.Name, err)
		}
		if value == nil && problem == nil {
			_, problem = entered(f, nil)
		}
		if problem != nil {
			problems = append(problems, problem.At("/inputs/"+f.Name))
		}
		values[f.Name] = value
	}
	if len(problems) > 0 {
		return nil, fault.All(fault.Invalid, "workflow.inputs", problems)
	}
	return values, nil
}

// Ended implements workflows.Acts.
func (e *executing) Ended(begun id.ID) (workflows.Ending, error) {
	return workflows.Ask(e.tape, func() (workflows.Ending, error) { return e.ended(begun) }, "ended", begun)
}

func (e *executing) ended(begun id.ID) (workflows.Ending, error) {
	run, err := Get(e.ctx, e.joint.Tx(), begun)
	switch {
	case fault.Is(err, "workflow.no_run"): // its record is gone for good
		return workflows.Ending{Ended: true, Fault: fault.New(fault.Conflict, "workflow.record_gone")}, nil
	case err != nil:
		return workflows.Ending{}, err
	case run.State == Waiting:
		return workflows.Ending{}, nil
	case run.Fault != nil:
		return workflows.Ending{Ended: true, Fault: &fault.Fault{Kind: fault.Conflict, Code: run.Fault.Code, Params: run.Fault.Params}}, nil
	case run.State != Done:
		return workflows.Ending{Ended: true, Fault: fault.New(fault.Conflict, "workflow.called_cancelled", "workflow", run.Workflow)}, nil
	}
	return workflows.Ending{Ended: true, Answer: run.answer}, nil
}

// tellCaller has the run go on that waits for one which has ended.
func (r *Runner) tellCaller(ctx context.Context, tx store.Tx, run *Run) (queued bool, err error) {
	if run.Parent == 0 || run.State == Waiting {
		return false, nil
	}
	return r.wakeRun(ctx, tx, run.Parent, run.ID)
}

// cancelCalled ends the runs that wait and were called by some that have ended. It reports whether runs go on which undo what they did.
func (r *Runner) cancelCalled(ctx context.Context, j *record.Joint, callers []any, did *tally) (undoes bool, err error) {
	for some := range slices.Chunk(callers, resumeAtOnce) { // each waits for as many as it goes ways
		more, err := r.cancelRuns(ctx, j, query.In{Ref: query.Field(colParent), Values: some}, did)
		if err != nil {
			return false, err
		}
		undoes = undoes || more
	}
	return undoes, nil
}

// cancelRuns ends the runs that wait and a filter holds for, but for those that end by themselves, once they have undone what they did.
// Nobody is told: who called them has ended, or does not wait for them any more.
func (r *Runner) cancelRuns(ctx context.Context, j *record.Joint, of query.Filter, did *tally) (undoes bool, err error) {
	tx := j.Tx()
	found, err := find(ctx, tx, query.Select{Table: runTable, Filter: query.All{of, query.Is(colState, Waiting)}}, false)
	if err != nil {
		return false, err
	}
	for _, one := range found {
		run, err := Get(ctx, tx, one.ID) // one of them may have called another, and ended it
		if err != nil {
			return false, err
		}
		if run.State != Waiting || run.undoing.Begun {
			continue
		}
		more, err := r.stop(ctx, j, run, did)
		if err != nil {
			return false, err
		}
		undoes = undoes || more
	}
	return undoes, nil
}

// Leave implements workflows.Acts.
func (e *executing) Leave(asked []id.ID) error {
	return workflows.Act(e.tape, func() error {
		undoes, err := e.r.letGo(e.ctx, e.g.joint, e.run, &e.g.tally, asked...)
		e.g.undoes(undoes)
		return err
	}, "leave", asked)
}

// leave lets go of what depends on runs that are removed, since their records are gone for good: those that they called end,
// and those that called them go on.
func (r *Runner) leave(ctx context.Context, j *record.Joint, records []any, did *tally) (queued bool, err error) {
	tx := j.Tx()
	waiting, err := find(ctx, tx, query.Select{Table: runTable, Filter: query.All{query.In{Ref: query.Field(colRecord), Values: records}, query.Is(colState, Waiting)}}, false)
	if err != nil {
		return false, err
	}
	var keys []any
	for _, run := range waiting {
		keys = append(keys, int64(run.ID))
	}
	undoes, err := r.cancelCalled(ctx, j, keys, did)
	if err == nil && undoes {
		queued, err = r.queue(ctx, tx, r.o.Now())
	}
	if err != nil {
		return false, err
	}
	for _, run := range waiting {
		if err := r.leaveCalls(ctx, j, run); err != nil {
			return false, err
		}
		if run.Parent == 0 || slices.Contains(keys, any(int64(run.Parent))) {
			continue
		}
		woken, err := r.wakeRun(ctx, tx, run.Parent, run.ID)
		if err != nil {
			return false, err
		}
		queued = queued || woken
	}
	return queued, nil
}
