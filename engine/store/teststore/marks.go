package teststore

import (
	"context"
	"sync"
	"time"

	"formwork/engine/store"
)

// Marks are marks that a test sets, each due at once until it is settled, and the times
// for which they were settled.
type Marks struct {
	mu      sync.Mutex
	due     []store.Mark
	settled map[store.Mark]time.Time
}

// Add marks a tenant for a topic.
func (m *Marks) Add(topic, tenant string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = append(m.due, store.Mark{Topic: topic, Tenant: tenant})
}

// Settled is until when a mark was settled; ok: it was.
func (m *Marks) Settled(topic, tenant string) (next time.Time, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next, ok = m.settled[store.Mark{Topic: topic, Tenant: tenant}]
	return next, ok
}

// Take implements store.Marks.
func (m *Marks) Take(_ context.Context, topic string, limit int, _ time.Duration) (taken []store.Mark, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.due {
		if _, settled := m.settled[one]; one.Topic == topic && !settled && len(taken) < limit {
			taken = append(taken, one)
		}
	}
	return taken, nil
}

// Settle implements store.Marks.
func (m *Marks) Settle(_ context.Context, one store.Mark, next time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.settled == nil {
		m.settled = map[store.Mark]time.Time{}
	}
	m.settled[one] = next
	return nil
}
