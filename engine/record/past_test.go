package record_test

import (
	"testing"
	"time"

	"formwork/engine/outbox"
	"formwork/engine/record"
	"formwork/engine/store"
)

// What happened before is told to the consumers of events as what it is, behind all that
// was told already. Events are trimmed by the time at which they were written, so that it
// is not gone before anybody took it.
func TestEventsOfWhatHappenedBefore(t *testing.T) {
	w := newWorld(t).populate()
	end, err := w.tenant.LogEnd(w.ctx, outbox.EventTable)
	if err != nil {
		t.Fatal(err)
	}
	past := time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC)
	for _, at := range []time.Time{past, {}} {
		outcomes, err := w.as("ada").Bulk(w.ctx, "account", []record.Operation{
			{Op: "create", At: at, Data: map[string]any{"name": "old", "code": at.Format("2006")}}}, true)
		if err != nil || outcomes[0].Fault != nil {
			t.Fatal(outcomes, err)
		}
	}
	q := store.LogRead{Table: outbox.EventTable, Columns: tableOf(t, outbox.EventTable).Columns, After: end, Limit: 10}
	var told [][2]any
	for row, err := range w.tenant.ReadLog(w.ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]any{}
		for _, c := range q.Columns {
			values[c.Name] = q.Entry(row).Value(c)
		}
		told = append(told, [2]any{values["at"], values["happened_at"]})
	}
	now := w.time.UnixMilli()
	if len(told) != 2 || told[0] != [2]any{now, past.UnixMilli()} || told[1] != [2]any{now, nil} {
		t.Errorf("at and happened_at are %v", told)
	}
}
