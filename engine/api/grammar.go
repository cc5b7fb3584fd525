package api

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"formwork/engine/fault"
)

// The HTTP library takes much for a request that a proxy before it may take for another:
// a length that is given twice, a line that ends in a bare LF, a folded header. Where two
// readers of one connection disagree about where a request ends, the second request of one
// is hidden from the other. So the grammar of RFC 9112 is held here to the letter: what
// breaks it is refused with 400, and the connection is closed.

// lineWatch watches the request line, of which the library keeps no copy.
type lineWatch struct {
	begins bool // the next bytes are those of a request
	first  bool // no request has come yet
	some   bool // bytes of the line have come
	before byte // the last of them
	broken bool // it ended in a bare LF
}

// saw takes what was read into account.
func (w *lineWatch) saw(read []byte) {
	for _, c := range read {
		if c == '\n' {
			w.broken = w.broken || w.before != '\r'
			if w.some { // else an empty line, which may stand before
				w.begins = false
				return
			}
		} else if c != '\r' {
			w.some = true
		}
		w.before = c
	}
}

// state follows the connection from request to request.
func (w *lineWatch) state(state fasthttp.ConnState) {
	switch state {
	case fasthttp.StateActive:
		// A line that came together with the request before it was not seen.
		w.begins, w.first = w.begins && (w.first || w.some), false
	case fasthttp.StateIdle:
		*w = lineWatch{begins: true}
	}
}

// refused takes the place of a request's protocol where its headers break the grammar.
const refused = "refused"

// received looks at the headers of a request before anything of its body is waited for.
func received(h *fasthttp.RequestHeader) (none fasthttp.RequestConfig) {
	if brokenLine(h) || brokenHeaders(h) {
		h.SetContentLength(0)
		h.SetProtocol(refused)
	}
	return none
}

// strict wraps the handler of all requests.
func (s *Server) strict(handle fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(c *fasthttp.RequestCtx) {
		conn := patientOf(c.Conn())
		if conn != nil && conn.watch.broken || string(c.Request.Header.Protocol()) == refused {
			ctx := s.app.AcquireCtx(c)
			defer s.app.ReleaseCtx(ctx)
			leaveUnread(c.Conn())
			c.SetConnectionClose()
			r := s.newUnrouted(ctx)
			r.fail(fault.New(fault.Malformed, "api.grammar"))
			s.metrics.unrouted.saw(c.Response.StatusCode(), 0)
			return
		}
		handle(c)
		// The library does not look closely at the lines of chunks: no further request is taken
		// from such a connection.
		if c.Request.Header.ContentLength() == -1 {
			c.SetConnectionClose()
		}
	}
}

// brokenLine reports whether a request line holds what none may.
func brokenLine(h *fasthttp.RequestHeader) bool {
	if protocol := h.Protocol(); string(protocol) != "HTTP/1.1" && string(protocol) != "HTTP/1.0" {
		return true
	}
	for _, c := range h.RequestURI() {
		if c <= ' ' || c == 0x7f {
			return true
		}
	}
	for _, c := range h.Method() {
		if !tokens[c] {
			return true
		}
	}
	return false
}

// brokenHeaders reports whether the lines of the headers break the grammar, or do not say
// plainly whom the request is for and where it ends.
func brokenHeaders(h *fasthttp.RequestHeader) bool {
	hosts, lengths, encodings := 0, 0, 0
	for rest := h.RawHeaders(); len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 1 || rest[end-1] != '\r' {
			return true
		}
		line := rest[:end-1]
		rest = rest[end+1:]
		if len(line) == 0 {
			break
		}
		colon := 0
		for colon < len(line) && tokens[line[colon]] {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' { // also a folded line, and a space before the colon
			return true
		}
		value := line[colon+1:]
		for _, c := range value {
			if c < ' ' && c != '\t' || c == 0x7f {
				return true
			}
		}
		switch name := line[:colon]; {
		case len(name) == 4 && bytes.EqualFold(name, []byte("host")):
			hosts++
			if !isHost(bytes.Trim(value, " \t")) {
				return true
			}
		case len(name) == 14 && bytes.EqualFold(name, []byte("content-length")):
			lengths++
			if !isNumber(bytes.Trim(value, " \t")) {
				return true
			}
		case len(name) == 17 && bytes.EqualFold(name, []byte("transfer-encoding")):
			encodings++
			if !bytes.EqualFold(bytes.Trim(value, " \t"), []byte("chunked")) {
				return true
			}
		}
	}
	http11 := h.IsHTTP11()
	return hosts > 1 || http11 && hosts == 0 || lengths > 1 || encodings > 1 || encodings > 0 && (lengths > 0 || !http11)
}

// isHost reports whether a text may be a host with a port, or nothing.
func isHost(text []byte) bool {
	for _, c := range text {
		if c <= ' ' || c == '/' || c == '\\' || c == '@' || c == '?' || c == '#' || c == ',' {
			return false
		}
	}
	return true
}

func isNumber(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// tokens are the bytes that names of headers and methods are made of (RFC 9110, 5.6.2).
var tokens = func() (set [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		set[c] = true
	}
	return set
}()
