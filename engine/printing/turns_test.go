package printing

import (
	"context"
	"testing"

	"formwork/engine/fault"
)

// However many documents a tenant prints, one of another comes after the one that is being printed.
func TestTurns(t *testing.T) {
	p := New()
	first, err := p.enter(t.Context(), "busy")
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 10)
	enter := func(tenant string) {
		leave, err := p.enter(context.Background(), tenant)
		if err != nil {
			t.Error(err)
			return
		}
		order <- tenant
		leave()
	}
	for range 5 {
		go enter("busy")
	}
	waiting := func(tenant string, n int) {
		for {
			p.mu.Lock()
			of := p.turns[tenant]
			ready := of != nil && of.users == n && len(of.taken) == 1
			p.mu.Unlock()
			if ready {
				return
			}
		}
	}
	waiting("busy", 6)
	go enter("other")
	waiting("other", 1)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tenant := range []string{"busy", "third"} {
		if _, err := p.enter(over, tenant); !fault.Is(err, "print.busy") {
			t.Errorf("%s, which waits no more: %v", tenant, err)
		}
	}
	p.mu.Lock()
	if p.turns["third"] != nil || p.turns["busy"].users != 6 {
		t.Errorf("turns are %v", p.turns)
	}
	p.mu.Unlock()
	first()
	last := 0
	for i := range 6 {
		if <-order == "other" {
			last = i
		}
	}
	if last > 1 { // one of the busy may have been at the place already
		t.Errorf("another tenant came as number %d", last+1)
	}
}

// A file has a name that can be kept, whatever a record is called.
func TestNames(t *testing.T) {
	for name, want := range map[string]string{"Quote A": "Quote A", "Acme\u200b 报价\u202e": "Acme 报价", "\u200b": "document", "": "document"} {
		if got := nameOf(name); got != want {
			t.Errorf("%q is called %q", name, got)
		}
	}
}
