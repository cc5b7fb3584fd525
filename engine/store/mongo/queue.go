package mongo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"formwork/engine/id"
)

// row names a row that a write changes or locks.
type row struct {
	table string
	key   id.ID
}

// queues have the writes of this process that change one row wait for each other. The
// server lets one of them win and refuses the others, which begin anew, and of many that
// do so at once most are refused again and again.
//
// A write takes the place of a row when it first changes the row, and never waits for it
// in a transaction, whose snapshot would grow old: it ends the transaction, waits for its
// turn, and begins anew with the place. Who waits for several places holds no others and
// takes them in one order, so that no two wait for each other.
type queues struct {
	mu     sync.Mutex
	places map[row]*place
}

// place is of a row that somebody changes or waits for.
type place struct {
	taken chan struct{} // holds an element while a write has it; those who wait are served in turn
	users int           // under mu
}

// errTaken ends a transaction that met another write of this process.
var errTaken = errors.New("another write of this process has the row")

func (q *queues) enter(r row) *place {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := q.places[r]
	if p == nil {
		p = &place{taken: make(chan struct{}, 1)}
		if q.places == nil {
			q.places = map[row]*place{}
		}
		q.places[r] = p
	}
	p.users++
	return p
}

func (q *queues) exit(r row, p *place) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if p.users--; p.users == 0 {
		delete(q.places, r)
	}
}

// places are those that one write has.
type places struct {
	queues *queues
	taken  map[row]*place
}

// wait takes the places of rows, each in its turn.
func (q *queues) wait(ctx context.Context, rows []row) (*places, error) {
	mine := &places{queues: q, taken: map[row]*place{}}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.table, b.table), cmp.Compare(a.key, b.key)) })
	for _, r := range slices.Compact(rows) {
		p := q.enter(r)
		select {
		case p.taken <- struct{}{}:
			mine.taken[r] = p
		case <-ctx.Done():
			q.exit(r, p)
			mine.leave()
			return nil, ctx.Err()
		}
	}
	return mine, nil
}

// try takes the place of a row unless another write has it.
func (m *places) try(r row) bool {
	if m.taken[r] != nil {
		return true
	}
	p := m.queues.enter(r)
	select {
	case p.taken <- struct{}{}:
		m.taken[r] = p
		return true
	default:
		m.queues.exit(r, p)
		return false
	}
}

// leave gives all places to those who are next.
func (m *places) leave() {
	for r, p := range m.taken {
		<-p.taken
		m.queues.exit(r, p)
	}
	clear(m.taken)
}
