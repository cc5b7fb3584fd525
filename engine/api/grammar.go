package api

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"formwork/engine/fault"
)

// The HTTP library takes much for a request that a proxy before it may take for another:
// a length that is given twice, a line that ends in a bare LF, a folded header. Where two
// readers of one connection disagree about where a request ends, the second request of one
// is hidden from the other. So the grammar of RFC 9112 is held here to the letter: what
// breaks it is refused with 400, and the connection is closed.

// lineWatch follows what comes on a connection from request to request, and watches the
// request lines, of which the library keeps no copy. Several requests may come at once; what
// breaks the grammar elsewhere is refused by others, and ends the connection.
type lineWatch struct {
	next   part
	kept   [64]byte // the beginning of the line that is coming
	length int      // of what has come of that line
	last   byte     // of what has come of it
	body   int64    // bytes that are still to come
	lines  int      // request lines so far
	broken int      // the first of them that ended in a bare LF; 0: none
	lost   int      // the first request of which it is not known where it ends; 0: none
	taken  int      // requests that were handled
}

// part is what comes next on a connection.
type part uint8

const (
	nextLine part = iota // that of a request
	nextHeader
	nextBody
	nextUnknown // it is not looked at
)

// saw takes what was read into account.
func (w *lineWatch) saw(read []byte) {
	for len(read) > 0 && w.next != nextUnknown {
		if w.next == nextBody {
			n := min(w.body, int64(len(read)))
			read = read[n:]
			if w.body -= n; w.body == 0 {
				w.next = nextLine
			}
			continue
		}
		end := bytes.IndexByte(read, '\n')
		piece := read
		if end >= 0 {
			piece = read[:end]
		}
		if len(piece) > 0 {
			if w.length < len(w.kept) {
				copy(w.kept[w.length:], piece)
			}
			w.length += len(piece)
			w.last = piece[len(piece)-1]
		}
		if end < 0 {
			return
		}
		w.ended()
		w.length, w.last = 0, 0
		read = read[end+1:]
	}
}

// ended takes a line into account that has come to its LF.
func (w *lineWatch) ended() {
	empty := w.length == 0 || w.length == 1 && w.last == '\r'
	switch {
	case w.next == nextLine:
		if w.last != '\r' && w.broken == 0 {
			w.broken = w.lines + 1
		}
		if !empty { // one may stand before
			w.lines++
			w.next, w.body = nextHeader, 0
		}
	case !empty:
		w.header(w.kept[:min(w.length, len(w.kept))])
	case w.body > 0:
		w.next = nextBody
	default:
		w.next = nextLine
	}
}

// header finds out where the request ends, from the beginning of a header's line.
func (w *lineWatch) header(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch {
	case bytes.EqualFold(name, []byte("content-length")):
		length, err := strconv.ParseInt(string(bytes.Trim(value, " \t\r")), 10, 64)
		if w.body = length; err != nil || length < 0 || w.length > len(w.kept) {
			w.next, w.lost = nextUnknown, w.lines
		}
	case bytes.EqualFold(name, []byte("transfer-encoding")):
		w.next, w.lost = nextUnknown, w.lines
	}
}

// take goes on to the request that is handled now: whether its line is broken, and whether
// it must be the last of its connection, since it is not known where it ends.
func (w *lineWatch) take() (broken, last bool) {
	w.taken++
	return w.broken != 0 && w.taken >= w.broken, w.lost != 0 && w.taken >= w.lost
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
		broken, last := string(c.Request.Header.Protocol()) == refused, false
		if conn := patientOf(c.Conn()); conn != nil {
			conn.turn.Yield() // of requests that were sent together, one follows the other
			if !broken {
				broken, last = conn.watch.take()
			}
		}
		if broken {
			ctx := s.app.AcquireCtx(c)
			defer s.app.ReleaseCtx(ctx)
			leaveUnread(c.Conn())
			c.SetConnectionClose()
			r := s.newUnrouted(ctx)
			r.fail(fault.New(fault.Malformed, "api.grammar"))
			s.metrics.unrouted.saw(c.Response.StatusCode(), 0)
			return
		}
		if !slices.Contains(methods, string(c.Method())) {
			s.unknownMethod(c)
			return
		}
		handle(c)
		// The library does not look closely at the lines of chunks: no further request is taken
		// from such a connection.
		if last || c.Request.Header.ContentLength() == -1 {
			c.SetConnectionClose()
		}
	}
}

// unknownMethod answers a request with a method that no address knows, which the library
// would answer by itself. The connection is closed: after CONNECT no request may follow.
func (s *Server) unknownMethod(c *fasthttp.RequestCtx) {
	ctx := s.app.AcquireCtx(c)
	defer s.app.ReleaseCtx(ctx)
	leaveUnread(c.Conn())
	c.SetConnectionClose()
	r := s.newUnrouted(ctx)
	r.http.Set(fiber.HeaderAllow, strings.Join(methods, ", "))
	r.fail(fault.New(fault.Malformed, "api.no_method", "method", clip(string(c.Method()))))
	s.metrics.unrouted.saw(c.Response.StatusCode(), 0)
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
// plainly whom the request is for, who calls and where it ends.
func brokenHeaders(h *fasthttp.RequestHeader) bool {
	hosts, lengths, encodings, callers := 0, 0, 0, 0
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
		case len(name) == 13 && bytes.EqualFold(name, []byte("authorization")):
			callers++
		case len(name) == 17 && bytes.EqualFold(name, []byte("transfer-encoding")):
			encodings++
			if !bytes.EqualFold(bytes.Trim(value, " \t"), []byte("chunked")) {
				return true
			}
		}
	}
	http11 := h.IsHTTP11()
	return hosts > 1 || callers > 1 || http11 && hosts == 0 || lengths > 1 || encodings > 1 || encodings > 0 && (lengths > 0 || !http11)
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
