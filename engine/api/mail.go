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

// MailKey is by what messages of a mailbox are signed (DKIM): what the DNS is to say.
type MailKey struct {
	Name  string `json:"name"`  // of the record
	Type  string `json:"type"`  // of the record: TXT
	Value string `json:"value"` // of the record: the public key
}

// signature is that of the mailbox in the path. Faults: mail.unknown, mail.not_signing (NotFound).
func (r *request) signature() (*mail.Signature, error) {
	box := mail.Of(r.snapshot)[r.param("name")]
	switch {
	case box == nil:
		return nil, fault.New(fault.NotFound, "mail.unknown", "mailbox", clip(r.param("name")))
	case box.Signature == nil:
		return nil, fault.New(fault.NotFound, "mail.not_signing", "mailbox", box.Doc.Name)
	}
	return box.Signature, nil
}

// getMailKey is GET /mailboxes/{name}/key.
func (s *Server) getMailKey(r *request) error {
	of, err := r.signature()
	if err != nil {
		return err
	}
	value, err := of.Record(r.ctx, r.tenant, s.o.Secrets)
	if fault.Is(err, "connection.no_secret") {
		return fault.New(fault.NotFound, "mail.no_key", "mailbox", r.param("name"))
	}
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, MailKey{Name: of.At(), Type: "TXT", Value: value})
}

// makeMailKey is PUT /mailboxes/{name}/key.
func (s *Server) makeMailKey(r *request) error {
	of, err := r.signature()
	if err != nil {
		return err
	}
	if err := of.Make(r.ctx, r.tenant, s.o.Secrets); err != nil {
		return err
	}
	return s.getMailKey(r)
}

// listMailboxes is GET /mailboxes.
func (s *Server) listMailboxes(r *request) error {
	all := mail.Of(r.snapshot)
	answer := List[Mailbox]{Items: []Mailbox{}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		box := all[name]
		answer.Items = append(answer.Items, Mailbox{Name: name, Label: box.Doc.Label.In(r.language(), name), Address: box.From.Address, Sends: box.Doc.Send != ""})
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
