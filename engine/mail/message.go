package mail

import (
	"bytes"
	"html"
	netmail "net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/message"
	"formwork/metadata/fieldtype"
)

const (
	// MaxRecipients is how many addresses a message goes to at most.
	MaxRecipients = 50
	// maxReferences is how many messages a message says it follows from.
	maxReferences = 20
)

// Address is that of somebody, with a name perhaps.
type Address struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
}

// String is an address as people write it.
func (a Address) String() string {
	name := a.Name
	switch {
	case name == "":
		return a.Address
	case strings.ContainsAny(name, `",;，；<>@()[]:\\`):
		name = `"` + strings.NewReplacer(`"`, `'`, `\`, "").Replace(name) + `"`
	}
	return name + " <" + a.Address + ">"
}

// Addresses are several as people write them.
func Addresses(all []Address) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// ReadAddresses reads addresses behind commas or semicolons, with or without names, each once. Faults: mail.bad_address,
// mail.too_many (Invalid).
func ReadAddresses(text string) ([]Address, error) {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch r {
		case ';', '；', '，', '\n', '\r':
			return ','
		}
		return r
	}, text))
	if text == "" {
		return nil, nil
	}
	parsed, err := netmail.ParseAddressList(strings.Trim(text, ", "))
	if err != nil {
		return nil, fault.New(fault.Invalid, "mail.bad_address", "address", clip(text))
	}
	var all []Address
	seen := map[string]bool{}
	for _, one := range parsed {
		address, problem := fieldtype.Email(one.Address)
		if problem != nil {
			return nil, problem
		}
		if key := fieldtype.Fold(address); !seen[key] {
			seen[key] = true
			all = append(all, Address{OneLine(one.Name), address})
		}
	}
	if len(all) > MaxRecipients {
		return nil, fault.New(fault.Invalid, "mail.too_many", "limit", MaxRecipients)
	}
	return all, nil
}

// Message is a message to be sent.
type Message struct {
	Mailbox    string    `json:"mailbox"`
	Record     id.ID     `json:"record"` // that keeps it
	ID         string    `json:"id"`     // without the angle brackets
	From       Address   `json:"from"`
	To         []Address `json:"to"`
	Cc         []Address `json:"cc,omitempty"`
	Subject    string    `json:"subject"`
	Text       string    `json:"text"`
	HTML       string    `json:"html,omitempty"`
	At         time.Time `json:"at"`
	Personal   bool      `json:"personal,omitempty"`   // somebody wrote it
	References []string  `json:"references,omitempty"` // the messages that it follows from, the one that it answers last
	// Decides is who is asked by it to decide something, and gets a link by which they do: it is made when the message is sent, and kept
	// nowhere. 0: nobody.
	Decides id.ID `json:"decides,omitzero"`
	// Asks is what it asks somebody outside, who gets a link by which they answer, in the same way. 0: nothing.
	Asks id.ID  `json:"asks,omitzero"`
	Link string `json:"-"` // "": none
	// Prints are the templates whose documents of the record that the message is about are sent along, in its language. They are printed
	// when the message is first sent, and kept with its record.
	Prints   []string   `json:"prints,omitempty"`
	Language string     `json:"language,omitempty"` // "": it is not known
	Attached []Attached `json:"-"`
	// Unsubscribe stands in the texts of what can be unsubscribed from, where the link to do so is to be, which is made likewise. It goes to one
	// address. "": nobody unsubscribes from it.
	Unsubscribe string `json:"unsubscribe,omitempty"`
	Leave       string `json:"-"` // the link to unsubscribe; "": there is none

	signs *signs // nil: it is not signed
}

// Linked reports whether it brings a link. Then no run waits for what becomes of it, but for what is done by that.
func (m *Message) Linked() bool { return m.Decides != 0 || m.Asks != 0 }

// Attached is a file that is sent along.
type Attached struct {
	Name, Type string
	Body       []byte
}

// MaxAttached is how many bytes the files have together that are sent along with a message.
const MaxAttached = 1 << 20

// NewID is the id of a message in all mail systems: what names it here, and something that nobody guesses who was not sent it, in the domain of
// who sends it.
func NewID(name, secret string, from Address) string {
	return name + "." + secret + "." + tag + from.Address[strings.LastIndexByte(from.Address, '@'):]
}

// tag tells messages from here.
const tag = "formwork"

// compose makes a message as it is sent. Machines can tell where no person wrote it, so that they don't answer.
func (m *Message) compose() *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	from := netmail.Address(m.From)
	msg.FromMailAddress(&from)
	for _, a := range m.To {
		to := netmail.Address(a)
		msg.AddToMailAddress(&to)
	}
	for _, a := range m.Cc {
		cc := netmail.Address(a)
		msg.AddCcMailAddress(&cc)
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.At)
	msg.SetMessageIDWithValue(m.ID)
	if !m.Personal {
		msg.SetGenHeader("Auto-Submitted", "auto-generated")
	}
	if n := len(m.References); n > 0 {
		inBrackets := make([]string, 0, n)
		for _, one := range m.References[max(0, n-maxReferences):] {
			inBrackets = append(inBrackets, "<"+one+">")
		}
		msg.SetGenHeader(gomail.HeaderInReplyTo, inBrackets[len(inBrackets)-1])
		msg.SetGenHeaderPreformatted(gomail.HeaderReferences, strings.Join(inBrackets, "\r\n "))
	}
	if m.Leave != "" {
		msg.SetGenHeaderPreformatted(gomail.HeaderListUnsubscribe, "<"+m.Leave+">")
		msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	text, markup := m.leavable()
	if m.Link != "" {
		text += "\n\n" + m.Link + "\n"
		if markup != "" {
			at := html.EscapeString(m.Link)
			markup += `<p><a href="` + at + `">` + at + "</a></p>"
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, text)
	if markup != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, markup)
	}
	for _, a := range m.Attached {
		msg.AttachReadSeeker(a.Name, bytes.NewReader(a.Body), gomail.WithFileContentType(gomail.ContentType(a.Type)))
	}
	return msg
}

// leavable are the texts with the link to unsubscribe, below them where they have no place for it.
func (m *Message) leavable() (text, markup string) {
	if m.Unsubscribe == "" {
		return m.Text, m.HTML
	}
	at := html.EscapeString(m.Leave)
	text, markup = strings.ReplaceAll(m.Text, m.Unsubscribe, m.Leave), strings.ReplaceAll(m.HTML, m.Unsubscribe, at)
	if m.Leave == "" {
		return text, markup
	}
	if text == m.Text {
		text = strings.TrimRight(text, "\n") + "\n\n" + message.New("mail.unsubscribe_at", "link", m.Leave).Text(m.Language) + "\n"
	}
	if markup == m.HTML && markup != "" {
		markup += `<p><a href="` + at + `">` + html.EscapeString(message.New("mail.unsubscribe").Text(m.Language)) + "</a></p>"
	}
	return text, markup
}

// String is what a message is told as.
func (m *Message) String() string {
	return Addresses(append(append([]Address{}, m.To...), m.Cc...)) + ": " + m.Subject
}

// OneLine is a text without line breaks and control characters.
func OneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
}

// clip shortens what is told of a text.
func clip(s string) string {
	const most = 100
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
