package budget

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// Who has computed for longer than a turn lets those who wait go first. Go now and then
// chooses otherwise, for the sake of fairness.
func TestYield(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var turn Turn
	turn.Yield()
	const rounds = 40
	first := 0
	for range rounds {
		var ran atomic.Bool
		go ran.Store(true)
		for began := time.Now(); time.Since(began) < turnLength; {
			continue
		}
		if turn.Yield(); ran.Load() {
			first++
		}
	}
	if first < rounds*3/4 {
		t.Errorf("those who waited went first in %d of %d rounds", first, rounds)
	}
}
