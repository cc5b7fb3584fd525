package runner

import (
	"context"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/approval"
)

// invitation is how somebody is written to whom a request is passed on to: as those were who were asked first.
type invitation struct {
	r        *Runner
	tenant   store.Tenant
	snapshot *catalog.Snapshot
	workflow *workflows.Workflow // nil: nobody is written to
	callers  callers
	queued   bool // a job was enqueued
}

// invitationOf finds what a transaction does not read.
func (r *Runner) invitationOf(ctx context.Context, t store.Tenant, s *catalog.Snapshot, of *approval.Request) (*invitation, error) {
	i := &invitation{r: r, tenant: t, snapshot: s, callers: callers{}}
	run, err := Get(ctx, t, of.Run)
	if fault.Is(err, "workflow.no_run") {
		return i, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := r.definitionOf(ctx, t, s, version{run.Workflow, run.Revision})
	if err != nil || d.workflow == nil || d.problem != nil {
		return i, err
	}
	i.workflow = d.workflow
	return i, i.callers.look(ctx, r, t, s, d.workflow, run.By, run.acts)
}

// send writes to somebody who is asked now, on behalf of the run, which keeps that it did. Where the message can't be kept, they are asked all the same.
func (i *invitation) send(ctx context.Context, j *record.Joint, of *approval.Request, to approval.Person) error {
	i.queued = false
	if i.workflow == nil || i.workflow.Nodes[of.Step] == nil || !i.r.o.Now().Before(of.Open()) { // a link would be good for nothing
		return nil
	}
	step, ok := i.workflow.Nodes[of.Step].Step.(workflows.Inviting)
	if !ok || !step.Invites() {
		return nil
	}
	run, err := Get(ctx, j.Tx(), of.Run)
	if fault.Is(err, "workflow.no_run") || err == nil && run.State != Waiting {
		return nil
	}
	if err != nil {
		return err
	}
	g := i.r.together(ctx, i.tenant, i.snapshot, j, i.callers)
	err = g.invite(step, i.workflow, run, of, to)
	if f := fault.From(err); f != nil {
		if f.Kind.Breaks() {
			return err
		}
		i.r.o.Log.Warn("writing to whom a request was passed on to", "tenant", i.tenant.Name(), "workflow", run.Workflow, "run", run.ID.String(), "error", err)
		return nil
	}
	i.queued, err = g.queueCalls()
	return err
}

func (g *together) invite(step workflows.Inviting, w *workflows.Workflow, run *Run, of *approval.Request, to approval.Person) error {
	writer, err := g.writer(w, run)
	if err != nil {
		return err
	}
	env, err := g.about(g.asking(w, run.By, run.acts), run)
	if err != nil || env == nil {
		return err
	}
	state := &workflows.State{Position: run.At, Steps: run.Steps, Undoing: run.undoing}
	if err := w.Restore(state, run.results); err != nil {
		return err
	}
	e := &executing{g: g, r: g.r, ctx: g.ctx, run: run, workflow: w, writer: writer, joint: writer.Within(g.joint), env: env, budget: &g.budget}
	x := workflows.NewExecution(g.ctx, w, state, env, e, e.budget)
	x.ID, x.By = run.ID, run.By
	e.did(of.Step, "", false)
	run.Trace[e.doing].Beside = true
	if err := step.Invite(x, []workflows.Approver{{User: to.User, Instead: to.Instead}}, []id.ID{to.ID}, of.Text); err != nil {
		return err
	}
	g.calls = e.calls
	if err := run.recording.follow(chapter{Beside: true}); err != nil {
		return err
	}
	return run.update(g.ctx, g.joint.Tx())
}
