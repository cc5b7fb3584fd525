package api

import (
	"maps"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/mail"
)

// messageMedia is what a message is sent as.
const messageMedia = "message/rfc822"

// Mailbox is an address from which mail is sent and at which it is received.
type Mailbox struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Address string `json:"address"`
	Sends   bool   `json:"sends"` // it has a connection for that
}

// ReceivedMail is the record of a message that was received.
type ReceivedMail struct {
	ID string `json:"id" schema:"ID"`
}

// listMailboxes is GET /mailboxes.
func (s *Server) listMailboxes(r *request) error {
	all := mail.Of(r.snapshot)
	answer := List[Mailbox]{Items: []Mailbox{}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		answer.Items = append(answer.Items, r.showMailbox(all[name]))
	}
	return r.json(fiber.StatusOK, answer)
}

func (r *request) showMailbox(of *mail.Mailbox) Mailbox {
	return Mailbox{Name: of.Doc.Name, Label: of.Doc.Label.In(r.language(), of.Doc.Name), Address: of.From.Address, Sends: of.Doc.Send != ""}
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
