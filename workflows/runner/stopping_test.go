package runner_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"
)

// What a server for mail took while the program stopped is known to have been taken: it is not sent again.
func TestMailIsSentOnceAcrossAStop(t *testing.T) {
	post := &post{Says: []postSaid{{Hangs: true}}}
	of := scenario{SMTP: post, Documents: []json.RawMessage{
		json.RawMessage(`{"kind": "connection", "name": "smtp", "label": "SMTP", "url": "$post"}`),
		json.RawMessage(`{"kind": "mailbox", "name": "sales", "label": "Sales", "address": "sales@example.com", "send": "smtp"}`),
		json.RawMessage(`{"kind": "workflow", "name": "write", "object": "deal", "trigger": {"type": "manual"}, "start": "a", "steps": {"a": {"type": "email", "mailbox": "sales", "to": "'ann@example.com'", "subject": "name", "text": "'One'"}}}`)}}
	s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), of, "core")
	s.kept["d"], s.objects["d"] = s.Create("deal", map[string]any{"name": "A"}), "deal"
	ctx, stop := context.WithCancel(t.Context())
	var stopping sync.WaitGroup
	stopping.Go(func() { s.Workflows.Run(ctx) })
	if _, err := s.pressed(t, deed{Press: "write", On: "d"}); err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	for began := time.Now(); !post.asked(); time.Sleep(time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Fatal("the server for mail was given nothing")
		}
	}
	stop()
	post.release()
	stopping.Wait()
	s.passed.Add(int64(time.Hour))
	s.settle(t)
	if taken := post.took(); len(taken) != 1 {
		t.Errorf("the server for mail was given %q", taken)
	}
	s.finds(t, "in the end", deed{Find: "email", Want: map[string]any{"state": "sent"}, Count: 1})
}
