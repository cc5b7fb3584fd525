package api

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"formwork/engine/fault"
)

// An address waits after many failures, not after successes, and does not do everything
// at once; others are not concerned.
func TestLimiter(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := newLimiter("logins", "auth.limited", "auth.busy", func() time.Time { return now }, slog.New(slog.DiscardHandler))
	enter := func(address, code string) func(bool) {
		t.Helper()
		leave, err := l.enter(address)
		if code == "" && err != nil || code != "" && !fault.Is(err, code) {
			t.Fatalf("%v, want %q", err, code)
		}
		return leave
	}
	for range 200 {
		enter("a", "")(false)
	}
	for range 30 {
		enter("a", "")(true)
	}
	enter("a", "auth.limited")
	enter("b", "")(true)
	now = now.Add(loginWindow)
	enter("a", "auth.limited")
	now = now.Add(time.Second)
	enter("a", "")(true)
	var leaves []func(bool)
	for range loginsAtOnce {
		leaves = append(leaves, enter("c", ""))
	}
	enter("c", "auth.busy")
	enter("a", "")(false)
	leaves[0](false)
	enter("c", "")(false)
	for _, leave := range leaves[1:] {
		leave(true)
	}
	enter("c", "auth.limited")
}

// The address that limits are counted by is one that a proxy vouches for, whatever a
// client writes into the header.
func TestOrigin(t *testing.T) {
	proxies := networks([]string{"10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "nonsense"})
	for _, c := range []struct {
		remote, want string
		forwarded    []string
	}{
		{"203.0.113.5", "203.0.113.5", nil},
		{"203.0.113.5", "203.0.113.5", []string{"198.51.100.7"}}, // no proxy of ours
		{"10.1.2.3", "198.51.100.7", []string{"198.51.100.7"}},
		{"10.1.2.3", "198.51.100.7", []string{"1.2.3.4, 198.51.100.7"}}, // the first was the client's own
		{"10.1.2.3", "198.51.100.7", []string{"1.2.3.4", "198.51.100.7, 192.0.2.1"}},
		{"10.1.2.3", "10.1.2.3", []string{"1.2.3.4, unknown"}},
		{"10.1.2.3", "10.9.9.9", []string{"10.9.9.9"}},
		{"2001:db8::1", "2001:dead::5", []string{"2001:dead::5"}},
		{"10.1.2.3", "198.51.100.7", []string{"::ffff:198.51.100.7"}},
		{"10.1.2.3", "10.1.2.3", []string{""}},
	} {
		var forwarded [][]byte
		for _, value := range c.forwarded {
			forwarded = append(forwarded, []byte(value))
		}
		if got := origin(netip.MustParseAddr(c.remote), forwarded, proxies); got.String() != c.want {
			t.Errorf("%s, forwarded for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}
