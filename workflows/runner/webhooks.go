package runner

import (
	"context"
	"encoding/json"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/webhook"
)

// maxAnswer is how many bytes of an answer to a delivery are kept; where one has more, the usual one is given.
const maxAnswer = 16 << 10

// posted is a workflow that outside systems set off, by its name; nil: there is none that is active.
func posted(s *catalog.Snapshot, name string) *workflows.Workflow {
	w := workflows.Of(s).ByName[name]
	if w == nil || !w.Active() {
		return nil
	}
	if _, ok := w.Trigger.(workflows.OnPost); !ok {
		return nil
	}
	return w
}

// Prove lets pass a delivery to a workflow whose sender knows its secret. Fault webhook.refused (Unauthenticated) for all others, whatever is
// wrong with them: that there is no such tenant (nil), workflow or secret is told to nobody who does not know it. What is done
// for them is little: the configuration, which may have to be compiled, is looked at for who has proved to know a secret.
func (r *Runner) Prove(ctx context.Context, t store.Tenant, workflow string, d *webhook.Delivery) error {
	secret, by := "", ""
	if t != nil {
		var err error
		secret, by, err = r.o.Reach.Secrets.Find(ctx, t, workflows.WebhookOf(workflow))
		if f := fault.From(err); f != nil && f.Kind.Breaks() {
			return err
		}
	}
	refused := fault.New(fault.Unauthenticated, "webhook.refused")
	if !r.prover.Proved(webhook.ProofOf(by), secret, d, r.o.Now()) {
		return refused
	}
	snapshot, err := r.o.Catalog.Snapshot(ctx, t)
	if err != nil {
		return err
	}
	if w := posted(snapshot, workflow); w == nil || w.For() != by {
		return refused
	}
	return nil
}

// Receive takes a delivery that was proved, whose id is "" if it has none: its run begins in the transaction that remembers the id, and its first
// steps are done in it. One that was taken before sets off nothing, and has the same answer. What it sets off runs about no
// record, and on nobody's behalf. Faults: webhook.payload (Invalid), with every problem at its place; webhook.refused where the workflow is gone.
func (r *Runner) Receive(ctx context.Context, t store.Tenant, workflow, delivery string, body any) (answer webhook.Answer, err error) {
	queued, did := false, &tally{}
	err = r.underNewest(ctx, t, func(system *record.Session) error {
		w := posted(system.Snapshot(), workflow)
		if w == nil {
			return fault.New(fault.Unauthenticated, "webhook.refused")
		}
		return system.Jointly(ctx, func(j *record.Joint) (err error) {
			queued, did = false, &tally{}
			if delivery != "" {
				before, taken, err := webhook.Taken(ctx, j.Tx(), workflow, delivery)
				if answer = before; err != nil || taken {
					return err
				}
			}
			run, err := r.newRun(system.Snapshot(), w, policy.System(t.Name()), 0).take(w, body)
			if err != nil {
				return err
			}
			s := starting{together: r.together(ctx, t, system.Snapshot(), j, nil)}
			did = &s.tally
			if answer, err = s.receive(run, w); err != nil {
				return err
			}
			if queued, err = s.queue(); err != nil || delivery == "" {
				return err
			}
			return webhook.Take(ctx, j.Tx(), workflow, delivery, answer, r.o.Now())
		})
	})
	if err == nil {
		r.committed(t, did)
	}
	if err == nil && queued {
		r.o.Wake(t.Name())
	}
	return answer, err
}

// receive begins a run that a delivery sets off, if the condition holds, and says what is answered.
func (s *starting) receive(run *Run, w *workflows.Workflow) (a webhook.Answer, err error) {
	env, err := s.about(s.asking(w, 0, nil), run)
	if err != nil {
		return a, err
	}
	b, err := s.triggered(run, w, env)
	if err != nil {
		return a, err
	}
	if b != nil {
		if err := s.keep(*b); err != nil {
			return a, err
		}
	} else if run.State != Failed {
		return a, nil
	}
	a.Run = run.ID
	if w.Reply != nil && run.State != Failed {
		a.Body, err = s.answer(run, w, env)
	}
	return a, err
}

// answer is what the workflow says of a run; nil where it can't be computed or is too large: what was done stays.
func (s *starting) answer(run *Run, w *workflows.Workflow, env *session.Env) (json.RawMessage, error) {
	state := &workflows.State{}
	if err := w.Restore(state, run.results); err != nil {
		return nil, err
	}
	env.Forget()
	raw, err := w.Reply.Append(nil, workflows.NewExecution(s.ctx, w, state, env, nil, nil))
	if f := fault.From(err); f != nil {
		if f.Kind.Breaks() {
			return nil, err
		}
		return nil, nil
	}
	if len(raw) > maxAnswer {
		return nil, nil
	}
	return raw, nil
}

// take gives a run that begins what was posted.
func (r *Run) take(w *workflows.Workflow, body any) (*Run, error) {
	values, problems := w.Trigger.(workflows.OnPost).Take(body)
	if len(problems) > 0 {
		return nil, fault.All(fault.Invalid, "webhook.payload", problems)
	}
	return r, r.begin(w, values)
}

// Webhook tells of how outside systems set off a workflow.
type Webhook struct {
	Workflow *workflows.Workflow
	Proof    webhook.Proof
}

// WebhookOf is how outside systems set off a workflow, active or not. Fault workflow.unknown (NotFound) where they don't.
func WebhookOf(s *catalog.Snapshot, name string) (Webhook, error) {
	w, err := workflowOf(s, name)
	if err != nil {
		return Webhook{}, err
	}
	t, ok := w.Trigger.(workflows.OnPost)
	if !ok {
		return Webhook{}, unknown(name)
	}
	return Webhook{w, t.Proof()}, nil
}

// SetWebhookSecret keeps the secret of a workflow that outside systems set off; "": one is made, and returned this once.
// Faults: those of connection.Secrets.Set; webhook.bad_secret (Invalid).
func (r *Runner) SetWebhookSecret(ctx context.Context, t store.Tenant, of Webhook, secret string) (made string, err error) {
	if secret == "" {
		made = webhook.NewSecret(of.Proof)
		secret = made
	}
	if !of.Proof.Fits(secret) {
		return "", fault.New(fault.Invalid, "webhook.bad_secret").At("/secret")
	}
	return made, r.o.Reach.Secrets.Set(ctx, t, of.Workflow, secret)
}
