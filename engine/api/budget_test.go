package api_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"formwork/engine/api"
	"formwork/engine/budget"
)

// dial opens a connection and sends what a request begins with.
func (w *world) dial(text string) net.Conn {
	w.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// answer reads an answer within a while.
func (w *world) answer(c net.Conn) (*http.Response, []byte) {
	w.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response, raw
}

// long makes accounts with a text that JSON writes twice as long.
func (w *world) long(headers map[string]string, number, size int) {
	w.t.Helper()
	text := strings.Repeat(`\"`, size)
	var body strings.Builder
	body.WriteString(`{"operations":[`)
	for i := range number {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"op":"create","data":{"name":"Long %d","description":"%s"}}`, i, text)
	}
	status, _, raw := w.do("POST", "/api/v1/records/account/bulk", headers, body.String()+"]}")
	if status != 200 || !strings.Contains(string(raw), `"failed":0`) {
		w.t.Fatalf("%d %.300s", status, raw)
	}
}

// A page ends where its JSON, not its texts, comes to the bound; what follows is on the next.
func TestPagesAreBoundedAsEncoded(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	const all = 130
	w.long(headers, all, 40_000)
	seen, cursor := 0, ""
	for seen < all {
		_, _, raw := w.do("GET", "/api/v1/records/account?limit=500&cursor="+cursor, headers, "")
		var page struct {
			Items []json.RawMessage
			Next  string
		}
		if err := json.Unmarshal(raw, &page); err != nil || len(page.Items) == 0 {
			t.Fatalf("%v: %.300s", err, raw)
		}
		if len(raw) > 8<<20+400_000 {
			t.Errorf("a page of %d bytes", len(raw))
		}
		seen, cursor = seen+len(page.Items), page.Next
		if (cursor == "") != (seen == all) {
			t.Fatalf("%d records, and next is %q", seen, cursor)
		}
	}
}

// Answers that nobody reads are held of a budget; a user who holds their part is told to
// come again, and others are served.
func TestUnreadAnswersAreBounded(t *testing.T) {
	const memory = 64 << 20
	w := newWorldWith(t, func(o *api.Options) { o.Memory = budget.New(budget.Of(memory, false)) })
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.User("other@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	for range 4 {
		w.long(headers, 15, 60_000)
	}
	list := "GET /api/v1/records/account?limit=500 HTTP/1.1\r\nHost: x\r\nAuthorization: " + headers["Authorization"] + "\r\n\r\n"
	refused := 0
	for range 8 {
		c := w.dial(list)
		first := make([]byte, 12)
		if _, err := io.ReadFull(c, first); err != nil {
			t.Fatal(err)
		}
		if status := string(first[9:]); status == "429" {
			refused++
		} else if status != "200" {
			t.Errorf("answered with %s", first)
		}
	}
	if refused == 0 {
		t.Error("whatever a user asks for is held")
	}
	status, header, raw := w.do("GET", "/api/v1/records/account?limit=500", headers, "")
	if status != 429 || code(t, raw) != "budget.user_bytes" || header.Get("Retry-After") != "1" {
		t.Errorf("%d %.300s", status, raw)
	}
	if status, _, _ := w.do("GET", "/api/v1/records/account?limit=500&fields=name", headers, ""); status != 200 {
		t.Errorf("a small answer: %d", status)
	}
	other := map[string]string{"Authorization": "Bearer " + w.login("main", "other@example.com")}
	if status, _, raw := w.do("GET", "/api/v1/records/account?limit=20", other, ""); status != 200 {
		t.Errorf("another user: %d %.300s", status, raw)
	}
	_, _, raw = w.do("GET", "/metrics", nil, "")
	_, after, _ := strings.Cut(string(raw), "\nformwork_http_memory_bytes ")
	line, _, _ := strings.Cut(after, "\n")
	if held, err := strconv.ParseFloat(line, 64); err != nil || held == 0 || held > memory/4+1<<20 {
		t.Errorf("%q bytes are held, %v", line, err)
	}
}

// Large bodies that come slowly keep nobody's large body waiting.
func TestSlowBodies(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	for range 9 {
		w.dial("POST /api/v1/records/account/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: " + headers["Authorization"] +
			"\r\nContent-Type: application/json\r\nContent-Length: 10000000\r\n\r\n" + strings.Repeat(" ", 100_000))
	}
	began := time.Now()
	w.long(headers, 30, 40_000)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("a large body took %v", took)
	}
}

// Who may not import is told before the file has come.
func TestImportsAreRefusedFirst(t *testing.T) {
	t.Parallel() // what is sent of the file is waited for
	w := newWorld(t)
	w.User("rep@example.com", map[string]any{"permissions": []any{"sales_user"}})
	token := w.login("main", "rep@example.com")
	c := w.dial("POST /api/v1/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token +
		"\r\nContent-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n--x\r\n")
	began := time.Now()
	if response, raw := w.answer(c); response.StatusCode != 403 || code(t, raw) != "auth.right_missing" {
		t.Errorf("%d %s", response.StatusCode, raw)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("was told after %v", took)
	}
}

// A user's exports under way are bounded; slow ones keep nobody from reading.
func TestSlowExports(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	for range 4 {
		w.long(headers, 100, 60_000)
	}
	export := "GET /api/v1/exports/account HTTP/1.1\r\nHost: x\r\nAuthorization: " + headers["Authorization"] + "\r\n\r\n"
	for i := range 5 {
		c := w.dial(export)
		first := make([]byte, 12)
		if _, err := io.ReadFull(c, first); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]string{true: "200", false: "429"}[i < 2]; string(first[9:]) != want {
			t.Errorf("export %d: %s", i, first)
		}
	}
	if status, header, raw := w.do("GET", "/api/v1/exports/account", headers, ""); status != 429 || code(t, raw) != "api.exports" || header.Get("Retry-After") == "" {
		t.Errorf("%d %.300s", status, raw)
	}
	if status, _, _ := w.do("GET", "/api/v1/records/account?limit=1", headers, ""); status != 200 {
		t.Errorf("a list meanwhile: %d", status)
	}
}
