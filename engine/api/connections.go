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
// more connections than it may. Where all are taken, a new one takes the place of the oldest
// on which nobody has logged in, so that strangers keep out neither those who have nor those
// who are about to; if there is none, and beyond those of one address, it is closed at once.
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

	refused, displaced atomic.Uint64
	silent             time.Time // until when the log is spared; of the accepting goroutine
}

func newBounding(l net.Listener, bounds Connections, proxies []netip.Prefix, log *slog.Logger) *bounding {
	return &bounding{Listener: l, bounds: bounds, proxies: proxies, log: log, closing: make(chan struct{}), addresses: map[netip.Prefix]int{}, strangers: list.New()}
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
	among    *bounding
	conn     net.Conn
	from     netip.Prefix // counted by; not valid for proxies and what has no address
	left     bool
	stranger *list.Element // of bounding.strangers; nil: somebody has logged in, or a proxy calls
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
		p.stranger = b.strangers.PushBack(p)
	}
	return p
}

// displace closes the oldest connection on which nobody has logged in; false if there is
// none. b.mu is held.
func (b *bounding) displace() bool {
	oldest := b.strangers.Front()
	if oldest == nil {
		return false
	}
	p := oldest.Value.(*place)
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
	if p.stranger != nil {
		b.strangers.Remove(p.stranger)
	}
	if !p.from.IsValid() {
		return
	}
	if b.addresses[p.from]--; b.addresses[p.from] == 0 {
		delete(b.addresses, p.from)
	}
}

// keep says that somebody has logged in on the connection: it makes room for nobody.
func (p *place) keep() {
	p.among.mu.Lock()
	defer p.among.mu.Unlock()
	if p.stranger != nil && !p.left {
		p.among.strangers.Remove(p.stranger)
	}
	p.stranger = nil
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
