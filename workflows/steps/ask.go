package steps

import (
	"encoding/json"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/mail"
	"formwork/engine/template"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
	"formwork/workflows/inquiry"
)

// askType asks somebody outside, and waits for what they answer.
var askType = of[askSettings]("ask", workflows.Waits, `{
	"title": "Ask somebody outside",
	"description": "Asks somebody who has no account by a link in an e-mail, and waits for what they answer; later steps read that as steps.<name>.<input>. The link is good once, until the time is over or the run has ended.",
	"required": ["mailbox", "to", "page", "inputs"],
	"properties": {
		"mailbox": {"$ref": "#/$defs/name", "title": "Mailbox"},
		"to": {"$ref": "#/$defs/expression", "title": "To", "description": "An address.", "examples": ["contact.email"]},
		"template": {"$ref": "#/$defs/name", "title": "Template", "description": "Of the e-mail. The link stands below it."},
		"subject": {"$ref": "#/$defs/expression", "title": "Subject", "examples": ["'Your case ' + number"]},
		"text": {"$ref": "#/$defs/expression", "title": "Text"},
		"language": {"$ref": "#/$defs/expression", "title": "Language", "description": "In which they are written to and asked; English, or what there is, when absent.", "examples": ["country == 'CN' ? 'zh' : 'en'"]},
		"page": {"type": "object", "title": "Page", "description": "What they see who follow the link. In texts, {{ … }} is an expression: whatever it tells is told to whoever has the link.", "required": ["title"], "additionalProperties": false, "properties": {
			"title": {"$ref": "#/$defs/text", "title": "Title", "examples": [{"en": "How did we do?", "zh": "您对我们的服务满意吗？"}]},
			"text": {"$ref": "#/$defs/text", "title": "Text"},
			"thanks": {"$ref": "#/$defs/text", "title": "Thanks", "description": "What they are told who have answered."}}},
		"inputs": {"$ref": "#/$defs/inputs", "title": "Inputs", "description": "What they fill in: texts, picklists, numbers, checkboxes and dates. None begins with an expression."},
		"within": {"$ref": "#/$defs/expression", "title": "Within", "description": "For how long is waited, at most 90 days; 14 days when absent.", "examples": ["days(7)"]},
		"next": {"$ref": "#/$defs/next"},
		"late": {"$ref": "#/$defs/next", "title": "Late", "description": "The step that follows where nobody answered in time."},
		"nobody": {"$ref": "#/$defs/next", "title": "Nobody", "description": "The step that follows where there is no address, or the mailbox sends nothing; without one the step fails."}},
	"oneOf": [{"required": ["template"], "not": {"anyOf": [{"required": ["subject"]}, {"required": ["text"]}]}}, {"required": ["subject", "text"], "not": {"required": ["template"]}}]}`)

type askSettings struct {
	emailSettings
	Page struct {
		Title  metadata.Text `json:"title"`
		Text   metadata.Text `json:"text"`
		Thanks metadata.Text `json:"thanks"`
	} `json:"page"`
	Fields map[string]*metadata.Field `json:"inputs"`
	Within string                     `json:"within"`
	Late   string                     `json:"late"`
	Nobody string                     `json:"nobody"`
}

func (s *askSettings) Exits() []workflows.Exit {
	return append(s.Next.Exits(), workflows.Exit{At: "/late", To: s.Late}, workflows.Exit{At: "/nobody", To: s.Nobody})
}

// askable are the types of what somebody outside may fill in: nothing that refers to records, holds files or markup, or is kept secret.
var askable = map[string]bool{"text": true, "long_text": true, "email": true, "phone": true, "url": true, "picklist": true, "number": true, "percent": true, "currency": true,
	"checkbox": true, "date": true, "datetime": true}

type asking struct {
	*askSettings
	mail                *emailing
	title, text, thanks *template.Texts
	within              *expression.Program // nil: the usual
	inputs              []workflows.Input
	result              workflows.Result
}

func (s *askSettings) Compile(c *workflows.Compiling) workflows.Step {
	a := &asking{askSettings: s, mail: s.compile(c), title: c.Texts(s.Page.Title, "/page/title"), text: c.Texts(s.Page.Text, "/page/text"), thanks: c.Texts(s.Page.Thanks, "/page/thanks")}
	if s.Within != "" {
		a.within = c.Expression(s.Within, fieldtype.DurationKind, -1, "/within")
	}
	for _, input := range c.Inputs(s.Fields, "/inputs") {
		if f := input.Field; !askable[f.Doc.Type] || f.Doc.DefaultExpr != "" || shared(f) {
			c.Report(fault.New(fault.Invalid, "question.not_asked", "type", f.Doc.Type), "/inputs/"+f.Name)
			continue
		}
		a.inputs, a.result = append(a.inputs, input), append(a.result, workflows.Offered(input.Field.Name, input.Field.Value))
	}
	c.Offer(a.result...)
	if a.mail == nil {
		return nil
	}
	return a
}

// shared reports whether the options of a field are those of a picklist: who has no account reads no configuration.
func shared(f *catalog.Field) bool {
	var doc struct {
		Picklist string `json:"picklist"`
	}
	return json.Unmarshal(f.Doc.Settings, &doc) == nil && doc.Picklist != ""
}

// Inputs implements workflows.Inquiring.
func (a *asking) Inputs() []workflows.Input { return a.inputs }

// Letter implements workflows.Inquiring.
func (a *asking) Letter() string { return a.emailSettings.Template }

// Writes implements workflows.Writing.
func (a *asking) Writes() []workflows.Write { return mailWrites(a.mail.mailbox) }

func (a *asking) Do(x *workflows.Execution) (workflows.Outcome, error) {
	if x.Asked() == 0 {
		return a.ask(x)
	}
	got, err := x.Acts.Inquired(x.Asked())
	if err != nil {
		return workflows.Outcome{}, err
	}
	switch got.State {
	case inquiry.Open:
		return workflows.Outcome{Asked: x.Asked(), Until: got.Due}, nil
	case inquiry.Answered:
		values, err := a.result.Read(got.Answer)
		return workflows.Outcome{Next: a.To, Result: values}, err
	case inquiry.Unsent:
		return workflows.Outcome{}, fault.New(fault.Conflict, "question.not_sent")
	}
	return workflows.Outcome{Next: a.Late, Result: map[string]any{}}, nil
}

// ask writes to somebody, and keeps what they are asked.
func (a *asking) ask(x *workflows.Execution) (workflows.Outcome, error) {
	to, err := a.mail.addresses(x, a.mail.to)
	if err != nil {
		return workflows.Outcome{}, err
	}
	if len(to) == 0 || a.mail.mailbox.Doc.Send == "" && a.Nobody == "" {
		return a.nobody()
	}
	if len(to) > 1 { // a link is for one
		return workflows.Outcome{}, fault.New(fault.Invalid, "question.one_address")
	}
	due, err := a.due(x)
	if err != nil || !due.After(x.Now()) {
		return workflows.Outcome{Next: a.Late, Result: map[string]any{}}, err
	}
	q, err := a.page(x, due)
	if err != nil {
		return workflows.Outcome{}, err
	}
	m := &mail.Message{Mailbox: a.Mailbox, From: a.mail.mailbox.From, To: to, At: x.Now(), Personal: x.Pressed()}
	if m.ID, err = messageID(x, x.Unique(), a.mail.mailbox.From); err != nil {
		return workflows.Outcome{}, err
	}
	if err := a.mail.write(x, m); err != nil {
		return workflows.Outcome{}, err
	}
	m.Subject = mail.OneLine(m.Subject)
	if m.Record, err = keepMail(x, a.mail.mailbox, m, m.ID, a.mail.owner); err != nil {
		return workflows.Outcome{}, err
	}
	if a.mail.mailbox.Doc.Send == "" {
		return workflows.Outcome{Next: a.Nobody, Result: map[string]any{}}, nil
	}
	q.Mail = m.Record
	if m.Asks, err = x.Acts.Inquire(q); err != nil {
		return workflows.Outcome{}, err
	}
	_, err = x.Acts.Send(m, a.mail.mailbox.Doc.Send, usualTries)
	return workflows.Outcome{Asked: m.Asks, Until: due}, err
}

// nobody is what the step comes to where nobody can be asked.
func (a *asking) nobody() (workflows.Outcome, error) {
	if a.Nobody == "" {
		return workflows.Outcome{}, fault.New(fault.Conflict, "question.nobody")
	}
	return workflows.Outcome{Next: a.Nobody, Result: map[string]any{}}, nil
}

// due is until when an answer is waited for.
func (a *asking) due(x *workflows.Execution) (time.Time, error) {
	if a.within == nil {
		return x.Now().Add(inquiry.Usual), nil
	}
	v, err := x.Eval(a.within)
	seconds, ok := v.(int64)
	if err != nil || !ok {
		return x.Now().Add(inquiry.Usual), err
	}
	return x.Now().Add(time.Second * time.Duration(max(0, min(seconds, int64(inquiry.Longest/time.Second))))), nil
}

// page is what they are asked, as they see it.
func (a *asking) page(x *workflows.Execution, due time.Time) (q workflows.Inquiry, err error) {
	q = workflows.Inquiry{Step: x.Step(), Due: due}
	if q.Language, err = textOf(x, a.mail.language); err != nil {
		return q, err
	}
	for _, of := range []struct {
		texts *template.Texts
		to    *string
	}{{a.title, &q.Title}, {a.text, &q.Text}, {a.thanks, &q.Thanks}} {
		if *of.to, err = of.texts.Write(q.Language, x.Eval); err != nil {
			return q, err
		}
	}
	return q, nil
}
