package catalog

import (
	"testing"
	"time"
)

func TestInstall(t *testing.T) {
	h := crm(t)
	s := h.snapshot()
	if s.Revision != 1 || s.Objects["opportunity"] == nil {
		t.Fatalf("revision %d", s.Revision)
	}
	for name := range s.Objects {
		indexes, err := h.tenant.Indexes(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if len(indexes) != len(s.Indexes[name]) {
			t.Errorf("%s has %d indexes, %d are planned", name, len(indexes), len(s.Indexes[name]))
		}
	}
	if jobs := h.jobs(); len(jobs) > 0 {
		t.Errorf("installing left %v", jobs)
	}
	fresh := New(h.options)
	again, err := fresh.Snapshot(t.Context(), h.tenant)
	if err != nil {
		t.Fatal(err)
	}
	if again.Revision != 1 || len(again.Documents) != len(s.Documents) {
		t.Errorf("read again: revision %d, %d documents", again.Revision, len(again.Documents))
	}
}

// A process that meets a revision of another goes on with the work that it left.
func TestARevisionOfAnotherProcessWakes(t *testing.T) {
	h := newHouse(t, basePackage(t, "1.0.0"))
	woken := 0
	options := h.options
	options.Wake = func(string) { woken++ }
	other := New(options)
	use := func(want int) {
		t.Helper()
		h.at = h.at.Add(time.Minute)
		if _, err := other.Snapshot(t.Context(), h.tenant); err != nil || woken != want {
			t.Errorf("woken %d times, not %d: %v", woken, want, err)
		}
	}
	use(1)
	use(1)
	h.apply(change(`{"kind":"object","name":"account","fields":{"industry":{"indexed":true}}}`))
	use(2)
	use(2)
}
