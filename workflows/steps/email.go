package steps

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"strings"

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
		"language": {"$ref": "#/$defs/expression", "title": "Language", "description": "Of the template, and of what is sent along; English, or what it has, when absent.", "examples": ["country == 'CN' ? 'zh' : 'en'"]},
		"subject": {"$ref": "#/$defs/expression", "title": "Subject", "examples": ["'Your case ' + number"]},
		"text": {"$ref": "#/$defs/expression", "title": "Text"},
		"html": {"$ref": "#/$defs/expression", "title": "Text with markup", "description": "Beside the text, for those who can show it. Nothing is escaped.", "examples": ["input.html"]},
		"attach": {"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": true, "items": {"$ref": "#/$defs/name"}, "title": "What is sent along", "description": "Templates whose documents of the record are sent along; they are kept with the e-mail.", "examples": [["quote_document"]]},
		"answers": {"$ref": "#/$defs/expression", "title": "Answers", "description": "An e-mail that this one answers; it is put into its thread.", "examples": ["steps.last.record"]},
		"tries": {"type": "integer", "minimum": 1, "maximum": 12, "default": 6, "title": "Tries", "description": "How often it is tried where the server can't be reached, or can't take it now."},
		"next": {"$ref": "#/$defs/next"}},
	"oneOf": [{"required": ["template"], "not": {"anyOf": [{"required": ["subject"]}, {"required": ["text"]}, {"required": ["html"]}]}}, {"required": ["subject", "text"], "not": {"anyOf": [{"required": ["template"]}, {"required": ["language"], "not": {"required": ["attach"]}}]}}]}`)

type emailSettings struct {
	workflows.Next
	Mailbox  string   `json:"mailbox"`
	Sent     string   `json:"to"`
	Cc       string   `json:"cc"`
	Template string   `json:"template"`
	Language string   `json:"language"`
	Subject  string   `json:"subject"`
	Text     string   `json:"text"`
	HTML     string   `json:"html"`
	Attach   []string `json:"attach"`
	Answers  string   `json:"answers"`
	Tries    int64    `json:"tries"`
}

// Retries implements workflows.Tries.
func (*emailSettings) Retries() {}

type emailing struct {
	*emailSettings
	mailbox                                        *mail.Mailbox
	template                                       *template.Template // nil: subject and text
	to, cc, language, subject, text, html, answers *expression.Program
	owner                                          *expression.Program // of the record of the run, who owns what is written about it; nil: nobody
}

func (s *emailSettings) Compile(c *workflows.Compiling) workflows.Step {
	e := s.compile(c)
	if e == nil {
		return nil
	}
	if s.Answers != "" {
		e.answers = c.Record(e.mailbox.Kept.Object, s.Answers, "/answers")
	}
	c.Offer(workflows.Reference("email", e.mailbox.Kept.Object))
	return e
}

// compile makes what writes the message; nil where there is no mailbox, which is reported.
func (s *emailSettings) compile(c *workflows.Compiling) *emailing {
	e := &emailing{emailSettings: s, mailbox: c.Mailbox(s.Mailbox, "/mailbox")}
	if e.Tries == 0 {
		e.Tries = usualTries
	}
	for _, of := range []struct {
		source, at string
		to         **expression.Program
	}{{s.Sent, "/to", &e.to}, {s.Cc, "/cc", &e.cc}, {s.Language, "/language", &e.language}, {s.Subject, "/subject", &e.subject}, {s.Text, "/text", &e.text}, {s.HTML, "/html", &e.html}} {
		if of.source != "" {
			*of.to = c.Expression(of.source, fieldtype.TextKind, -1, of.at)
		}
	}
	if s.Template != "" {
		e.template = c.Template(s.Template, "/template")
	}
	c.Documents(s.Attach, "/attach")
	if e.template != nil && e.template.Doc.Unsubscribe && s.Cc != "" {
		c.Report(fault.New(fault.Invalid, "mail.one_recipient"), "/cc")
	}
	if e.mailbox == nil {
		return nil
	}
	e.owner = c.Owner()
	return e
}

// Composed implements workflows.Composed.
func (e *emailing) Composed() (from *mail.Mailbox, to *expression.Program) {
	if e.template != nil {
		return nil, nil
	}
	return e.mailbox, e.to
}

// Writes implements workflows.Writing.
func (e *emailing) Writes() []workflows.Write { return mailWrites(e.mailbox) }

// mailWrites are what steps that send mail change: its records, which the platform tells what became of them.
func mailWrites(of *mail.Mailbox) []workflows.Write {
	o := of.Kept.Object
	told := []workflows.Value{{Field: of.Kept.Field(mail.State)}, {Field: of.Kept.Field(mail.Problem)}}
	if reasons := mail.ReasonOf(o); reasons != nil {
		told = append(told, workflows.Value{Field: reasons})
	}
	return []workflows.Write{{Object: o, Action: record.Created}, {Object: o, Action: record.Updated, System: true, Values: told}}
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
	m := &mail.Message{Mailbox: e.Mailbox, From: e.mailbox.From, To: to, At: x.Now(), Personal: x.Pressed(), Prints: e.Attach}
	if m.ID, err = messageID(x, x.Unique(), e.mailbox.From); err != nil {
		return workflows.Outcome{}, err
	}
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
	if m.Language, err = textOf(x, e.language); err != nil {
		return err
	}
	if e.template == nil {
		for _, of := range []struct {
			program *expression.Program
			to      *string
		}{{e.subject, &m.Subject}, {e.text, &m.Text}, {e.html, &m.HTML}} {
			if *of.to, err = textOf(x, of.program); err != nil {
				return err
			}
		}
		return nil
	}
	w, err := e.template.Write(m.Language, x.Eval)
	m.Subject, m.Text, m.HTML = w.Subject, w.Text, w.HTML
	if e.template.Doc.Unsubscribe {
		m.Unsubscribe, m.Language = template.UnsubscribeLink, cmp.Or(w.Language, m.Language)
		if err == nil && len(m.To) != 1 {
			err = fault.New(fault.Invalid, "mail.one_recipient")
		}
	}
	return err
}

// messageID is the id of a message that is named here, of which only those know who get it: by it reports are believed of what did not arrive.
func messageID(x *workflows.Execution, name string, from mail.Address) (string, error) {
	secret, err := workflows.Ask(x.Tape(), func() (string, error) { return strings.ToLower(rand.Text()[:16]), nil }, "secret", name)
	return mail.NewID(name, secret, from), err
}

// follows puts a message into the thread of the one that it answers.
func (e *emailing) follows(x *workflows.Execution, m *mail.Message) (thread string, err error) {
	key, err := recordOf(x, e.mailbox.Kept.Object, e.answers)
	if key == 0 || err != nil {
		return m.ID, err
	}
	answered, err := workflows.Ask(x.Tape(), func() (answers, error) { return e.answered(x, key) }, "answered", key)
	if err != nil || answered.ID == "" {
		return m.ID, err
	}
	if answered.Thread != "" && answered.Thread != answered.ID {
		m.References = append(m.References, answered.Thread)
	}
	m.References = append(m.References, answered.ID)
	return cmp.Or(answered.Thread, answered.ID), nil
}

// answers is a message that is answered, as mail servers know it; of one that they don't, nothing.
type answers struct{ ID, Thread string }

func (e *emailing) answered(x *workflows.Execution, key id.ID) (a answers, err error) {
	named, thread := e.mailbox.Kept.Field(mail.MessageID).Column, e.mailbox.Kept.Field(mail.Thread).Column
	q := query.Select{Table: e.mailbox.Kept.Object.Table.Name, Filter: query.Is(query.ID, int64(key))}
	found, ok, err := store.First(x.Ctx, x.Reader(), q, named, thread)
	if err != nil {
		return a, fmt.Errorf("reading the e-mail that is answered: %w", err)
	}
	if ok {
		a = answers{found.Text(named), found.Text(thread)}
	}
	return a, nil
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
