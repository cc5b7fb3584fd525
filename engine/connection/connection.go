// Package connection is outside systems as configuration: documents of the kind "connection", which say where a
// system is and what is sent along, and the secrets that go with them, which are sealed in the tenant's store
// and leave it only in a request to the host that they were given for.
package connection

import (
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

// Definition is a document of a connection.
type Definition struct {
	metadata.Head
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Seconds int               `json:"seconds"`
}

// Connection is a definition compiled. Immutable.
type Connection struct {
	Doc  *Definition
	base *url.URL
}

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

// Secret reports whether requests carry the secret.
func (c *Connection) Secret() bool {
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

func compile(c *catalog.Compiling, d *Definition, at string) *Connection {
	base, err := url.Parse(d.URL)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Hostname() == "" || base.User != nil || base.RawQuery != "" || base.ForceQuery || base.Fragment != "" {
		c.Report(fault.New(fault.Invalid, "connection.bad_url"), at+"/url")
		return nil
	}
	for name, value := range d.Headers {
		if kept[textproto.CanonicalMIMEHeaderKey(name)] || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			c.Report(fault.New(fault.Invalid, "connection.bad_header", "header", name), at+"/headers/"+name)
		}
	}
	return &Connection{Doc: d, base: base}
}

// kept are headers that the program sets itself.
var kept = map[string]bool{"Host": true, "Content-Length": true, "Content-Type": true, "Transfer-Encoding": true, "Connection": true, "Upgrade": true, "Te": true, "Trailer": true,
	"Expect": true, "Accept-Encoding": true, "Proxy-Authorization": true, "Proxy-Connection": true, "Keep-Alive": true, "Idempotency-Key": true}
