package api

import (
	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
)

// Question asks why somebody may or may not do something.
type Question struct {
	User   string        `json:"user"` // by id or e-mail address
	Object string        `json:"object"`
	ID     string        `json:"id,omitempty" schema:"ID"` // of a record; such records as there may be when absent
	Action policy.Action `json:"action" enum:"create,read,update,delete"`
	Field  string        `json:"field,omitempty"`
}

// Explanation is the answer to a Question.
type Explanation struct {
	Allowed bool     `json:"allowed"`
	User    string   `json:"user" schema:"ID"`
	Reasons []Reason `json:"reasons"` // what has to hold first, then the ways to the record
	Grants  []Grant  `json:"grants"`  // the least that makes it allowed, all of them together
}

// Reason is one thing that a decision is made of.
type Reason struct {
	Action   policy.Action `json:"action" enum:"create,read,update,delete"`
	Holds    *bool         `json:"holds"` // null: that depends on the record
	Code     string        `json:"code"`
	Detail   string        `json:"detail"`
	Document string        `json:"document,omitempty"` // kind/name
}

// Grant is one change that is needed for a decision to be another.
type Grant struct {
	Code     string         `json:"code"`
	Detail   string         `json:"detail"`
	Document map[string]any `json:"document,omitempty" schema:"Document"` // one that would do
	Sets     []string       `json:"sets,omitempty"`                       // permission sets that would do, the smallest first
}

// explain is POST /access/explain: why somebody may or may not do something, for those
// who see the configuration. Of a record it tells those alone who may read it.
func (s *Server) explain(r *request) error {
	var in Question
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if in.User == "" {
		return fault.New(fault.Invalid, "access.user_needed").At("/user")
	}
	q := record.Question{Object: in.Object, Action: in.Action, Field: in.Field}
	_, ok := id.Parse(in.User)
	q.ByEmail = !ok
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
	answer := Explanation{Allowed: found.Allowed, User: q.Who.User.String(), Reasons: []Reason{}, Grants: []Grant{}}
	for _, one := range found.Reasons {
		shown := Reason{Action: one.Action, Holds: one.Holds, Code: one.Text.Code, Detail: one.Text.Text(lang)}
		if one.Document.Kind != "" {
			shown.Document = one.Document.String()
		}
		answer.Reasons = append(answer.Reasons, shown)
	}
	for _, one := range found.Grants {
		answer.Grants = append(answer.Grants, Grant{one.Text.Code, one.Text.Text(lang), one.Document, one.Sets})
	}
	return r.json(fiber.StatusOK, answer)
}
