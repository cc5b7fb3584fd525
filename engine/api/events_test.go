package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"formwork/engine/api"
	"formwork/engine/live"
	"formwork/engine/store/mongo/mongotest"
)

// told is an event as a browser gets it.
type told struct{ id, event, data string }

// listening is a stream of events that is read by a goroutine.
type listening struct {
	t      *testing.T
	events chan told // closed when the stream has ended
	close  context.CancelFunc
}

// listen opens a stream; after is the Last-Event-ID, "" for none.
func (w *world) listen(token, after string) *listening {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	request, err := http.NewRequestWithContext(ctx, "GET", w.base+"/api/v1/events", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if after != "" {
		request.Header.Set("Last-Event-ID", after)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		w.t.Fatal(err)
	}
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" || response.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	l := &listening{t: w.t, events: make(chan told, 1000), close: cancel}
	w.t.Cleanup(cancel)
	go func() {
		defer close(l.events)
		defer response.Body.Close()
		var e told
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case name == "id":
				e.id = value
			case name == "event":
				e.event = value
			case name == "data":
				e.data = value
			case lines.Text() == "" && e != (told{}):
				l.events <- e
				e = told{}
			}
		}
	}()
	return l
}

// next is the next event.
func (l *listening) next() told {
	l.t.Helper()
	select {
	case e, ok := <-l.events:
		if !ok {
			l.t.Fatal("the stream has ended")
		}
		return e
	case <-time.After(20 * time.Second):
		l.t.Fatal("nothing was told")
	}
	return told{}
}

// tells reads on until an event that is the last which is expected, and holds all of them
// against those that are.
func (l *listening) tells(want ...string) (last told) {
	l.t.Helper()
	for _, one := range want {
		last = l.next()
		if got := last.event + " " + last.data; got != one {
			l.t.Fatalf("%s is told, want %s", got, one)
		}
	}
	return last
}

// ends waits for the end of the stream, and fails if anything is told before.
func (l *listening) ends() {
	l.t.Helper()
	select {
	case e, ok := <-l.events:
		if ok {
			l.t.Fatalf("%v is told", e)
		}
	case <-time.After(20 * time.Second):
		l.t.Fatal("the stream goes on")
	}
}

// begins reads the events with which every stream begins, and returns the first.
func (l *listening) begins(revision int64, unread int) told {
	l.t.Helper()
	first := l.tells(fmt.Sprintf(`revision {"revision":%d}`, revision))
	l.tells(fmt.Sprintf(`notification {"unread":%d}`, unread))
	return first
}

func recordEvent(object, id string, version int, did string) string {
	return fmt.Sprintf(`record {"object":%q,"id":%q,"version":%d,"did":%q}`, object, id, version, did)
}

// asideEvent tells of something that the version of a record does not count.
func asideEvent(object, id string, version int) string {
	return fmt.Sprintf(`record {"object":%q,"id":%q,"version":%d,"did":"changed","aside":true}`, object, id, version)
}

// listenersWorld is a world with an administrator and two people who each see what they own.
func listenersWorld(t *testing.T, change func(*api.Options)) (w *world, admin, ann, bob string, bobID string) {
	t.Helper()
	w = newWorldWith(t, change)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	bobID = w.User("bob@example.com", map[string]any{"permissions": []any{"sales_user"}}).String()
	return w, w.login("main", "admin@example.com"), w.login("main", "ann@example.com"), w.login("main", "bob@example.com"), bobID
}

// sent is the answer to a request that goes well.
func (w *world) sent(method, path, token, body string) map[string]any {
	w.t.Helper()
	status, _, raw := w.do(method, path, map[string]string{"Authorization": "Bearer " + token}, body)
	if status/100 != 2 {
		w.t.Fatalf("%s %s: %d %s", method, path, status, raw)
	}
	answer := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &answer); err != nil {
			w.t.Fatal(err)
		}
	}
	return answer
}

// What happens to a record is told to those who may read it, and to nobody else.
func TestEventsAreOfReadableRecords(t *testing.T) {
	w, admin, ann, bob, bobID := listenersWorld(t, func(*api.Options) {})
	all, hers, his := w.listen(admin, ""), w.listen(ann, ""), w.listen(bob, "")
	for _, l := range []*listening{all, hers, his} {
		if first := l.begins(w.Snapshot().Revision, 0); first.id == "" {
			t.Error("the first event has no id")
		}
	}
	one := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	all.tells(recordEvent("account", one, 1, "created"))
	hers.tells(recordEvent("account", one, 1, "created"))
	w.sent("PATCH", "/api/v1/records/account/"+one, ann, `{"website":"acme.example.com"}`)
	hers.tells(recordEvent("account", one, 2, "changed"))
	all.tells(recordEvent("account", one, 2, "changed"))
	w.sent("PATCH", "/api/v1/records/account/"+one, admin, `{"owner":"`+bobID+`"}`)
	his.tells(recordEvent("account", one, 3, "changed")) // the first that he is told of
	all.tells(recordEvent("account", one, 3, "changed"))
	w.sent("DELETE", "/api/v1/records/account/"+one, bob, "")
	his.tells(recordEvent("account", one, 3, "deleted"))
	all.tells(recordEvent("account", one, 3, "deleted"))
	w.sent("POST", "/api/v1/records/account/"+one+"/restore", bob, "")
	w.sent("GET", "/api/v1/records/account/"+one, bob, "")
	if e := his.next(); !strings.Contains(e.data, `"did":"created"`) || !strings.Contains(e.data, one) {
		t.Errorf("after restoring: %v", e)
	}
	// What she may read next is what she is told next: nothing of Bob's record.
	other := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Other"}`)["id"].(string)
	hers.tells(recordEvent("account", other, 1, "created"))
}

// A roll-up and a comment change a record, though its version stays.
func TestEventsTellWhatVersionsDoNotCount(t *testing.T) {
	w, admin, ann, _, _ := listenersWorld(t, func(*api.Options) {})
	one := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	hers := w.listen(ann, "")
	hers.begins(w.Snapshot().Revision, 0)
	deal := w.sent("POST", "/api/v1/records/opportunity", ann, `{"name":"Deal","account":"`+one+`","amount":5}`)["id"].(string)
	hers.tells(recordEvent("opportunity", deal, 1, "created"))
	hers.tells(asideEvent("account", one, 1))
	w.sent("POST", "/api/v1/records/account/"+one+"/comments", admin, `{"text":"Well done"}`)
	hers.tells(asideEvent("account", one, 1))
	w.sent("PATCH", "/api/v1/records/account/"+one, admin, `{"name":"Acme Ltd"}`)
	hers.tells(recordEvent("account", one, 2, "changed"))
}

// Whoever comes again is told what came since, or to look anew.
func TestEventsGoOnAfterABreak(t *testing.T) {
	w, admin, ann, _, _ := listenersWorld(t, func(*api.Options) {})
	revision := w.Snapshot().Revision
	l := w.listen(ann, "")
	l.begins(revision, 0)
	one := w.sent("POST", "/api/v1/records/account", ann, `{"name":"One"}`)["id"].(string)
	known := l.tells(recordEvent("account", one, 1, "created")).id
	l.close()
	two := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Two"}`)["id"].(string)
	w.sent("POST", "/api/v1/records/account", admin, `{"name":"Of another"}`)
	last := w.listen(ann, known)
	last.begins(revision, 0)
	last.tells(recordEvent("account", two, 1, "created"))
	last = w.listen(ann, known)
	last.begins(revision, 0)
	if e := last.next(); e.id <= known {
		t.Errorf("the id %q follows %q", e.id, known)
	}
	unknown := []string{"9223372036854775807"}
	if mongotest.URI() == "" { // which counts from 1
		unknown = append(unknown, "1")
	}
	for _, unknown := range unknown {
		l := w.listen(ann, unknown)
		l.begins(revision, 0)
		if e := l.next(); e.event != "reset" || e.id == "" || e.id == unknown {
			t.Errorf("after %s: %v", unknown, e)
		}
	}
	for i := range 11 { // 550 accounts are more than are told one by one
		var body strings.Builder
		for j := range 50 {
			fmt.Fprintf(&body, `,{"op":"create","data":{"name":"Many %d %d"}}`, i, j)
		}
		w.sent("POST", "/api/v1/records/account/bulk", ann, `{"operations":[`+body.String()[1:]+`]}`)
	}
	l = w.listen(ann, known)
	l.begins(revision, 0)
	l.tells("reset {}")
}

// A stream ends with the session and when the rights of its caller change; it goes on over a
// revision, of which it tells. The server looks by itself for what others have done.
func TestEventsEndWithTheSession(t *testing.T) {
	var hub *live.Hub
	w, admin, ann, bob, bobID := listenersWorld(t, func(o *api.Options) {
		hub = live.New(live.Options{Snapshots: o.Catalog, Records: o.Records, Inboxes: o.Collaboration, Now: o.Now, Poll: 20 * time.Millisecond}) // nobody wakes it
		o.Live = hub
	})
	all, hers, his := w.listen(admin, ""), w.listen(ann, ""), w.listen(bob, "")
	for _, l := range []*listening{all, hers, his} {
		l.begins(w.Snapshot().Revision, 0)
	}
	w.sent("POST", "/api/v1/auth/logout", ann, "")
	w.Apply(`{"kind":"object","name":"thing","label":"Thing","name_field":"name","fields":{"name":{"type":"text"}}}`)
	revision := fmt.Sprintf(`revision {"revision":%d}`, w.Snapshot().Revision)
	all.tells(revision)
	his.tells(revision)
	hers.ends()
	w.sent("PATCH", "/api/v1/records/user/"+bobID, admin, `{"permissions":[]}`)
	his.ends()
	if e := all.next(); !strings.Contains(e.data, bobID) {
		t.Errorf("%v is told", e)
	}
	all.close()
	for began := time.Now(); hub.Streams() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d streams are left", hub.Streams())
		}
	}
}

// A user has a few streams at once, none of which is a request under way; who has none left may
// close one. HEAD opens none.
func TestStreamsAreBounded(t *testing.T) {
	w, _, ann, bob, _ := listenersWorld(t, func(*api.Options) {})
	var open []*listening
	for range 8 {
		l := w.listen(ann, "")
		l.next()
		open = append(open, l)
	}
	headers := map[string]string{"Authorization": "Bearer " + ann}
	if status, header, raw := w.do("GET", "/api/v1/events", headers, ""); status != 429 || code(t, raw) != "live.streams" || header.Get("Retry-After") == "" {
		t.Errorf("%d %s", status, raw)
	}
	if status, _, raw := w.do("HEAD", "/api/v1/events", headers, ""); status != 200 || len(raw) != 0 {
		t.Errorf("HEAD: %d %s", status, raw)
	}
	if status, _, _ := w.do("GET", "/api/v1/events", nil, ""); status != 401 {
		t.Errorf("nobody: %d", status)
	}
	w.listen(bob, "").next()
	open[0].close()
	for began := time.Now(); w.Live.Streams() != 8; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d streams are open", w.Live.Streams())
		}
	}
	w.listen(ann, "").next()
	// The server stops though streams are open: see newWorldOver.
}

// Whoever is notified is told how many notifications they have not read, and nobody else is.
func TestEventsOfNotifications(t *testing.T) {
	w, admin, ann, bob, bobID := listenersWorld(t, func(*api.Options) {})
	one := w.sent("POST", "/api/v1/records/account", admin, `{"name":"Acme","owner":"`+bobID+`"}`)["id"].(string)
	hers, his := w.listen(ann, ""), w.listen(bob, "")
	hers.begins(w.Snapshot().Revision, 0)
	his.begins(w.Snapshot().Revision, 0)
	for range 2 {
		w.sent("POST", "/api/v1/records/account/"+one+"/comments", admin, `{"text":"@[](user:`+bobID+`)"}`)
	}
	for unread := 0; unread != 2; { // the two may be told together
		switch e := his.next(); e.event {
		case "record":
			if want := asideEvent("account", one, 1); "record "+e.data != want {
				t.Errorf("%v is told, want %s", e, want)
			}
		case "notification":
			if _, err := fmt.Sscanf(e.data, `{"unread":%d}`, &unread); err != nil || e.id != "" {
				t.Errorf("%v: %v", e, err)
			}
		default:
			t.Errorf("%v is told", e)
		}
	}
	w.sent("POST", "/api/v1/me/notifications/read", bob, `{"all":true}`)
	for e := his.next(); e.data != `{"unread":0}`; e = his.next() {
		if e.event != "record" {
			t.Fatalf("%v is told", e)
		}
	}
	other := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Other"}`)["id"].(string)
	hers.tells(recordEvent("account", other, 1, "created"))
	w.listen(bob, "").begins(w.Snapshot().Revision, 0)
}

// Whoever loses a right is told nothing more that needs it: by a change of the configuration at
// once, and the stream goes on; where they are locked out it ends.
func TestEventsEndWithTheRights(t *testing.T) {
	w, admin, ann, bob, bobID := listenersWorld(t, func(*api.Options) {})
	hers, his := w.listen(ann, ""), w.listen(bob, "")
	hers.begins(w.Snapshot().Revision, 0)
	his.begins(w.Snapshot().Revision, 0)
	one := w.sent("POST", "/api/v1/records/account", ann, `{"name":"One"}`)["id"].(string)
	hers.tells(recordEvent("account", one, 1, "created"))
	w.Apply(`{"kind":"permission","name":"sales_user","objects":{"account":{"create":false,"read":false,"update":false,"delete":false}}}`)
	revision := fmt.Sprintf(`revision {"revision":%d}`, w.Snapshot().Revision)
	hers.tells(revision)
	his.tells(revision)
	w.sent("PATCH", "/api/v1/records/account/"+one, admin, `{"website":"one.example.com"}`)
	contact := w.sent("POST", "/api/v1/records/contact", ann, `{"last_name":"Next"}`)["id"].(string)
	hers.tells(recordEvent("contact", contact, 1, "created"))
	w.sent("PATCH", "/api/v1/records/user/"+bobID, admin, `{"active":false}`)
	his.ends()
	if status, _, _ := w.do("GET", "/api/v1/events", map[string]string{"Authorization": "Bearer " + bob}, ""); status != 401 {
		t.Errorf("locked out, and answered %d", status)
	}
}

// A stream on which nothing happens shows that it lives, so that who listens, and whatever stands
// between, knows.
func TestQuietStreamsShowThatTheyLive(t *testing.T) {
	w, _, ann, _, _ := listenersWorld(t, func(o *api.Options) { o.Heartbeat = 20 * time.Millisecond })
	c, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // it fails by the deadline then
	fmt.Fprintf(c, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", ann)
	lines, signs := bufio.NewScanner(c), 0
	for signs < 3 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), ":") {
			signs++
		}
	}
	if signs < 3 {
		t.Errorf("%d signs of life, %v", signs, lines.Err())
	}
}

// cramped is a listener whose connections keep little of what was sent and not read.
type cramped struct{ net.Listener }

func (l cramped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return c, c.(*net.TCPConn).SetWriteBuffer(4 << 10)
}

// Who does not read what they are told loses the stream, a heartbeat after the network has room for no more of it.
// Others are told all meanwhile, and who lost it may begin another.
func TestWhoDoesNotReadLosesTheStream(t *testing.T) {
	var o api.Options
	w, admin, ann, _, _ := listenersWorld(t, func(given *api.Options) {
		given.Heartbeat = 200 * time.Millisecond
		o = *given
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	second, done := api.New(o), make(chan error, 1)
	go func() { done <- second.Serve(cramped{listener}) }()
	t.Cleanup(func() {
		if err := errors.Join(second.Shutdown(context.Background()), <-done); err != nil {
			t.Error(err)
		}
	})
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", admin)
	for began := time.Now(); w.Live.Streams() != 1; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the stream does not begin")
		}
	}

	reader := w.listen(ann, "")
	reader.begins(1, 0)
	const together = 100
	operations := `{"operations":[` + strings.TrimSuffix(strings.Repeat(`{"op":"create","data":{"name":"Ann's"}},`, together), ",") + `]}`
	for began := time.Now(); w.Live.Streams() == 2; {
		if time.Since(began) > time.Minute {
			t.Fatal("much was told to somebody who does not read")
		}
		w.sent("POST", "/api/v1/records/lead/bulk", ann, operations)
		for range together {
			if e := reader.next(); e.event != "record" {
				t.Fatalf("told of %v", e)
			}
		}
	}
	w.listen(admin, "").next()
}
