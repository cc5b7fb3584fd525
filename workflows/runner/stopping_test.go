package runner_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"
)

// hanging is a stage on which a message is being taken by a server for mail that does not answer before it is released.
func hanging(t *testing.T) (*stage, *post) {
	t.Helper()
	post := &post{Says: []postSaid{{Hangs: true}}}
	of := scenario{SMTP: post, Documents: []json.RawMessage{
		json.RawMessage(`{"kind": "connection", "name": "smtp", "label": "SMTP", "url": "$post"}`),
		json.RawMessage(`{"kind": "mailbox", "name": "sales", "label": "Sales", "address": "sales@example.com", "send": "smtp"}`),
		json.RawMessage(`{"kind": "workflow", "name": "write", "object": "deal", "trigger": {"type": "manual"}, "start": "a", "steps": {"a": {"type": "email", "mailbox": "sales", "to": "'ann@example.com'", "subject": "name", "text": "'One'"}}}`)}}
	s := newStage(t, read[[]json.RawMessage](t, "testdata/world.json"), of, "core")
	s.kept["d"], s.objects["d"] = s.Create("deal", map[string]any{"name": "A"}), "deal"
	return s, post
}

// send has the message be given to the server.
func (s *stage) send(t *testing.T, post *post) {
	t.Helper()
	if _, err := s.pressed(t, deed{Press: "write", On: "d"}); err != nil {
		t.Fatal(err)
	}
	s.RunJobs()
	for began := time.Now(); !post.asked(); time.Sleep(time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Fatal("the server for mail was given nothing")
		}
	}
}

// What a server for mail took while the program stopped is known to have been taken: it is not sent again.
func TestMailIsSentOnceAcrossAStop(t *testing.T) {
	s, post := hanging(t)
	ctx, stop := context.WithCancel(t.Context())
	var stopping sync.WaitGroup
	stopping.Go(func() { s.Workflows.Run(ctx) })
	s.send(t, post)
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

// What a server for mail took after its run was cancelled was sent all the same.
func TestMailThatWasUnderWayIsKnownToBeSent(t *testing.T) {
	s, post := hanging(t)
	s.send(t, post)
	if err := s.Workflows.Cancel(t.Context(), s.Tenant.Tenant, s.runs(t)[0].ID); err != nil {
		t.Fatal(err)
	}
	s.finds(t, "cancelled", deed{Find: "email", Want: map[string]any{"state": "failed"}, Count: 1})
	post.release()
	s.settle(t)
	s.finds(t, "in the end", deed{Find: "email", Want: map[string]any{"state": "sent", "problem": nil}, Count: 1})
}
