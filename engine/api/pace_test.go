package api

import (
	"testing"
	"time"

	"formwork/engine/id"
)

// A body that comes a byte at a time is over when its first while is; one that keeps the
// rate has as long as it needs, until the request's time is over.
func TestPace(t *testing.T) {
	p := newPace(time.Now().Add(time.Hour))
	p.bytes = 1000
	if got := p.deadline().Sub(p.began); got != grace {
		t.Errorf("a trickle has %v", got)
	}
	p.bytes = 60 * leastRate
	if got := p.deadline().Sub(p.began); got != grace+time.Minute {
		t.Errorf("a minute's bytes have %v", got)
	}
	p.bytes = 7200 * leastRate
	if !p.deadline().Equal(p.until) {
		t.Error("has longer than the request")
	}
}

func TestExportsAreCounted(t *testing.T) {
	e := newExportCounts()
	var leave []func()
	for user := range 4 {
		for range userExports {
			out, err := e.enter("a", id.ID(user+1))
			if err != nil {
				t.Fatal(err)
			}
			leave = append(leave, out)
		}
		if _, err := e.enter("a", id.ID(user+1)); err == nil {
			t.Error("a user has one too many")
		}
	}
	if _, err := e.enter("a", 9); err == nil {
		t.Error("a tenant has one too many")
	}
	if _, err := e.enter("b", 1); err != nil {
		t.Errorf("another tenant: %v", err)
	}
	for _, out := range leave {
		out()
	}
	if _, err := e.enter("a", 1); err != nil || len(e.of) != 4 {
		t.Errorf("after all have ended: %v, %v", err, e.of)
	}
}
