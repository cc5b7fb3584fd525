package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/workflows/approval"
	"formwork/workflows/runner"
)

// AskedDecision is what somebody is asked who has not logged in, and followed a link that they were sent: what they may see of it now.
type AskedDecision struct {
	Text     string    `json:"text"`              // what is asked
	Label    string    `json:"label"`             // of the workflow
	Object   string    `json:"object"`            // its label
	Name     string    `json:"name"`              // of the record
	For      string    `json:"for"`               // who is asked
	ByName   string    `json:"by_name,omitempty"` // on whose behalf; absent: the platform's, or somebody's whom they may not read
	Language string    `json:"language"`          // of whoever is asked
	AskedAt  time.Time `json:"asked_at"`
	OpenTill time.Time `json:"open_till"` // until when the link can be used
}

// getDecision is GET /decisions/{tenant}. It decides nothing: those who look through mail for people follow links.
func (s *Server) getDecision(r *request) error {
	return byProof(r, s.links, r.bearer(), s.o.Workflows.AskedBy, func(t store.Tenant, asked *runner.Asked) error {
		d, err := s.o.Workflows.Deciding(r.ctx, t, asked)
		if err != nil {
			return err
		}
		r.tenant, r.caller, r.snapshot = t, d.Caller, d.Session.Snapshot()
		of := d.Request
		names, err := r.records().NamesOf(r.ctx, map[string][]id.ID{of.Object: {of.Record}, session.UserObject: {of.By, d.User}})
		if err != nil {
			return err
		}
		language, users := r.language(), names[session.UserObject]
		return r.json(fiber.StatusOK, AskedDecision{Text: of.Text.In(language, ""), Label: runner.LabelOf(r.snapshot, of.Workflow, language), Object: r.snapshot.Objects[of.Object].Doc.Label.In(language, of.Object),
			Name: names[of.Object][of.Record], For: users[d.User], ByName: users[of.By], Language: language, AskedAt: of.At.UTC(), OpenTill: of.Open().UTC()})
	})
}

// decideByLink is POST /decisions/{tenant}.
func (s *Server) decideByLink(r *request) error {
	return byProof(r, s.links, r.bearer(), s.o.Workflows.AskedBy, func(t store.Tenant, asked *runner.Asked) error {
		in, err := r.decision()
		if err != nil {
			return err
		}
		if err := s.o.Workflows.DecideBy(r.ctx, t, asked, in.Decision, in.Comment); err != nil {
			return err
		}
		return r.done()
	})
}

// decision is the answer that a request has.
func (r *request) decision() (in Decision, err error) {
	if err = r.decode(smallBody, &in, false); err == nil && in.Decision != approval.Approved && in.Decision != approval.Rejected {
		err = fault.New(fault.Invalid, "schema.enum", "value", clip(in.Decision), "options", approval.Approved+", "+approval.Rejected).At("/decision")
	}
	return in, err
}
