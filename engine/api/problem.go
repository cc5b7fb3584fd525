package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"

	"formwork/engine/catalog"
	"formwork/engine/fault"
)

const problemType = "application/problem+json"

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type    string         `json:"type"`
	Title   string         `json:"title"`
	Status  int            `json:"status"`
	Code    string         `json:"code" schema:"ProblemCode"`
	Detail  string         `json:"detail"`            // for people, in their language
	ID      string         `json:"id,omitempty"`      // of an internal error, as the log has it
	Pointer string         `json:"pointer,omitempty"` // into what was sent
	Params  map[string]any `json:"params,omitempty"`  // of the detail
	Errors  []Finding      `json:"errors,omitempty"`
}

// Finding is one thing wrong with what was sent.
type Finding struct {
	Document   string         `json:"document,omitempty"` // of a configuration: kind/name
	Pointer    string         `json:"pointer"`            // into what was sent, or into the document
	Code       string         `json:"code" schema:"ProblemCode"`
	Detail     string         `json:"detail"`
	Line       int            `json:"line,omitempty"`   // of an expression, from 1
	Column     int            `json:"column,omitempty"` // of an expression, in characters from 1
	Suggestion string         `json:"suggestion,omitempty"`
	Params     map[string]any `json:"params,omitempty"` // of the detail
}

// String is a finding in one line, with its place.
func (f Finding) String() string {
	line := f.Pointer
	if f.Document != "" {
		line = f.Document + " " + f.Pointer
	}
	if f.Column != 0 {
		line += fmt.Sprintf(" (column %d)", f.Column)
	}
	return strings.TrimSpace(line + ": " + f.Detail + " [" + f.Code + "]")
}

// statusOf is the one place where statuses are chosen.
func statusOf(f *fault.Fault) int {
	switch f.Kind {
	case fault.Malformed:
		switch f.Code {
		case "api.no_method":
			return http.StatusMethodNotAllowed
		case "api.media_type", "api.encoding":
			return http.StatusUnsupportedMediaType
		case "api.range":
			return http.StatusRequestedRangeNotSatisfiable
		}
		return http.StatusBadRequest
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Stale:
		return http.StatusPreconditionFailed
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Limited:
		if _, later := f.Params["seconds"]; later { // a rate, which time mends; a cost is the request's
			return http.StatusTooManyRequests
		}
		return http.StatusUnprocessableEntity
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Full:
		return http.StatusInsufficientStorage
	}
	return http.StatusInternalServerError
}

// fail answers with the problem that err is: the one place where errors become
// responses.
func (r *request) fail(err error) {
	f := faultOf(err)
	status := statusOf(f)
	if status == http.StatusInternalServerError || f.Code == "store.damaged" {
		r.server.logFailure(r, err)
	}
	r.failure = f
	header := &r.http.Response().Header
	switch status {
	case http.StatusUnauthorized:
		header.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="formwork"`)
		if origin := r.otherOrigin(); !r.cookie && catalog.IsOrigin(origin) { // a token that has ended tells of no tenant
			r.exposeTo(origin)
		}
	case http.StatusTooManyRequests:
		header.Set(fiber.HeaderRetryAfter, fmt.Sprint(f.Params["seconds"]))
	case http.StatusServiceUnavailable:
		header.Set(fiber.HeaderRetryAfter, strconv.Itoa(1))
	}
	raw, err := json.Marshal(r.problem(f, status))
	if err != nil { // parameters are plain values; without them there is nothing that could fail
		raw = []byte(`{"type":"about:blank","code":"internal"}`)
	}
	r.sent(status, append(r.buffer(), raw...))
	header.SetContentType(problemType + "; charset=utf-8")
	header.Del(fiber.HeaderETag)
}

// problem renders a fault in the language of the request.
func (r *request) problem(f *fault.Fault, status int) Problem {
	lang := r.language()
	p := Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: f.Code, Detail: f.Text(lang), Pointer: f.Pointer}
	if status == http.StatusInternalServerError {
		p.ID = r.id
		return p
	}
	p.Params = f.Params
	p.Errors = inputProblems(f, lang)
	return p
}

// inputProblems are the faults inside a fault, or the fault itself if it has a
// place in the input.
func inputProblems(f *fault.Fault, lang string) []Finding {
	if len(f.Errors) == 0 {
		if f.Pointer == "" {
			return nil
		}
		return []Finding{inputProblem(f, lang)}
	}
	all := make([]Finding, len(f.Errors))
	for i, e := range f.Errors {
		all[i] = inputProblem(e, lang)
	}
	return all
}

func inputProblem(f *fault.Fault, lang string) Finding {
	document, _ := f.Params["document"].(string)
	suggestion, _ := f.Params["suggestion"].(string)
	return Finding{Document: document, Pointer: f.Pointer, Code: f.Code, Detail: f.Text(lang), Line: whole(f.Params["line"]),
		Column: whole(f.Params["column"]), Suggestion: suggestion, Params: f.Params}
}

// whole is a parameter that is a number; 0 for none. That of a job's fault was read from
// JSON.
func whole(v any) int {
	switch n := v.(type) {
	case int:
		return n
	case int64:
		return int(n)
	case float64:
		return int(n)
	case json.Number:
		i, _ := n.Int64() // what is no whole number is none
		return int(i)
	}
	return 0
}

// faultOf is the fault that an error is for a client.
func faultOf(err error) *fault.Fault {
	f := fault.From(err)
	if f.Kind == fault.Internal && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return fault.New(fault.Unavailable, "api.timeout").Because(err)
	}
	return f
}

// newUnrouted is a request that no route has.
func (s *Server) newUnrouted(c *fiber.Ctx) *request {
	r := &request{server: s, http: c, ctx: context.Background(), id: s.numbers.next(c)}
	s.headers(r)
	return r
}

// unrouted answers what reached no route, or could not be read as a request.
func (s *Server) unrouted(c *fiber.Ctx, err error) error {
	r := s.newUnrouted(c)
	ctx, cancel := context.WithTimeout(r.ctx, usually)
	defer cancel()
	r.ctx = ctx
	f := fault.New(fault.Malformed, "api.unreadable")
	var known *fiber.Error
	if errors.As(err, &known) {
		switch known.Code {
		case http.StatusNotFound:
			if r.browses() && s.showPage(r) == nil {
				c.Status(http.StatusNotFound)
				r.finishBody()
				s.metrics.unrouted.saw(http.StatusNotFound, 0)
				return nil
			}
			f = fault.New(fault.NotFound, "api.no_route")
		case http.StatusMethodNotAllowed:
			if c.Method() == fiber.MethodOptions {
				r.finishBody()
				answered, err := r.preflight()
				if err != nil {
					r.fail(err)
				}
				if answered || err != nil {
					return nil
				}
				return r.done()
			}
			f = fault.New(fault.Malformed, "api.no_method", "method", strings.Clone(c.Method()))
		case http.StatusRequestEntityTooLarge:
			f = fault.New(fault.TooLarge, "api.too_large", "limit", largeBody)
		case http.StatusRequestHeaderFieldsTooLarge:
			f = fault.New(fault.TooLarge, "api.headers", "limit", maxHeaders)
		}
	}
	if f.Kind == fault.TooLarge || f.Code == "api.unreadable" {
		leaveUnread(c.Context().Conn())
	}
	r.fail(f)
	r.finishBody()
	s.metrics.unrouted.saw(c.Response().StatusCode(), 0)
	return nil
}

// browses reports whether somebody went to an address with a browser, to whom the application
// says that there is no such page.
func (r *request) browses() bool {
	return r.http.Method() == fiber.MethodGet && strings.HasPrefix(r.http.Get(fiber.HeaderAccept), fiber.MIMETextHTML) && !strings.HasPrefix(r.http.Path(), "/api/")
}

// accepted is the language that an Accept-Language header prefers, of those that the
// program speaks and those of a configuration's texts.
func accepted(header string, more []string) string {
	if header == "" {
		return fault.Languages[0]
	}
	known := slices.Concat(fault.Languages, more)
	tags := make([]language.Tag, len(known))
	for i, name := range known {
		tags[i] = language.Make(name)
	}
	_, index := language.MatchStrings(language.NewMatcher(tags), header)
	return known[index]
}
