package runner

import (
	"context"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/workflows"
)

// callers are the users who set off runs, as they are now. They are looked up before a transaction, which reads nothing
// beside itself.
type callers map[callerKey]*policy.Caller

// callerKey is a user, held to some permission sets.
type callerKey struct {
	user id.ID
	acts string
}

func keyOf(user id.ID, acts []string) callerKey { return callerKey{user, strings.Join(acts, " ")} }

// look looks up who set off a workflow, if it asks, or what it calls. A user who is gone is nil.
func (c callers) look(ctx context.Context, r *Runner, t store.Tenant, s *catalog.Snapshot, w *workflows.Workflow, user id.ID, acts []string) error {
	key := keyOf(user, acts)
	if _, known := c[key]; known || user == 0 || !workflows.Of(s).Asks(w) {
		return nil
	}
	caller, err := r.o.Callers.Acting(ctx, t, user, acts, "workflow")
	if err != nil && !fault.Is(err, "auth.user_inactive") {
		return err
	}
	c[key] = caller
	return nil
}

// asking is the session whose user expressions of a workflow read; the platform's, of a user who is gone, or where
// they don't ask.
func (g *together) asking(w *workflows.Workflow, user id.ID, acts []string) *record.Session {
	if caller := g.callers[keyOf(user, acts)]; caller != nil && w.ReadsUser {
		return g.r.o.Records.As(g.tenant, g.snapshot, caller)
	}
	return g.r.o.Records.As(g.tenant, g.snapshot, platformAt(g.tenant, w))
}

// writer is the session as which a run reads and writes records. Fault auth.user_inactive (Forbidden) where
// that is a user who is gone.
func (g *together) writer(w *workflows.Workflow, run *Run) (*record.Session, error) {
	caller, err := g.caller(w, run)
	if err != nil {
		return nil, err
	}
	return g.r.o.Records.As(g.tenant, g.snapshot, caller).Depth(int(run.Depth) + 1), nil
}

// caller is as whom a run reads and writes.
func (g *together) caller(w *workflows.Workflow, run *Run) (*policy.Caller, error) {
	caller := platformAt(g.tenant, w)
	if w.AsUser() {
		user := g.callers[keyOf(run.By, run.acts)]
		if user == nil {
			return nil, fault.New(fault.Forbidden, "auth.user_inactive")
		}
		own := *user
		caller = &own
	}
	caller.Via = "workflow " + w.Doc.Name
	return caller, nil
}

// platformAt is the platform where a workflow that the clock sets off is.
func platformAt(t store.Tenant, w *workflows.Workflow) *policy.Caller {
	caller := policy.System(t.Name())
	if timed, ok := w.Trigger.(workflows.OnTime); ok {
		caller.Location = timed.Location()
	}
	return caller
}

// about is the environment of the record that a run is about, in the hands of a session, or of none; nil: the record is gone.
func (g *together) about(s *record.Session, run *Run) (*session.Env, error) {
	if run.Object == "" {
		return s.Within(g.joint).NoRecord(), nil
	}
	return s.Within(g.joint).Record(run.Object, run.Record)
}

// together are runs that are executed in one transaction.
type together struct {
	r        *Runner
	ctx      context.Context
	tenant   store.Tenant
	snapshot *catalog.Snapshot
	joint    *record.Joint
	callers  callers
	budget   workflows.Budget
	tries    bool // nothing is kept
	calls    bool // a run asks something of an outside system
	tally    tally
	due      time.Time // when the first of the runs goes on that wait; the zero time: none waits
}

// waits notes when a run goes on, if it waits for a time.
func (g *together) waits(run *Run) {
	if run.State == Waiting && !run.Due.IsZero() && (g.due.IsZero() || run.Due.Before(g.due)) {
		g.due = run.Due
	}
}

func (r *Runner) together(ctx context.Context, t store.Tenant, s *catalog.Snapshot, j *record.Joint, c callers) *together {
	return &together{r: r, ctx: ctx, tenant: t, snapshot: s, joint: j, callers: c, budget: workflows.Budget{Steps: stepsAtOnce}}
}
