package budget_test

import (
	"context"
	"testing"

	"formwork/engine/budget"
)

// Whatever has begun is waited for, and nothing begins once it was stopped.
func TestFlights(t *testing.T) {
	f := budget.NewFlights()
	if !f.Begin(2) {
		t.Fatal("none begins")
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { f.Run(ctx); close(ended) }()
	f.Done()
	stop()
	<-f.Context().Done()
	if f.Begin(1) {
		t.Error("one begins when they are stopped")
	}
	select {
	case <-ended:
		t.Error("one that is under way is not waited for")
	default:
	}
	f.Done()
	<-ended
}
