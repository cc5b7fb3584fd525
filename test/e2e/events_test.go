package e2e

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"
)

// events opens a stream; after is the id of the last event that is known, "" for none. next is the
// next event, its lines joined by spaces.
func (c *client) events(t *testing.T, after string) (next func() string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", c.server.base+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if after != "" {
		request.Header.Set("Last-Event-ID", after)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET /events: %d", response.StatusCode)
	}
	timer := time.AfterFunc(hangsAfter, func() { response.Body.Close() })
	t.Cleanup(func() { timer.Stop() })
	lines := bufio.NewScanner(response.Body)
	return func() string {
		t.Helper()
		var of []string
		for lines.Scan() {
			switch line := lines.Text(); {
			case line != "" && line != ":":
				of = append(of, line)
			case len(of) > 0:
				return strings.Join(of, " ")
			}
		}
		t.Fatalf("the stream has ended: %v", lines.Err())
		return ""
	}
}

// Who listens again after the server was killed is told what they missed, of what was acknowledged
// before it was and after.
func TestEventsGoOnAfterAKill(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	admin := s.admin(t, "main")
	next := admin.events(t, "")
	id, found := strings.CutPrefix(strings.SplitN(next(), " event", 2)[0], "id: ")
	if !found {
		t.Fatal("the first event has no id")
	}
	before := admin.create(t, "account", object{"name": "Before"})
	s.kill()
	s.start(t)
	admin = s.admin(t, "main")
	after := admin.create(t, "account", object{"name": "After"})
	next = admin.events(t, id)
	told := ""
	for !strings.Contains(told, after) {
		event := next()
		if strings.Contains(event, "event: reset") {
			t.Fatalf("told to look anew: %q", event)
		}
		told += event + "\n"
	}
	if !strings.Contains(told, before) {
		t.Errorf("%s was missed:\n%s", before, told)
	}
}
