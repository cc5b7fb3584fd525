package budget

import (
	"context"
	"sync"
)

// Flights are things that are under way by themselves, apart from whoever began them. Safe for concurrent use.
type Flights struct {
	ctx  context.Context
	stop context.CancelFunc
	all  sync.WaitGroup
	mu   sync.Mutex // between the stop and what begins
}

// NewFlights makes flights, of which there are none yet.
func NewFlights() *Flights {
	f := &Flights{}
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// Context ends when they are to end.
func (f *Flights) Context() context.Context { return f.ctx }

// Begin notes that some begin, each of which says when it is Done. None does once they were stopped: then it returns false.
func (f *Flights) Begin(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		return false
	}
	f.all.Add(n)
	return true
}

// Done notes that one has ended.
func (f *Flights) Done() { f.all.Done() }

// Run stops them when ctx has ended, and returns when none is under way any more.
func (f *Flights) Run(ctx context.Context) {
	<-ctx.Done()
	f.mu.Lock()
	f.stop() // from now on none begins
	f.mu.Unlock()
	f.all.Wait()
}
