package enginetest

import (
	"sync"
	"time"
)

// Start is the time of a Clock that was not moved.
var Start = time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)

// Clock is a time that stands still until a test moves it. Safe for concurrent use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Set moves the clock to a time.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// Pass moves the clock on.
func (c *Clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
