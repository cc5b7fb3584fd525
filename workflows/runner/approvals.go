package runner

import (
	"context"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows/approval"
)

// Decide takes somebody's answer to what they are asked: approval.Approved or approval.Rejected. The run that waits for
// the outcome goes on as soon as there is one. Faults: those of approval.Desk.Answer; approval.unknown (NotFound) also
// where the caller may not read the record.
func (r *Runner) Decide(ctx context.Context, t store.Tenant, caller *record.Session, user, key id.ID, state, comment string) (*approval.Request, error) {
	return r.changeApproval(ctx, t, caller, key, func(j *record.Joint) (*approval.Request, error) {
		return r.approvals.Answer(ctx, j.Tx(), key, user, state, comment)
	})
}

// PassOn has somebody else decide in the place of one who is asked, as somebody says. Faults: those of approval.Desk.PassOn;
// approval.cannot_read (Invalid) where the other may not read the record, or not log in.
func (r *Runner) PassOn(ctx context.Context, t store.Tenant, caller *record.Session, by, from, to, key id.ID, comment string) (*approval.Request, error) {
	of, err := readableApproval(ctx, t, caller, key)
	if err != nil {
		return nil, err
	}
	other, err := r.o.Callers.Acting(ctx, t, to, nil, "")
	if err != nil && !fault.Is(err, "auth.user_inactive") {
		return nil, err
	}
	may := other != nil
	if may {
		if may, err = r.o.Records.As(t, caller.Snapshot(), other).May(ctx, policy.Read, of.Object, of.Record); err != nil {
			return nil, err
		}
	}
	if !may {
		return nil, fault.New(fault.Invalid, "approval.cannot_read").At("/to")
	}
	i, err := r.invitationOf(ctx, t, caller.Snapshot(), of)
	if err != nil {
		return nil, err
	}
	passed, err := r.changeApproval(ctx, t, caller, key, func(j *record.Joint) (*approval.Request, error) {
		now, err := r.approvals.PassOn(ctx, j.Tx(), key, from, to, by, comment)
		if err == nil {
			err = i.send(ctx, j, now, now.People[len(now.People)-1])
		}
		return now, err
	})
	if err == nil && i.queued {
		r.o.Wake(t.Name())
	}
	return passed, err
}

// Recall takes back what was asked on somebody's behalf; anybody's if any. Fault approval.unknown (NotFound),
// approval.not_yours (Forbidden), approval.decided (Conflict).
func (r *Runner) Recall(ctx context.Context, t store.Tenant, caller *record.Session, user, key id.ID, any bool) (*approval.Request, error) {
	return r.changeApproval(ctx, t, caller, key, func(j *record.Joint) (*approval.Request, error) {
		of, err := approval.Get(ctx, j.Tx(), key)
		switch {
		case err != nil:
			return nil, err
		case !any && of.By != user:
			return nil, fault.New(fault.Forbidden, "approval.not_yours")
		}
		closed, err := r.approvals.Close(ctx, j.Tx(), key, approval.Recalled)
		if err == nil && of.State != approval.Pending {
			err = fault.New(fault.Conflict, "approval.decided")
		}
		return closed, err
	})
}

// readableApproval is a request about a record that the caller may read. Fault approval.unknown (NotFound).
func readableApproval(ctx context.Context, from store.Reader, caller *record.Session, key id.ID) (*approval.Request, error) {
	of, err := approval.Get(ctx, from, key)
	if err == nil {
		err = caller.DemandReadable(ctx, of.Object, of.Record)
	}
	if fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.NotFound, "approval.unknown")
	}
	return of, err
}

// changeApproval changes a request about a record that the caller may read, and has its run go on if it is settled.
func (r *Runner) changeApproval(ctx context.Context, t store.Tenant, caller *record.Session, key id.ID, change func(j *record.Joint) (*approval.Request, error)) (changed *approval.Request, err error) {
	if _, err := readableApproval(ctx, t, caller, key); err != nil {
		return nil, err
	}
	queued := false
	err = caller.Jointly(ctx, func(j *record.Joint) (err error) {
		if changed, err = change(j); err != nil || changed.State == approval.Pending {
			return err
		}
		queued, err = r.wakeRun(ctx, j.Tx(), changed.Run, changed.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	if queued {
		r.o.Wake(t.Name())
	}
	return changed, nil
}

// wakeRun has a run go on, if it waits for what was asked.
func (r *Runner) wakeRun(ctx context.Context, tx store.Tx, key, asked id.ID) (queued bool, err error) {
	run, err := Get(ctx, tx, key)
	if fault.Is(err, "workflow.no_run") {
		return false, nil
	}
	if err != nil || run.State != Waiting {
		return false, err
	}
	now := r.o.Now().Truncate(time.Millisecond)
	at := run.At.Asking(asked)
	if at == nil || !at.Until.IsZero() && !at.Until.After(now) {
		return false, nil // it does not wait for that, or goes on already
	}
	at.Until = now
	run.Due = run.At.Due()
	if err := run.recording.follow(chapter{Woken: asked}); err != nil {
		return false, err
	}
	if queued, err = r.queue(ctx, tx, run.Due); err != nil {
		return false, err
	}
	return queued, run.update(ctx, tx)
}
