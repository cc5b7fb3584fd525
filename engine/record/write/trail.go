package write

import (
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// trail is what a change leaves beside the row: in the history (nil: nothing) and in
// the outbox.
type trail struct{ history, event json.RawMessage }

// newTrail makes the trail of changes. members, if not "", is a JSON object that the
// history entry and the event hold instead of the changes.
func newTrail(action stored.Action, changes []stored.Changed, members string) trail {
	tracked := 0
	for _, c := range changes {
		if c.Tracked {
			tracked++
		}
	}
	all := stored.AppendChanges(make([]byte, 0, 64*(len(changes)+1)), changes, false)
	if action == stored.Updated && tracked == 0 {
		return trail{event: all}
	}
	history := json.RawMessage("{}")
	switch {
	case members != "":
		history, all = json.RawMessage(members), json.RawMessage(members)
	case action != stored.Updated && action != stored.Merged: // made, deleted or restored: the entry says no more than that
	case tracked == len(changes):
		history = all
	case tracked > 0:
		history = stored.AppendChanges(nil, changes, true)
	}
	return trail{history: history, event: all}
}

// writeTrail writes the history and the event of a change that was made now.
func (u *Unit) writeTrail(m *stored.Mapping, action stored.Action, key id.ID, changes []stored.Changed) error {
	t := newTrail(action, changes, "")
	if err := u.writeHistory(m, action, key, u.session.Clock, t.history); err != nil {
		return err
	}
	return u.writeEvent(m, action, key, u.session.Clock, t.event)
}

// writeHistory adds what was done at a time to a record's history; changes nil: nothing.
// Entries have the order in which they were written, whatever their time.
func (u *Unit) writeHistory(m *stored.Mapping, action stored.Action, key id.ID, at time.Time, changes json.RawMessage) error {
	if changes == nil {
		return nil
	}
	values := map[string]any{
		stored.ColObject.Name: m.Object.Doc.Name, stored.ColRecord.Name: int64(key), stored.ColAt.Name: at.UnixMilli(), stored.ColBy.Name: u.session.By(),
		stored.ColVia.Name: store.Text(u.session.Caller.Via), stored.ColAction.Name: string(action), stored.ColChanges.Name: changes}
	if at.Before(u.session.Clock) {
		values[stored.ColRecorded.Name] = u.session.Clock.UnixMilli()
	}
	err := u.Tx.Insert(u.ctx, stored.HistoryTable, u.options.IDs.Next(), values, nil)
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// writeEvent puts a change into the outbox. All events of records are written here. Their
// own time is that of writing, by which they are kept and trimmed.
func (u *Unit) writeEvent(m *stored.Mapping, action stored.Action, key id.ID, at time.Time, changes json.RawMessage) error {
	e := outbox.Event{ID: u.options.IDs.Next(), Object: m.Object.Doc.Name, Record: key,
		Action: string(action), At: u.session.Clock, By: u.session.Caller.User, Via: u.session.Caller.Via,
		Depth: int64(u.session.Depth), Revision: u.session.Snapshot.Revision, Changes: changes}
	if at.Before(u.session.Clock) {
		e.HappenedAt = at
	}
	return outbox.Append(u.ctx, u.Tx, e)
}
