package api

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/catalog"
	"formwork/engine/fault"
)

// Calls from other origins. A tenant lists the origins whose scripts may call its API, each
// exactly (documents of the kind origin). They call with a token: no cookie goes with such
// a call, and what keeps other sites from using the cookie stays as it is.

// What scripts of other origins may send, and read of an answer.
const (
	crossMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	crossHeaders = "Authorization, Content-Type, Accept-Language, If-Match, If-None-Match, Range, X-Request-Id, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, " + headerDraft + ", " + headerAs + ", " + headerMoment
	crossExposed = "ETag, Location, Retry-After, Content-Disposition, Content-Range, X-Request-Id, Tus-Resumable, Upload-Length, Upload-Offset, " + headerMoment
	// crossSeconds is how long a browser may keep the answer to a preflight.
	crossSeconds = "600"
)

// otherOrigin is the origin of a script that calls from another site, "" for all else. The
// text is valid for as long as the request.
func (r *request) otherOrigin() string {
	text := r.http.Get(fiber.HeaderOrigin)
	if text == "" {
		return ""
	}
	if u, err := url.Parse(text); err == nil && u.Host == string(r.http.Request().Host()) {
		return ""
	}
	return text
}

// admitOrigin lets scripts of a listed origin read the answer, and refuses those of others.
// It goes by Origin alone: to hosts without TLS browsers send no Sec-Fetch-Site. Programs that
// are no browsers send no Origin. Fault "auth.cross_origin" (Forbidden).
func (r *request) admitOrigin(s *catalog.Snapshot) error {
	origin := r.otherOrigin()
	switch {
	case origin == "":
		return nil
	case !r.cookie && catalog.Origins(s)[origin]:
		r.exposeTo(origin)
		return nil
	case r.cookie: // see sameSite
		return nil
	}
	return fault.New(fault.Forbidden, "auth.cross_origin", "origin", clip(origin))
}

// exposeTo lets scripts of an origin read the answer.
func (r *request) exposeTo(origin string) {
	h := &r.http.Response().Header
	h.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	h.Set(fiber.HeaderAccessControlExposeHeaders, crossExposed)
	h.Add(fiber.HeaderVary, fiber.HeaderOrigin)
}

// preflight answers a browser that asks what a script of another origin may send; false for
// any other request. It comes without a token. Where the host names the tenant, or there is
// only one, its list decides; else it can't be told whose list holds, and whether the origin is
// on it is decided when the request itself comes. Fault "auth.cross_origin" (Forbidden).
func (r *request) preflight() (answered bool, err error) {
	origin := r.otherOrigin()
	if r.http.Method() != fiber.MethodOptions || r.http.Get(fiber.HeaderAccessControlRequestMethod) == "" || !catalog.IsOrigin(origin) {
		return false, nil
	}
	name := r.hostTenant()
	if name == "" {
		if name, err = r.server.onlyTenant(r.ctx); err != nil {
			return false, err
		}
	}
	if name != "" {
		listed, err := r.listed(name, origin)
		if err != nil {
			return false, err
		}
		if !listed {
			return false, fault.New(fault.Forbidden, "auth.cross_origin", "origin", clip(origin))
		}
	}
	r.exposeTo(origin)
	h := &r.http.Response().Header
	h.Set(fiber.HeaderAccessControlAllowMethods, crossMethods)
	h.Set(fiber.HeaderAccessControlAllowHeaders, crossHeaders)
	h.Set(fiber.HeaderAccessControlMaxAge, crossSeconds)
	r.http.Status(fiber.StatusNoContent)
	return true, nil
}

// listed reports whether a tenant lists an origin; one that does not exist lists none.
func (r *request) listed(tenant, origin string) (bool, error) {
	t, err := r.server.o.Store.Tenant(r.ctx, strings.Clone(tenant))
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return false, nil
		}
		return false, err
	}
	return r.server.o.Catalog.ListsOrigin(r.ctx, t, origin)
}

// onlyTenantFor is how long it is taken that there is but one tenant, or that there are more:
// strangers ask, and there may be very many.
const onlyTenantFor = 5 * time.Second

// onlyTenant is the name of the tenant if there is only one. The zero value asks when it is
// first needed.
type onlyTenant struct {
	mu      sync.Mutex
	name    string
	checked time.Time
}

// onlyTenant is the tenant's name if there is only one, else "".
func (s *Server) onlyTenant(ctx context.Context) (string, error) {
	o := &s.only
	o.mu.Lock()
	defer o.mu.Unlock()
	now := s.o.Now()
	if !o.checked.IsZero() && now.Sub(o.checked) < onlyTenantFor {
		return o.name, nil
	}
	names, err := s.o.Store.Tenants(ctx)
	if err != nil {
		return "", err
	}
	o.name, o.checked = "", now
	if len(names) == 1 {
		o.name = names[0]
	}
	return o.name, nil
}
