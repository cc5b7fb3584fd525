package api_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"formwork/engine/api"
)

// caughtUp waits until the consumers have had all events.
func (w *world) caughtUp() {
	w.t.Helper()
	w.Outbox.Wake("main")
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		states, err := w.Outbox.Status(w.t.Context(), w.Tenant.Tenant)
		if err != nil {
			w.t.Fatal(err)
		}
		behind := int64(0)
		for _, s := range states {
			behind += s.Behind
		}
		if behind == 0 {
			return
		}
		if time.Since(began) > 20*time.Second {
			w.t.Fatalf("%d events are left: %+v", behind, states)
		}
	}
}

// inbox are the open notifications of a user, as "kind record by fields text", newest first.
func (w *world) inbox(token string) (items []string) {
	w.t.Helper()
	w.caughtUp()
	raw, err := json.Marshal(w.sent("GET", "/api/v1/me/notifications", token, ""))
	if err != nil {
		w.t.Fatal(err)
	}
	var inbox api.Inbox
	if err := json.Unmarshal(raw, &inbox); err != nil {
		w.t.Fatal(err)
	}
	for _, n := range inbox.Items {
		items = append(items, fmt.Sprintf("%s %s %s %v %s", n.Kind, n.Name, n.ByName, n.Fields, n.Text))
	}
	return items
}

func (w *world) isTold(token string, want ...string) {
	w.t.Helper()
	if got := w.inbox(token); fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("told is %q, want %q", got, want)
	}
}

// Followers and new owners are notified, of what others did and they may read.
func TestFollowersAndOwnersAreNotified(t *testing.T) {
	w, admin, ann, bob, bobID := listenersWorld(t, func(*api.Options) {})
	var running sync.WaitGroup
	running.Go(func() { w.Outbox.Run(t.Context()) })
	t.Cleanup(running.Wait)
	w.inbox(admin) // a tenant is known from then on
	acme := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	path := "/api/v1/records/account/" + acme
	w.sent("PUT", path+"/follow", admin, "")
	w.sent("PUT", path+"/follow", admin, "") // once
	if status, _, raw := w.do("PUT", path+"/follow", map[string]string{"Authorization": "Bearer " + bob}, ""); status != 404 {
		t.Errorf("following what can't be read: %d %s", status, raw)
	}
	w.sent("PATCH", path, ann, `{"website":"acme.example.com"}`)
	w.isTold(admin, "changed Acme ann [website] ")
	w.sent("PATCH", path, ann, `{"name":"Acme Inc"}`) // soon after
	w.sent("POST", path+"/comments", ann, `{"text":"Hello"}`)
	w.isTold(admin, "comment Acme Inc ann [] Hello", "changed Acme Inc ann [name website] ")
	changes := w.sent("GET", "/api/v1/me/notifications?state=any&kind=changed", admin, "")["items"].([]any)
	if len(changes) != 1 || changes[0].(map[string]any)["kind"] != "changed" {
		t.Errorf("of one kind there are %v", changes)
	}
	w.sent("POST", path+"/comments", ann, fmt.Sprintf(`{"text":"Hello @[](user:%s)"}`, w.sent("GET", "/api/v1/me", admin, "")["user"].(map[string]any)["id"]))
	if told := w.inbox(admin); len(told) != 3 || told[0] != "mention Acme Inc ann [] Hello @admin" {
		t.Errorf("a mention is told twice, or not: %q", told)
	}
	w.isTold(ann)
	w.sent("POST", "/api/v1/me/notifications/read", admin, `{"all":true}`)
	w.sent("PATCH", path, ann, `{"website":"acme.example.org"}`) // what was read is not added to
	if told := w.inbox(admin); len(told) != 4 || told[0] != "changed Acme Inc ann [website] " {
		t.Errorf("after reading: %q", told)
	}
	w.sent("PUT", path+"/follow", ann, "")
	w.sent("PATCH", path, admin, `{"owner":"`+bobID+`"}`)
	w.isTold(bob, "assigned Acme Inc admin [] ")
	if told := w.inbox(admin); len(told) != 4 {
		t.Errorf("who did it is told: %q", told)
	}
	w.sent("PATCH", path, bob, `{"website":"acme.example.net"}`)
	w.isTold(ann) // she may not read it any more
	if items := w.sent("GET", "/api/v1/me/follows", ann, "")["items"].([]any); len(items) != 0 {
		t.Errorf("she follows %v", items)
	}
	w.sent("DELETE", path+"/follow", ann, "")
	follows := w.sent("GET", "/api/v1/me/follows", admin, "")["items"].([]any)
	if len(follows) != 1 || follows[0].(map[string]any)["name"] != "Acme Inc" || follows[0].(map[string]any)["id"] != acme {
		t.Errorf("the administrator follows %v", follows)
	}
	own := w.sent("POST", "/api/v1/records/account", bob, `{"name":"Own"}`)["id"].(string)
	w.sent("PATCH", "/api/v1/records/account/"+own, bob, `{"website":"own.example.com"}`)
	w.isTold(bob, "assigned Acme Inc admin [] ") // and of nothing that he did
}

// The page of a record tells what its reader has marked, and nothing of others.
func TestPageTellsWhatIsMarked(t *testing.T) {
	w := newWorld(t)
	w.User("rep@example.com", map[string]any{"permissions": []any{"sales_user"}})
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	rep, admin := w.login("main", "rep@example.com"), w.login("main", "admin@example.com")
	id := w.sent("POST", "/api/v1/records/account", rep, `{"name":"Acme"}`)["id"].(string)
	path := "/api/v1/records/account/" + id
	marks := func(token string) string {
		page := w.sent("GET", path+"/page", token, "")
		return fmt.Sprint(page["following"], page["favourite"], page["comments"])
	}
	w.sent("PUT", path+"/follow", admin, "")
	w.sent("PUT", "/api/v1/me/favourites/account/"+id, rep, "")
	if got := marks(rep) + ", " + marks(admin); got != "false true 0, true false 0" {
		t.Errorf("marked: %s", got)
	}
	w.sent("DELETE", "/api/v1/me/favourites/account/"+id, rep, "")
	if got := marks(rep); got != "false false 0" {
		t.Errorf("no longer marked: %s", got)
	}
}

// What belongs to a record goes with it: to the record that it becomes part of, to the bin and
// back, and away for good.
func TestCommentsAndFollowsGoWithTheRecord(t *testing.T) {
	w, admin, _, _, _ := listenersWorld(t, func(*api.Options) {})
	var running sync.WaitGroup
	running.Go(func() { w.Outbox.Run(t.Context()) })
	t.Cleanup(running.Wait)
	w.caughtUp()
	var ids []string
	for _, name := range []string{"Master", "Twin"} {
		one := w.sent("POST", "/api/v1/records/account", admin, `{"name":"`+name+`"}`)["id"].(string)
		w.sent("PUT", "/api/v1/records/account/"+one+"/follow", admin, "")
		w.sent("POST", "/api/v1/records/account/"+one+"/comments", admin, `{"text":"On `+name+`"}`)
		ids = append(ids, one)
	}
	path := "/api/v1/records/account/" + ids[0]
	w.sent("POST", path+"/merge", admin, `{"from":["`+ids[1]+`"]}`)
	w.caughtUp()
	comments := func() (texts []string) {
		for _, c := range w.sent("GET", path+"/comments", admin, "")["items"].([]any) {
			texts = append(texts, c.(map[string]any)["text"].(string))
		}
		return texts
	}
	if texts := comments(); fmt.Sprint(texts) != "[On Twin On Master]" {
		t.Errorf("after merging: %q", texts)
	}
	tables := map[string]int{"_comment": 0, "_follow": 0}
	if rows := w.rows(tables); rows["_follow"] != 1 || rows["_comment"] != 2 {
		t.Errorf("after merging there are %v", rows)
	}
	w.sent("DELETE", path, admin, "")
	w.caughtUp()
	w.sent("POST", path+"/restore", admin, "")
	if texts := comments(); len(texts) != 2 {
		t.Errorf("after restoring: %q", texts)
	}
	w.sent("DELETE", path, admin, "")
	w.sent("DELETE", "/api/v1/bin/account/"+ids[0], admin, "")
	w.caughtUp()
	if rows := w.rows(tables); rows["_follow"] != 0 || rows["_comment"] != 0 {
		t.Errorf("after purging there are %v", rows)
	}
}
