package steps

import (
	"cmp"
	"slices"
	"time"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record/session"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
	"formwork/workflows/approval"
)

// approvalType asks people to decide about the record, and waits for them.
var approvalType = of[approvalSettings]("approval", workflows.Waits, `{
	"title": "Approval",
	"description": "Asks the users that a condition holds for to decide about the record, and waits for them; later steps read who decided as steps.<name>.by, and what they said as steps.<name>.comment. Whoever set off the workflow is not asked.",
	"required": ["among", "text"],
	"properties": {
		"among": {"$ref": "#/$defs/expression", "title": "Among", "description": "A condition on users. In the place of who is away their substitute is asked.", "examples": ["id == record.owner.manager", "role == 'sales_manager'"]},
		"text": {"$ref": "#/$defs/said", "title": "Text", "description": "What they are asked: an expression, or a text in each language, in which {{ … }} is an expression."},
		"way": {"enum": ["any", "all", "majority"], "title": "Way", "description": "Any: the first answer decides. All: all have to approve. Majority: more than half have to.", "default": "any"},
		"locks": {"type": "boolean", "title": "Locks", "description": "Nobody changes the record meanwhile but workflows.", "default": true},
		"within": {"$ref": "#/$defs/expression", "title": "Within", "description": "For how long is waited; for ever when absent.", "examples": ["days(2)"]},
		"mail": {"type": "object", "title": "E-mail", "description": "Writes to each who is asked, with a link by which they decide without logging in.", "required": ["mailbox"], "additionalProperties": false, "properties": {
			"mailbox": {"$ref": "#/$defs/name", "title": "Mailbox"},
			"template": {"$ref": "#/$defs/name", "title": "Template", "description": "In the language of whoever is asked; the text and the name of the record when absent. The link stands below it."}}},
		"approved": {"$ref": "#/$defs/next", "title": "Approved"},
		"rejected": {"$ref": "#/$defs/next", "title": "Rejected"},
		"late": {"$ref": "#/$defs/next", "title": "Late", "description": "The step that follows where nobody decided in time."},
		"recalled": {"$ref": "#/$defs/next", "title": "Recalled", "description": "The step that follows where whoever set off the workflow took it back."},
		"nobody": {"$ref": "#/$defs/next", "title": "Nobody", "description": "The step that follows where there is nobody to be asked; without one the run fails."}},
	"dependentRequired": {"late": ["within"]}}`)

type approvalSettings struct {
	Among    string          `json:"among"`
	Text     metadata.Text   `json:"text"`
	Way      string          `json:"way"`
	Locked   *bool           `json:"locks"`
	Within   string          `json:"within"`
	Mail     *inviteSettings `json:"mail"`
	Approved string          `json:"approved"`
	Rejected string          `json:"rejected"`
	Late     string          `json:"late"`
	Recalled string          `json:"recalled"`
	Nobody   string          `json:"nobody"`
}

func (s *approvalSettings) Exits() []workflows.Exit {
	return []workflows.Exit{{At: "/approved", To: s.Approved}, {At: "/rejected", To: s.Rejected}, {At: "/late", To: s.Late}, {At: "/recalled", To: s.Recalled}, {At: "/nobody", To: s.Nobody}}
}

type approving struct {
	*approvalSettings
	among  *workflows.People
	text   *said
	within *expression.Program // nil: for ever
	mail   *inviting           // nil: nobody is written to
}

func (s *approvalSettings) Compile(c *workflows.Compiling) workflows.Step {
	if !c.NeedsObject() {
		return nil
	}
	a := &approving{approvalSettings: s, among: c.People(s.Among, "/among"), text: saidOf(c, s.Text, "/text")}
	if s.Within != "" {
		a.within = c.Expression(s.Within, fieldtype.DurationKind, -1, "/within")
	}
	if s.Mail != nil {
		a.mail = s.Mail.compile(c, "/mail")
	}
	if users := c.Find(session.UserObject, "/among"); users != nil {
		c.Offer(workflows.Reference("by", users), workflows.Offered("comment", fieldtype.Lines(approval.MaxComment)))
	}
	return a
}

// Locks implements workflows.Locking.
func (a *approving) Locks() bool { return a.Locked == nil || *a.Locked }

// Writes implements workflows.Writing.
func (a *approving) Writes() []workflows.Write {
	if a.mail == nil {
		return nil
	}
	return mailWrites(a.mail.mailbox)
}

func (a *approving) Do(x *workflows.Execution) (workflows.Outcome, error) {
	if x.Asked() == 0 {
		return a.ask(x)
	}
	answer, err := x.Acts.Answer(x.Asked())
	if err != nil {
		return workflows.Outcome{}, err
	}
	result := map[string]any{}
	if answer.By != 0 {
		result["by"] = int64(answer.By)
	}
	if answer.Comment != "" {
		result["comment"] = answer.Comment
	}
	if answer.State == approval.Pending {
		return workflows.Outcome{Asked: x.Asked(), Until: answer.Due}, nil
	}
	next := map[string]string{approval.Approved: a.Approved, approval.Rejected: a.Rejected, approval.Late: a.Late, approval.Recalled: a.Recalled}
	return workflows.Outcome{Next: next[answer.State], Result: result}, nil
}

// ask asks people.
func (a *approving) ask(x *workflows.Execution) (workflows.Outcome, error) {
	people, err := x.People(a.among)
	if err != nil {
		return workflows.Outcome{}, err
	}
	asked := approvers(people, x.By)
	if len(asked) == 0 {
		if a.Nobody == "" {
			err = fault.New(fault.Conflict, "workflow.nobody_asked")
		}
		return workflows.Outcome{Next: a.Nobody}, err
	}
	if len(asked) > approval.MaxAsked {
		return workflows.Outcome{}, fault.New(fault.Limited, "approval.too_many", "limit", approval.MaxAsked)
	}
	q := workflows.Question{Step: x.Step(), Way: a.Way, Locks: a.Locks(), Asked: asked}
	if q.Way == "" {
		q.Way = approval.Any
	}
	if q.Text, err = a.text.say(x); err != nil {
		return workflows.Outcome{}, err
	}
	if a.within != nil {
		v, err := x.Eval(a.within)
		if err != nil {
			return workflows.Outcome{}, err
		}
		if seconds, ok := v.(int64); ok {
			q.Due = time.UnixMilli(x.Now().UnixMilli() + 1000*seconds)
		}
	}
	key, named, err := x.Acts.Ask(q)
	if err != nil {
		return workflows.Outcome{}, err
	}
	if a.Invites() {
		if err := a.Invite(x, asked, named, q.Text); err != nil {
			return workflows.Outcome{}, cmp.Or(x.Acts.Leave([]id.ID{key}), err) // who was asked is asked no more
		}
	}
	return workflows.Outcome{Asked: key, Until: q.Due}, nil
}

// Invites implements workflows.Inviting.
func (a *approving) Invites() bool { return a.mail != nil }

// Invite implements workflows.Inviting.
func (a *approving) Invite(x *workflows.Execution, asked []workflows.Approver, people []id.ID, text metadata.Text) error {
	return a.mail.invite(x, asked, people, text)
}

// approvers are people who are asked: in the place of who is away their substitute, and never whoever asks.
func approvers(people []workflows.Person, by id.ID) (asked []workflows.Approver) {
	for _, p := range people {
		one := workflows.Approver{User: p.User}
		if p.Away && p.Stands != 0 && p.Stands != by {
			one = workflows.Approver{User: p.Stands, Instead: p.User}
		}
		if one.User != by && p.User != by && !slices.ContainsFunc(asked, func(a workflows.Approver) bool { return a.User == one.User }) {
			asked = append(asked, one)
		}
	}
	return asked
}
