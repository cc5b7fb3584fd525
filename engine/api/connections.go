package api

import (
	"container/list"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"formwork/engine/id"
)

// Connections bound the connections that a server has open at once.
type Connections struct {
	// All is how many; 0: as many as descriptors are left over by the stores, at most 10,000.
	All int
	// PerAddress is how many of one address (a /64 in IPv6) that is no believed proxy; 0: a
	// quarter of all, at most 1,024.
	PerAddress int
}

const (
	mostConnections = 10_000 // each has a buffer of maxHeaders
	mostOfAddress   = 1024
	// leastReserve is how many descriptors are kept for files of stores, calls and logs.
	leastReserve = 256
	// strangersShare is the part of all connections that those on which nobody has logged in
	// may take while others fill the rest, so that whoever wants to log in has the time to.
	strangersShare = 8
)

// bounded fills in what is not given, for a process that may have some descriptors open
// (0: unknown).
func (c Connections) bounded(descriptors int) Connections {
	most := mostConnections
	if descriptors > 0 {
		reserve := min(max(descriptors/4, leastReserve), descriptors/2)
		most = descriptors - reserve
		if c.All == 0 {
			most = min(most, mostConnections)
		}
	}
	if c.All <= 0 || descriptors > 0 && c.All > most {
		c.All = most
	}
	if c.PerAddress <= 0 {
		c.PerAddress = min(max(c.All/4, 1), mostOfAddress)
	}
	return c
}

// Pauses after an accept that failed for want of descriptors or memory.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
	// quiet is how long the log is spared the same message.
	quiet = time.Minute
)

// bounding is a listener that outlives the want of descriptors and memory, and keeps no
// more connections than it may. Where all are taken, a new one takes the place of another (see
// displace); if none has to go, and beyond those of one address, it is closed at once.
type bounding struct {
	net.Listener
	secure  *tls.Config // nil: connections are plain
	bounds  Connections
	proxies []netip.Prefix
	log     *slog.Logger

	closing   chan struct{}
	closeOnce sync.Once

	mu        sync.Mutex
	open      int
	addresses map[netip.Prefix]int
	strangers *list.List // the places of connections on which nobody has logged in, oldest first
	known     holdings   // those of the others

	refused, displaced atomic.Uint64
	silent             time.Time // until when the log is spared; of the accepting goroutine
}

func newBounding(l net.Listener, bounds Connections, proxies []netip.Prefix, log *slog.Logger) *bounding {
	return &bounding{Listener: l, bounds: bounds, proxies: proxies, log: log, closing: make(chan struct{}), addresses: map[netip.Prefix]int{}, strangers: list.New(), known: holdings{}}
}

// Accept waits for the next connection that may stay.
func (b *bounding) Accept() (net.Conn, error) {
	pause := firstPause
	for {
		c, err := b.Listener.Accept()
		switch {
		case err != nil && passing(err):
			b.warn("connections can't be accepted", "error", err)
			select {
			case <-time.After(pause):
			case <-b.closing:
				return nil, net.ErrClosed
			}
			pause = min(2*pause, lastPause)
			continue
		case err != nil:
			return nil, err
		}
		pause = firstPause
		place := b.enter(c)
		if place == nil {
			b.refused.Add(1)
			b.warn("a connection too many was closed", "address", c.RemoteAddr().String(), "connections", b.bounds.All, "per_address", b.bounds.PerAddress)
			c.Close()
			continue
		}
		conn := &patientConn{Conn: c, place: place}
		if b.secure == nil {
			return conn, nil
		}
		secured := tls.Server(c, b.secure)
		conn.Conn = secured
		return securedConn{conn, secured}, nil
	}
}

// Close stops accepting.
func (b *bounding) Close() error {
	b.closeOnce.Do(func() { close(b.closing) })
	return b.Listener.Close()
}

// passing reports whether an accept failed for want of something that comes back.
func passing(err error) bool {
	for _, want := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// warn logs at most once in a while: what it tells of may happen thousands of times a second.
func (b *bounding) warn(text string, about ...any) {
	now := time.Now()
	if now.Before(b.silent) {
		return
	}
	b.silent = now.Add(quiet)
	b.log.Warn(text, about...)
}

// place is that of one connection among those that are open. Its methods may be called
// concurrently.
type place struct {
	among  *bounding
	conn   net.Conn
	from   netip.Prefix // counted by; not valid for proxies and what has no address
	left   bool
	tenant string // of who has logged in, with the user; "": nobody has
	user   id.ID
	in     *list.List // of places that may have to make room; nil: a proxy calls, which has many users
	at     *list.Element
}

// enter gives a connection a place; nil if there is none for it.
func (b *bounding) enter(c net.Conn) *place {
	p := &place{among: b, conn: c}
	stranger := false
	if remote := addressOf(c.RemoteAddr()); remote.IsValid() && !believed(remote, b.proxies) {
		p.from, stranger = customer(remote), true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if stranger && b.addresses[p.from] >= b.bounds.PerAddress || b.open >= b.bounds.All && !b.displace() {
		return nil
	}
	b.open++
	if stranger {
		b.addresses[p.from]++
		p.move(b.strangers)
	}
	return p
}

// displace closes a connection; false if none has to go. Those on which nobody has logged in go
// first, the oldest of them, while they are many, so that strangers keep out nobody who has
// logged in. While they are few, one of the tenant with the most goes (see holdings.yields), so
// that no tenant keeps out others. b.mu is held.
func (b *bounding) displace() bool {
	var p *place
	if b.strangers.Len() <= b.bounds.All/strangersShare {
		p = b.known.yields(b.bounds.All)
	}
	if oldest := b.strangers.Front(); p == nil && oldest != nil {
		p = oldest.Value.(*place)
	}
	if p == nil {
		return false
	}
	p.give()
	b.displaced.Add(1)
	p.conn.Close() // the plain connection: TLS would wait to say goodbye
	return true
}

// leave gives the place back, if that was not done before.
func (p *place) leave() {
	p.among.mu.Lock()
	defer p.among.mu.Unlock()
	p.give()
}

// give is leave for those who hold the lock.
func (p *place) give() {
	if p.left {
		return
	}
	p.left = true
	b := p.among
	b.open--
	if p.in != nil {
		p.move(nil)
	}
	if !p.from.IsValid() {
		return
	}
	if b.addresses[p.from]--; b.addresses[p.from] == 0 {
		delete(b.addresses, p.from)
	}
}

// keep says that a user has logged in on the connection and has a request under way.
func (p *place) keep(tenant string, user id.ID) {
	p.among.mu.Lock()
	defer p.among.mu.Unlock()
	if p.in == nil {
		return
	}
	before, of := *p, p.among.known.of(tenant, user)
	p.tenant, p.user = tenant, user
	p.move(of.busy)
	p.among.known.drop(before.tenant, before.user)
}

// rest says that no request is under way on the connection.
func (p *place) rest() {
	p.among.mu.Lock()
	defer p.among.mu.Unlock()
	if p.in != nil && p.tenant != "" {
		p.move(p.among.known.of(p.tenant, p.user).idle)
	}
}

// move puts the place last into a list, or into none. The lock is held.
func (p *place) move(to *list.List) {
	if p.in != nil {
		p.in.Remove(p.at)
	}
	p.in, p.at = to, nil
	if to != nil {
		p.at = to.PushBack(p)
	} else {
		p.among.known.drop(p.tenant, p.user)
	}
}

// held is the number of open connections.
func (b *bounding) held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

// addressOf is the internet address of a connection's other end; not valid for what has none.
func addressOf(end net.Addr) netip.Addr {
	tcp, ok := end.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

// customer is what one customer has for themselves: an address, of IPv6 the /64.
func customer(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
