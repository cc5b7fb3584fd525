package api

import (
	"context"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/budget"
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
	looking  string // the draft and the permission sets that it is answered by; "": what holds
	incoming bodyStream
	raw      []byte        // room for a body
	read     []byte        // the body; nil: it was not read
	isHeavy  bool          // holds one of server.heavy
	share    *budget.Share // of the memory for requests
	failure  *fault.Fault
}

// headerMoment holds the newest state that a client has seen, in answers to what wrote and
// in the requests of a client that is to see it whichever process answers: see store.Moment.
const headerMoment = "X-Moment"

// serve runs a route: it makes the request, has the handler answer it, and turns
// whatever goes wrong, a panic included, into a problem document.
func (s *Server) serve(rt route) fiber.Handler {
	within := usually
	switch {
	case rt.slow:
		within = slowly
	case rt.flows:
		within = patiently
	}
	meter := s.metrics.of(rt)
	return func(c *fiber.Ctx) error {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), within)
		sent := strings.Clone(c.Get(headerMoment))
		ctx, moment := store.WithMoment(ctx, sent)
		r := s.requests.Get().(*request)
		r.http, r.ctx, r.id = c, ctx, s.numbers.next(c)
		s.headers(r)
		if err := s.run(rt, r); err != nil {
			r.fail(err)
		}
		r.finishBody()
		cancel()
		if seen := moment.Token(); seen != sent && seen != "" {
			c.Set(headerMoment, seen)
		}
		meter.saw(c.Response().StatusCode(), time.Since(began))
		if s.o.Access {
			s.logAccess(r, time.Since(began))
		}
		s.recycle(r)
		return nil
	}
}

// maxKept is the room for a body that a request keeps for the next one, in bytes.
const maxKept = 64 << 10

// recycle keeps a request that was answered for another one.
func (s *Server) recycle(r *request) {
	if r.isHeavy {
		s.heavy.Release(1)
	}
	// An answer is held until it is sent.
	if conn := patientOf(r.http.Context().Conn()); conn != nil {
		conn.share = r.share
	} else {
		r.share.Leave()
	}
	room := r.raw
	if cap(room) > maxKept {
		room = nil
	}
	*r = request{server: s, raw: room}
	s.requests.Put(r)
}

// run admits the caller and calls the handler.
func (s *Server) run(rt route, r *request) (err error) {
	defer func() {
		r.share.Rest() // what is left is to send the answer
		if v := recover(); v != nil {
			s.o.Log.Error("a handler panicked", "request", r.id, "path", r.http.Path(), "panic", v, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "internal")
		}
	}()
	if s.stopping.Load() {
		return fault.New(fault.Unavailable, "api.stopping")
	}
	if !rt.queries() && !rt.page { // the address of a page says what the browser shows
		if err := r.query(); err != nil {
			return err
		}
	}
	if rt.open {
		if answered, err := r.preflight(); answered || err != nil {
			return err
		}
		return rt.do(r)
	}
	if err := r.admit(); err != nil {
		return err
	}
	if err := r.look(rt); err != nil {
		return err
	}
	for try := 1; ; try++ {
		if rt.right != "" {
			if err := r.needs(rt.right); err != nil {
				return err
			}
		}
		err := r.answered(rt)
		if try == handled || !fault.Is(err, "catalog.changed") {
			return err
		}
		// A revision was committed before the handler could write anything.
		if r.snapshot, err = s.o.Catalog.Newest(r.ctx, r.tenant); err != nil {
			return err
		}
	}
}

// answered has the handler answer, in turn with other requests of the user and the tenant.
// Contents of files only come and go.
func (r *request) answered(rt route) error {
	if rt.flows {
		r.share.Rest()
		return rt.do(r)
	}
	if err := r.share.Work(r.ctx); err != nil { // once more, if the handler rested and is called again
		return err
	}
	return rt.do(r)
}

// handled is how often a request is given to its handler while the configuration changes.
const handled = 3

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
	caller, t, err := s.o.Auth.Admit(r.ctx, r.token)
	if err != nil {
		return err
	}
	r.keepConnection(caller)
	if r.share, err = s.budget.Enter(caller.Tenant, caller.User); err != nil {
		return err
	}
	r.ctx = budget.With(r.ctx, r.share)
	if r.snapshot, err = s.o.Catalog.Snapshot(r.ctx, t); err != nil {
		return err
	}
	// Rights on a large configuration take seconds to decide.
	if err := r.share.Work(r.ctx); err != nil {
		return err
	}
	r.caller, r.tenant = caller, t
	if err := r.admitOrigin(r.snapshot); err != nil {
		return err
	}
	if caller.Via == "key" {
		return r.needs("api")
	}
	return nil
}

// keepConnection says that somebody has logged in on the connection of the request.
func (r *request) keepConnection(caller *policy.Caller) {
	if conn := patientOf(r.http.Context().Conn()); conn != nil {
		conn.place.keep(caller.Tenant, caller.User)
	}
}

// needs refuses callers without a system right.
func (r *request) needs(right string) error {
	has, err := r.has(right)
	if err == nil && !has {
		err = fault.New(fault.Forbidden, "auth.right_missing", "right", right)
	}
	return err
}

// has reports whether the caller has a system right.
func (r *request) has(right string) (bool, error) {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return false, err
	}
	return rights.System[right], nil
}

// records is the caller's session on records.
func (r *request) records() *record.Session {
	session := r.server.o.Records.As(r.tenant, r.snapshot, r.caller)
	if r.looking != "" {
		return session.Uncounted()
	}
	return session
}

// language is the caller's, else the one the request asks for.
func (r *request) language() string {
	if r.caller != nil && r.caller.Language != "" {
		return r.caller.Language
	}
	var more []string
	if r.snapshot != nil {
		more = r.snapshot.Languages
	}
	return accepted(r.http.Get(fiber.HeaderAcceptLanguage), more)
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

// atRecord has a function do something at the record in the path, and answers that it is done.
func (r *request) atRecord(do func(ctx context.Context, object string, key id.ID) error) error {
	key, err := r.recordID()
	if err != nil {
		return err
	}
	if err := do(r.ctx, r.object(), key); err != nil {
		return err
	}
	return r.done()
}

// body reads the body, at most limit bytes of it; they are used again for the next
// request. A second call returns the same. Others are worked on while it arrives. Faults
// "api.too_large" (TooLarge), "api.busy" (Unavailable), those of package budget.
func (r *request) body(limit int) ([]byte, error) {
	if r.read != nil {
		return r.read, nil
	}
	var read []byte
	err := r.share.While(r.ctx, func() (err error) {
		read, err = r.readBody(limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.read = read
	return read, nil
}

func (r *request) readBody(limit int) ([]byte, error) {
	header := &r.http.Request().Header
	if encoding := header.Peek(fiber.HeaderContentEncoding); len(encoding) > 0 && string(encoding) != "identity" {
		return nil, fault.New(fault.Malformed, "api.encoding")
	}
	length := header.ContentLength()
	if length > limit {
		return nil, fault.New(fault.TooLarge, "api.too_large", "limit", limit)
	}
	var err error
	if length >= 0 && length <= maxKept {
		r.raw = slices.Grow(r.raw[:0], length)[:length]
		if _, err := io.ReadFull(r.bodyStream(), r.raw); err != nil {
			return nil, fault.New(fault.Malformed, "api.unreadable").Because(err)
		}
		return r.raw, nil
	}
	if err = r.readLarge(length, limit); err != nil {
		return nil, err
	}
	if len(r.raw) > smallBody {
		err = r.takeHeavy()
	}
	return r.raw, err
}

// readLarge reads a body of some length, or of one that is not known (-1), into raw. Room
// is made as bytes come, so that who announces much and sends little holds little.
func (r *request) readLarge(length, limit int) error {
	until := time.Now().Add(readWithin)
	if deadline, ok := r.ctx.Deadline(); ok && deadline.Before(until) {
		until = deadline
	}
	from := &arriving{r.bodyStream(), r.http.Context().Conn(), newPace(until)}
	r.raw = r.raw[:0]
	for len(r.raw) != length {
		if len(r.raw) > limit {
			return fault.New(fault.TooLarge, "api.too_large", "limit", limit)
		}
		if len(r.raw) == cap(r.raw) {
			more := max(len(r.raw), maxKept)
			if length > 0 {
				more = min(more, length-len(r.raw))
			}
			if err := r.share.Hold(r.ctx, int64(more)); err != nil {
				return err
			}
			r.raw = slices.Grow(r.raw, more)
		}
		room := r.raw[len(r.raw):cap(r.raw)]
		if length > 0 {
			room = room[:min(len(room), length-len(r.raw))]
		}
		n, err := from.Read(room)
		r.raw = r.raw[:len(r.raw)+n]
		if err == io.EOF && (length < 0 || len(r.raw) == length) {
			break
		}
		if err != nil {
			return fault.New(fault.Malformed, "api.unreadable").Because(err)
		}
	}
	if len(r.raw) > limit {
		return fault.New(fault.TooLarge, "api.too_large", "limit", limit)
	}
	return nil
}

// parsedTimes is by how much a large body is larger once it is parsed, about.
const parsedTimes = 4

// takeHeavy waits until this may be one of the few requests with large bodies that are
// parsed and worked on at once. The body is there: who sends one slowly keeps nobody
// waiting. Fault "api.busy" (Unavailable).
func (r *request) takeHeavy() error {
	if err := r.server.heavy.Acquire(r.ctx, 1); err != nil {
		return fault.New(fault.Unavailable, "api.busy").Because(err)
	}
	r.isHeavy = true
	return r.share.Hold(r.ctx, parsedTimes*int64(len(r.raw)))
}

// bodyStream is the body as it arrives; the same one for each call.
func (r *request) bodyStream() *bodyStream {
	if r.incoming.from == nil {
		r.incoming.from = r.http.Context().RequestBodyStream()
	}
	return &r.incoming
}

// bodyStream remembers how it ended, for the stream beneath must not be read beyond
// its end: there the next request begins.
type bodyStream struct {
	from io.Reader // nil: there is no body
	end  error
}

// Read reads until the body has ended.
func (b *bodyStream) Read(p []byte) (int, error) {
	if b.from == nil {
		return 0, io.EOF
	}
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.from.Read(p)
	b.end = err
	return n, err
}

// finishBody leaves the connection at the end of the request's body, or closes it
// after the answer: what was not read must not be taken for the next request.
func (r *request) finishBody() {
	body := r.bodyStream()
	if body.from == nil || body.end == io.EOF {
		return
	}
	r.http.Context().Conn().SetReadDeadline(time.Now().Add(drainFor)) //nolint:errcheck // a broken connection shows in the next line
	if left, err := io.Copy(io.Discard, io.LimitReader(body, drained)); err != nil || left == drained {
		leaveUnread(r.http.Context().Conn())
		r.http.Context().SetConnectionClose()
	}
}
