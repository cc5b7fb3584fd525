package api

import (
	"maps"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/connection"
	"formwork/engine/fault"
)

// OutsideSystem is an outside system that workflows speak with.
type OutsideSystem struct {
	Name   string        `json:"name"`
	Label  string        `json:"label"`
	URL    string        `json:"url"`
	Secret OutsideSecret `json:"secret"`
}

// OutsideSecret tells of the secret of a connection, which nobody is shown.
type OutsideSecret struct {
	Needed bool       `json:"needed"` // requests carry it
	SetAt  *time.Time `json:"set_at"` // null: there is none
	Fits   bool       `json:"fits"`   // it was given for the host that the connection has now
}

// NewSecret is a secret of a connection.
type NewSecret struct {
	Secret string `json:"secret"`
}

// listConnections is GET /connections.
func (s *Server) listConnections(r *request) error {
	all := connection.Of(r.snapshot)
	holders := make([]connection.Holder, 0, len(all))
	for _, c := range all {
		holders = append(holders, c)
	}
	known, err := s.o.Secrets.Known(r.ctx, r.tenant, holders...)
	if err != nil {
		return err
	}
	answer := List[OutsideSystem]{Items: []OutsideSystem{}}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c, secret := all[name], known[all[name].Holder()]
		answer.Items = append(answer.Items, OutsideSystem{Name: name, Label: c.Doc.Label.In(r.language(), name), URL: c.Doc.URL,
			Secret: OutsideSecret{Needed: c.Secret(), SetAt: timeOrNone(secret.At), Fits: secret.For == c.For()}})
	}
	return r.json(fiber.StatusOK, answer)
}

// setConnectionSecret is PUT /connections/{name}/secret.
func (s *Server) setConnectionSecret(r *request) error {
	c := connection.Of(r.snapshot)[r.param("name")]
	if c == nil {
		return fault.New(fault.NotFound, "connection.unknown", "connection", clip(r.param("name")))
	}
	var in NewSecret
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if err := s.o.Secrets.Set(r.ctx, r.tenant, c, in.Secret); err != nil {
		return err
	}
	if err := s.o.Fetches.Hurry(r.ctx, r.tenant, c.Doc.Name); err != nil {
		return err
	}
	return r.done()
}

// removeConnectionSecret is DELETE /connections/{name}/secret.
func (s *Server) removeConnectionSecret(r *request) error {
	if err := s.o.Secrets.Remove(r.ctx, r.tenant, connection.HolderOf(r.param("name"))); err != nil {
		return err
	}
	return r.done()
}
