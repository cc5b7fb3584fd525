package triggers

import (
	"formwork/engine/fault"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/workflows"
)

// emailType runs when a mailbox has received a message, whose record its runs are about.
var emailType = of[emailSettings]("email", `{
	"title": "E-mail",
	"description": "When a mailbox has received a message. The object of the workflow is email: a run is about the record that keeps the message.",
	"properties": {
		"mailbox": {"$ref": "#/$defs/name", "title": "Mailbox", "description": "Which has received it; any when absent.", "examples": ["support"]},
		"automatic": {"type": "boolean", "default": false, "title": "Also what machines write", "description": "Whether notices of absence, lists and reports of messages that did not arrive set it off, too. Whoever answers those may never hear the last of it."}}}`)

type emailSettings struct {
	Mailbox   string `json:"mailbox"`
	Automatic bool   `json:"automatic"`
}

type received struct {
	*emailSettings
	direction query.Column
}

func (s *emailSettings) Compile(c *workflows.Compiling) workflows.Trigger {
	o := c.Object()
	if o == nil || o.Doc.Name != mail.ObjectName {
		c.Report(fault.New(fault.Invalid, "workflow.needs_email"), "/type")
		return nil
	}
	if s.Mailbox != "" {
		c.Mailbox(s.Mailbox, "/mailbox")
	}
	f := c.Field(o, mail.Direction, "/type")
	if f == nil {
		return nil
	}
	return &received{s, f.Column}
}

func (*received) Allows() workflows.Effect { return workflows.Waits }
func (*received) Old() bool                { return false }
func (*received) Before() bool             { return false }

// Received implements workflows.OnReceipt.
func (*received) Received() {}

// On implements workflows.OnSave.
func (*received) On() []record.Action { return []record.Action{record.Created} }

// Fires implements workflows.OnSave.
func (r *received) Fires(c workflows.Saved) bool {
	automatic, _ := c.Get(mail.Automatic).(bool)
	return mail.ReceivedBy(c.Via()) && c.Get(mail.Direction) == mail.Inbound && (r.Mailbox == "" || c.Get(mail.Box) == r.Mailbox) && (r.emailSettings.Automatic || !automatic)
}

// Implies implements workflows.Implying.
func (r *received) Implies() query.Filter { return query.Is(r.direction, mail.Inbound) }
