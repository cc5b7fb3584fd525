package record

import (
	"encoding/json"
	"fmt"

	"formwork/engine/id"
)

// trail is what a change leaves beside the row: in the history (nil: nothing) and in
// the outbox.
type trail struct{ history, event json.RawMessage }

// newTrail makes the trail of changes. members, if not "", are the history's instead of
// the changes: a JSON object.
func newTrail(action Action, changes []changed, members string) trail {
	tracked := 0
	for _, c := range changes {
		if c.tracked {
			tracked++
		}
	}
	all := appendChanges(make([]byte, 0, 64*(len(changes)+1)), changes, false)
	if action == Updated && tracked == 0 {
		return trail{event: all}
	}
	history := json.RawMessage("{}")
	switch {
	case members != "":
		history = json.RawMessage(members)
	case action != Updated && action != Merged: // the rest of the history tells what there was
	case tracked == len(changes):
		history = all
	case tracked > 0:
		history = appendChanges(nil, changes, true)
	}
	return trail{history: history, event: all}
}

// writeTrail writes the history and the event of a change that was made.
func (u *unit) writeTrail(m *mapping, action Action, key id.ID, changes []changed) error {
	t := newTrail(action, changes, "")
	if err := u.writeHistory(m, action, key, t.history); err != nil {
		return err
	}
	return u.writeEvent(m, action, key, t.event)
}

// writeHistory adds to a record's history; changes nil: nothing.
func (u *unit) writeHistory(m *mapping, action Action, key id.ID, changes json.RawMessage) error {
	if changes == nil {
		return nil
	}
	err := u.tx.Insert(u.ctx, historyTable, u.options.IDs.Next(), map[string]any{
		colObject.Name: m.object.Doc.Name, colRecord.Name: int64(key), colAt.Name: u.s.clock.UnixMilli(), colBy.Name: u.s.by(),
		colVia.Name: emptyText(u.s.caller.Via), colAction.Name: string(action), colChanges.Name: changes}, nil)
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// writeEvent puts a change into the outbox. All events of records are written here.
func (u *unit) writeEvent(m *mapping, action Action, key id.ID, changes json.RawMessage) error {
	err := u.tx.Insert(u.ctx, outboxTable, u.options.IDs.Next(), map[string]any{
		colObject.Name: m.object.Doc.Name, colRecord.Name: int64(key), colAction.Name: string(action), colAt.Name: u.s.clock.UnixMilli(),
		colBy.Name: u.s.by(), colVia.Name: emptyText(u.s.caller.Via), colDepth.Name: int64(u.s.depth),
		colRevision.Name: u.s.snapshot.Revision, colChanges.Name: changes}, nil)
	if err != nil {
		return fmt.Errorf("writing the outbox: %w", err)
	}
	return nil
}
