package budget_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"formwork/engine/budget"
	"formwork/engine/fault"
	"formwork/engine/id"
)

const mib = 1 << 20

func enter(t *testing.T, b *budget.Budget, tenant string, user id.ID) *budget.Share {
	t.Helper()
	s, err := b.Enter(tenant, user)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wants checks a code; "" for no error.
func wants(t *testing.T, err error, code string) {
	t.Helper()
	got := ""
	if err != nil {
		got = fault.From(err).Code
	}
	if got != code {
		t.Errorf("%q, want %q: %v", got, code, err)
	}
}

func TestBytes(t *testing.T) {
	ctx := t.Context()
	b := budget.New(budget.Bounds{Bytes: 16 * mib, TenantBytes: 8 * mib, UserBytes: 4 * mib, TenantRequests: 10, UserRequests: 10})
	first := enter(t, b, "a", 1)
	wants(t, first.Hold(ctx, 60_000), "")
	if b.Held() != 0 {
		t.Error("a small request is counted in bytes")
	}
	wants(t, first.Hold(ctx, 5*mib), "budget.too_large")
	wants(t, first.Hold(ctx, 3*mib), "")
	second := enter(t, b, "a", 1)
	wants(t, second.Hold(ctx, 2*mib), "budget.user_bytes")
	third := enter(t, b, "a", 2)
	wants(t, third.Hold(ctx, 4*mib), "")
	fourth := enter(t, b, "a", 3)
	wants(t, fourth.Hold(ctx, 2*mib), "budget.tenant_bytes")
	for user := range id.ID(2) {
		wants(t, enter(t, b, "b", user+1).Hold(ctx, 4*mib), "")
	}
	last := enter(t, b, "c", 1)
	wants(t, last.Hold(ctx, 2*mib), "budget.bytes")
	first.Leave()
	first.Leave()
	wants(t, last.Hold(ctx, 2*mib), "")
	wants(t, first.Hold(ctx, mib), "") // a share that was given back holds nothing
	var none *budget.Share
	wants(t, none.Hold(ctx, 100*mib), "")
	none.Leave()
}

// Who would have others wait along asks without waiting, and gives back what it holds no longer.
func TestTriesForBytes(t *testing.T) {
	b := budget.New(budget.Bounds{Bytes: 4 * mib, TenantBytes: 4 * mib, UserBytes: 3 * mib, TenantRequests: 10, UserRequests: 10, Wait: time.Hour})
	first, second := enter(t, b, "a", 1), enter(t, b, "b", 1)
	wants(t, first.Try(2*mib), "")
	wants(t, first.Try(2*mib), "budget.too_large")
	wants(t, second.Try(3*mib), "budget.bytes")
	if first.Used() != 2*mib || second.Used() != 0 {
		t.Errorf("%d and %d bytes are used", first.Used(), second.Used())
	}
	first.Release(2 * mib)
	wants(t, first.Try(2*mib), "")
	if held := b.Held(); held > 2*mib {
		t.Errorf("%d bytes are held for what was given back and taken again", held)
	}
	first.Leave()
	wants(t, second.Try(3*mib), "")
	second.Leave()
	if b.Held() != 0 {
		t.Errorf("%d bytes are held by nobody", b.Held())
	}
	var none *budget.Share
	wants(t, none.Try(100*mib), "")
	none.Release(mib)
}

func TestWaitsForBytes(t *testing.T) {
	b := budget.New(budget.Bounds{Bytes: 4 * mib, TenantBytes: 4 * mib, UserBytes: 4 * mib, TenantRequests: 10, UserRequests: 10, Wait: time.Minute})
	first, second := enter(t, b, "a", 1), enter(t, b, "b", 1)
	wants(t, first.Hold(t.Context(), 4*mib), "")
	done := make(chan error)
	go func() { done <- second.Hold(t.Context(), 4*mib) }()
	select {
	case err := <-done:
		t.Errorf("did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	first.Leave()
	wants(t, <-done, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants(t, enter(t, b, "a", 1).Hold(ctx, mib), "budget.bytes")
}

func TestRequests(t *testing.T) {
	b := budget.New(budget.Bounds{Bytes: mib, TenantBytes: mib, UserBytes: mib, TenantRequests: 3, UserRequests: 2})
	first := enter(t, b, "a", 1)
	enter(t, b, "a", 1)
	_, err := b.Enter("a", 1)
	wants(t, err, "budget.user_requests")
	enter(t, b, "a", 2)
	_, err = b.Enter("a", 3)
	wants(t, err, "budget.tenant_requests")
	enter(t, b, "b", 1)
	first.Leave()
	enter(t, b, "a", 3)
}

// Whatever is held, refused and given back at once: never more than the bounds, and in the
// end nothing.
func TestNothingIsLost(t *testing.T) {
	b := budget.New(budget.Bounds{Bytes: 8 * mib, TenantBytes: 8 * mib, UserBytes: 8 * mib, TenantRequests: 100, UserRequests: 100, Wait: time.Millisecond})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range 300 {
				s, err := b.Enter("a", id.ID(random.IntN(3)+1))
				if err != nil {
					t.Error(err)
					return
				}
				for range random.IntN(4) {
					_ = s.Hold(t.Context(), random.Int64N(4*mib))
				}
				s.Leave()
			}
		})
	}
	all.Wait()
	if b.Held() != 0 {
		t.Errorf("%d bytes are held by nobody", b.Held())
	}
	wants(t, enter(t, b, "a", 1).Hold(t.Context(), 8*mib), "")
}

func BenchmarkSmallRequest(b *testing.B) {
	all := budget.New(budget.Of(512*mib, false))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s, err := all.Enter("a", 1)
			if err != nil {
				b.Fatal(err)
			}
			_ = s.Hold(context.Background(), 1000)
			s.Leave()
		}
	})
}

// Requests of a user and a tenant are worked on a few at once, those of others besides;
// who waits for something has others take the place.
func TestWork(t *testing.T) {
	b := budget.New(budget.Bounds{Bytes: mib, TenantBytes: mib, UserBytes: mib, TenantRequests: 10, UserRequests: 10, TenantWorks: 3, UserWorks: 2})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	first, second, third := enter(t, b, "a", 1), enter(t, b, "a", 1), enter(t, b, "a", 1)
	wants(t, first.Work(over), "")
	wants(t, first.Work(over), "") // it has a place
	wants(t, second.Work(over), "")
	wants(t, third.Work(over), "budget.work")
	wants(t, enter(t, b, "a", 2).Work(over), "")
	other := enter(t, b, "a", 3)
	wants(t, other.Work(over), "budget.work")
	wants(t, enter(t, b, "b", 1).Work(over), "")

	wants(t, first.While(over, func() error { return third.Work(over) }), "")
	if first.Rest() {
		t.Error("took a place that there was not")
	}
	second.Leave()
	wants(t, first.Work(over), "")
	if got, done := third.More(5); got != 0 {
		t.Errorf("%d more places of a user who has all", got)
		done()
	}
	third.Leave()
	wants(t, other.Work(over), "")
	other.Leave()
	got, done := first.More(5)
	if done(); got != 1 {
		t.Errorf("%d more places where one was free", got)
	}
	wants(t, enter(t, b, "a", 1).Work(over), "")
	var none *budget.Share
	wants(t, none.Work(over), "")
	wants(t, none.While(over, func() error { return over.Err() }), "internal")
}
