package api

import (
	"context"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/link"
	"formwork/engine/store"
)

// byProof has prove find out what the token of a link of the tenant in the path is for, and does something for whoever has it; t is nil where there is no
// such tenant. The request counts among those of the tenant from then on. Those of an address whose tokens are not good are held by a limiter.
func byProof[A any](r *request, l *limiter, token string, prove func(ctx context.Context, t store.Tenant, token string) (A, error), do func(t store.Tenant, of A) error) (failure error) {
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
	of, err := prove(r.ctx, t, token)
	if err != nil {
		return err
	}
	if err := r.countFor(t, 0); err != nil {
		return err
	}
	return do(t, of)
}

// bearer is the token that a request proves something by; "": none.
func (r *request) bearer() string {
	scheme, token, _ := strings.Cut(r.header(fiber.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
