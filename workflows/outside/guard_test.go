package outside

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// What is reached is the public network, and what an operator allows besides.
func TestGuard(t *testing.T) {
	allowed, err := ParseNetworks("10.1.0.0/16, 192.168.7.7 fd00:1::/32")
	if err != nil {
		t.Fatal(err)
	}
	reached := map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "2606:2800:220:1::1": true, "1.1.1.1": true,
		"10.1.2.3": true, "192.168.7.7": true, "fd00:1::5": true, "::ffff:10.1.2.3": true,
		"10.2.0.1": false, "192.168.7.8": false, "172.16.0.1": false, "127.0.0.1": false, "127.8.9.10": false, "0.0.0.0": false, "0.1.2.3": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.100.100.200": false, "192.0.0.192": false, "198.18.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "240.0.0.1": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "fec0::1": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false, "::7f00:1": false,
	}
	for address, want := range reached {
		err := guard(allowed)("tcp", net.JoinHostPort(address, "80"), nil)
		if got := err == nil; got != want {
			t.Errorf("%s is reached: %v, want %v (%v)", address, got, want, err)
		}
		if err != nil && !errors.Is(err, errPrivate) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, wrong := range []string{"example.com", "10.0.0.0/99", "10.0.0"} {
		if _, err := ParseNetworks(wrong); err == nil {
			t.Errorf("%q is a network", wrong)
		}
	}
}

// FuzzGuard looks for an address that is written in a way in which it passes as a public one.
func FuzzGuard(f *testing.F) {
	for _, seed := range []string{"127.0.0.1:80", "[::ffff:127.0.0.1]:80", "[fe80::1%1]:80", "0x7f.1:80", "[64:ff9b::a00:1]:80", "localhost:80", "2130706433:80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if guard(nil)("tcp", address, nil) != nil {
			return
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatalf("%q is reached", address)
		}
		a, err := netip.ParseAddr(host)
		if err != nil || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast() || a.Unmap().IsLoopback() || a.Unmap().IsPrivate() {
			t.Fatalf("%q is reached", address)
		}
	})
}
