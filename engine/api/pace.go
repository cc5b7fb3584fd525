package api

import (
	"io"
	"net"
	"time"
)

// What a body that is sent, or a streamed answer that is read, may take: a while at first,
// then as long as its bytes at the least rate.
const (
	grace     = 20 * time.Second
	leastRate = 8 << 10 // bytes a second
)

// pace says until when the next bytes have to have come or gone.
type pace struct {
	began time.Time
	until time.Time // in any case
	bytes int64     // so far
}

func newPace(until time.Time) pace { return pace{began: time.Now(), until: until} }

func (p *pace) deadline() time.Time {
	at := p.began.Add(grace + time.Duration(p.bytes/leastRate)*time.Second)
	if at.After(p.until) {
		return p.until
	}
	return at
}

// arriving is a body that has to keep the pace.
type arriving struct {
	from       io.Reader
	connection net.Conn
	pace       pace
}

// arriving is the body of the request, whose bytes have to come at the least rate, and all
// of them before the request's time is over.
func (r *request) arriving() io.Reader {
	until, _ := r.ctx.Deadline()
	return &arriving{r.bodyStream(), r.http.Context().Conn(), newPace(until)}
}

func (a *arriving) Read(p []byte) (int, error) {
	if err := a.connection.SetReadDeadline(a.pace.deadline()); err != nil {
		return 0, err
	}
	n, err := a.from.Read(p)
	a.pace.bytes += int64(n)
	return n, err
}

// leaving is a streamed answer that has to be read at the least rate.
type leaving struct {
	to         io.Writer
	connection net.Conn
	pace       pace
}

func (l *leaving) Write(b []byte) (int, error) {
	if err := l.connection.SetWriteDeadline(l.pace.deadline()); err != nil {
		return 0, err
	}
	n, err := l.to.Write(b)
	l.pace.bytes += int64(n)
	return n, err
}
