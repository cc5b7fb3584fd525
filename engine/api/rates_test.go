package api

import (
	"fmt"
	"testing"
	"time"
)

// What a tenant is sent is bounded by the minute, and so is what is remembered of tenants.
func TestRates(t *testing.T) {
	now := time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)
	r := newRates(func() time.Time { return now })
	for range 3 {
		if seconds := r.take("main", 3); seconds != 0 {
			t.Fatalf("within the limit it has to wait %d s", seconds)
		}
	}
	now = now.Add(20 * time.Second)
	if seconds := r.take("main", 3); seconds != 41 {
		t.Errorf("over the limit it has to wait %d s", seconds)
	}
	if seconds := r.take("other", 3); seconds != 0 {
		t.Errorf("another tenant has to wait %d s", seconds)
	}
	now = now.Add(40 * time.Second)
	if seconds := r.take("main", 3); seconds != 0 {
		t.Errorf("a minute later it has to wait %d s", seconds)
	}
	for i := range 2 * ratedTenants {
		r.take(fmt.Sprint("tenant", i), 3)
	}
	if n := r.tenants.Len(); n > ratedTenants {
		t.Errorf("%d tenants are remembered", n)
	}
}
