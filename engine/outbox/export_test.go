package outbox

// Waiting is how many tenants lanes keep in memory.
func Waiting(d *Dispatcher) (n int) {
	for _, l := range d.lanes {
		l.mu.Lock()
		n += len(l.due) + len(l.lagging)
		l.mu.Unlock()
	}
	return n
}
