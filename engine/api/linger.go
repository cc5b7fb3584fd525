package api

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// How long, and for how many bytes, a connection is still read after an answer to a
// request that was not read to its end.
const (
	lingerFor   = time.Second
	lingerBytes = 4 << 20
)

// lingering makes connections that can be closed patiently.
type lingering struct{ net.Listener }

// Accept waits for the next connection.
func (l lingering) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &patientConn{Conn: c}, nil
}

// patientConn can be closed so that its other end gets to read what was written last.
// A plain close with bytes left unread makes the system reset the connection, upon
// which a sender that is not done may never see the answer (RFC 9112, section 9.6).
type patientConn struct {
	net.Conn
	unread atomic.Bool // the request was not read to its end
}

// leaveUnread says that a request was answered without having been read to its end.
func leaveUnread(c net.Conn) {
	if p, ok := c.(*patientConn); ok {
		p.unread.Store(true)
	}
}

// Close closes at once; where bytes were left unread it ends only the sending side at
// once, and reads on for a while in the background.
func (c *patientConn) Close() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok || !c.unread.Swap(false) {
		return c.Conn.Close()
	}
	if err := half.CloseWrite(); err != nil {
		return c.Conn.Close()
	}
	go func() {
		defer c.Conn.Close()
		if err := c.Conn.SetDeadline(time.Now().Add(lingerFor)); err == nil {
			io.Copy(io.Discard, io.LimitReader(c.Conn, lingerBytes)) //nolint:errcheck // the answer is out; nothing depends on this
		}
	}()
	return nil
}
