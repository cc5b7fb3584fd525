package api

import (
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
// more connections than it may. Those beyond are closed at once.
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

	refused atomic.Uint64
	silent  time.Time // until when the log is spared; of the accepting goroutine
}

func newBounding(l net.Listener, bounds Connections, proxies []netip.Prefix, log *slog.Logger) *bounding {
	return &bounding{Listener: l, bounds: bounds, proxies: proxies, log: log, closing: make(chan struct{}), addresses: map[netip.Prefix]int{}}
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
		leave, ok := b.enter(c.RemoteAddr())
		if !ok {
			b.refused.Add(1)
			b.warn("a connection too many was closed", "address", c.RemoteAddr().String(), "connections", b.bounds.All, "per_address", b.bounds.PerAddress)
			c.Close()
			continue
		}
		conn := &patientConn{Conn: c, leave: leave, watch: lineWatch{begins: true, first: true}}
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

// enter counts a connection of an address, if there may be one more; leave takes it back.
func (b *bounding) enter(address net.Addr) (leave func(), ok bool) {
	remote := addressOf(address)
	from, counted := customer(remote), remote.IsValid() && !believed(remote, b.proxies)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open >= b.bounds.All || counted && b.addresses[from] >= b.bounds.PerAddress {
		return nil, false
	}
	b.open++
	if counted {
		b.addresses[from]++
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.open--
		if !counted {
			return
		}
		if b.addresses[from]--; b.addresses[from] == 0 {
			delete(b.addresses, from)
		}
	}, true
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
