package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dial opens a connection to the server.
func (s *server) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Requests that are sent by halves hold nobody up, and write nothing.
func TestHalfRequests(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	before := w.written(t, "main")
	body := `{"name":"Half a request","industry":"education"}`
	var halves []net.Conn
	for i := range 60 {
		c := w.dial(t)
		halves = append(halves, c)
		head := fmt.Sprintf("POST /api/v1/records/account HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n", admin.token)
		switch i % 5 {
		case 0: // a body cut off
			fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body[:len(body)-1])
		case 1: // a chunk cut off
			fmt.Fprintf(c, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", head, len(body), body[:10])
		case 2: // headers without end
			fmt.Fprintf(c, "%sX-Slow: ", head)
		case 3: // a file cut off
			fmt.Fprintf(c, "POST /api/v1/imports HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=xyz\r\nContent-Length: 9000000\r\n\r\n%s", admin.token, strings.TrimSuffix(form(`{"object":"lead"}`, "name\nHalf\n").body, "\r\n--xyz--\r\n"))
		case 4: // waits to be told to go on
			fmt.Fprintf(c, "%sExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", head, len(body))
		}
	}
	began := time.Now()
	var ids []string
	for i := range 50 {
		ids = append(ids, admin.create(t, "note", object{"title": fmt.Sprint("Meanwhile ", i)}))
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("50 writes took %v", took)
	}
	for _, c := range halves {
		c.Close()
	}
	for _, id := range ids {
		admin.must(t, 204, "DELETE", "/records/note/"+id, nil)
	}
	after := w.written(t, "main")
	for _, table := range []string{"account", "lead", "_import", "_job"} {
		if before[table] != after[table] {
			t.Errorf("%s: %s, then %s", table, before[table], after[table])
		}
	}
	until(t, "pieces of files that were cut off are removed", func() bool { return w.written(t, "main")["_import_chunk"] == before["_import_chunk"] })
}

// Connections that say nothing cost others nothing.
func TestIdleConnections(t *testing.T) {
	w := theWorld(t)
	const many = 1000
	open := 0
	for range many {
		c, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
		if err != nil {
			t.Fatalf("after %d connections: %v", open, err)
		}
		open++
		defer c.Close()
		if open%10 == 0 { // some have asked something before
			fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		}
	}
	for range 20 {
		if a := w.admin.en.do(t, "GET", "/records/account?limit=5", nil); a.status != 200 {
			t.Fatalf("beside %d idle connections: %v", open, a)
		}
	}
}

// Requests that come together are answered in order, each once.
func TestPipelining(t *testing.T) {
	w := theWorld(t)
	c := w.dial(t)
	var all strings.Builder
	auth := "Authorization: Bearer " + w.admin.en.token + "\r\n"
	const n = 20
	for i := range n {
		body := fmt.Sprintf(`{"title":"Piped %d"}`, i)
		fmt.Fprintf(&all, "POST /api/v1/records/note HTTP/1.1\r\nHost: x\r\nX-Request-Id: p%d\r\n%sContent-Length: %d\r\n\r\n%s", i, auth, len(body), body)
		fmt.Fprintf(&all, "GET /api/v1/nothing%d HTTP/1.1\r\nHost: x\r\nX-Request-Id: g%d\r\n\r\n", i, i)
	}
	go io.WriteString(c, all.String())
	answers := bufio.NewReader(c)
	for i := range 2 * n {
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		raw, err := io.ReadAll(response.Body)
		response.Body.Close()
		want, status := fmt.Sprint("p", i/2), 201
		if i%2 == 1 {
			want, status = fmt.Sprint("g", i/2), 404
		}
		if err != nil || response.StatusCode != status || response.Header.Get("X-Request-Id") != want {
			t.Errorf("answer %d: %d %s, want %d %s: %s, %v", i, response.StatusCode, response.Header.Get("X-Request-Id"), status, want, raw, err)
		}
	}
	if found := w.admin.en.count(t, "note", "filter", `title startsWith "Piped"`); found != n {
		t.Errorf("%d notes, want %d", found, n)
	}
}

func TestMethods(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	id := admin.create(t, "account", object{"name": "Methodical"})
	before := w.written(t, "main")
	for path, allowed := range map[string]string{
		"/records/account": "GET HEAD POST", "/records/account/" + id: "GET HEAD PATCH DELETE", "/records/account/bulk": "POST", "/metadata": "GET HEAD", "/metadata/apply": "POST",
		"/me": "GET HEAD PATCH", "/auth/login": "POST", "/imports": "GET HEAD POST", "/exports/account": "GET HEAD", "/search": "GET HEAD", "/keys": "GET HEAD POST", "/healthz": "GET HEAD",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"} {
			if strings.Contains(path, "/bulk") && strings.Contains("GET HEAD PATCH DELETE", method) || path == "/metadata/apply" && strings.Contains("GET HEAD", method) {
				continue // an id, a name
			}
			if strings.Contains(" "+allowed+" ", " "+method+" ") || method == "CONNECT" {
				continue
			}
			a := admin.do(t, method, path, nil)
			if method == "TRACE" || method == "PROPFIND" {
				if a.status < 400 || a.status > 501 {
					t.Errorf("%s %s: %v", method, path, a)
				}
				continue
			}
			if a.status != 405 {
				t.Errorf("%s %s: %v, want 405", method, path, a)
				continue
			}
			if method != "HEAD" {
				problem(t, a, 405, "api.no_method", "en")
			}
			for _, want := range strings.Fields(allowed) {
				if !strings.Contains(a.header.Get("Allow"), want) {
					t.Errorf("%s %s: Allow: %q lacks %s", method, path, a.header.Get("Allow"), want)
				}
			}
		}
		options := admin.do(t, "OPTIONS", path, nil)
		if options.status != 204 || !strings.Contains(options.header.Get("Allow"), strings.Fields(allowed)[0]) {
			t.Errorf("OPTIONS %s: %v %q", path, options, options.header.Get("Allow"))
		}
		if strings.HasPrefix(allowed, "GET") {
			get, head := admin.do(t, "GET", path, nil), admin.do(t, "HEAD", path, nil)
			if head.status != get.status || len(head.raw) != 0 || head.header.Get("Content-Type") != get.header.Get("Content-Type") {
				t.Errorf("HEAD %s: %v %v, GET: %d %v", path, head, head.header, get.status, get.header.Get("Content-Type"))
			}
		}
	}
	if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
		t.Errorf("wrote %v", wrote)
	}
	// The answer to HEAD ends with its headers, so that the next one is read as such.
	c := w.dial(t)
	for _, path := range []string{"/exports/account", "/exports/account?format=jsonl", "/records/account", "/openapi.json", "/nothing"} {
		fmt.Fprintf(c, "HEAD /api/v1%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, admin.token)
	}
	fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	raw, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if answers := strings.Split(string(raw), "HTTP/1.1 "); len(answers) != 7 {
		t.Errorf("%d answers to 6 requests", len(answers)-1)
	} else {
		for _, one := range answers[1:6] {
			if head, rest, _ := strings.Cut(one, "\r\n\r\n"); rest != "" {
				t.Errorf("%q follows the headers %q", rest, head)
			}
		}
	}
}

// A polite stop answers what is under way and takes not long.
func TestStopIsPrompt(t *testing.T) {
	s := newServer(t)
	admin := s.admin(t, "main")
	admin.create(t, "account", object{"name": "x"})
	idle := s.dial(t)
	fmt.Fprint(idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := bufio.NewReader(idle).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s.stop()
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("took %v", took)
	} else {
		t.Logf("took %v", took)
	}
}

// Whoever is still sending when a request is refused gets to read why.
func TestRefusedWhileSending(t *testing.T) {
	w := theWorld(t)
	for name, send := range map[string]string{
		"headers too large": "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Large: " + strings.Repeat("x", 3<<20),
		"no request at all": strings.Repeat("x", 3<<20),
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				c := w.dial(t)
				if _, err := io.WriteString(c, send); err != nil {
					t.Fatal("sending: ", err)
				}
				response, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Fatal(err)
				}
				raw, err := io.ReadAll(response.Body)
				if err != nil || response.StatusCode != http.StatusRequestHeaderFieldsTooLarge && response.StatusCode != http.StatusRequestEntityTooLarge {
					t.Errorf("%d %s, %v", response.StatusCode, raw, err)
				}
				if rest, err := c.Read(make([]byte, 1)); rest != 0 || err != io.EOF {
					t.Errorf("after the answer: %d bytes, %v", rest, err)
				}
			}
		})
	}
}
