package collaboration_test

import (
	"fmt"
	"testing"
	"time"

	"formwork/engine/collaboration"
	"formwork/engine/enginetest"
	"formwork/engine/id"
	"formwork/engine/store/teststore"
)

// A user has at most a thousand notifications: the oldest that are done give way first.
func TestNotificationsGiveWay(t *testing.T) {
	p := enginetest.New(t, enginetest.Options{Open: teststore.Open})
	main := p.NewTenant("main")
	ann, bob := main.CallerWith("ann@example.com", "admin"), main.CallerWith("bob@example.com", "admin")
	as := p.Collaboration.As(main, main.Snapshot(), ann)
	record := main.Create("account", map[string]any{"name": "Acme"})
	say := func(number int) {
		t.Helper()
		p.Clock.Pass(time.Second)
		if _, err := as.Comment(t.Context(), "account", record, fmt.Sprintf("%d @[](user:%s)", number, bob.User)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		say(i)
	}
	his := p.Collaboration.As(main, main.Snapshot(), bob)
	list := func(state string) (items []collaboration.Notification) {
		t.Helper()
		for after := id.ID(0); ; {
			inbox, err := his.Notifications(t.Context(), collaboration.Wanted{State: state}, after, 300)
			if err != nil {
				t.Fatal(err)
			}
			items = append(items, inbox.Items...)
			if after = inbox.Next; after == 0 {
				return items
			}
		}
	}
	open := list(collaboration.Open)
	if len(open) != 1000 {
		t.Fatalf("%d notifications", len(open))
	}
	yes := true
	if err := his.Handle(t.Context(), open[500].ID, collaboration.Handling{Done: &yes}); err != nil {
		t.Fatal(err)
	}
	say(1000)
	if done, open := list(collaboration.Done), list(collaboration.Open); len(done) != 0 || len(open) != 1000 || open[999].Text[:2] != "0 " {
		t.Errorf("%d done, %d open, the oldest %q", len(done), len(open), open[len(open)-1].Text)
	}
	say(1001)
	if open := list(collaboration.Open); len(open) != 1000 || open[0].Text[:5] != "1001 " || open[999].Text[:2] != "1 " {
		t.Errorf("%d open, from %q to %q", len(open), open[0].Text, open[len(open)-1].Text)
	}
	if unread, err := his.Unread(t.Context()); err != nil || unread != 1000 {
		t.Errorf("%d unread, %v", unread, err)
	}
}
