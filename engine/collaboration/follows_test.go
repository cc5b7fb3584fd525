package collaboration_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"formwork/engine/collaboration"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// An event that is given again notifies nobody again; changes within ten minutes that were not
// read are one notification.
func TestChangesAreToldTogether(t *testing.T) {
	p := enginetest.New(t, enginetest.Options{})
	main := p.NewTenant("main")
	ann, bob := main.CallerWith("ann@example.com", "admin"), main.CallerWith("bob@example.com", "admin")
	record := main.Create("account", map[string]any{"name": "Acme"})
	his := p.Collaboration.As(main, main.Snapshot(), bob)
	if err := his.Follow(t.Context(), "account", record); err != nil {
		t.Fatal(err)
	}
	tell := func(action, changes string, times int) {
		t.Helper()
		p.Clock.Pass(4 * time.Minute)
		e := &outbox.Event{ID: p.IDs.Next(), Object: "account", Record: record, Action: action, At: p.Now(), By: ann.User, Changes: json.RawMessage(changes)}
		for range times {
			if err := p.Collaboration.Tell(t.Context(), main, e); err != nil {
				t.Fatal(err)
			}
		}
	}
	holds := func(want ...string) {
		t.Helper()
		inbox, err := his.Notifications(t.Context(), collaboration.Wanted{State: collaboration.Open}, 0, 50)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range inbox.Items {
			got = append(got, fmt.Sprint(n.Kind, n.Fields))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("notified is %v, want %v", got, want)
		}
	}
	tell("update", `{"website":[null,"a.example.com"]}`, 2)
	holds("changed[website]")
	tell("update", `{"name":["Acme","Acme Inc"]}`, 1)
	tell("update", `{"website":["a.example.com","b.example.com"],"secret":[null,true]}`, 1) // a field that there is not
	holds("changed[name website]")
	tell("update", `{"name":["Acme Inc","Acme"]}`, 1) // twelve minutes after the first
	holds("changed[name]", "changed[name website]")
	tell("update", fmt.Sprintf(`{"owner":["%s","%s"]}`, ann.User, bob.User), 2) // told once, as the new owner
	holds("assigned[]", "changed[name]", "changed[name website]")
	tell("create", `{"name":[null,"Acme"]}`, 1)
	holds("assigned[]", "changed[name]", "changed[name website]")
}

// A user follows two thousand records at most.
func TestFollowsAreBounded(t *testing.T) {
	p := enginetest.New(t, enginetest.Options{})
	main := p.NewTenant("main")
	ann := main.CallerWith("ann@example.com", "admin")
	hers := p.Collaboration.As(main, main.Snapshot(), ann)
	record := main.Create("account", map[string]any{"name": "Acme"})
	err := main.Write(t.Context(), func(tx store.Tx) error {
		for i := range 2000 {
			values := map[string]any{"user": int64(ann.User), "object": "account", "record": int64(i + 1), "at": int64(0)}
			if err := tx.Insert(t.Context(), "_follow", p.IDs.Next(), values, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := hers.Follow(t.Context(), "account", record); !fault.Is(err, "collaboration.follows") {
		t.Errorf("one too many: %v", err)
	}
	if err := hers.Unfollow(t.Context(), "account", id.ID(1)); err != nil { // not even a record any more
		t.Fatal(err)
	}
	if err := hers.Follow(t.Context(), "account", record); err != nil {
		t.Error(err)
	}
	follows, next, err := hers.Follows(t.Context(), 0, 50)
	if err != nil || next != 0 || len(follows) != 1 || follows[0].Name != "Acme" {
		t.Errorf("follows are %v, %v, %v", follows, next, err)
	}
	if yes, err := hers.Following(t.Context(), "account", record); err != nil || !yes {
		t.Errorf("following: %v, %v", yes, err)
	}
}

// What a user followed and was notified of goes with them; what others have of their own stays.
func TestUsersAreForgotten(t *testing.T) {
	p := enginetest.New(t, enginetest.Options{})
	main := p.NewTenant("main")
	ann, bob, eve := main.CallerWith("ann@example.com", "admin"), main.CallerWith("bob@example.com", "admin"), main.CallerWith("eve@example.com", "admin")
	record := main.Create("account", map[string]any{"name": "Acme"})
	for _, c := range []*policy.Caller{bob, eve} {
		if err := p.Collaboration.As(main, main.Snapshot(), c).Follow(t.Context(), "account", record); err != nil {
			t.Fatal(err)
		}
	}
	p.Clock.Pass(time.Minute)
	tell := func(object string, record id.ID, action string) {
		t.Helper()
		e := &outbox.Event{ID: p.IDs.Next(), Object: object, Record: record, Action: action, At: p.Now(), By: ann.User, Changes: json.RawMessage(`{}`)}
		if err := p.Collaboration.Tell(t.Context(), main, e); err != nil {
			t.Fatal(err)
		}
	}
	rows := func(user id.ID) (n int64) {
		t.Helper()
		for _, table := range []string{"_follow", "_notification", "_inbox"} {
			of := query.Column{Name: "user", Storage: fieldtype.Int}
			if table == "_inbox" {
				of = query.ID
			}
			found, err := main.Count(t.Context(), table, query.Is(of, int64(user)), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			n += found
		}
		return n
	}
	tell("account", record, "update")
	if rows(bob.User) != 3 || rows(eve.User) != 3 {
		t.Fatalf("bob has %d rows, eve %d", rows(bob.User), rows(eve.User))
	}
	tell("user", bob.User, "purge")
	if rows(bob.User) != 0 || rows(eve.User) != 3 {
		t.Errorf("then bob has %d rows, eve %d", rows(bob.User), rows(eve.User))
	}
}
