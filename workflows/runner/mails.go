package runner

import (
	"context"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/workflows/approval"
	"formwork/workflows/outside"
)

// mailed keeps in the record of a message what became of it, which a call of a run says: whatever whoever set off the run may
// change. It returns what it changed: nothing where the record is gone, or is in another state than one.
func mailed(j *record.Joint, run *Run, c *outside.Call, from, language string) (map[string]any, error) {
	env, err := j.Record(mail.ObjectName, c.Request.Mail.Record)
	if err != nil || env == nil {
		return nil, err
	}
	state, ok := env.Mapping.Object.Field(mail.State)
	if !ok || env.Mapping.Value(env.Row, state.Column) != from { // it may have come back already
		return nil, nil
	}
	values, reason, err := becameOf(c, language)
	if err != nil {
		return nil, err
	}
	if _, told := values[mail.Problem]; !told && from == mail.Failed {
		values[mail.Problem] = nil
	}
	if mail.ReasonOf(env.Mapping.Object) != nil && (reason != nil || from == mail.Failed) {
		values[mail.Reason] = reason
	}
	own := *env.Session
	caller := *own.Caller
	caller.Via, own.Caller, own.Depth = "workflow "+run.Workflow, &caller, int(run.Depth)+1
	return values, j.As(&own).Update(mail.ObjectName, c.Request.Mail.Record, values)
}

// becameOf is what the record of a message tells that was sent, or was not: in words, and why not as an option (nil: none).
func becameOf(c *outside.Call, language string) (values map[string]any, reason any, err error) {
	if c.State == outside.Done {
		values = map[string]any{mail.State: mail.Sent}
		left, err := c.Left()
		if len(left) > 0 {
			values[mail.Problem] = mail.NotSentTo("mail.left_out", left).Text(language)
		}
		return values, nil, err
	}
	if c.Fault != nil && c.Fault.Code == suppressed {
		return map[string]any{mail.State: mail.Suppressed, mail.Problem: c.Fault.Text(language)}, nil, nil
	}
	why, option := unsent(c)
	return map[string]any{mail.State: mail.Failed, mail.Problem: why.Text(language)}, option, nil
}

// suppressed is why nothing is sent to who is not to get it.
const suppressed = "mail.suppressed"

// unsent is what people who read a message are told of why it was not sent, in words and as an option; servers and connections are the run's
// to name.
func unsent(c *outside.Call) (why *fault.Fault, reason string) {
	switch {
	case c.State == outside.Pending:
		return fault.New(fault.Conflict, "mail.given_up"), mail.GivenUp
	case c.Fault.Code == "outside.mail_refused":
		return c.Fault, mail.TurnedDown
	}
	return fault.New(fault.Conflict, "mail.not_sent"), mail.NotSent
}

// leaveCalls forgets what a run had made and waits for no more: some calls if they are given, or those by which people are asked for some
// approvals, or something outside, else all. The records of messages that wait to be sent tell that nothing comes of these any more; one that may not be changed,
// since the tenant says so, stays as it is.
func (r *Runner) leaveCalls(ctx context.Context, j *record.Joint, run *Run, some ...id.ID) error {
	calls, err := outside.Of(ctx, j.Tx(), run.ID)
	if err != nil || len(calls) == 0 {
		return err
	}
	if len(some) > 0 {
		if calls, err = callsFor(ctx, j.Tx(), calls, some); err != nil || len(calls) == 0 {
			return err
		}
	}
	left := make([]id.ID, len(calls))
	for i, c := range calls {
		left[i] = c.ID
		if c.Request.Mail == nil {
			continue
		}
		_, err := mailed(j, run, c, mail.Pending, "")
		switch f := fault.From(err); {
		case f != nil && f.Kind.Breaks():
			return err
		case f != nil:
			r.o.Log.Warn("keeping what became of an e-mail", "workflow", run.Workflow, "run", run.ID.String(), "error", err)
		}
	}
	return outside.Remove(ctx, j.Tx(), run.ID, left...)
}

// callsFor are those of some calls that were asked for, or that ask people by mail for what was.
func callsFor(ctx context.Context, from store.Reader, calls []*outside.Call, asked []id.ID) ([]*outside.Call, error) {
	people := map[id.ID]bool{}
	for _, key := range asked {
		of, err := approval.Get(ctx, from, key)
		if err != nil {
			if fault.Is(err, "approval.unknown") { // it is a call, or a run
				continue
			}
			return nil, err
		}
		for _, p := range of.People {
			people[p.ID] = true
		}
	}
	return slices.DeleteFunc(calls, func(c *outside.Call) bool {
		m := c.Request.Mail
		return !slices.Contains(asked, c.ID) && (m == nil || !people[m.Decides] && !slices.Contains(asked, m.Asks))
	}), nil
}

// sentLate keeps that a message was sent whose run had ended meanwhile.
func (r *Runner) sentLate(ctx context.Context, t store.Tenant, c *outside.Call) error {
	return r.keepMailed(ctx, t, c, mail.Failed)
}

// linked keeps what became of a message that brings a link, and forgets its call.
func (r *Runner) linked(ctx context.Context, t store.Tenant, c *outside.Call) error {
	return r.keepMailed(ctx, t, c, mail.Pending)
}

// keepMailed keeps what became of a message for which no run waits, in a transaction of its own; before that, whoever ends the run
// does.
func (r *Runner) keepMailed(ctx context.Context, t store.Tenant, c *outside.Call, from string) error {
	return r.underNewest(ctx, t, func(system *record.Session) error {
		return system.Jointly(ctx, func(j *record.Joint) error {
			run, err := Get(ctx, j.Tx(), c.Run)
			if fault.Is(err, "workflow.no_run") {
				return nil
			}
			if err != nil {
				return err
			}
			if _, err := mailed(j, run, c, from, ""); err != nil {
				return err
			}
			return outside.Forget(ctx, j.Tx(), c.ID)
		})
	})
}
