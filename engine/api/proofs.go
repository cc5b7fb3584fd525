package api

import (
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/link"
	"formwork/engine/store"
)

// byProof has proves find out whether the token of a link of the tenant in the path is good, and do something for whoever has it; t is nil where there is no such
// tenant. The request counts among those of the tenant from then on. Those of an address whose tokens are not good are held by a limiter.
func (r *request) byProof(l *limiter, proves func(t store.Tenant) error, do func(t store.Tenant) error) (failure error) {
	tenant := r.param("tenant")
	leave, err := l.enter(r.client() + " " + clip(tenant))
	if err != nil {
		return err
	}
	defer func() { // whoever opens an old link guesses nothing
		leave(fault.KindOf(failure) == fault.Unauthenticated && !errors.Is(failure, link.ErrOver))
	}()
	t, err := r.server.o.Store.Tenant(r.ctx, tenant)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	if err != nil {
		t = nil
	}
	if err := proves(t); err != nil {
		return err
	}
	if err := r.countFor(t, 0); err != nil {
		return err
	}
	return do(t)
}

// bearer is the token that a request proves something by; "": none.
func (r *request) bearer() string {
	scheme, token, _ := strings.Cut(r.header(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
