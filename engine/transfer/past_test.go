package transfer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/record"
)

// Who has the right may import what happened before, with its times: each row is a step of
// a record's history, also where it says the time in another way, and what stages set to
// now is of that time.
func TestThePastIsImportedWithItsTimes(t *testing.T) {
	w := newWorld(t, "admin")
	w.Apply(`{"kind":"object","name":"task","fields":{"old_id":{"type":"text","unique":true}}}`)
	const options = `{"object":"task","mode":"upsert","key":["old_id"],"at":{"column":"when","format":"d.m.yyyy HH:MM"},
		"fields":{"old_id":"old_id","subject":"subject","status":"status"}}`
	const file = "old_id,subject,status,when\n" +
		"1,Call,open,4.3.2024 09:00\n" +
		"1,Call,in_progress,6.3.2024 09:00\n" +
		"2,Write,open,5.3.2024 10:00\n" +
		"1,Call,done,9.3.2024 15:30\n" +
		"1,Call,open,8.3.2024 15:30\n" + // out of order
		"3,Think,open,\n" +
		"4,Lie,open,1.1.2199 00:00\n" +
		"5,Guess,open,yesterday\n"
	im := w.imported(options, file)
	w.expect(im, "done 3 created 2 updated 0 unchanged 3 refused")
	reasons, _ := im.Reasons()
	var codes []string
	for _, why := range reasons {
		codes = append(codes, fmt.Sprint(why.Code, why.Rows))
	}
	slices.Sort(codes)
	if got := fmt.Sprint(codes); got != "[import.not_of_format[9] record.at_in_future[8] record.at_out_of_order[6]]" {
		t.Errorf("refused for %s", got)
	}
	page, err := w.As(w.caller).List(w.ctx, "task", record.ListQuery{Fields: []string{"old_id", "created_at", "updated_at", "completed_at"}, Sort: []string{"old_id"}})
	if err != nil {
		t.Fatal(err)
	}
	now := w.Now().UTC().Format(time.RFC3339)
	for i, want := range []string{`"old_id":"1","created_at":"2024-03-04T09:00:00Z","updated_at":"2024-03-09T15:30:00Z","completed_at":"2024-03-09T15:30:00Z"`,
		`"old_id":"2","created_at":"2024-03-05T10:00:00Z","updated_at":"2024-03-05T10:00:00Z","completed_at":null`, `"old_id":"3","created_at":"` + now + `"`} {
		if got := string(page.Items[i].AppendJSON(nil)); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	history, err := w.As(w.caller).History(w.ctx, "task", page.Items[0].ID(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, e := range slices.Backward(history.Items) {
		if e.By != w.caller.User || e.Via != "import" || !e.RecordedAt.Equal(w.Now().Truncate(time.Millisecond)) {
			t.Errorf("an entry is of %v by %s, recorded %v", e.By, e.Via, e.RecordedAt)
		}
		step := e.At.Format("0102 ") + string(e.Action)
		for _, c := range e.Changes {
			if c.Field == "status" {
				step += string(c.From) + string(c.To)
			}
		}
		steps = append(steps, step)
	}
	if got := fmt.Sprint(steps); got != `[0304 create 0306 update"open""in_progress" 0309 update"in_progress""done"]` {
		t.Errorf("the history is %s", got)
	}
	w.Apply(`{"kind":"permission","name":"plain","label":"Plain","objects":{"task":{"create":true,"read":true,"update":true}},"system":["import"]}`)
	w.caller.Permissions = []string{"plain"}
	if _, err := w.start(options, file); !fault.Is(err, "auth.right_missing") {
		t.Errorf("without the right: %v", err)
	}
}
