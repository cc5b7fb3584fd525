package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/workflows"
	"formwork/workflows/runner"
	"formwork/workflows/webhook"
)

// postedPerMinute is how much may be posted to the workflows of a tenant within a minute.
const postedPerMinute = 600

// outsiders are those who post to workflows, as users of the budget.
var outsiders = id.Named("outsiders")

// Posted is what an outside system posts to a workflow: any JSON.
type Posted map[string]any

// Taken says that what was posted was taken.
type Taken struct {
	Run string `json:"run,omitempty" schema:"ID"` // that it set off; absent: the condition of the workflow does not hold
}

// Webhook tells of how outside systems set off a workflow.
type Webhook struct {
	Path   string        `json:"path"` // on this server, to which they post
	Proof  string        `json:"proof" enum:"signature,token"`
	Active bool          `json:"active"` // the workflow is
	Secret OutsideSecret `json:"secret"`
}

// WebhookSecret is a secret of a workflow that outside systems set off.
type WebhookSecret struct {
	Secret string `json:"secret,omitempty"` // absent in a request: one is made; in an answer: it was given
}

// postToWorkflow is POST /webhooks/{tenant}/{workflow}. Whoever can't prove to know the secret is told the same, whatever is wrong.
func (s *Server) postToWorkflow(r *request) (failure error) {
	tenant, workflow := r.param("tenant"), r.param("workflow")
	leave, err := s.webhooks.enter(r.client() + " " + clip(tenant) + " " + clip(workflow)) // it is remembered
	if err != nil {
		return err
	}
	defer func() { leave(fault.KindOf(failure) == fault.Unauthenticated) }()
	// A body that is larger than what every request may have is counted before it is known whose it is: strangers at one address share that.
	if length := r.http.Request().Header.ContentLength(); length < 0 || length > maxKept && length <= webhook.MaxBody {
		if r.share, err = s.budget.Enter("", id.Named("outsiders "+r.client())); err != nil {
			return err
		}
	}
	raw, err := r.body(webhook.MaxBody)
	if err != nil {
		return err
	}
	t, err := s.o.Store.Tenant(r.ctx, tenant)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err != nil {
		t = nil
	}
	d := &webhook.Delivery{ID: r.header(webhook.HeaderID), Timestamp: r.header(webhook.HeaderTimestamp), Signature: r.header(webhook.HeaderSignature),
		Authorization: r.header(fiber.HeaderAuthorization), Body: raw}
	if err := s.o.Workflows.Prove(r.ctx, t, workflow, d); err != nil {
		return err
	}
	if seconds := s.posted.take(tenant, postedPerMinute); seconds > 0 {
		return fault.New(fault.Limited, "webhook.limited", "seconds", seconds)
	}
	if err := r.countFor(t, len(raw)); err != nil {
		return err
	}
	body, err := parse(raw)
	if err != nil {
		return err
	}
	answer, err := s.o.Workflows.Receive(r.ctx, t, workflow, d.ID, body)
	if err != nil {
		return err
	}
	if answer.Body != nil {
		return r.copied(fiber.StatusOK, answer.Body)
	}
	return r.json(fiber.StatusAccepted, Taken{keyOrNone(answer.Run)})
}

// countFor has a request that is proved count among those of its tenant, and wait for its turn to be worked on.
func (r *request) countFor(t store.Tenant, bytes int) (err error) {
	r.share.Leave()
	if r.share, err = r.server.budget.Enter(t.Name(), outsiders); err != nil {
		return err
	}
	r.ctx = budget.With(r.ctx, r.share)
	if bytes > maxKept {
		if err := r.share.Hold(r.ctx, parsedTimes*int64(bytes)); err != nil {
			return err
		}
	}
	return r.share.Work(r.ctx)
}

// header is a header of the request, copied.
func (r *request) header(name string) string { return string(r.http.Request().Header.Peek(name)) }

// getWebhook is GET /workflows/{name}/webhook.
func (s *Server) getWebhook(r *request) error {
	of, err := runner.WebhookOf(r.snapshot, r.param("name"))
	if err != nil {
		return err
	}
	w := of.Workflow
	known, err := s.o.Secrets.Known(r.ctx, r.tenant, w)
	if err != nil {
		return err
	}
	given := known[w.Holder()]
	return r.json(fiber.StatusOK, Webhook{Path: Prefix + "/webhooks/" + r.tenant.Name() + "/" + w.Doc.Name, Proof: of.Proof.Name(), Active: w.Active(),
		Secret: OutsideSecret{Needed: true, SetAt: timeOrNone(given.At), Fits: given.At != time.Time{} && given.For == w.For()}})
}

// setWebhookSecret is PUT /workflows/{name}/webhook/secret.
func (s *Server) setWebhookSecret(r *request) error {
	of, err := runner.WebhookOf(r.snapshot, r.param("name"))
	if err != nil {
		return err
	}
	var in WebhookSecret
	if err := r.decode(smallBody, &in, true); err != nil {
		return err
	}
	made, err := s.o.Workflows.SetWebhookSecret(r.ctx, r.tenant, of, in.Secret)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, WebhookSecret{made})
}

// removeWebhookSecret is DELETE /workflows/{name}/webhook/secret.
func (s *Server) removeWebhookSecret(r *request) error {
	if err := s.o.Secrets.Remove(r.ctx, r.tenant, workflows.WebhookOf(r.param("name"))); err != nil {
		return err
	}
	return r.done()
}
