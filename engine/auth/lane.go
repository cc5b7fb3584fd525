package auth

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"

	"formwork/engine/fault"
)

// maxWaiting bounds the password checks of a lane that wait for a processor.
const maxWaiting = 64

// lane is a way to the processors for password checks: how many are computed at once, each
// with the memory of its cost, and how many wait. Strangers have one and those who are known
// another, so that a flood of the former, from however many addresses, keeps none of the
// latter waiting.
type lane struct {
	work    *semaphore.Weighted
	waiting *semaphore.Weighted
	turns   [64]*semaphore.Weighted // one check at a time for a counter of failures
}

// newLane makes a lane for so many checks at once.
func newLane(atOnce int) *lane {
	l := &lane{work: semaphore.NewWeighted(int64(max(1, atOnce))), waiting: semaphore.NewWeighted(maxWaiting)}
	for i := range l.turns {
		l.turns[i] = semaphore.NewWeighted(1)
	}
	return l
}

// lanes are those of strangers, and of who is known: by their device, or since they are
// logged in. A check computes for tens of milliseconds without yielding, so strangers have
// half of the processors at most.
func lanes() (strangers, known *lane) {
	half := runtime.GOMAXPROCS(0) / 2
	return newLane(half), newLane(half)
}

// turn waits until no other check goes by the same counter of failures, so that guesses
// sent together are counted one by one. Fault "auth.busy" (Unavailable).
func (l *lane) turn(ctx context.Context, of counter) (done func(), err error) {
	turn := l.turns[uint64(of.row)%uint64(len(l.turns))]
	if err := turn.Acquire(ctx, 1); err != nil {
		return nil, fault.New(fault.Unavailable, "auth.busy").Because(err)
	}
	return func() { turn.Release(1) }, nil
}

// compute does the work of a check when its place in the lane comes. Fault "auth.busy"
// (Unavailable).
func (l *lane) compute(ctx context.Context, work func()) error {
	if !l.waiting.TryAcquire(1) {
		return fault.New(fault.Unavailable, "auth.busy")
	}
	defer l.waiting.Release(1)
	if err := l.work.Acquire(ctx, 1); err != nil {
		return fault.New(fault.Unavailable, "auth.busy").Because(err)
	}
	defer l.work.Release(1)
	work()
	return nil
}
