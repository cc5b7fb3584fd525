package steps

import (
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/id"
	"formwork/engine/mail"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/store"
	"formwork/engine/template"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
	"formwork/workflows"
)

// inviteSettings say how those who are asked to decide are told of it by mail.
type inviteSettings struct {
	Mailbox  string `json:"mailbox"`
	Template string `json:"template"`
}

// inviting writes to those who are asked to decide.
type inviting struct {
	mailbox         *mail.Mailbox
	template        *template.Template  // nil: what they are asked
	name            *expression.Program // of the record
	owner           *expression.Program // see emailing
	users           *catalog.Object
	email, language *catalog.Field
}

// compile makes it; nil where something is missing, which is reported.
func (s *inviteSettings) compile(c *workflows.Compiling, at string) *inviting {
	i := &inviting{mailbox: c.Mailbox(s.Mailbox, at+"/mailbox"), users: c.Find(session.UserObject, at), owner: c.Owner()}
	if s.Template != "" {
		i.template = c.Template(s.Template, at+"/template")
	}
	if i.mailbox == nil || i.users == nil {
		return nil
	}
	i.name = c.Expression("text(record."+c.Object().Doc.NameField+")", fieldtype.TextKind, -1, at)
	i.email, i.language = c.Field(i.users, "email", at), c.Field(i.users, "language", at)
	if i.name == nil || i.email == nil || i.language == nil {
		return nil
	}
	return i
}

// invite writes to people, by what they are called in the request, about a text. Each gets a message of their own, with a link that is
// for them alone.
func (i *inviting) invite(x *workflows.Execution, asked []workflows.Approver, people []id.ID, text metadata.Text) error {
	name, err := textOf(x, i.name)
	if err != nil {
		return err
	}
	known, err := workflows.Ask(x.Tape(), func() (map[id.ID]addressed, error) { return i.addresses(x, asked) }, "addresses", asked)
	if err != nil {
		return err
	}
	for n, one := range asked {
		to, ok := known[one.User]
		if !ok {
			continue
		}
		text := text.In(to.Language, "")
		m := &mail.Message{Mailbox: i.mailbox.Doc.Name, From: i.mailbox.From, To: []mail.Address{{Address: to.Address}},
			At: x.Now(), Decides: people[n], Subject: name + ": " + text, Text: text + "\n\n" + name}
		if m.ID, err = messageID(x, people[n].String(), i.mailbox.From); err != nil {
			return err
		}
		if i.template != nil {
			w, err := i.template.Write(to.Language, x.Eval)
			if err != nil {
				return err
			}
			m.Subject, m.Text, m.HTML = w.Subject, w.Text, w.HTML
		}
		if err := i.send(x, m); err != nil {
			return err
		}
	}
	return nil
}

// send keeps a message and has it sent.
func (i *inviting) send(x *workflows.Execution, m *mail.Message) (err error) {
	const mostSubject = 200 // characters
	m.Subject = mail.OneLine(m.Subject)
	if all := []rune(m.Subject); len(all) > mostSubject {
		m.Subject = string(all[:mostSubject]) + "…"
	}
	if m.Record, err = keepMail(x, i.mailbox, m, m.ID, i.owner); err != nil || i.mailbox.Doc.Send == "" {
		return err
	}
	_, err = x.Acts.Send(m, i.mailbox.Doc.Send, usualTries)
	return err
}

// addressed is where somebody gets mail, and in which language.
type addressed struct{ Address, Language string }

func (i *inviting) addresses(x *workflows.Execution, asked []workflows.Approver) (map[id.ID]addressed, error) {
	keys := make([]any, len(asked))
	for n, one := range asked {
		keys[n] = int64(one.User)
	}
	found := map[id.ID]addressed{}
	q := query.Select{Table: i.users.Table.Name, Filter: query.In{Ref: query.Field(query.ID), Values: keys}}
	for row, err := range store.Find(x.Ctx, x.Reader(), q, query.ID, i.email.Column, i.language.Column) {
		if err != nil {
			return nil, fmt.Errorf("reading the addresses of who is asked: %w", err)
		}
		if address := row.Text(i.email.Column); address != "" {
			found[row.ID(query.ID)] = addressed{address, row.Text(i.language.Column)}
		}
	}
	return found, nil
}
