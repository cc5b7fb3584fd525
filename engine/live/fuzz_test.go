package live_test

import (
	"context"
	"math"
	"testing"
	"time"

	"formwork/engine/enginetest"
	"formwork/engine/live"
)

// Whatever position a listener says they know, they are told the revision first, and then what came
// since, or to look anew.
func FuzzLastEvent(f *testing.F) {
	p := enginetest.New(f, enginetest.Options{})
	main := p.NewTenant("main")
	caller := main.CallerWith("reader@example.com", "sales_user")
	for range 3 {
		main.Create("account", map[string]any{"name": "Acme", "owner": caller.User.String()})
	}
	for _, after := range []int64{0, 1, 2, 3, 1 << 20, math.MaxInt64} {
		f.Add(after)
	}
	f.Fuzz(func(t *testing.T, after int64) {
		if after < 0 { // those that are sent are not
			after = -(after + 1)
		}
		s, err := p.Live.Listen(t.Context(), live.Listener{Tenant: main.Tenant, Caller: caller, After: after, Still: func(context.Context) bool { return true }})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		events, err := s.Wait(t.Context(), time.Minute)
		if err != nil || len(events) < 2 || events[0].Kind != live.Revision || events[1].Kind != live.Notification {
			t.Fatalf("after %d is told %v, %v", after, events, err)
		}
		last := int64(0)
		for _, e := range events {
			if e.Position != 0 && e.Position <= last {
				t.Fatalf("after %d the positions do not rise: %v", after, events)
			}
			last = max(last, e.Position)
		}
	})
}
