package api

import (
	"context"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/live"
	"formwork/metadata"
)

const (
	eventStream     = "text/event-stream"
	headerLastEvent = "Last-Event-ID"
	// maxPending is the room for what is written that a stream keeps while it has nothing to tell.
	maxPending = 1 << 10
)

// listen is GET /events: what happens, until the client or the server goes or the caller's
// rights change. A stream is no request under way: it holds nothing of the budget, and no thread
// of work but that of its connection.
func (s *Server) listen(r *request) error {
	r.http.Set(fiber.HeaderContentType, eventStream)
	r.http.Set("X-Accel-Buffering", "no") // for proxies that would gather what is sent
	if r.http.Method() == fiber.MethodHead {
		return nil
	}
	after, err := strconv.ParseInt(r.http.Get(headerLastEvent), 10, 64)
	if err != nil || after < 0 {
		after = 0 // an id of another server: begin now
	}
	stream, err := s.o.Live.Listen(r.ctx, live.Listener{Tenant: r.tenant, Caller: r.caller, After: after, Still: s.still(r)})
	if err != nil {
		return err
	}
	r.share.Leave()
	r.http.Context().SetConnectionClose()
	e := &events{stream: stream, heartbeat: s.o.Heartbeat, connection: r.http.Context().Conn()}
	e.ctx, e.stop = context.WithCancel(context.Background())
	r.http.Context().SetBodyStream(e, -1)
	return nil
}

// still returns what tells whether the caller of a request may still come in, as who they were
// then.
func (s *Server) still(r *request) func(ctx context.Context) bool {
	caller, token, t := r.caller, r.token, r.tenant
	return func(ctx context.Context) bool {
		if now, err := s.o.Auth.Holds(ctx, token); err != nil || now != caller {
			return false
		}
		if caller.Via != "key" {
			return true
		}
		snapshot, err := s.o.Catalog.Snapshot(ctx, t)
		if err != nil {
			return false
		}
		rights, err := snapshot.Policies.Rights(ctx, caller)
		return err == nil && rights.System["api"]
	}
}

// events is the body of a stream of events. Whoever sends it reads it; that waits for events.
type events struct {
	stream     *live.Stream
	heartbeat  time.Duration
	connection net.Conn
	ctx        context.Context
	stop       context.CancelFunc
	watched    bool
	pending    []byte // written, and not sent
}

// Read returns what there is to send, a heartbeat after a while. What it returns has to be
// read by the client before the next one is due.
func (e *events) Read(p []byte) (int, error) {
	if !e.watched {
		e.watched = true
		go e.watch()
	}
	for len(e.pending) == 0 {
		told, err := e.stream.Wait(e.ctx, e.heartbeat)
		if err != nil {
			return 0, io.EOF
		}
		if cap(e.pending) > maxPending {
			e.pending = nil
		}
		e.pending = appendEvents(e.pending[:0], told)
	}
	if err := e.connection.SetWriteDeadline(time.Now().Add(e.heartbeat)); err != nil {
		return 0, err
	}
	n := copy(p, e.pending)
	e.pending = e.pending[n:]
	return n, nil
}

// Close ends the stream.
func (e *events) Close() error {
	e.stop()
	e.stream.Close()
	return nil
}

// watch ends the stream when the client goes, which sends nothing more on the connection.
func (e *events) watch() {
	defer e.stop()
	connection := e.connection
	if conn := patientOf(connection); conn != nil {
		connection = conn.Conn // those around it are of the goroutine that answers
	}
	if err := connection.SetReadDeadline(time.Time{}); err != nil {
		return
	}
	connection.Read(make([]byte, 1)) //nolint:errcheck // whatever comes, the stream has ended
}

// appendEvents writes events in the form of server-sent events; a comment if there are none.
func appendEvents(dst []byte, told []live.Event) []byte {
	if len(told) == 0 {
		return append(dst, ":\n\n"...)
	}
	for _, e := range told {
		if e.Position != 0 {
			dst = append(strconv.AppendInt(append(dst, "id: "...), e.Position, 10), '\n')
		}
		switch e.Kind {
		case live.Record:
			dst = append(dst, "event: record\ndata: {\"object\":"...)
			dst = append(metadata.AppendString(dst, e.Object), `,"id":"`...)
			dst = append(append(dst, e.Record.String()...), `","version":`...)
			dst = append(strconv.AppendInt(dst, e.Version, 10), `,"did":"`...)
			dst = append(append(dst, e.Did...), '"')
			if e.Aside {
				dst = append(dst, `,"aside":true`...)
			}
			dst = append(dst, '}')
		case live.Revision:
			dst = append(dst, "event: revision\ndata: {\"revision\":"...)
			dst = append(strconv.AppendInt(dst, e.Revision, 10), '}')
		case live.Notification:
			dst = append(dst, "event: notification\ndata: {\"unread\":"...)
			dst = append(strconv.AppendInt(dst, int64(e.Unread), 10), '}')
		case live.Reset:
			dst = append(dst, "event: reset\ndata: {}"...)
		}
		dst = append(dst, "\n\n"...)
	}
	return dst
}
