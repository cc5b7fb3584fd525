package api

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"time"

	"formwork/engine/budget"
)

// How long, and for how many bytes, a connection is still read after an answer to a
// request that was not read to its end.
const (
	lingerFor   = time.Second
	lingerBytes = 4 << 20
)

// patientConn can be closed so that its other end gets to read what was written last.
// A plain close with bytes left unread makes the system reset the connection, upon
// which a sender that is not done may never see the answer (RFC 9112, section 9.6).
type patientConn struct {
	net.Conn
	unread atomic.Bool // the request was not read to its end
	place  *place      // among those that are open
	watch  lineWatch
	turn   budget.Turn
	share  *budget.Share // of the request whose answer is on its way
}

// patient is the connection itself, whatever is around it.
func (c *patientConn) patient() *patientConn { return c }

// securedConn is a patient connection with TLS, which the HTTP library knows by its methods.
type securedConn struct {
	*patientConn
	tls *tls.Conn
}

// Handshake agrees on keys, if that isn't done yet.
func (c securedConn) Handshake() error { return c.tls.Handshake() }

// ConnectionState says what was agreed on.
func (c securedConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }

// patientOf is the connection of a request; nil for one that another listener accepted.
func patientOf(c net.Conn) *patientConn {
	if p, ok := c.(interface{ patient() *patientConn }); ok {
		return p.patient()
	}
	return nil
}

// leaveUnread says that a request was answered without having been read to its end.
func leaveUnread(c net.Conn) {
	if p := patientOf(c); p != nil {
		p.unread.Store(true)
	}
}

// Read reads, and watches the lines with which requests begin.
func (c *patientConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.turn = budget.Turn{} // what is computed for the other end begins
	c.watch.saw(p[:n])
	return n, err
}

// closeNow closes, and is counted no more.
func (c *patientConn) closeNow() error {
	err := c.Conn.Close()
	c.place.leave()
	return err
}

// Close closes at once; where bytes were left unread it ends only the sending side at
// once, and reads on for a while in the background.
func (c *patientConn) Close() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || !c.unread.Swap(false) {
		return c.closeNow()
	}
	if err := half.CloseWrite(); err != nil {
		return c.closeNow()
	}
	go func() {
		defer c.closeNow() //nolint:errcheck // nobody waits for it
		if err := c.Conn.SetDeadline(time.Now().Add(lingerFor)); err == nil {
			io.Copy(io.Discard, io.LimitReader(c.Conn, lingerBytes)) //nolint:errcheck // the answer is out; nothing depends on this
		}
	}()
	return nil
}
