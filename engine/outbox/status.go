package outbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/query"
	"formwork/engine/store"
)

// countLimit bounds how many events are counted of those that a consumer has not taken.
const countLimit = 10_000

// Status is how a consumer stands in a tenant.
type Status struct {
	State
	Registered bool      // in this program
	Behind     int64     // events it has not taken, wanted or not; 10,000 stands for more, too
	Oldest     time.Time // when the first of them was written; zero: there is none
}

// Status says how all consumers of a tenant stand, by name, also those that are no
// longer registered. It registers none.
func (d *Dispatcher) Status(ctx context.Context, t store.Tenant) ([]Status, error) {
	if err := t.Define(ctx, Tables()...); err != nil {
		return nil, fmt.Errorf("defining the tables of the outbox: %w", err)
	}
	states, err := readStates(ctx, t)
	if err != nil {
		return nil, err
	}
	var all []Status
	for _, s := range states {
		one := Status{State: *s, Registered: d.lane(s.Consumer) != nil}
		if one.Behind, one.Oldest, err = countAfter(ctx, t, s.Position); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// countAfter counts the events after a position and dates the first.
func countAfter(ctx context.Context, t store.Tenant, position int64) (n int64, oldest time.Time, err error) {
	if n, err = t.CountLog(ctx, EventTable, position, countLimit); err != nil || n == 0 {
		return 0, oldest, err
	}
	q := store.LogRead{Table: EventTable, Columns: []query.Column{colAt}, After: position, Limit: 1}
	for row, err := range t.ReadLog(ctx, q) {
		if err != nil {
			return 0, oldest, fmt.Errorf("reading the outbox: %w", err)
		}
		oldest = q.Entry(row).Time(colAt)
	}
	return n, oldest, nil
}

// lag is how far a consumer is behind in a tenant.
type lag struct {
	events   int64
	oldest   time.Time
	measured time.Time
}

// counts are those of a consumer since the start.
type counts struct{ handled, failed int64 }

// Figures are those of one consumer in this process, over all tenants.
type Figures struct {
	Consumer string
	Handled  int64 // events, since the start
	Failed   int64 // batches, since the start
	// Tenants is how many it is known to be behind in: by more than a batch, or after a
	// failure. Of those, Events is the sum, MaxEvents the most in one, Oldest when the
	// oldest event was written.
	Tenants, Events, MaxEvents int64
	Oldest                     time.Time
}

// Figures are those of all consumers, by name. It asks no store.
func (d *Dispatcher) Figures() []Figures {
	var all []Figures
	for _, l := range d.lanes {
		all = append(all, l.figures())
	}
	slices.SortFunc(all, func(a, b Figures) int { return cmp.Compare(a.Consumer, b.Consumer) })
	return all
}

func (l *lane) figures() Figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := Figures{Consumer: l.consumer.Name, Handled: l.counted.handled, Failed: l.counted.failed, Tenants: int64(len(l.lagging))}
	for _, one := range l.lagging {
		f.Events += one.events
		f.MaxEvents = max(f.MaxEvents, one.events)
		if f.Oldest.IsZero() || one.oldest.Before(f.Oldest) {
			f.Oldest = one.oldest
		}
	}
	return f
}

func (l *lane) count(handled, failed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counted.handled += int64(handled)
	l.counted.failed += int64(failed)
}

// caughtUp notes that the consumer has taken all events of a tenant.
func (l *lane) caughtUp(tenant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.lagging, tenant)
}

// measureEvery is the least time between two measurements of one tenant.
const measureEvery = time.Second

// measure notes how far the consumer is behind in a tenant.
func (l *lane) measure(ctx context.Context, t store.Tenant, position int64) error {
	now := l.dispatcher.options.Now()
	l.mu.Lock()
	known, ok := l.lagging[t.Name()]
	l.mu.Unlock()
	if ok && now.Sub(known.measured) < measureEvery {
		return nil
	}
	n, oldest, err := countAfter(ctx, t, position)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n == 0 {
		delete(l.lagging, t.Name())
		return nil
	}
	l.lagging[t.Name()] = lag{events: n, oldest: oldest, measured: now}
	return nil
}
