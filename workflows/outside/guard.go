package outside

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
)

// errPrivate: the address is not one of the public network, nor among those that are allowed.
var errPrivate = errors.New("the address is private")

// notPublic are networks besides those that netip knows as private, loopback, link-local, multicast or unspecified: shared
// address space (RFC 6598), IETF protocols, documentation, benchmarks, reserved, IPv4 within IPv6, NAT64 and 6to4, which lead to IPv4 addresses
// of which nobody has looked.
var notPublic = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10")

func prefixes(all ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(all))
	for i, one := range all {
		parsed[i] = netip.MustParsePrefix(one)
	}
	return parsed
}

// ParseNetworks reads networks and addresses, separated by commas: "127.0.0.1,10.1.0.0/16".
func ParseNetworks(text string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(one)
		if err != nil {
			a, failed := netip.ParseAddr(one)
			if failed != nil {
				return nil, fmt.Errorf("%q is neither an address nor a network", one)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// public reports whether an address belongs to the public network.
func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	return !within(a, notPublic)
}

func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// guard makes what a dialer asks before it connects, once the name has become an address: so a name can't lead elsewhere between
// the question and the connection.
func guard(allowed []netip.Prefix) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return fmt.Errorf("reading the address of a connection: %w", err)
		}
		a, err := netip.ParseAddr(host)
		if err != nil {
			return errPrivate
		}
		a = a.Unmap().WithZone("")
		if !public(a) && !within(a, allowed) {
			return errPrivate
		}
		return nil
	}
}
