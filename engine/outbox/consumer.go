package outbox

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/beat"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Consumer takes the events of every tenant. Consumers belong to the program: all
// processes that run a Dispatcher on one store register the same ones.
type Consumer struct {
	// Name is the consumer's for good: how far it came is kept under it.
	Name string
	// Wants says which events are given to it; nil: all. Others count as acknowledged.
	Wants func(e *Event) bool
	// FromNow: in a tenant that has not known the consumer it begins with what is
	// committed from then on. Otherwise it gets all events that are still kept.
	FromNow bool
	// Handle does what follows from a batch, and acknowledges it by returning nil. Any
	// error has the batch given again after a pause, its events one at a time, so that
	// those before the one that fails get through. It may be given events that it has had
	// before: it does what may be done twice, or uses Batch.SaveIn. Batches of a tenant
	// come one after the other, those of several tenants at the same time. ctx ends when
	// the process stops, when the batch takes longer than Options.Within, or when another
	// process has taken over.
	Handle func(ctx context.Context, t store.Tenant, b *Batch) error
	// Pause is how long a tenant is left alone between two looks at it, in which saves that follow each other
	// quickly come together; 50 ms when 0.
	Pause time.Duration
	// Rests, if not nil, says until when a tenant is given nothing, since there was too much of it; the zero time: it is given what
	// there is. It is asked before each batch. Its events wait meanwhile, in order; those of others, and what other consumers do,
	// don't.
	Rests func(tenant string) time.Time
	// MaxEvents and MaxBytes bound a batch; 100 events and 1 MiB. One event may be larger.
	MaxEvents, MaxBytes int
}

// Batch is some events of a tenant, in order; at least one.
type Batch struct {
	Events []Event

	through int64 // the position of the last event that was read, wanted or not
	lease   *lease
	saved   int64
}

// SaveIn acknowledges all of the batch in the transaction that keeps what was done for
// it, so that nothing is done twice. Fault "outbox.lost" (Conflict): another process has
// taken over, and the transaction must fail. Handle returns nil only if it committed.
func (b *Batch) SaveIn(ctx context.Context, tx store.Tx) error {
	if err := b.lease.saveIn(ctx, tx, acknowledged(b.through)); err != nil {
		return err
	}
	b.saved = b.through
	return nil
}

// Columns of the consumers; times are Unix milliseconds.
var (
	colName     = query.Column{Name: "name", Storage: fieldtype.Text}
	colPosition = query.Column{Name: "position", Storage: fieldtype.Int} // acknowledged up to it
	colHolder   = query.Column{Name: "holder", Storage: fieldtype.Text}  // the process that leases it
	colLease    = query.Column{Name: "lease_until", Storage: fieldtype.Int}
	colAttempts = query.Column{Name: "attempts", Storage: fieldtype.Int} // that failed since something was acknowledged
	colRetryAt  = query.Column{Name: "retry_at", Storage: fieldtype.Int}
	colFailed   = query.Column{Name: "failed_through", Storage: fieldtype.Int} // events are given one at a time up to it
	colError    = query.Column{Name: "error", Storage: fieldtype.Text}
	colSeenAt   = query.Column{Name: "seen_at", Storage: fieldtype.Int} // when a process that has it registered last said so
)

// A row's version rises with each lease: a lease of an older version is lost. Whoever has
// the lease prolongs it by beats.
var stateColumns = []query.Column{query.Version, colName, colPosition, colHolder, colLease, colAttempts, colRetryAt, colFailed, colError, colSeenAt}

// State is how far a consumer came in a tenant.
type State struct {
	Consumer string
	Position int64 // acknowledged up to it
	Attempts int64 // that failed since something was acknowledged
	RetryAt  time.Time
	Error    string    // of the last attempt that failed
	SeenAt   time.Time // when it was last known to be registered

	id            id.ID
	version       int64
	holder        string
	lease         time.Time // beats aside
	failedThrough int64
}

// readStateColumns are those of a state that is read.
var readStateColumns = append([]query.Column{query.ID}, stateColumns...)

// readStates reads the states of all consumers of a tenant, registered or not.
func readStates(ctx context.Context, from store.Reader) ([]*State, error) {
	var all []*State
	q := query.Select{Table: consumerTable, Sort: []query.Order{{Ref: query.Field(colName)}, {Ref: query.Field(query.ID)}}}
	for r, err := range store.Find(ctx, from, q, readStateColumns...) {
		if err != nil {
			return nil, fmt.Errorf("reading the consumers: %w", err)
		}
		all = append(all, &State{id: r.ID(query.ID), version: r.Int(query.Version), Consumer: r.Text(colName), Position: r.Int(colPosition),
			holder: r.Text(colHolder), lease: r.Time(colLease), Attempts: r.Int(colAttempts), RetryAt: r.Time(colRetryAt),
			failedThrough: r.Int(colFailed), Error: r.Text(colError), SeenAt: r.Time(colSeenAt)})
	}
	return all, nil
}

// stateOf finds a consumer's state; nil if there is none.
func stateOf(states []*State, consumer string) *State {
	for _, s := range states {
		if s.Consumer == consumer {
			return s
		}
	}
	return nil
}

// acknowledged is what a state says after everything up to a position was.
func acknowledged(through int64) map[string]any {
	return map[string]any{"position": through, "attempts": int64(0), "retry_at": nil, "error": nil}
}

// lease is one process's hold on a consumer in a tenant.
type lease struct {
	id      id.ID
	version int64
}

// beats say that consumers are being given events. The row of a consumer stays as long as it does.
var beats = beat.Table{Name: "_consumer_beat", Holder: query.Version}

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
	return beats.Say(ctx, tx, l.id, l.version, until)
}

// leased reports whether a process holds the consumer at a time.
func (s *State) leased(ctx context.Context, from store.Reader, now time.Time) (bool, error) {
	if s.holder == "" || s.lease.After(now) {
		return s.holder != "", nil
	}
	heard, err := beats.Heard(ctx, from, map[id.ID]any{s.id: s.version})
	return heard[s.id].After(now), err
}

// remove drops the state, with how far the consumer came.
func (s *State) remove(ctx context.Context, tx store.Tx) error {
	if err := beats.End(ctx, tx, s.id); err != nil {
		return err
	}
	return tx.Delete(ctx, consumerTable, s.id)
}

// saveIn changes the state, if the lease still holds.
func (l *lease) saveIn(ctx context.Context, tx store.Tx, values map[string]any) error {
	err := tx.Update(ctx, consumerTable, l.id, l.version, values, nil)
	if fault.Is(err, "store.stale") {
		return fault.New(fault.Conflict, "outbox.lost").Because(err)
	}
	if err != nil {
		return fmt.Errorf("saving how far a consumer came: %w", err)
	}
	return nil
}
