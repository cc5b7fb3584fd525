package api

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestBoundsByDescriptors(t *testing.T) {
	for _, c := range []struct {
		given       Connections
		descriptors int
		want        Connections
	}{
		{Connections{}, 0, Connections{10_000, 1024}},
		{Connections{}, 20_000, Connections{10_000, 1024}},
		{Connections{}, 1024, Connections{768, 192}},
		{Connections{}, 256, Connections{128, 32}},
		{Connections{All: 50_000}, 20_000, Connections{15_000, 1024}},
		{Connections{All: 100, PerAddress: 90}, 20_000, Connections{100, 90}},
	} {
		if got := c.given.bounded(c.descriptors); got != c.want {
			t.Errorf("%+v of %d descriptors: %+v, want %+v", c.given, c.descriptors, got, c.want)
		}
	}
}

// scarce is a listener whose accepts fail for want of descriptors a few times.
type scarce struct {
	net.Listener
	fails int
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.fails > 0 {
		s.fails--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return s.Listener.Accept()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestAcceptOutlivesWant(t *testing.T) {
	l := listen(t)
	b := newBounding(&scarce{l, 3}, Connections{All: 1, PerAddress: 1}, nil, slog.New(slog.DiscardHandler))
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dialed.Close()
	c, err := b.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.Close()

	// While it waits for descriptors it can be closed.
	b = newBounding(&scarce{l, 1 << 30}, Connections{All: 1, PerAddress: 1}, nil, slog.New(slog.DiscardHandler))
	ended := make(chan error)
	go func() { _, err := b.Accept(); ended <- err }()
	b.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "use of closed network connection") {
		t.Errorf("ended with %v", err)
	}
}

// Connections are counted in all and by address, proxies in all alone; a closed one is
// counted no more, however often it is closed.
func TestConnectionsAreCounted(t *testing.T) {
	b := newBounding(nil, Connections{All: 4, PerAddress: 2}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, slog.New(slog.DiscardHandler))
	enter := func(address string) *place { return b.enter(from(address)) }
	first := enter("2001:db8::1")
	enter("2001:db8::2")
	if enter("2001:db8::3") != nil {
		t.Error("one network has more than its share")
	}
	enter("10.1.1.1")
	enter("10.1.1.1")
	first.keep()
	c := &patientConn{Conn: listened(t), place: first}
	c.Close()
	c.Close()
	if b.held() != 3 {
		t.Errorf("%d are held", b.held())
	}
	if enter("2001:db8::3") == nil {
		t.Error("a closed connection is still counted")
	}
}

// Where all connections are taken, a new one takes the place of the oldest on which nobody
// has logged in: never of one on which somebody has, or of a proxy's.
func TestStrangersMakeRoom(t *testing.T) {
	b := newBounding(nil, Connections{All: 4, PerAddress: 4}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, slog.New(slog.DiscardHandler))
	enter := func(address string) *end {
		t.Helper()
		e := from(address)
		e.place = b.enter(e)
		return e
	}
	known, first, second, proxy := enter("192.0.2.1"), enter("192.0.2.2"), enter("192.0.2.2"), enter("10.1.1.1")
	known.place.keep()
	third := enter("192.0.2.3")
	if third.place == nil || !first.closed || second.closed || b.held() != 4 {
		t.Fatalf("room was made by %v, %v, and %d are held", first, second, b.held())
	}
	first.place.leave() // as whoever served it closes it too
	third.place.keep()
	fourth := enter("10.1.1.1")
	if fourth.place == nil || !second.closed || b.held() != 4 {
		t.Fatalf("room was made by %v, and %d are held", second, b.held())
	}
	if e := enter("192.0.2.4"); e.place != nil || known.closed || third.closed || proxy.closed || fourth.closed {
		t.Error("somebody who has logged in, or a proxy, made room")
	}
	known.place.leave()
	if e := enter("192.0.2.4"); e.place == nil || b.held() != 4 {
		t.Errorf("a place that was given back is not taken: %d are held", b.held())
	}
}

// end is the end of a connection from an address.
type end struct {
	net.Conn
	address net.Addr
	place   *place
	closed  bool
}

func from(address string) *end {
	return &end{address: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 1))}
}

func (e *end) RemoteAddr() net.Addr { return e.address }
func (e *end) Close() error         { e.closed = true; return nil }

// listened is a connection that somebody dialed.
func listened(t *testing.T) net.Conn {
	t.Helper()
	l := listen(t)
	go func() {
		if c, err := net.DialTimeout("tcp", l.Addr().String(), time.Second); err == nil {
			t.Cleanup(func() { c.Close() })
		}
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
