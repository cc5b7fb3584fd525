package steps

import (
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/record/session"
	"formwork/metadata"
	"formwork/workflows"
)

// notifyType tells a user something, in the app.
var notifyType = of[notifySettings]("notify", workflows.Writes, `{
	"title": "Notify",
	"description": "Tells a user something about the record, in the app. Where the expression leads to nobody, nothing is done.",
	"required": ["to", "text"],
	"properties": {
		"to": {"$ref": "#/$defs/expression", "title": "To", "examples": ["owner"]},
		"text": {"$ref": "#/$defs/said", "title": "Text"},
		"next": {"$ref": "#/$defs/next"}}}`)

type notifySettings struct {
	workflows.Next
	Who  string        `json:"to"`
	Text metadata.Text `json:"text"`
}

type notifying struct {
	users *catalog.Object
	who   *expression.Program
	text  *said
	next  string
}

func (s *notifySettings) Compile(c *workflows.Compiling) workflows.Step {
	if !c.NeedsObject() {
		return nil
	}
	users := c.Find(session.UserObject, "/to")
	if users == nil {
		return nil
	}
	return &notifying{users: users, who: c.Record(users, s.Who, "/to"), text: saidOf(c, s.Text, "/text"), next: s.To}
}

func (s *notifying) Do(x *workflows.Execution) (workflows.Outcome, error) {
	user, err := recordOf(x, s.users, s.who)
	if user == 0 || err != nil {
		return workflows.Outcome{Next: s.next}, err
	}
	text, err := s.text.say(x)
	if err != nil {
		return workflows.Outcome{}, err
	}
	return workflows.Outcome{Next: s.next}, x.Acts.Notify(user, text)
}
