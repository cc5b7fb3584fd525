package outbox

import (
	"context"
	"fmt"

	"formwork/engine/query"
	"formwork/engine/store"
)

// headColumns are those of an event without its changes.
var headColumns = []query.Column{query.ID, colObject, colRecord, colAction, colAt, colBy, colDepth, colRevision, colHappened}

// Heads reads the events behind a position without their changes and by what way they came, up
// to a number: for who only wants to know which records were changed, and keeps no state as
// a Consumer does. What was trimmed meanwhile is not told; see Kept.
func Heads(ctx context.Context, t store.Tenant, after int64, limit int) ([]Event, error) {
	var events []Event
	q := store.LogRead{Table: EventTable, Columns: headColumns, After: after, Limit: limit}
	for row, err := range t.ReadLog(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading the outbox: %w", err)
		}
		e := q.Entry(row)
		events = append(events, Event{Position: e.Position, ID: e.ID(query.ID), Object: e.Text(colObject), Record: e.ID(colRecord), Action: e.Text(colAction),
			At: e.Time(colAt), By: e.ID(colBy), Depth: e.Int(colDepth), Revision: e.Int(colRevision), HappenedAt: e.Time(colHappened)})
	}
	return events, nil
}

// End is the position of the last event; 0 if there was none.
func End(ctx context.Context, t store.Tenant) (int64, error) {
	end, err := t.LogEnd(ctx, EventTable)
	if err != nil {
		return 0, fmt.Errorf("reading the end of the outbox: %w", err)
	}
	return end, nil
}

// Kept reports whether all events behind a position are still there, and are at most as many
// as a number: whether who had come to it can go on by them.
func Kept(ctx context.Context, t store.Tenant, after int64, most int) (bool, error) {
	end, err := End(ctx, t)
	if err != nil || after >= end {
		return after == end, err
	}
	q := store.LogRead{Table: EventTable, Columns: []query.Column{query.ID}, Limit: 1}
	first := int64(0)
	for row, err := range t.ReadLog(ctx, q) {
		if err != nil {
			return false, fmt.Errorf("reading the outbox: %w", err)
		}
		first = q.Entry(row).Position
	}
	if first == 0 || after < first {
		return false, nil
	}
	behind, err := t.CountLog(ctx, EventTable, after, most+1)
	if err != nil {
		return false, fmt.Errorf("counting events: %w", err)
	}
	return behind <= int64(most), nil
}
