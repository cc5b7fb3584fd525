package cell

import (
	"context"
	"errors"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// The gate is a row of a tenant that is being moved. Every write locks and reads it, so
// that of two writes each sees what the other made of it: what was written before the gate
// was shut has been noted, and what comes after is not written.
const (
	gateTable = "_move"
	gateRow   = id.ID(1)
)

// States of a gate.
const (
	gateOpen = "open"
	gateShut = "shut" // until a time, from which on whoever comes may open it
	gateLeft = "left" // for good: the tenant is in the other cell
)

var (
	colState = query.Column{Name: "state", Storage: fieldtype.Text}
	colUntil = query.Column{Name: "until", Storage: fieldtype.Int}
)

// gate is what the row says.
type gate struct {
	state string
	to    string
	mover id.ID // 0: nobody; a mover that is no longer named has lost
	until time.Time
}

// moveTables are those that a move needs in a tenant.
func moveTables() []store.Table {
	return []store.Table{
		{Name: gateTable, Columns: []query.Column{colState, colTo, colMover, colUntil}},
		{Name: changeTable, Columns: changeColumns, Log: true},
	}
}

// readGate locks the gate and reads it.
func readGate(ctx context.Context, tx store.Tx) (g gate, err error) {
	if err := tx.Lock(ctx, gateTable, gateRow); err != nil {
		return g, err
	}
	return gateOf(ctx, tx)
}

// gateOf reads the gate, which is open where there is none.
func gateOf(ctx context.Context, in store.Reader) (g gate, err error) {
	found, ok, err := store.First(ctx, in, query.Select{Table: gateTable, Filter: query.Is(query.ID, int64(gateRow))}, colState, colTo, colMover, colUntil)
	if err != nil || !ok {
		return gate{state: gateOpen}, err
	}
	return gate{state: found.Text(colState), to: found.Text(colTo), mover: found.ID(colMover), until: found.Time(colUntil)}, nil
}

// setGate changes the gate from what it has to be; errLost if it is something else.
func setGate(ctx context.Context, in store.Tenant, was func(g gate) bool, to gate) error {
	return in.Write(ctx, func(tx store.Tx) error {
		g, err := readGate(ctx, tx)
		if err != nil {
			return err
		}
		if !was(g) {
			return errLost
		}
		values := map[string]any{colState.Name: to.state, colTo.Name: store.Text(to.to), colMover.Name: int64(to.mover), colUntil.Name: to.until.UnixMilli()}
		err = tx.Update(ctx, gateTable, gateRow, 0, values, nil)
		if fault.Is(err, "store.stale") {
			err = tx.Insert(ctx, gateTable, gateRow, values, nil)
		}
		return err
	})
}

// errLost tells a mover that others have given its move up.
var errLost = errors.New("the move was given up by others, for it did nothing for too long")

// shut is the error of a write that meets a gate that is not open.
type shut struct{ gate gate }

func (s *shut) Error() string { return fmt.Sprintf("the gate is %s", s.gate.state) }

// pass lets a write pass the gate, or fails with shut.
func pass(ctx context.Context, tx store.Tx) error {
	g, err := readGate(ctx, tx)
	if err == nil && g.state != gateOpen {
		err = &shut{g}
	}
	return err
}

// help does what a mover would have done that died at a gate, if it has: nothing while the
// gate is shut by one that lives, nor before every process knows where the tenant is.
func (s *Store) help(ctx context.Context, name string, in store.Tenant, e entry, g gate) (helped bool, err error) {
	now := s.o.Now()
	switch {
	case g.state == gateLeft && e.cell != g.to:
		e.goes(g.to)
		e.beat = now
		return true, ignoreStale(s.change(ctx, name, e))
	case g.isOver(now) && now.Sub(e.beat) > s.settling():
		return true, s.giveUp(ctx, name, in, e)
	}
	return false, nil
}

// isOver holds for a gate that was shut for longer than its mover said.
func (g gate) isOver(now time.Time) bool { return g.state == gateShut && now.After(g.until) }

// giveUp opens the gate of a move whose mover does nothing any more, and ends the move
// where the tenant is. A mover that lives all the same finds the gate not to be its own. Where
// others have ended that move and one has begun another, its gate is not touched.
func (s *Store) giveUp(ctx context.Context, name string, in store.Tenant, e entry) error {
	dead := func(g gate) bool {
		return g.isOver(s.o.Now()) || g.state == gateOpen && (g.mover == e.mover || g.mover == 0)
	}
	if err := setGate(ctx, in, dead, gate{state: gateOpen}); errors.Is(err, errLost) {
		return nil // it has been decided, or another has shut it
	} else if err != nil {
		return err
	}
	e.to, e.mover = "", 0
	return ignoreStale(s.change(ctx, name, e))
}

// ignoreStale takes it that another has changed the entry.
func ignoreStale(_ entry, err error) error {
	if fault.Is(err, "store.stale") {
		return nil
	}
	return err
}
