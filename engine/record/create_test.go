package record_test

import (
	"testing"
)

func TestCreateAndGet(t *testing.T) {
	w := newWorld(t).populate()
	saved := w.create(w.as("ada"), "account", map[string]any{"name": "Titan Raven", "revenue": number("1.005"), "code": "A-1"})
	got := decode(t, saved.Record)
	for field, want := range map[string]any{"name": "Titan Raven", "code": "A-1", "since": "2026-03-14", "active": true} {
		if got[field] != want {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	again := w.get(w.as("ada"), "account", saved.Record.ID())
	for field := range again {
		if a, b := got[field], again[field]; !equalJSON(a, b) {
			t.Errorf("%s: saved %v, read %v", field, a, b)
		}
	}
}
