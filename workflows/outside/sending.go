package outside

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"formwork/engine/connection"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/mail"
)

const (
	// MaxBody is how many bytes a request and an answer may have.
	MaxBody = 256 << 10
	// MaxAddress is how many bytes the path and the parameters of a request may have.
	MaxAddress = 8 << 10
	maxHeader  = 64 << 10 // bytes of the headers of an answer
	// maxPause is how long at most a host may ask to be left alone.
	maxPause = time.Hour
)

// Request is what is asked of an outside system.
type Request struct {
	Connection string     `json:"connection"`
	Method     string     `json:"method"`
	Path       string     `json:"path,omitempty"`
	Query      url.Values `json:"query,omitempty"`
	Body       []byte     `json:"body,omitempty"` // JSON; absent: none
	// Mail is a message to be sent over SMTP, in place of a request over HTTP; nil: none.
	Mail *mail.Message `json:"mail,omitempty"`
	// Print is a document to be printed of the record of the run, in place of a request; nil: none.
	Print *Print `json:"print,omitempty"`
}

// Print is what is printed, by a template of that name; Language "": English, or what it has.
type Print struct {
	Template string `json:"template"`
	Language string `json:"language,omitempty"`
}

// speaks is what a request is made in.
func (r *Request) speaks() connection.Protocol {
	if r.Mail != nil {
		return connection.SMTP
	}
	return connection.HTTP
}

// reply is what came of one try.
type reply struct {
	status int
	body   []byte
	again  bool          // a later try may do better
	pause  time.Duration // not before; 0: the host said nothing of it
	fault  *fault.Fault  // nil: it succeeded
}

// sends makes requests in a protocol, once each. Safe for concurrent use.
type sends interface {
	send(ctx context.Context, c *connection.Connection, secret string, r *Request, key id.ID) reply
}

// senders are those for all protocols that requests are made in.
func senders(reach Reach, now func() time.Time) map[connection.Protocol]sends {
	return map[connection.Protocol]sends{connection.HTTP: newWeb(reach, now), connection.SMTP: mailer{reach}}
}

// web speaks HTTP.
type web struct {
	client *http.Client
	now    func() time.Time
}

func newWeb(reach Reach, now func() time.Time) *web {
	return &web{now: now, client: &http.Client{
		// Where a host sends requests on is not what the configuration says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		// No proxy: it would connect in our place, past the guard. No compression: a small answer stays small.
		Transport: &http.Transport{DialContext: reach.dial, TLSClientConfig: &tls.Config{RootCAs: reach.Roots, MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: maxHeader, DisableCompression: true,
			ForceAttemptHTTP2: true, MaxIdleConns: 100, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
	}}
}

// send sends a request once. key is the same in each try, so that who receives it can tell that it is.
func (s *web) send(ctx context.Context, c *connection.Connection, secret string, r *Request, key id.ID) reply {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout())
	defer cancel()
	at, err := c.At(r.Path, r.Query)
	if err != nil {
		return reply{fault: fault.From(err)}
	}
	asks, err := http.NewRequestWithContext(ctx, r.Method, at, bytes.NewReader(r.Body))
	if err != nil {
		return reply{fault: fault.New(fault.Invalid, "connection.bad_path", "path", r.Path)}
	}
	asks.Header = c.Header(secret)
	asks.Header.Set("Idempotency-Key", key.String())
	if asks.Header.Get("Accept") == "" {
		asks.Header.Set("Accept", "application/json")
	}
	if asks.Header.Get("User-Agent") == "" {
		asks.Header.Set("User-Agent", "Formwork")
	}
	if r.Body != nil {
		asks.Header.Set("Content-Type", "application/json")
	} else {
		asks.Body = http.NoBody
	}
	answer, err := s.client.Do(asks)
	if err != nil {
		return failed(c, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxBody+1))
	switch {
	case err != nil:
		return failed(c, err)
	case len(body) > MaxBody:
		return reply{status: answer.StatusCode, fault: fault.New(fault.Conflict, "outside.too_large", "limit", MaxBody)}
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return reply{status: answer.StatusCode, body: body}
	}
	return reply{status: answer.StatusCode, body: body, again: mayPass(answer.StatusCode), pause: pauseOf(answer.Header, s.now()),
		fault: fault.New(fault.Conflict, "outside.status", "status", answer.StatusCode)}
}

// failed is what came of a try without an answer.
func failed(c *connection.Connection, err error) reply {
	return reply{again: !errors.Is(err, errPrivate), fault: Unanswered(c, err)}
}

// Unanswered says why there was no answer. What went wrong is told without addresses, which the host's name may lead to.
func Unanswered(c *connection.Connection, err error) *fault.Fault {
	var timeout net.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		return fault.New(fault.Conflict, "outside.untrusted", "host", c.Host())
	case errors.Is(err, errPrivate):
		return fault.New(fault.Conflict, "outside.private", "host", c.Host())
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fault.New(fault.Conflict, "outside.slow", "seconds", int(c.Timeout().Seconds()))
	}
	return fault.New(fault.Conflict, "outside.unreachable", "host", c.Host())
}

// mayPass reports whether what a status tells of may be over later.
func mayPass(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// pauseOf is for how long a host wants to be left alone.
func pauseOf(h http.Header, now time.Time) time.Duration {
	asked := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(asked); err == nil && seconds >= 0 {
		return min(time.Duration(min(seconds, int(maxPause/time.Second)))*time.Second, maxPause)
	}
	if at, err := http.ParseTime(asked); err == nil {
		return max(0, min(at.Sub(now), maxPause))
	}
	return 0
}

// String is what a request is told as.
func (r *Request) String() string {
	switch {
	case r.Mail != nil:
		return r.Mail.String()
	case r.Print != nil:
		return "print " + r.Print.Template
	}
	return fmt.Sprintf("%s %s /%s", r.Method, r.Connection, r.Path)
}
