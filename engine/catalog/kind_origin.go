package catalog

import (
	"encoding/json"
	"net"
	"net/url"
	"strconv"
	"strings"

	"formwork/engine/fault"
)

// originKind is the kind of the documents that name sites whose scripts may call the API.
type originKind struct{ Documents[origin] }

// origin is a document of the kind.
type origin struct {
	URL string `json:"url"`
}

// Origins are the origins whose scripts may call a tenant's API, as browsers send them.
func Origins(s *Snapshot) map[string]bool { return Of[map[string]bool](s, "origin") }

func (originKind) Name() string            { return "origin" }
func (originKind) Schema() json.RawMessage { return schemaOf("origin") }

func (originKind) Compile(c *Compiling) any {
	documents := Read[origin](c)
	allowed := make(map[string]bool, len(documents))
	for _, name := range byName(documents) {
		if text := documents[name].URL; IsOrigin(text) {
			allowed[text] = true
		} else {
			c.Report(fault.New(fault.Invalid, "catalog.bad_origin", "url", text), pointerTo("origin", name)+"/url")
		}
	}
	return allowed
}

// IsOrigin reports whether a text is one origin as browsers send it: a scheme, a host in
// small letters and a port that is not the scheme's own. No pattern is one.
func IsOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.ContainsFunc(text, noneOfOrigins) {
		return false
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || u.Scheme == "https" && n == 443 || u.Scheme == "http" && n == 80 {
			return false
		}
		host = net.JoinHostPort(u.Hostname(), strconv.FormatUint(n, 10))
	}
	return text == strings.ToLower(u.Scheme+"://"+host)
}

// noneOfOrigins reports letters that no origin has as browsers write them: in the headers that origins
// stand in some of these would mean more.
func noneOfOrigins(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune(":/.-[]", r))
}
