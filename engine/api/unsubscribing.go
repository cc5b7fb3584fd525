package api

import (
	"github.com/gofiber/fiber/v2"

	"formwork/engine/mail"
	"formwork/engine/store"
)

// Unsubscription is what somebody unsubscribes from who followed the link in an e-mail that they were sent.
type Unsubscription struct {
	Address  string `json:"address"`            // to which no more of its like is sent
	Sender   string `json:"sender,omitempty"`   // who sent it; absent where that is not known any more
	Reply    string `json:"reply,omitempty"`    // their address
	Language string `json:"language,omitempty"` // of the e-mail
	Done     bool   `json:"done"`               // they have unsubscribed
}

// leaving has something done for whoever unsubscribes by the token of a link. Whoever does not prove to is told the same, whatever is wrong.
func (r *request) leaving(token string, do func(t store.Tenant, of *mail.Unsubscription) error) error {
	return byProof(r, r.server.unsubscribing, token, r.server.o.Unsubscribing.Of, do)
}

// getUnsubscription is GET /unsubscriptions/{tenant}. It unsubscribes nobody: those who look through mail for people follow links.
func (s *Server) getUnsubscription(r *request) error {
	return r.leaving(r.bearer(), func(t store.Tenant, of *mail.Unsubscription) error {
		if err := s.o.Unsubscribing.Look(r.ctx, t, of); err != nil {
			return err
		}
		sender := of.From.Name
		if sender == "" {
			sender = of.From.Address
		}
		return r.json(fiber.StatusOK, Unsubscription{Address: of.Address, Sender: sender, Reply: of.From.Address, Language: of.Language, Done: of.Done})
	})
}

// unsubscribe is POST /unsubscribe/{tenant}: by the page at that address, and by programs that read mail (RFC 8058), whose form says nothing besides.
func (s *Server) unsubscribe(r *request) error {
	token := ""
	if err := r.query(parameter{"token", &token}); err != nil {
		return err
	}
	if _, err := r.body(formBody); err != nil {
		return err
	}
	return r.leaving(token, func(t store.Tenant, of *mail.Unsubscription) error {
		if err := s.o.Unsubscribing.Unsubscribe(r.ctx, t, of); err != nil {
			return err
		}
		return r.done()
	})
}

// formBody is how many bytes that form has at most.
const formBody = 8 << 10

// OneClick is the form by which programs that read mail unsubscribe (RFC 8058).
type OneClick struct {
	ListUnsubscribe string `json:"List-Unsubscribe" enum:"One-Click"`
}
