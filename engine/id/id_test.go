package id_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"formwork/engine/id"
)

func TestRoundTripKeepsOrder(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	source := id.NewSource(func() time.Time { return now }, rand.New(rand.NewPCG(1, 2)).Uint32)
	var last id.ID
	var lastText string
	for i := range 10_000 {
		if i%100 == 0 {
			now = now.Add(time.Millisecond)
		}
		next := source.Next()
		text := next.String()
		back, ok := id.Parse(text)
		if !ok || back != next {
			t.Fatalf("%d written as %q read as %d, %v", next, text, back, ok)
		}
		if next <= last || text <= lastText {
			t.Fatalf("%d after %d, %q after %q", next, last, text, lastText)
		}
		if d := now.Sub(next.Time()); d < -time.Second || d > time.Second {
			t.Fatalf("time of %s is %s off", text, d)
		}
		if at := id.At(now); next < at && next.Time().Equal(now) || next < id.At(now.Add(-time.Second)) || next > id.At(now.Add(time.Second)) {
			t.Fatalf("%d is not about %d", next, at)
		}
		last, lastText = next, text
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "0", "0000000000000", "zzzzzzzzzzzzz", "01234567890ab!", "ILOU000000000", "01234567890a", "../etc/passwd"} {
		if i, ok := id.Parse(s); ok {
			t.Errorf("%q read as %d", s, i)
		}
	}
}

// Ids of names are the same everywhere, and none that a Source makes.
func TestNamed(t *testing.T) {
	a, b := id.Named("record/tax_rate/full"), id.Named("record/tax_rate/reduced")
	if a == b || a != id.Named("record/tax_rate/full") || a < id.At(time.Date(2089, 1, 1, 0, 0, 0, 0, time.UTC)) || a.String() != "71nfrqrnsypsx" {
		t.Errorf("%v and %v", a, b)
	}
	if again, ok := id.Parse(a.String()); !ok || again != a {
		t.Errorf("%v is read as %v", a, again)
	}
}
