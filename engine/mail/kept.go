package mail

import (
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata/fieldtype"
)

// ObjectName is the object of which mail is kept as records.
const ObjectName = "email"

// Fields of the object that are filled here.
const (
	Subject   = "subject"
	Direction = "direction"
	State     = "state"
	From      = "from_address"
	To        = "to_addresses"
	Cc        = "cc_addresses"
	At        = "at"
	Text      = "text"
	HTML      = "html"
	About     = "about"
	MessageID = "message_id"
	Thread    = "thread"
	Box       = "mailbox"
	Automatic = "automatic"
	Problem   = "problem"
	// Reason is why a message was not sent, as an option that people read in their language; objects of earlier versions lack it.
	Reason = "reason"
)

// Values of Direction and State.
const (
	Outbound = "outgoing"
	Inbound  = "incoming"

	Pending    = "pending"
	Sent       = "sent"
	Unsent     = "unsent" // the mailbox has no server
	Failed     = "failed"
	Suppressed = "suppressed" // it was not to be sent to anybody
	Bounced    = "bounced"
	Received   = "received"
)

// Values of Reason.
const (
	GivenUp    = "given_up"
	TurnedDown = "refused"
	NotSent    = "not_sent"
)

// fields are those that the object has to have, and how they are stored.
var fields = map[string]fieldtype.Storage{Subject: fieldtype.Text, Direction: fieldtype.Text, State: fieldtype.Text, From: fieldtype.Text, To: fieldtype.Text, Cc: fieldtype.Text,
	At: fieldtype.Int, Text: fieldtype.Text, HTML: fieldtype.Text, About: fieldtype.Text, MessageID: fieldtype.Text, Thread: fieldtype.Text, Box: fieldtype.Text,
	Automatic: fieldtype.Bool, Problem: fieldtype.Text}

// Kept is the object of which mail is kept. Immutable.
type Kept struct {
	Object *catalog.Object
}

// Field is one of those that are filled here.
func (k *Kept) Field(name string) *catalog.Field {
	f, _ := k.Object.Field(name)
	return f
}

// ReasonOf is the field of an object that says why messages were not sent; nil where there is none.
func ReasonOf(o *catalog.Object) *catalog.Field {
	if f, ok := o.Field(Reason); ok && f.Column.Storage == fieldtype.Text && f.Settable() {
		return f
	}
	return nil
}

// keptOf finds the object, or reports what it lacks.
func keptOf(c *catalog.Compiling, at string) *Kept {
	o := c.Object(ObjectName, at)
	if o == nil {
		return nil
	}
	for name, storage := range fields {
		f, ok := o.Field(name)
		if !ok || f.Column.Storage != storage || !f.Settable() {
			c.Report(fault.New(fault.Invalid, "mail.field_missing", "field", name), at)
			return nil
		}
	}
	return &Kept{o}
}

// Values are what the record of a message that is to be sent holds, in stored form. Faults are those of the fields' types, at their
// names.
func (b *Mailbox) Values(m *Message, thread, about string) (map[string]any, error) {
	state := Pending
	if b.Doc.Send == "" {
		state = Unsent
	}
	return b.Kept.stored(map[string]any{Subject: m.Subject, Direction: Outbound, State: state, From: m.From.Address, To: Addresses(m.To), Cc: Addresses(m.Cc), Text: m.Text, HTML: m.HTML,
		About: about, MessageID: m.ID, Thread: thread, Box: m.Mailbox}, m.At)
}

// stored are values in stored form, but for those that are empty.
func (k *Kept) stored(values map[string]any, at time.Time) (map[string]any, error) {
	kept := map[string]any{At: at.UnixMilli()}
	for name, v := range values {
		stored, problem := k.Field(name).Value.Coerce(v)
		if problem != nil {
			return nil, problem.At("/" + name)
		}
		if stored != nil {
			kept[name] = stored
		}
	}
	return kept, nil
}
