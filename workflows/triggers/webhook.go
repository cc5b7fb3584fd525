package triggers

import (
	"encoding/json"

	"formwork/engine/fault"
	"formwork/workflows"
	"formwork/workflows/webhook"
)

// webhookType runs when an outside system posts something to the address of the workflow.
var webhookType = of[webhookSettings]("webhook", `{
	"title": "Webhook",
	"description": "When an outside system posts JSON to the address of the workflow, and proves that it knows its secret. The workflow has no object: what it is about its steps find or make.",
	"properties": {
		"proof": {"enum": ["signature", "token"], "default": "signature", "title": "Proof", "description": "How who posts proves to know the secret. Signature: a signature of id, time and body, as the Standard Webhooks specification says. Token: the secret itself, as Authorization: Bearer, for systems that can't sign."},
		"payload": {"$ref": "#/$defs/taken", "title": "Payload", "description": "What expressions read as input.<this>, each with its place in what was posted. What lacks something required, or holds something else than is said, is refused.", "examples": [{"number": {"at": "/order/number", "type": "text", "required": true}}]},
		"answer": {"$ref": "#/$defs/written", "title": "Answer", "description": "JSON that is answered once the first steps are done, in which each text is an expression that may read what they found and made. The id of the run when absent.", "examples": [{"id": "steps.made.record.id"}]}}}`)

type webhookSettings struct {
	By      string            `json:"proof"`
	Payload workflows.Takings `json:"payload"`
	Said    json.RawMessage   `json:"answer"`
}

type posted struct {
	*webhookSettings
	offered workflows.Result
}

func (s *webhookSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	return &posted{s, s.Payload.Offer(c, "/payload")}
}

func (*posted) Allows() workflows.Effect { return workflows.Waits }
func (*posted) Old() bool                { return false }

// Proof implements workflows.OnPost.
func (p *posted) Proof() webhook.Proof { return webhook.ProofOf(p.By) }

// Offers implements workflows.OnPost.
func (p *posted) Offers() workflows.Result { return p.offered }

// Take implements workflows.OnPost.
func (p *posted) Take(body any) (map[string]any, []*fault.Fault) { return p.Payload.Take(body) }

// Answer implements workflows.OnPost.
func (p *posted) Answer() json.RawMessage { return p.Said }
