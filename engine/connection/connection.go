// Package connection is outside systems as configuration: documents of the kind "connection", which say where a
// system is, what it speaks and what is sent along, and the secrets that go with them, which are sealed in the tenant's store
// and leave it only in a request to the host that they were given for.
package connection

import (
	"cmp"
	_ "embed" // the schema
	"encoding/json"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata"
)

// KindName is what the documents say as their "kind".
const KindName = "connection"

// Placeholder stands for the secret in a header.
const Placeholder = "{secret}"

const usualSeconds = 10

// Protocol is what an outside system speaks.
type Protocol string

// Protocols.
const (
	HTTP Protocol = "HTTP"
	SMTP Protocol = "SMTP"
	IMAP Protocol = "IMAP"
)

// scheme is what the beginning of an address says.
type scheme struct {
	protocol Protocol
	port     string // where the address names none
	tls      bool   // from the first byte on
}

var schemes = map[string]scheme{"http": {HTTP, "80", false}, "https": {HTTP, "443", true}, "smtp": {SMTP, "587", false}, "smtps": {SMTP, "465", true},
	"imap": {IMAP, "143", false}, "imaps": {IMAP, "993", true}}

// Definition is a document of a connection.
type Definition struct {
	metadata.Head
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"` // over HTTP
	User    string            `json:"user"`    // who logs in, over SMTP and IMAP
	Seconds int               `json:"seconds"`
}

// Connection is a definition compiled. Immutable.
type Connection struct {
	Doc    *Definition
	base   *url.URL
	scheme scheme
}

// Protocol is what the system speaks.
func (c *Connection) Protocol() Protocol { return c.scheme.protocol }

// TLS reports whether it is encrypted from the first byte on.
func (c *Connection) TLS() bool { return c.scheme.tls }

// Server is the host without its port, and Port that of the address, or the usual one.
func (c *Connection) Server() string { return c.base.Hostname() }

// Port see Server.
func (c *Connection) Port() string { return cmp.Or(c.base.Port(), c.scheme.port) }

// Timeout is how long an answer may take.
func (c *Connection) Timeout() time.Duration {
	if c.Doc.Seconds == 0 {
		return usualSeconds * time.Second
	}
	return time.Duration(c.Doc.Seconds) * time.Second
}

// Host is where its requests go, with the port if one is named; a secret is bound to it.
func (c *Connection) Host() string { return c.base.Scheme + "://" + c.base.Host }

// HolderOf is what names a connection among all that have secrets.
func HolderOf(name string) string { return "connection " + name }

// Holder implements Holder.
func (c *Connection) Holder() string { return HolderOf(c.Doc.Name) }

// For implements Holder: a secret is for a host.
func (c *Connection) For() string { return c.Host() }

// Secret reports whether requests carry the secret, or whoever logs in needs one.
func (c *Connection) Secret() bool {
	if c.Doc.User != "" {
		return true
	}
	for _, value := range c.Doc.Headers {
		if strings.Contains(value, Placeholder) {
			return true
		}
	}
	return false
}

// At is the address of a path below that of the connection, which it does not leave. Fault
// connection.bad_path (Invalid).
func (c *Connection) At(path string, query url.Values) (string, error) {
	at := *c.base
	if path = strings.TrimPrefix(path, "/"); path != "" {
		for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }) {
			if part == "." || strings.HasPrefix(part, "..") { // also as some servers write it: "..;x"
				return "", fault.New(fault.Invalid, "connection.bad_path", "path", path)
			}
		}
		at.Path = strings.TrimSuffix(at.Path, "/") + "/" + path
		at.RawPath = ""
	}
	at.RawQuery = query.Encode()
	return at.String(), nil
}

// Header is what is sent with each request.
func (c *Connection) Header(secret string) http.Header {
	h := make(http.Header, len(c.Doc.Headers))
	for name, value := range c.Doc.Headers {
		h.Set(name, strings.ReplaceAll(value, Placeholder, secret))
	}
	return h
}

// Of are the connections of a configuration, by name.
func Of(s *catalog.Snapshot) map[string]*Connection {
	return catalog.Of[map[string]*Connection](s, KindName)
}

// Demand reports a connection that is not there, or speaks something else. The kind that is compiled needs KindName.
func Demand(c *catalog.Compiling, name string, speaks Protocol, at string) {
	switch found := Of(c.Snapshot())[name]; {
	case found == nil:
		c.Unknown(KindName, name, at)
	case found.Protocol() != speaks:
		c.Report(fault.New(fault.Invalid, "connection.other_protocol", "connection", name, "speaks", string(found.Protocol()), "wanted", string(speaks)), at)
	}
}

//go:embed connection.json
var schemaFile []byte

// Kind is the kind of documents.
func Kind() catalog.Kind { return kind{} }

type kind struct{ catalog.Documents[Definition] }

func (kind) Name() string            { return KindName }
func (kind) Schema() json.RawMessage { return schemaFile }

// Trusted implements catalog.Trusted: whoever says where a secret goes could have it.
func (kind) Trusted() {}

// AlsoCalled are the names that other systems have for the kind.
func (kind) AlsoCalled() []string { return []string{"named_credential", "integration"} }

func (kind) Compile(c *catalog.Compiling) any {
	return catalog.EachOf(c, Of, func(d *Definition, at string) *Connection { return compile(c, d, at) })
}

// Reach is the connection that a definition says, without what else is asked of a document. Fault connection.bad_url (Invalid).
func Reach(d *Definition) (*Connection, error) {
	base, err := url.Parse(d.URL)
	if err != nil {
		base = &url.URL{}
	}
	s, known := schemes[base.Scheme]
	if !known || base.Hostname() == "" || base.User != nil || base.RawQuery != "" || base.ForceQuery || base.Fragment != "" || s.protocol != HTTP && base.Path != "" {
		return nil, fault.New(fault.Invalid, "connection.bad_url")
	}
	return &Connection{Doc: d, base: base, scheme: s}, nil
}

func compile(c *catalog.Compiling, d *Definition, at string) *Connection {
	reached, problem := Reach(d)
	if problem != nil {
		c.Report(fault.From(problem), at+"/url")
		return nil
	}
	s := reached.scheme
	if s.protocol != HTTP && len(d.Headers) > 0 {
		c.Report(fault.New(fault.Invalid, "connection.no_headers", "protocol", string(s.protocol)), at+"/headers")
	}
	if s.protocol == HTTP && d.User != "" {
		c.Report(fault.New(fault.Invalid, "connection.no_user"), at+"/user")
	}
	if s.protocol == IMAP && d.User == "" {
		c.Report(fault.New(fault.Invalid, "connection.needs_user"), at+"/user")
	}
	for name, value := range d.Headers {
		if kept[textproto.CanonicalMIMEHeaderKey(name)] || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			c.Report(fault.New(fault.Invalid, "connection.bad_header", "header", name), at+"/headers/"+name)
		}
	}
	return reached
}

// kept are headers that the program sets itself.
var kept = map[string]bool{"Host": true, "Content-Length": true, "Content-Type": true, "Transfer-Encoding": true, "Connection": true, "Upgrade": true, "Te": true, "Trailer": true,
	"Expect": true, "Accept-Encoding": true, "Proxy-Authorization": true, "Proxy-Connection": true, "Keep-Alive": true, "Idempotency-Key": true}
