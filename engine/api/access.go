package api

import (
	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
)

// reason is one thing that a decision is made of, as the API shows it.
type reason struct {
	Action   policy.Action `json:"action"`
	Holds    *bool         `json:"holds"` // null: that depends on the record
	Code     string        `json:"code"`
	Detail   string        `json:"detail"`
	Document string        `json:"document,omitempty"`
}

// grant is one change that is needed for a decision to be another.
type grant struct {
	Code     string         `json:"code"`
	Detail   string         `json:"detail"`
	Document map[string]any `json:"document,omitempty"`
	Sets     []string       `json:"sets,omitempty"`
}

// explain is POST /access/explain: why somebody may or may not do something, for those
// who see the configuration. Of a record it tells those alone who may read it.
func (s *Server) explain(r *request) error {
	var in struct {
		User   string `json:"user"`
		Object string `json:"object"`
		ID     string `json:"id"`
		Action string `json:"action"`
		Field  string `json:"field"`
	}
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if in.User == "" {
		return fault.New(fault.Invalid, "access.user_needed").At("/user")
	}
	q := record.Question{Object: in.Object, Action: policy.Action(in.Action), Field: in.Field}
	var ok bool
	if q.ID, ok = id.Parse(in.ID); !ok && in.ID != "" {
		return fault.New(fault.NotFound, "api.bad_id", "id", clip(in.ID))
	}
	var err error
	if q.Who, q.Active, err = s.o.Auth.Describe(r.ctx, r.tenant, in.User); err != nil {
		return err
	}
	found, err := r.records().Explain(r.ctx, q)
	if err != nil {
		return err
	}
	lang := r.language()
	reasons, grants := []reason{}, []grant{}
	for _, one := range found.Reasons {
		shown := reason{Action: one.Action, Holds: one.Holds, Code: one.Text.Code, Detail: one.Text.Text(lang)}
		if one.Document.Kind != "" {
			shown.Document = one.Document.String()
		}
		reasons = append(reasons, shown)
	}
	for _, one := range found.Grants {
		grants = append(grants, grant{one.Text.Code, one.Text.Text(lang), one.Document, one.Sets})
	}
	return r.json(fiber.StatusOK, map[string]any{"allowed": found.Allowed, "user": q.Who.User.String(), "reasons": reasons, "grants": grants})
}
