package cell

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

const (
	beatEvery = deadAfter / 6
	// mostSlower is how many rounds of changes in a row may take longer than the one before.
	mostSlower = 5
	// shutFor is how long the gate stays shut by a mover that is not heard of.
	shutFor = 3 * time.Second
	// mostShut is how long what is left may take to follow; else the gate opens again.
	mostShut = 1200 * time.Millisecond
	// quick is how long a round of changes takes when little is left.
	quick = mostShut / 4
	// few is how many changes are little, however long they took. If the rest then takes too long, the gate opens again.
	few = 100
	// tries is how often the gate is shut, where changes took too long to follow.
	tries = 5
)

// Moved tells of a move.
type Moved struct {
	From, To string
	Pause    time.Duration // for which writes waited
	Changes  int           // that were made while the rows were copied
}

// Move moves a tenant to another cell while it is used:
//
//  1. The directory says that it is being moved. Once every process knows, and writes that
//     began before have ended, all writes pass the gate and note what they change.
//  2. Its rows are copied at one state, and its blobs. Then what was noted is followed,
//     until little is left.
//  3. The gate is shut: writes wait. What is left is followed.
//  4. The gate says that the tenant has left, which decides it. The directory says so too.
//  5. Once every process knows, the gate of the copy opens: writes go on there. What was
//     left is deleted after a time of grace, in which reads that had begun come to an end.
//
// A mover that dies before 4 leaves the tenant where it is, and after 4 in the other cell;
// in both, writes go on within seconds. What it left behind goes when the tenant is moved there
// again, or deleted; a move to the cell where it is does nothing else. Faults: "tenant.moving"
// (Unavailable) while somebody else moves it, "tenant.no_cell" (Unavailable), and
// "tenant.exists" (Conflict) if the other cell has a tenant of the name that no move has
// brought there.
func (s *Store) Move(ctx context.Context, name, to string, grace time.Duration) (Moved, error) {
	if _, ok := s.o.Cells[to]; !ok {
		return Moved{}, fault.New(fault.Unavailable, "tenant.no_cell", "tenant", name, "cell", to)
	}
	s.forget(name)
	opened, err := s.Tenant(ctx, name)
	if err != nil {
		return Moved{}, err
	}
	// A write brings a move to its end whose mover has died.
	if err := opened.Write(ctx, func(store.Tx) error { return nil }); err != nil {
		return Moved{}, err
	}
	e, ok, err := s.read(ctx, name)
	switch {
	case err != nil:
		return Moved{}, err
	case !ok:
		return Moved{}, notFound(name)
	case e.mover != 0 && s.o.Now().Sub(e.beat) < deadAfter:
		return Moved{}, moving(name)
	}
	m := &mover{s: s, name: name, e: e, token: s.o.IDs.Next(), to: s.o.Cells[to], grace: grace, moved: Moved{From: e.cell, To: to}}
	if m.from, err = s.in(ctx, e.cell, name); err != nil {
		return Moved{}, err
	}
	if err := m.run(ctx); err != nil {
		return m.moved, fmt.Errorf("moving tenant %s to cell %s: %w", name, to, err)
	}
	return m.moved, nil
}

// mover is a move.
type mover struct {
	s     *Store
	name  string
	token id.ID
	from  store.Tenant
	to    Cell
	grace time.Duration
	copy  store.Tenant // in the cell to go to
	moved Moved

	mu sync.Mutex
	e  entry

	follower *follower
	left     bool // it is decided
}

// say changes what the directory says. A write that helps changes it too, and leaves the move
// to its mover; errLost if it is not the mover's any more.
func (m *mover) say(ctx context.Context, change func(e *entry)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		next := m.e
		next.mover, next.beat = m.token, m.s.o.Now()
		change(&next)
		said, err := m.s.change(ctx, m.name, next)
		if err == nil {
			m.e = said
		}
		if !fault.Is(err, "store.stale") {
			return err
		}
		is, ok, err := m.s.read(ctx, m.name)
		if err != nil {
			return err
		}
		if !ok || is.id != m.e.id || is.mover != m.token {
			return errLost
		}
		m.e = is
	}
}

// beat says time and again that the mover lives, until stop is called.
func (m *mover) beat(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for wait(ctx, beatEvery) == nil {
			_ = m.say(ctx, func(*entry) {}) // where it fails the gate tells whether the move goes on
		}
	})
	return func() { cancel(); done.Wait() }
}

func (m *mover) run(ctx context.Context) error {
	if err := m.say(ctx, func(*entry) {}); err == errLost {
		return moving(m.name) // another was faster
	} else if err != nil {
		return err
	}
	stop := m.beat(ctx)
	defer stop()
	if m.moved.From == m.moved.To {
		return m.tidy(ctx)
	}
	err := m.begin(ctx)
	if err == nil {
		err = m.copyAll(ctx)
	}
	if err == nil {
		err = m.leave(ctx)
	}
	if !m.left {
		return errors.Join(err, m.abandon(context.WithoutCancel(ctx)))
	}
	if err == nil {
		err = m.arrive(ctx)
	}
	if err != nil {
		return fmt.Errorf("the tenant is there, but the move did not come to its end: %w", err)
	}
	return nil
}

// begin is step 1.
func (m *mover) begin(ctx context.Context) error {
	if err := m.from.Define(ctx, moveTables()...); err != nil {
		return err
	}
	notLeft := func(g gate) bool { return g.state != gateLeft }
	if err := setGate(ctx, m.from, notLeft, gate{state: gateOpen, to: m.moved.To, mover: m.token}); err != nil {
		return err
	}
	if err := m.say(ctx, func(e *entry) { e.to = m.moved.To }); err != nil {
		return err
	}
	if err := wait(ctx, m.s.o.Fresh+m.s.o.Cells[m.moved.From].LongestWrite); err != nil {
		return err
	}
	// Where writes follow one another, this one ends after all that began before.
	return m.from.Write(ctx, func(tx store.Tx) error { _, err := readGate(ctx, tx); return err })
}

// copyAll is step 2.
func (m *mover) copyAll(ctx context.Context) error {
	if err := m.s.sweep(ctx, m.moved.To, m.name); err != nil {
		return err
	}
	noted, err := m.from.LogEnd(ctx, changeTable)
	if err == nil {
		err = trim(ctx, m.from, noted) // it is of a former move, or of rows that are copied now
	}
	if err != nil {
		return err
	}
	if m.copy, err = copyRows(ctx, m.from, m.to, m.name); err != nil {
		return err
	}
	shut := gate{state: gateShut, to: m.moved.To, mover: m.token, until: m.s.o.Now().Add(shutFor)}
	if err := setGate(ctx, m.copy, func(gate) bool { return true }, shut); err != nil {
		return err
	}
	m.follower = &follower{from: m.from, to: m.copy, noted: noted, pending: map[row]change{}}
	if err := m.follower.allBlobs(ctx); err != nil {
		return err
	}
	return m.follow(ctx)
}

// trim removes what was noted up to a position.
func trim(ctx context.Context, in store.Tenant, through int64) error {
	return in.Write(ctx, func(tx store.Tx) error {
		_, err := tx.TrimLog(ctx, changeTable, through)
		return err
	})
}

// follow follows what was noted until a round is quick, or has little to do: what is noted
// meanwhile will be, too.
func (m *mover) follow(ctx context.Context) error {
	last := time.Duration(0)
	for slower := 0; slower < mostSlower; {
		began, before := m.s.o.Now(), m.follower.followed
		if err := m.follower.round(ctx, false); err != nil {
			return err
		}
		took := m.s.o.Now().Sub(began)
		if took < quick || m.follower.followed-before <= few {
			return nil
		}
		if slower++; took < last {
			slower = 0
		}
		last = took
	}
	return errors.New("changes come faster than they can be copied")
}

// leave is steps 3 and 4.
func (m *mover) leave(ctx context.Context) error {
	mine := func(state string) func(g gate) bool {
		return func(g gate) bool { return g.mover == m.token && g.state == state }
	}
	for try := 1; ; try++ {
		began := m.s.o.Now()
		shut := gate{state: gateShut, to: m.moved.To, mover: m.token, until: began.Add(shutFor)}
		if err := setGate(ctx, m.from, mine(gateOpen), shut); err != nil {
			return err
		}
		bounded, cancel := context.WithTimeout(ctx, mostShut)
		err := m.follower.round(bounded, true)
		cancel()
		switch {
		case err == nil:
			shut.state = gateLeft
			if err := setGate(ctx, m.copy, func(gate) bool { return true }, gate{state: gateShut, to: m.moved.To, mover: m.token, until: m.s.o.Now().Add(shutFor)}); err != nil {
				return err
			}
			if err := setGate(ctx, m.from, mine(gateShut), shut); err != nil {
				return err
			}
			m.left, m.moved.Changes = true, m.follower.followed
			return m.enter(context.WithoutCancel(ctx), began)
		case !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil || try == tries:
			return err
		}
		if err := setGate(ctx, m.from, mine(gateShut), gate{state: gateOpen, to: m.moved.To, mover: m.token}); err != nil {
			return err
		}
		if err := m.follow(ctx); err != nil {
			return err
		}
	}
}

// enter is the end of step 4, and the opening of the gate in step 5. What it can't do is
// done by whoever writes next.
func (m *mover) enter(ctx context.Context, began time.Time) error {
	if err := m.ended(m.say(ctx, func(e *entry) { e.goes(m.moved.To) })); err != nil {
		return err
	}
	if err := wait(ctx, m.s.settling()); err != nil {
		return err
	}
	mine := func(g gate) bool { return g.mover == m.token }
	err := setGate(ctx, m.copy, mine, gate{state: gateOpen})
	m.moved.Pause = m.s.o.Now().Sub(began)
	return m.ended(err)
}

// arrive ends the move, and deletes what was left. Until then nobody else moves the tenant.
func (m *mover) arrive(ctx context.Context) error {
	if err := m.say(ctx, func(e *entry) { e.to = "" }); err != nil {
		return m.ended(err)
	}
	if err := wait(ctx, m.grace); err != nil {
		return err
	}
	if err := m.say(ctx, func(*entry) {}); err != nil { // so that it is the mover's to delete
		return m.ended(err)
	}
	return m.tidy(ctx)
}

// tidy deletes what moves have left in other cells, and ends the move.
func (m *mover) tidy(ctx context.Context) error {
	if err := m.s.sweepOthers(ctx, m.moved.To, m.name); err != nil {
		return err
	}
	return m.ended(m.say(ctx, func(e *entry) { e.mover = 0 }))
}

// ended takes it that others have ended a move that is decided.
func (m *mover) ended(err error) error {
	if err == errLost {
		return nil
	}
	return err
}

// abandon takes back what a move that failed has done. Where the gate is not the mover's any
// more nothing is its own: others have given the move up, or decided it.
func (m *mover) abandon(ctx context.Context) error {
	mine := func(g gate) bool { return g.mover == m.token && g.state != gateLeft }
	if err := setGate(ctx, m.from, mine, gate{state: gateOpen}); err != nil {
		return m.ended(err)
	}
	if m.copy != nil {
		if err := m.to.Delete(ctx, m.name); err != nil && !fault.Is(err, "tenant.not_found") {
			return err
		}
	}
	return m.ended(m.say(ctx, func(e *entry) { e.to, e.mover = "", 0 }))
}
