package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"formwork/engine/id"
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
	first.keep("main", 1)
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
	known.place.keep("main", 1)
	third := enter("192.0.2.3")
	if third.place == nil || !first.closed || second.closed || b.held() != 4 {
		t.Fatalf("room was made by %v, %v, and %d are held", first, second, b.held())
	}
	first.place.leave() // as whoever served it closes it too
	third.place.keep("main", 1)
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

// Where those who have logged in hold all connections, from however many addresses, the tenant
// with the most makes room, and in it the user with the most: by the idle connection that was
// used the longest ago. Strangers keep the few that they need to log in.
func TestLargestHolderMakesRoom(t *testing.T) {
	b := newBounding(nil, Connections{All: 16, PerAddress: 4}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, slog.New(slog.DiscardHandler))
	addresses := 0
	enter := func() *end {
		t.Helper()
		addresses++
		e := from(fmt.Sprintf("192.0.2.%d", addresses))
		if e.place = b.enter(e); e.place == nil {
			t.Fatalf("there was no room for connection %d", addresses)
		}
		return e
	}
	login := func(tenant string, user id.ID, idle bool) *end {
		e := enter()
		e.place.keep(tenant, user)
		if idle {
			e.place.rest()
		}
		return e
	}
	closed := func(all []*end) (n int) {
		for _, e := range all {
			if e.closed {
				n++
			}
		}
		return n
	}
	proxy := from("10.1.1.1")
	proxy.place = b.enter(proxy)
	proxy.place.keep("hostile", 1)
	proxy.place.rest()
	small := []*end{login("main", 1, true), login("main", 2, true), login("main", 3, false)}
	other := []*end{login("hostile", 2, true), login("hostile", 2, true)}
	var large []*end
	for b.held() < 15 {
		large = append(large, login("hostile", 1, true))
	}
	large[0].place.keep("hostile", 1) // is used again, and so no longer the one that was used longest ago
	large[0].place.rest()
	enter() // takes the last

	// Strangers who come one after another take two places, and then those of each other.
	for range 10 {
		enter()
	}
	if !large[1].closed || closed(large) != 2 || b.strangers.Len() != 3 || b.held() != 16 {
		t.Errorf("%d connections of the largest made room, and strangers have %d of %d", closed(large), b.strangers.Len(), b.held())
	}
	// Whoever logs in stays, at the cost of the largest alone.
	for range 3 {
		small = append(small, login("main", 4, true))
	}
	if closed(small)+closed(other) > 0 || proxy.closed {
		t.Errorf("others made room: %d of a small tenant, %d of a user with few", closed(small), closed(other))
	}
	// Requests under way are spared, but for those of a tenant with more than half.
	b = newBounding(nil, Connections{All: 4, PerAddress: 4}, nil, slog.New(slog.DiscardHandler))
	busy := []*end{login("hostile", 1, false), login("hostile", 1, false), login("main", 1, false), login("main", 1, false)}
	if b.enter(from("192.0.2.250")) != nil || closed(busy) > 0 {
		t.Error("a request of a tenant with half of the connections was ended")
	}
	busy[3].place.leave()
	busy = append(busy, login("hostile", 2, false))
	if enter(); !busy[0].closed || closed(busy) != 1 {
		t.Errorf("%d requests made room", closed(busy))
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
