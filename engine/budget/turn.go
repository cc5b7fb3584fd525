package budget

import (
	"runtime"
	"time"
)

// turnLength is how long somebody computes before others are let at the processor. Go itself
// interrupts only after ten milliseconds and more, so that who has to answer in a few waits
// for the sum of those of all who compute.
const turnLength = 2 * time.Millisecond

// Turn is how long a goroutine has computed. What computes for long on behalf of others yields
// between its steps, each of which takes less than a turn. The zero value is a turn that begins
// with the first Yield: one is made anew where a computation begins, for waiting counts as
// well. It is used by one goroutine at a time.
type Turn struct{ began time.Time }

// Yield lets others have the processor if the caller's turn is over. It costs some tens of
// nanoseconds if it is not.
func (t *Turn) Yield() {
	now := time.Now()
	if now.Sub(t.began) < turnLength {
		return
	}
	if !t.began.IsZero() {
		runtime.Gosched()
		now = time.Now()
	}
	t.began = now
}
