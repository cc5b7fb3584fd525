package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record/session"
	"formwork/workflows/approval"
	"formwork/workflows/runner"
)

// Approval is something that people are asked to decide about a record, on behalf of a run of a workflow.
type Approval struct {
	ID        string     `json:"id" schema:"ID"`
	Workflow  string     `json:"workflow"`
	Label     string     `json:"label"` // of the workflow
	Object    string     `json:"object"`
	Record    string     `json:"record" schema:"ID"`
	Name      string     `json:"name"` // of the record
	Text      string     `json:"text"` // what is asked
	State     string     `json:"state" enum:"pending,approved,rejected,recalled,late,cancelled"`
	Way       string     `json:"way" enum:"any,all,majority"` // how the answers of several people come to one
	Locks     bool       `json:"locks"`                       // nobody changes the record while it is pending
	By        string     `json:"by,omitempty" schema:"ID"`    // on whose behalf it is asked; absent: the platform
	ByName    string     `json:"by_name,omitempty"`           // absent where the caller may not read it
	AskedAt   time.Time  `json:"asked_at"`
	DueAt     *time.Time `json:"due_at"`   // until when; null: for ever
	EndedAt   *time.Time `json:"ended_at"` // null: it is pending
	Approvers []Approver `json:"approvers"`
	CanDecide bool       `json:"can_decide"` // the caller is asked, and has not answered
	CanRecall bool       `json:"can_recall"` // the caller may take it back
}

// Approver is somebody who is asked to decide.
type Approver struct {
	User        string     `json:"user" schema:"ID"`
	Name        string     `json:"name,omitempty"`                // absent where the caller may not read it
	Instead     string     `json:"instead,omitempty" schema:"ID"` // in whose place
	InsteadName string     `json:"instead_name,omitempty"`        // absent where the caller may not read it
	State       string     `json:"state" enum:"asked,approved,rejected,passed_on,not_asked"`
	By          string     `json:"by,omitempty" schema:"ID"` // who passed it on in their name
	ByName      string     `json:"by_name,omitempty"`        // absent where the caller may not read it
	Comment     string     `json:"comment,omitempty"`
	AnsweredAt  *time.Time `json:"answered_at"` // null: they have not
}

// configures is the right of those who see to what others are asked.
const configures = "manage_metadata"

// Decision is an answer to what one is asked.
type Decision struct {
	Decision string `json:"decision" enum:"approved,rejected"`
	Comment  string `json:"comment,omitempty"`
}

// PassOn says who decides in the place of somebody who is asked.
type PassOn struct {
	To      string `json:"to" schema:"ID"`             // a user
	From    string `json:"from,omitempty" schema:"ID"` // the caller when absent; others for who may change the configuration
	Comment string `json:"comment,omitempty"`
}

// showApprovals shows requests about records that the caller may read; others are left out.
func (r *request) showApprovals(all []*approval.Request) ([]Approval, error) {
	shown := make([]Approval, 0, len(all))
	if len(all) == 0 {
		return shown, nil
	}
	referred := map[string][]id.ID{}
	for _, of := range all {
		referred[of.Object] = append(referred[of.Object], of.Record)
		referred[session.UserObject] = append(referred[session.UserObject], of.By)
		for _, p := range of.People {
			referred[session.UserObject] = append(referred[session.UserObject], p.User, p.Instead, p.By)
		}
	}
	names, err := r.records().NamesOf(r.ctx, referred)
	if err != nil {
		return nil, err
	}
	any, err := r.has(configures)
	if err != nil {
		return nil, err
	}
	for _, of := range all {
		name, readable := names[of.Object][of.Record]
		if !readable {
			continue
		}
		users := names[session.UserObject]
		one := Approval{ID: of.ID.String(), Workflow: of.Workflow, Label: runner.LabelOf(r.snapshot, of.Workflow, r.language()), Object: of.Object, Record: of.Record.String(), Name: name, Text: of.Text.In(r.language(), ""),
			State: of.State, Way: of.Way, Locks: of.Locks, By: keyOrNone(of.By), ByName: users[of.By], AskedAt: of.At.UTC(), DueAt: timeOrNone(of.Due), EndedAt: timeOrNone(of.Ended), Approvers: []Approver{}}
		pending := of.State == approval.Pending
		one.CanDecide = pending && of.Asks(r.caller.User)
		one.CanRecall = pending && (any || of.By == r.caller.User)
		for _, p := range of.People {
			one.Approvers = append(one.Approvers, Approver{User: p.User.String(), Name: users[p.User], Instead: keyOrNone(p.Instead), InsteadName: users[p.Instead],
				State: p.State, By: keyOrNone(p.By), ByName: users[p.By], Comment: p.Comment, AnsweredAt: timeOrNone(p.At)})
		}
		shown = append(shown, one)
	}
	return shown, nil
}

// listApprovals is GET /me/approvals.
func (s *Server) listApprovals(r *request) error {
	all, err := approval.OfUser(r.ctx, r.tenant, r.caller.User)
	if err != nil {
		return err
	}
	return r.answerApprovals(all)
}

// recordApprovals is GET /records/{object}/{id}/approvals, newest first.
func (s *Server) recordApprovals(r *request) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	if err := r.records().DemandReadable(r.ctx, r.object(), key); err != nil {
		return err
	}
	all, err := approval.OfRecord(r.ctx, r.tenant, r.object(), key, approval.MaxListed)
	if err != nil {
		return err
	}
	return r.answerApprovals(all)
}

func (r *request) answerApprovals(all []*approval.Request) error {
	shown, err := r.showApprovals(all)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, List[Approval]{Items: shown})
}

// approvalID is the request that a path names, for somebody in person: API keys may be in many hands, and decide nothing.
// Faults approval.unknown (NotFound), auth.session_needed (Forbidden).
func (r *request) approvalID() (id.ID, error) {
	key, ok := id.Parse(r.http.Params("id"))
	if !ok {
		return 0, fault.New(fault.NotFound, "approval.unknown")
	}
	return key, r.inPerson()
}

// decide is POST /approvals/{id}/decide.
func (s *Server) decide(r *request) error {
	key, err := r.approvalID()
	if err != nil {
		return err
	}
	in, err := r.decision()
	if err != nil {
		return err
	}
	of, err := s.o.Workflows.Decide(r.ctx, r.tenant, r.records(), r.caller.User, key, in.Decision, in.Comment)
	return r.answerApproval(of, err)
}

// passOn is POST /approvals/{id}/pass-on.
func (s *Server) passOn(r *request) error {
	key, err := r.approvalID()
	if err != nil {
		return err
	}
	var in PassOn
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	to, ok := id.Parse(in.To)
	if !ok {
		return fault.New(fault.Invalid, "field.not_an_id", "value", clip(in.To)).At("/to")
	}
	from := r.caller.User
	if in.From != "" {
		if from, ok = id.Parse(in.From); !ok {
			return fault.New(fault.Invalid, "field.not_an_id", "value", clip(in.From)).At("/from")
		}
	}
	if from != r.caller.User {
		if err := r.needs(configures); err != nil {
			return err
		}
	}
	of, err := s.o.Workflows.PassOn(r.ctx, r.tenant, r.records(), r.caller.User, from, to, key, in.Comment)
	return r.answerApproval(of, err)
}

// recall is POST /approvals/{id}/recall.
func (s *Server) recall(r *request) error {
	key, err := r.approvalID()
	if err != nil {
		return err
	}
	any, err := r.has(configures)
	if err != nil {
		return err
	}
	of, err := s.o.Workflows.Recall(r.ctx, r.tenant, r.records(), r.caller.User, key, any)
	return r.answerApproval(of, err)
}

func (r *request) answerApproval(of *approval.Request, err error) error {
	if err != nil {
		return err
	}
	shown, err := r.showApprovals([]*approval.Request{of})
	if err != nil {
		return err
	}
	if len(shown) == 0 {
		return fault.New(fault.NotFound, "approval.unknown")
	}
	return r.json(fiber.StatusOK, shown[0])
}
