package runner_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"formwork/workflows/runner"
	"formwork/workflows/webhook"
)

// share has a workflow have a secret that an outside system knows.
func (s *stage) share(t *testing.T, d deed) error {
	t.Helper()
	of, err := runner.WebhookOf(s.Snapshot(), d.Shares)
	if err != nil {
		return err
	}
	made, err := s.Workflows.SetWebhookSecret(t.Context(), s.Tenant.Tenant, of, d.Secret)
	if err == nil {
		s.secrets[d.Shares] = made
		if d.Secret != "" {
			s.secrets[d.Shares] = d.Secret
		}
	}
	return err
}

// post posts something to a workflow, as an outside system does that knows its secret.
func (s *stage) post(t *testing.T, at string, d deed) error {
	t.Helper()
	raw, err := json.Marshal(s.values(d.Data))
	if err != nil {
		t.Fatal(err)
	}
	when, secret := s.Now(), s.secrets[d.Post]
	switch d.Proof {
	case "old":
		when = when.Add(-webhook.Tolerance - 2*time.Second)
	case "early":
		when = when.Add(webhook.Tolerance + 2*time.Second)
	case "other":
		secret = webhook.NewSecret(webhook.ProofOf("signature"))
	}
	delivery := &webhook.Delivery{ID: d.ID, Timestamp: strconv.FormatInt(when.Unix(), 10), Body: raw}
	switch d.Proof {
	case "none":
	case "token":
		delivery.Authorization = "Bearer " + secret
	default:
		delivery.Signature = "v1,bm90IHRoaXMgb25l v2,x " + webhook.Sign(secret, delivery)
	}
	if d.Proof == "altered" {
		delivery.Body = append(raw, ' ')
	}
	if err := s.Workflows.Prove(t.Context(), s.Tenant.Tenant, d.Post, delivery); err != nil {
		return err
	}
	var body any = map[string]any{}
	if d.Data != nil {
		body = map[string]any(s.values(d.Data))
	}
	answer, err := s.Workflows.Receive(t.Context(), s.Tenant.Tenant, d.Post, d.ID, body)
	if err != nil {
		return err
	}
	got := s.named(string(answer.Body))
	if answer.Body == nil {
		got = map[bool]string{true: "run", false: "nothing"}[answer.Run != 0]
	}
	if d.Reply != "" && got != d.Reply {
		t.Fatalf("%s: the answer is %s, want %s", at, got, d.Reply)
	}
	return nil
}
