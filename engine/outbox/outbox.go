// Package outbox tells consumers what was done to records. An event is written in the
// transaction of each change; a Dispatcher gives the events of every tenant to each
// registered Consumer in the order in which they were committed.
//
// What holds: an event of a committed change reaches every consumer at least once, and
// in order; one of a change that did not happen never does. A crash repeats at most
// what was not acknowledged. An event that a consumer can't handle is tried again with
// growing pauses until it can, and holds up that consumer in that tenant alone. What a
// consumer has not taken is not trimmed.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Event is one change of one record, a comment on it, or tells that data was dropped.
type Event struct {
	Position int64 // in the tenant's outbox; see store.LogRead. Set by the store
	ID       id.ID // the same however often it is told
	Object   string
	Record   id.ID
	Action   string    // a record.Action, collaboration.Commented, or catalog.Dropped
	At       time.Time // to the millisecond, by the clock of the process that wrote it
	By       id.ID     // the user; 0: the platform
	Via      string    // by what way, such as an API key; may be empty
	// Depth is how many changes led to this one, each through an event of the one before;
	// 0 for a request. A consumer that changes records does so with a session of Depth+1,
	// and ends loops by doing nothing from a depth on that it chooses.
	Depth    int64
	Revision int64           // of the configuration
	Changes  json.RawMessage // {"field":[from,to]}, values as the API shows them; of a comment {"$comment":id}, of a merge {"$from":[id]}
	// HappenedAt is when it was done, if that was before it was recorded, such as the past
	// of a company that moves here; else the zero time. Whoever tells people what happens
	// leaves such events out.
	HappenedAt time.Time
}

// size is about what an event takes in memory, in bytes.
func (e *Event) size() int { return 256 + len(e.Changes) }

const (
	EventTable    = "_outbox" // of the events
	consumerTable = "_consumer"
)

// Columns of the events; times are Unix milliseconds.
var (
	colObject   = query.Column{Name: "object", Storage: fieldtype.Text}
	colRecord   = query.Column{Name: "record", Storage: fieldtype.Int}
	colAction   = query.Column{Name: "action", Storage: fieldtype.Text}
	colAt       = query.Column{Name: "at", Storage: fieldtype.Int}
	colBy       = query.Column{Name: "by", Storage: fieldtype.Int}
	colVia      = query.Column{Name: "via", Storage: fieldtype.Text}
	colDepth    = query.Column{Name: "depth", Storage: fieldtype.Int}
	colRevision = query.Column{Name: "revision", Storage: fieldtype.Int}
	colHappened = query.Column{Name: "happened_at", Storage: fieldtype.Int} // empty: at
	colChanges  = query.Column{Name: "changes", Storage: fieldtype.JSON}
)

var eventColumns = []query.Column{colObject, colRecord, colAction, colAt, colBy, colVia, colDepth, colRevision, colChanges, colHappened}

// Tables are the tables this room keeps in every tenant: the events, how far each
// consumer came, and which of them are being given events.
func Tables() []store.Table {
	return []store.Table{
		{Name: EventTable, Columns: eventColumns, Log: true},
		{Name: consumerTable, Columns: stateColumns, Indexes: []store.Index{
			{Name: "_consumer_name", Unique: true, Columns: []store.IndexColumn{{Column: colName}}}}},
		beats.Definition(),
	}
}

// Append writes an event in the transaction of its change; whoever does so wakes the
// dispatcher when that is committed.
func Append(ctx context.Context, tx store.Tx, e Event) error {
	values := map[string]any{"object": e.Object, "record": int64(e.Record), "action": e.Action, "at": e.At.UnixMilli(),
		"depth": e.Depth, "revision": e.Revision, "changes": e.Changes}
	if !e.HappenedAt.IsZero() {
		values["happened_at"] = e.HappenedAt.UnixMilli()
	}
	if e.By != 0 {
		values["by"] = int64(e.By)
	}
	if e.Via != "" {
		values["via"] = e.Via
	}
	if err := tx.Mark(ctx, Topic, e.At); err != nil {
		return fmt.Errorf("writing the outbox: %w", err)
	}
	if err := tx.Append(ctx, EventTable, e.ID, values); err != nil {
		return fmt.Errorf("writing the outbox: %w", err)
	}
	return nil
}

// readColumns are those of an event that is read.
var readColumns = append([]query.Column{query.ID}, eventColumns...)

// eventOf reads an event; the entry may be reused after.
func eventOf(e store.Entry) Event {
	return Event{Position: e.Position, ID: e.ID(query.ID), Object: e.Text(colObject), Record: e.ID(colRecord), Action: e.Text(colAction),
		At: e.Time(colAt), By: e.ID(colBy), Via: e.Text(colVia), Depth: e.Int(colDepth), Revision: e.Int(colRevision), Changes: e.JSON(colChanges),
		HappenedAt: e.Time(colHappened)}
}

// read reads the events behind a position, up to a number and, beyond the first, a size
// in bytes. more: others follow, or may.
func read(ctx context.Context, t store.Tenant, after int64, limit, bytes int) (events []Event, more bool, err error) {
	q := store.LogRead{Table: EventTable, Columns: readColumns, After: after, Limit: limit}
	for row, err := range t.ReadLog(ctx, q) {
		if err != nil {
			return nil, false, fmt.Errorf("reading the outbox: %w", err)
		}
		e := eventOf(q.Entry(row))
		if bytes -= e.size(); bytes < 0 && len(events) > 0 {
			return events, true, nil
		}
		events = append(events, e)
	}
	return events, len(events) == limit, nil
}
