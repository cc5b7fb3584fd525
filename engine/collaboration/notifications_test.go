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

// A user has about a thousand notifications: the oldest that are done give way first. They do so once in fifty new ones.
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
	for i := range 49 {
		say(1000 + i)
	}
	if done, open := list(collaboration.Done), list(collaboration.Open); len(done) != 1 || len(open) != 1048 {
		t.Errorf("%d done, %d open", len(done), len(open))
	}
	say(1049)
	if done, open := list(collaboration.Done), list(collaboration.Open); len(done) != 0 || len(open) != 1000 || open[0].Text[""][:5] != "1049 " || open[999].Text[""][:3] != "49 " {
		t.Errorf("%d done, %d open, from %q to %q", len(done), len(open), open[0].Text, open[len(open)-1].Text)
	}
	if unread, err := his.Unread(t.Context()); err != nil || unread != 1000 {
		t.Errorf("%d unread, %v", unread, err)
	}
}
