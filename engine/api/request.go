package api

import (
	"context"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
)

// request is one request in the hands of its handler: who calls, in which tenant,
// under which configuration. Handlers decode, call and answer; they keep nothing of
// it, for it is used again.
type request struct {
	server   *Server
	http     *fiber.Ctx
	ctx      context.Context
	id       string
	token    string
	cookie   bool           // the token came in a cookie
	caller   *policy.Caller // nil on open routes, as are those that follow
	tenant   store.Tenant
	snapshot *catalog.Snapshot
	failure  *fault.Fault
}

// serve runs a route: it makes the request, has the handler answer it, and turns
// whatever goes wrong, a panic included, into a problem document.
func (s *Server) serve(rt route) fiber.Handler {
	within := usually
	if rt.slow {
		within = slowly
	}
	meter := s.metrics.of(rt)
	return func(c *fiber.Ctx) error {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), within)
		r := s.requests.Get().(*request)
		r.http, r.ctx, r.id = c, ctx, s.numbers.next(c)
		s.headers(r)
		if err := s.run(rt, r); err != nil {
			r.fail(err)
		}
		r.finishBody()
		cancel()
		meter.saw(c.Response().StatusCode(), time.Since(began))
		if s.o.Access {
			s.logAccess(r, time.Since(began))
		}
		*r = request{server: s}
		s.requests.Put(r)
		return nil
	}
}

// run admits the caller and calls the handler.
func (s *Server) run(rt route, r *request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.o.Log.Error("a handler panicked", "request", r.id, "path", r.http.Path(), "panic", v, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "internal")
		}
	}()
	if s.stopping.Load() {
		return fault.New(fault.Unavailable, "api.stopping")
	}
	if rt.takes == "" {
		if err := r.query(); err != nil {
			return err
		}
	}
	if rt.open {
		return rt.do(r)
	}
	if err := r.admit(); err != nil {
		return err
	}
	if rt.right != "" {
		if err := r.needs(rt.right); err != nil {
			return err
		}
	}
	return rt.do(r)
}

// admit finds out who calls, and loads the caller's tenant and its configuration.
func (r *request) admit() error {
	r.readToken()
	if r.token == "" {
		return fault.New(fault.Unauthenticated, "auth.required")
	}
	if r.cookie {
		if err := r.sameSite(); err != nil {
			return err
		}
	}
	s := r.server
	caller, err := s.o.Auth.Authenticate(r.ctx, r.token)
	if err != nil {
		return err
	}
	t, err := s.o.Store.Tenant(r.ctx, caller.Tenant)
	if err != nil {
		return err
	}
	if r.snapshot, err = s.o.Catalog.Snapshot(r.ctx, t); err != nil {
		return err
	}
	r.caller, r.tenant = caller, t
	return nil
}

// needs refuses callers without a system right.
func (r *request) needs(right string) error {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return err
	}
	if !rights.System[right] {
		return fault.New(fault.Forbidden, "auth.right_missing", "right", right)
	}
	return nil
}

// may reports whether the caller has a system right.
func (r *request) may(right string) (bool, error) {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return false, err
	}
	return rights.System[right], nil
}

// records is the caller's session on records.
func (r *request) records() *record.Session {
	return r.server.o.Records.As(r.tenant, r.snapshot, r.caller)
}

// language is the caller's, else the one the request asks for.
func (r *request) language() string {
	if r.caller != nil && r.caller.Language != "" {
		return r.caller.Language
	}
	return accepted(r.http.Get(fiber.HeaderAcceptLanguage))
}

// object is the object a route names. The name is a copy.
func (r *request) object() string {
	name := r.http.Params("object")
	if o, ok := r.snapshot.Objects[name]; ok {
		return o.Doc.Name
	}
	return strings.Clone(name)
}

// param is a part of the path, copied.
func (r *request) param(name string) string { return strings.Clone(r.http.Params(name)) }

// recordID is the id in the path. What is no id is no record either.
func (r *request) recordID() (id.ID, error) {
	i, ok := id.Parse(r.http.Params("id"))
	if !ok {
		return 0, fault.New(fault.NotFound, "api.bad_id", "id", r.param("id"))
	}
	return i, nil
}

// body reads the body, at most limit bytes of it. Fault "api.too_large" (TooLarge).
func (r *request) body(limit int) ([]byte, error) {
	req := r.http.Request()
	if encoding := req.Header.Peek(fiber.HeaderContentEncoding); len(encoding) > 0 && string(encoding) != "identity" {
		return nil, fault.New(fault.Malformed, "api.encoding")
	}
	length := req.Header.ContentLength()
	if length > limit {
		return nil, fault.New(fault.TooLarge, "api.too_large", "limit", limit)
	}
	stream := r.http.Context().RequestBodyStream()
	if stream == nil {
		return req.Body(), nil
	}
	if length >= 0 {
		raw := make([]byte, length)
		if _, err := io.ReadFull(stream, raw); err != nil {
			return nil, fault.New(fault.Malformed, "api.unreadable").Because(err)
		}
		return raw, nil
	}
	raw, err := io.ReadAll(io.LimitReader(stream, int64(limit)+1))
	if err != nil {
		return nil, fault.New(fault.Malformed, "api.unreadable").Because(err)
	}
	if len(raw) > limit {
		return nil, fault.New(fault.TooLarge, "api.too_large", "limit", limit)
	}
	return raw, nil
}

// finishBody leaves the connection at the end of the request's body, or closes it
// after the answer: what was not read must not be taken for the next request.
func (r *request) finishBody() {
	finishBody(r.http)
}

func finishBody(c *fiber.Ctx) {
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		return
	}
	left, err := io.Copy(io.Discard, io.LimitReader(stream, drained))
	if err != nil || left == drained {
		c.Context().SetConnectionClose()
	}
}
