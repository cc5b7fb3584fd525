package outbox

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Who gives events to a consumer says that it goes on in a row of its own, under the id of
// the consumer's state, and not in that state: a consumer that saves its position with
// what it did changes the state at the end of a transaction that may take longer than a
// lease (Batch.SaveIn). On a store whose transactions conflict, a beat to the same row
// would undo it each time.
//
// A beat counts for the lease of the version that it names. It decides nothing but whether
// another process may take over: that, and every save, asks for the version in the state,
// so that who lost the lease saves nothing, whatever its beats say. The row stays as long
// as the consumer does.
const beatTable = "_consumer_beat"

var colUntil = query.Column{Name: "until", Storage: fieldtype.Int} // Unix milliseconds

// beats is the table of the signs that processes give.
func beats() store.Table {
	return store.Table{Name: beatTable, Columns: []query.Column{query.Version, colUntil}}
}

// prolong says that the lease is held until a time. Fault "outbox.lost" if it is not ours
// any more.
func (l *lease) prolong(ctx context.Context, tx store.Tx, until time.Time) error {
	q := query.Select{Table: consumerTable, Filter: query.Is(query.ID, int64(l.id))}
	state, found, err := store.First(ctx, tx, q, query.Version)
	if err != nil {
		return fmt.Errorf("reading the lease of a consumer: %w", err)
	}
	if !found || state.Int(query.Version) != l.version {
		return fault.New(fault.Conflict, "outbox.lost")
	}
	sign := map[string]any{query.Version.Name: l.version, colUntil.Name: until.UnixMilli()}
	err = tx.Update(ctx, beatTable, l.id, 0, sign, nil)
	if fault.Is(err, "store.stale") { // the first of this consumer
		err = tx.Insert(ctx, beatTable, l.id, sign, nil)
	}
	if err != nil {
		return fmt.Errorf("saying that a consumer is given events: %w", err)
	}
	return nil
}

// leased reports whether a process holds the consumer at a time.
func (s *State) leased(ctx context.Context, from store.Reader, now time.Time) (bool, error) {
	if s.holder == "" || s.lease.After(now) {
		return s.holder != "", nil
	}
	q := query.Select{Table: beatTable, Filter: query.Is(query.ID, int64(s.id))}
	beat, found, err := store.First(ctx, from, q, query.Version, colUntil)
	if err != nil {
		return false, fmt.Errorf("reading whether a consumer is given events: %w", err)
	}
	return found && beat.Int(query.Version) == s.version && beat.Time(colUntil).After(now), nil
}

// remove drops the state, with how far the consumer came.
func (s *State) remove(ctx context.Context, tx store.Tx) error {
	if err := tx.Delete(ctx, beatTable, s.id); err != nil {
		return err
	}
	return tx.Delete(ctx, consumerTable, s.id)
}
