package steps

import (
	"fmt"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/template"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
	"formwork/workflows/outside"
)

// emailType sends an e-mail, which is kept as a record.
var emailType = of[emailSettings]("email", workflows.Waits, `{
	"title": "Send an e-mail",
	"description": "Sends an e-mail of a template, or with a subject and a text, and waits until the server for mail took it. It is kept as a record of the object email that is about the record of the run; later steps read it as steps.<name>.email. Where there is no address, or the mailbox has no server, nothing is sent.",
	"required": ["mailbox", "to"],
	"properties": {
		"mailbox": {"$ref": "#/$defs/name", "title": "Mailbox"},
		"to": {"$ref": "#/$defs/expression", "title": "To", "description": "An address, or several behind commas.", "examples": ["contact.email"]},
		"cc": {"$ref": "#/$defs/expression", "title": "Copy to"},
		"template": {"$ref": "#/$defs/name", "title": "Template"},
		"language": {"$ref": "#/$defs/expression", "title": "Language", "description": "Of the template; English, or what it has, when absent.", "examples": ["country == 'CN' ? 'zh' : 'en'"]},
		"subject": {"$ref": "#/$defs/expression", "title": "Subject", "examples": ["'Your case ' + number"]},
		"text": {"$ref": "#/$defs/expression", "title": "Text"},
		"answers": {"$ref": "#/$defs/expression", "title": "Answers", "description": "An e-mail that this one answers; it is put into its thread.", "examples": ["steps.last.record"]},
		"tries": {"type": "integer", "minimum": 1, "maximum": 12, "default": 6, "title": "Tries", "description": "How often it is tried where the server can't be reached, or can't take it now."},
		"next": {"$ref": "#/$defs/next"}},
	"oneOf": [{"required": ["template"], "not": {"anyOf": [{"required": ["subject"]}, {"required": ["text"]}]}}, {"required": ["subject", "text"], "not": {"anyOf": [{"required": ["template"]}, {"required": ["language"]}]}}]}`)

type emailSettings struct {
	workflows.Next
	Mailbox  string `json:"mailbox"`
	Sent     string `json:"to"`
	Cc       string `json:"cc"`
	Template string `json:"template"`
	Language string `json:"language"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
	Answers  string `json:"answers"`
	Tries    int64  `json:"tries"`
}

// Retries implements workflows.Tries.
func (*emailSettings) Retries() {}

type emailing struct {
	*emailSettings
	mailbox                                  *mail.Mailbox
	template                                 *template.Template // nil: subject and text
	to, cc, language, subject, text, answers *expression.Program
	owner                                    *expression.Program // of the record of the run, who owns what is written about it; nil: nobody
}

func (s *emailSettings) Compile(c *workflows.Compiling) workflows.Step {
	e := &emailing{emailSettings: s, mailbox: c.Mailbox(s.Mailbox, "/mailbox")}
	if e.Tries == 0 {
		e.Tries = usualTries
	}
	for _, of := range []struct {
		source, at string
		to         **expression.Program
	}{{s.Sent, "/to", &e.to}, {s.Cc, "/cc", &e.cc}, {s.Language, "/language", &e.language}, {s.Subject, "/subject", &e.subject}, {s.Text, "/text", &e.text}} {
		if of.source != "" {
			*of.to = c.Expression(of.source, fieldtype.TextKind, -1, of.at)
		}
	}
	if s.Template != "" {
		e.template = c.Template(s.Template, "/template")
	}
	if e.template != nil && e.template.Doc.Unsubscribe && s.Cc != "" {
		c.Report(fault.New(fault.Invalid, "mail.one_recipient"), "/cc")
	}
	if e.mailbox == nil {
		return nil
	}
	if s.Answers != "" {
		e.answers = c.Record(e.mailbox.Kept.Object, s.Answers, "/answers")
	}
	e.owner = c.Owner()
	c.Offer(workflows.Reference("email", e.mailbox.Kept.Object))
	return e
}

// Writes implements workflows.Writing.
func (e *emailing) Writes() []workflows.Write { return mailWrites(e.mailbox) }

// mailWrites are what steps that send mail change: its records, which the platform tells what became of them.
func mailWrites(of *mail.Mailbox) []workflows.Write {
	o := of.Kept.Object
	return []workflows.Write{{Object: o, Action: record.Created}, {Object: o, Action: record.Updated, System: true, Values: []workflows.Value{{Field: of.Kept.Field(mail.State)}, {Field: of.Kept.Field(mail.Problem)}}}}
}

func (e *emailing) Do(x *workflows.Execution) (workflows.Outcome, error) {
	if x.Asked() == 0 {
		return e.ask(x)
	}
	reply, err := x.Acts.Called(x.Asked())
	if err != nil {
		return workflows.Outcome{}, err
	}
	kept := x.Kept()
	switch reply.State {
	case outside.Pending:
		return workflows.Outcome{Asked: x.Asked(), Result: kept}, nil
	case outside.Done:
		return workflows.Outcome{Next: e.To, Result: kept}, nil
	}
	return workflows.Outcome{Result: kept}, reply.Fault
}

// ask keeps the message, and has it sent.
func (e *emailing) ask(x *workflows.Execution) (workflows.Outcome, error) {
	to, err := e.addresses(x, e.to)
	if err != nil || len(to) == 0 {
		return workflows.Outcome{Next: e.To, Result: map[string]any{}}, err
	}
	m := &mail.Message{Mailbox: e.Mailbox, ID: mail.NewID(x.Unique(), e.mailbox.From), From: e.mailbox.From, To: to, At: x.Now(), Personal: x.Pressed()}
	if m.Cc, err = e.addresses(x, e.cc); err != nil {
		return workflows.Outcome{}, err
	}
	if err := e.write(x, m); err != nil {
		return workflows.Outcome{}, err
	}
	m.Subject = mail.OneLine(m.Subject) // whatever a value holds
	thread := m.ID
	if e.answers != nil {
		if thread, err = e.follows(x, m); err != nil {
			return workflows.Outcome{}, err
		}
	}
	if m.Record, err = keepMail(x, e.mailbox, m, thread, e.owner); err != nil {
		return workflows.Outcome{}, err
	}
	if e.mailbox.Doc.Send == "" {
		return workflows.Outcome{Next: e.To, Result: map[string]any{"email": int64(m.Record)}}, nil
	}
	asked, err := x.Acts.Send(m, e.mailbox.Doc.Send, e.Tries)
	return workflows.Outcome{Asked: asked, Result: map[string]any{"email": int64(m.Record)}}, err
}

// keepMail makes the record of a message; nobody owns it where owner is nil.
func keepMail(x *workflows.Execution, of *mail.Mailbox, m *mail.Message, thread string, owner *expression.Program) (id.ID, error) {
	values, err := of.Values(m, thread, x.About())
	if err != nil {
		return 0, err
	}
	if owner != nil {
		if values[query.Owner.Name], err = x.Eval(owner); err != nil {
			return 0, err
		}
	}
	return x.Acts.Create(of.Kept.Object, values)
}

func (e *emailing) addresses(x *workflows.Execution, p *expression.Program) ([]mail.Address, error) {
	text, err := textOf(x, p)
	if err != nil {
		return nil, err
	}
	return mail.ReadAddresses(text)
}

// write fills in what the message says.
func (e *emailing) write(x *workflows.Execution, m *mail.Message) error {
	var err error
	if e.template == nil {
		if m.Subject, err = textOf(x, e.subject); err == nil {
			m.Text, err = textOf(x, e.text)
		}
		return err
	}
	language, err := textOf(x, e.language)
	if err != nil {
		return err
	}
	w, err := e.template.Write(language, x.Eval)
	m.Subject, m.Text, m.HTML = w.Subject, w.Text, w.HTML
	if e.template.Doc.Unsubscribe {
		m.Unsubscribe, m.Language = template.UnsubscribeLink, w.Language
		if err == nil && len(m.To) != 1 {
			err = fault.New(fault.Invalid, "mail.one_recipient")
		}
	}
	return err
}

// follows puts a message into the thread of the one that it answers.
func (e *emailing) follows(x *workflows.Execution, m *mail.Message) (thread string, err error) {
	key, err := recordOf(x, e.mailbox.Kept.Object, e.answers)
	if key == 0 || err != nil {
		return m.ID, err
	}
	o := e.mailbox.Kept.Object
	columns := []query.Column{e.mailbox.Kept.Field(mail.MessageID).Column, e.mailbox.Kept.Field(mail.Thread).Column}
	answered, found, err := store.First(x.Ctx, x.Reader(), query.Select{Table: o.Table.Name, Filter: query.Is(query.ID, int64(key))}, columns...)
	if err != nil {
		return "", fmt.Errorf("reading the e-mail that is answered: %w", err)
	}
	if !found || answered.Text(columns[0]) == "" {
		return m.ID, nil
	}
	thread = answered.Text(columns[1])
	if thread != "" && thread != answered.Text(columns[0]) {
		m.References = append(m.References, thread)
	}
	m.References = append(m.References, answered.Text(columns[0]))
	if thread == "" {
		thread = answered.Text(columns[0])
	}
	return thread, nil
}

// textOf is the value of an expression that results in a text; "" of none.
func textOf(x *workflows.Execution, p *expression.Program) (string, error) {
	if p == nil {
		return "", nil
	}
	v, err := x.Eval(p)
	text, _ := v.(string)
	return text, err
}
