package catalog

import (
	"testing"
)

func TestInstall(t *testing.T) {
	h := crm(t)
	s := h.snapshot()
	if s.Revision != 1 || s.Objects["opportunity"] == nil {
		t.Fatalf("revision %d", s.Revision)
	}
	for name, o := range s.Objects {
		indexes, err := h.tenant.Indexes(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if len(indexes) != len(o.Table.Indexes) {
			t.Errorf("%s has %d indexes, %d are planned", name, len(indexes), len(o.Table.Indexes))
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
