package api

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/mail"
	"formwork/workflows/fetch"
)

// messageMedia is what a message is sent as.
const messageMedia = "message/rfc822"

// Mailbox is an address from which mail is sent and at which it is received.
type Mailbox struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Address string `json:"address"`
	Sends   bool   `json:"sends"` // it has a connection for that
	// Fetch is absent where no mail is fetched.
	Fetch *MailFetch `json:"fetch,omitempty"`
}

// MailFetch tells how mail is fetched for a mailbox. Its times are null until there was such a thing.
type MailFetch struct {
	Connection string     `json:"connection"`
	Folder     string     `json:"folder"`
	Since      *time.Time `json:"since"`             // what arrived before is not fetched
	FetchedAt  *time.Time `json:"fetched_at"`        // when all that had arrived was
	NextAt     *time.Time `json:"next_at"`           // when it is tried next
	Received   int64      `json:"received"`          // messages
	Skipped    int64      `json:"skipped"`           // messages that could not be received
	Failures   int64      `json:"failures"`          // in a row
	Problem    *Finding   `json:"problem,omitempty"` // of the last failure
	FailedAt   *time.Time `json:"failed_at"`
	Skip       *Finding   `json:"skip,omitempty"` // why the last message was skipped
	SkippedAt  *time.Time `json:"skipped_at"`
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
	states, err := fetch.Of(r.ctx, r.tenant)
	if err != nil {
		return err
	}
	answer := List[Mailbox]{Items: []Mailbox{}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		box := r.showMailbox(all[name])
		box.Fetch = r.fetchOf(all[name].Source, states[name])
		answer.Items = append(answer.Items, box)
	}
	return r.json(fiber.StatusOK, answer)
}

// fetchOf tells how the fetching from a source goes; its state is nil until a job has noted the source.
func (r *request) fetchOf(from *mail.Source, s *fetch.State) *MailFetch {
	if from == nil {
		return nil
	}
	shown := &MailFetch{Connection: from.Connection, Folder: from.Folder}
	if s == nil {
		return shown
	}
	shown.Since, shown.FetchedAt, shown.NextAt = timeOrNone(s.Since), timeOrNone(s.Fetched), timeOrNone(s.Due)
	shown.Received, shown.Skipped, shown.Failures = s.Received, s.Skipped, s.Failures
	if s.Problem != nil {
		shown.Problem, shown.FailedAt = r.problemOf(s.Problem.Fault()), timeOrNone(s.Problem.At)
	}
	if s.Skip != nil {
		shown.Skip, shown.SkippedAt = r.problemOf(s.Skip.Fault()), timeOrNone(s.Skip.At)
	}
	return shown
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
