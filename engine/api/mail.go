package api

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/mail"
)

// messageMedia is what a message is sent as.
const messageMedia = "message/rfc822"

// Mailbox is an address from which mail is sent and at which it is received.
type Mailbox struct {
	Name      string     `json:"name"`
	Label     string     `json:"label"`
	Address   string     `json:"address"`
	Sends     bool       `json:"sends"`      // it has a connection for that
	Fetches   bool       `json:"fetches"`    // it has a connection for that
	FetchedAt *time.Time `json:"fetched_at"` // null: it was never looked at
	Problem   *Finding   `json:"problem,omitempty"`
}

// ReceivedMail is the record of a message that was received.
type ReceivedMail struct {
	ID string `json:"id" schema:"ID"`
}

// listMailboxes is GET /mailboxes.
func (s *Server) listMailboxes(r *request) error {
	all := mail.Of(r.snapshot)
	states, err := mail.States(r.ctx, r.tenant, all)
	if err != nil {
		return err
	}
	answer := List[Mailbox]{Items: []Mailbox{}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		box, state := all[name], states[name]
		shown := Mailbox{Name: name, Label: box.Doc.Label.In(r.language(), name), Address: box.From.Address, Sends: box.Doc.Send != "", Fetches: box.Doc.Fetch != "", FetchedAt: timeOrNone(state.At)}
		if state.Problem != nil {
			shown.Problem = r.problemOf(state.Problem)
		}
		answer.Items = append(answer.Items, shown)
	}
	return r.json(fiber.StatusOK, answer)
}

// receiveMail is POST /mailboxes/{name}/messages.
func (s *Server) receiveMail(r *request) error {
	if media, _, _ := strings.Cut(r.http.Get(fiber.HeaderContentType), ";"); !strings.EqualFold(strings.TrimSpace(media), messageMedia) {
		return fault.New(fault.Malformed, "api.media_type", "want", messageMedia)
	}
	raw, err := r.body(mail.MaxRaw)
	if err != nil {
		return err
	}
	key, err := s.o.Mail.Receive(r.ctx, r.tenant, r.param("name"), raw)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusCreated, ReceivedMail{key.String()})
}
