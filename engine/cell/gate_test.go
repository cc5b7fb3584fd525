package cell

import (
	"testing"
	"time"

	"formwork/engine/store/sqlite"
)

// Who gives up the move of a mover that died, and is slow, does no harm to the one that has begun since.
func TestGivingUpLeavesTheNextMove(t *testing.T) {
	files, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	acme, err := files.Create(t.Context(), "acme")
	if err == nil {
		err = acme.Define(t.Context(), moveTables()...)
	}
	if err == nil {
		err = setGate(t.Context(), acme, func(gate) bool { return true }, gate{state: gateOpen, to: "other", mover: 2})
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{o: Options{Now: time.Now}}
	if err := s.giveUp(t.Context(), "acme", acme, entry{to: "other", mover: 1}); err != nil {
		t.Fatal(err)
	}
	if g, err := gateOf(t.Context(), acme); err != nil || g.mover != 2 || g.to != "other" {
		t.Errorf("the gate is %+v, %v", g, err)
	}
}
