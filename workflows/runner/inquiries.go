package runner

import (
	"context"
	"encoding/json"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/link"
	"formwork/engine/policy"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/inquiry"
)

// Inquire implements workflows.Acts.
func (e *executing) Inquire(q workflows.Inquiry) (id.ID, error) {
	return workflows.Ask(e.tape, func() (id.ID, error) {
		asked := &inquiry.Inquiry{Run: e.run.ID, Step: q.Step, Object: e.run.Object, Record: e.run.Record, Mail: q.Mail, Language: q.Language, Title: q.Title, Text: q.Text, Thanks: q.Thanks, Due: q.Due}
		err := inquiry.Ask(e.ctx, e.joint.Tx(), asked, e.r.o.IDs, e.r.o.Now())
		return asked.ID, err
	}, "inquire", q.Step, q.Language, q.Title, q.Text, q.Thanks, q.Due.UnixMilli())
}

// Inquired implements workflows.Acts. A run that is tried goes on as if there were an empty answer.
func (e *executing) Inquired(asked id.ID) (workflows.Inquired, error) {
	if e.tries {
		return workflows.Inquired{State: inquiry.Answered}, nil
	}
	is, err := workflows.Ask(e.tape, func() (workflows.Inquired, error) { return e.inquired(asked) }, "inquired", asked)
	if err == nil && is.State != inquiry.Open {
		did := Effect{Do: is.State}
		if len(is.Answer) < maxValues {
			did.Values = is.Answer
		}
		e.note(did)
	}
	return is, err
}

func (e *executing) inquired(asked id.ID) (is workflows.Inquired, err error) {
	q, err := inquiry.Get(e.ctx, e.joint.Tx(), asked)
	if err == nil && !q.Due.After(e.r.o.Now()) {
		q, err = inquiry.Close(e.ctx, e.joint.Tx(), asked, inquiry.Late)
	}
	if err != nil {
		return is, err
	}
	if q.State != inquiry.Open { // nobody is to be asked any more
		err = e.r.leaveCalls(e.ctx, e.g.joint, e.run, asked)
	}
	return workflows.Inquired{State: q.State, Answer: q.Answer, Due: q.Due}, err
}

// Inquiry is what somebody outside is asked, who has proved it by a link, with what they fill in.
type Inquiry struct {
	*inquiry.Inquiry
	Inputs []workflows.Input
}

// InquiryBy is the inquiry that the token of a link is for. Fault question.refused (Unauthenticated) where there is none, or none any more, whatever is
// wrong; t is nil where there is no such tenant. Nothing that takes long is done for whoever can't prove it.
func (r *Runner) InquiryBy(ctx context.Context, t store.Tenant, token string) (*inquiry.Inquiry, error) {
	return r.inquiries.Asked(ctx, t, token, r.o.Now())
}

// Inquiry is what an inquiry shows. Fault question.refused (Unauthenticated) where its run does not wait for it any more, or its record is gone.
func (r *Runner) Inquiry(ctx context.Context, t store.Tenant, q *inquiry.Inquiry) (*Inquiry, error) {
	s, err := r.o.Catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	over := fault.New(fault.Unauthenticated, "question.refused").Because(link.ErrOver)
	run, err := Get(ctx, t, q.Run)
	switch {
	case fault.Is(err, "workflow.no_run"):
		return nil, over
	case err != nil:
		return nil, err
	case run.State != Waiting || run.At.Asking(q.ID) == nil:
		return nil, over
	}
	if q.Record != 0 {
		err := r.o.Records.As(t, s, policy.System(t.Name())).DemandReadable(ctx, q.Object, q.Record)
		if f := fault.From(err); f != nil && !f.Kind.Breaks() {
			return nil, over
		}
		if err != nil {
			return nil, err
		}
	}
	d, err := r.definitionOf(ctx, t, s, version{run.Workflow, run.Revision})
	if err != nil {
		return nil, err
	}
	if d.workflow == nil || d.problem != nil || d.workflow.Nodes[q.Step] == nil {
		return nil, over
	}
	asks, ok := d.workflow.Nodes[q.Step].Step.(workflows.Inquiring)
	if !ok {
		return nil, over
	}
	return &Inquiry{q, asks.Inputs()}, nil
}

// AnswerBy takes what somebody outside answers, as requests write values; the link is good for one answer. Faults: question.refused (Unauthenticated), also
// where there has been an answer meanwhile; workflow.inputs (Invalid) with every problem at its place below /inputs; question.long_answer (Invalid).
func (r *Runner) AnswerBy(ctx context.Context, t store.Tenant, q *inquiry.Inquiry, given map[string]any) error {
	asked, err := r.Inquiry(ctx, t, q)
	if err != nil {
		return err
	}
	answer, err := asked.read(ctx, given)
	if err != nil {
		return err
	}
	return r.settleInquiry(ctx, t, q, func(tx store.Tx) error { return inquiry.Answer(ctx, tx, q.ID, answer, r.o.Now()) })
}

// read is what somebody filled in, as it is kept.
func (q *Inquiry) read(ctx context.Context, given map[string]any) (json.RawMessage, error) {
	values, err := filledIn(ctx, nil, q.Inputs, given)
	if err != nil {
		return nil, err
	}
	shown := map[string]json.RawMessage{}
	for _, input := range q.Inputs {
		if v := values[input.Field.Name]; v != nil {
			shown[input.Field.Name] = input.Field.Value.AppendJSON(nil, v)
		}
	}
	answer, err := json.Marshal(shown)
	if err == nil && len(answer) > inquiry.MaxAnswer {
		err = fault.New(fault.Invalid, "question.long_answer", "limit", inquiry.MaxAnswer).At("/inputs")
	}
	return answer, err
}

// settleInquiry settles an inquiry, and has its run go on.
func (r *Runner) settleInquiry(ctx context.Context, t store.Tenant, q *inquiry.Inquiry, settle func(tx store.Tx) error) error {
	queued := false
	err := t.Write(ctx, func(tx store.Tx) (err error) {
		if err := settle(tx); err != nil {
			return err
		}
		queued, err = r.wakeRun(ctx, tx, q.Run, q.ID)
		return err
	})
	if err == nil && queued {
		r.o.Wake(t.Name())
	}
	return err
}

// closeUnsent ends an inquiry that could not be sent, and has its run go on.
func (r *Runner) closeUnsent(ctx context.Context, tx store.Tx, run, key id.ID) (queued bool, err error) {
	_, err = inquiry.Close(ctx, tx, key, inquiry.Unsent)
	if fault.Is(err, "question.unknown") {
		return false, nil
	}
	if err == nil {
		queued, err = r.wakeRun(ctx, tx, run, key)
	}
	return queued, err
}

// Bounced ends the inquiry that a message asks, by its record, which came back after a server took it: nobody will answer. It reports whether a
// job was enqueued.
func (r *Runner) Bounced(ctx context.Context, tx store.Tx, message id.ID) (queued bool, err error) {
	q, err := inquiry.AskedBy(ctx, tx, message)
	if err != nil || q == nil {
		return false, err
	}
	return r.closeUnsent(ctx, tx, q.Run, q.ID)
}

// inquiryLink is that by which somebody outside answers. Fault question.no_link (Conflict) where none can be made, or it would be good for nothing.
func (r *Runner) inquiryLink(ctx context.Context, t store.Tenant, key id.ID) (string, error) {
	none := fault.New(fault.Conflict, "question.no_link")
	q, err := inquiry.Get(ctx, t, key)
	switch {
	case fault.Is(err, "question.unknown"):
		return "", none
	case err != nil:
		return "", err
	case !q.Takes(r.o.Now()):
		return "", none
	}
	made, err := r.inquiries.To(ctx, t, key)
	if err == nil && made == "" {
		err = none
	}
	return made, err
}
