package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/api"
)

// code is the code of a problem document.
func code(t *testing.T, raw []byte) string {
	t.Helper()
	var problem api.Problem
	if err := json.Unmarshal(raw, &problem); err != nil {
		t.Fatalf("no problem document: %v: %.200s", err, raw)
	}
	return problem.Code
}

// raw sends bytes over a connection of its own and reads what comes until it closes
// or is silent.
func (w *world) raw(text string) string {
	w.t.Helper()
	c, err := net.Dial("tcp", w.base[strings.LastIndex(w.base, "/")+1:])
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	go io.WriteString(c, text)
	var got bytes.Buffer
	buffer := make([]byte, 64<<10)
	for {
		c.SetReadDeadline(time.Now().Add(time.Second))
		n, err := c.Read(buffer)
		got.Write(buffer[:n])
		if err != nil {
			return got.String()
		}
	}
}

func TestLargeBodies(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	token := w.login("main", "admin@example.com")
	headers := map[string]string{"Authorization": "Bearer " + token}
	text := func(n int) string { return `{"name":"` + strings.Repeat("x", n) + `"}` }

	for _, c := range []struct {
		path   string
		size   int
		status int
		code   string
	}{
		{"/api/v1/records/account", 10 << 20, 413, "api.too_large"},
		{"/api/v1/records/account", 8<<20 + 1, 413, "api.too_large"},
		{"/api/v1/records/account", 100_000, 422, "record.invalid"}, // is read; the name is too long
		{"/api/v1/records/account/bulk", 17 << 20, 413, "api.too_large"},
		{"/api/v1/records/account/bulk", 10 << 20, 400, "api.unknown_member"}, // is read
		{"/api/v1/auth/login", 10 << 20, 413, "api.too_large"},
		{"/api/v1/nothing", 10 << 20, 404, "api.no_route"},
	} {
		t.Run(fmt.Sprintf("%s %d", c.path, c.size), func(t *testing.T) {
			status, _, raw := w.do("POST", c.path, headers, text(c.size))
			if status != c.status || code(t, raw) != c.code {
				t.Errorf("%d %s", status, raw)
			}
			if status, _, _ := w.do("GET", "/api/v1/me", headers, ""); status != 200 {
				t.Errorf("afterwards: %d", status)
			}
		})
	}
	t.Run("of unknown length", func(t *testing.T) {
		for size, want := range map[int]int{10: 201, 9_000: 422, 9 << 20: 413} {
			request, err := http.NewRequest("POST", w.base+"/api/v1/records/account", io.MultiReader(strings.NewReader(text(size))))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+token)
			response, err := w.http.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%d bytes: %d, want %d", size, response.StatusCode, want)
			}
		}
	})
	t.Run("of nobody", func(t *testing.T) {
		status, _, raw := w.do("POST", "/api/v1/records/account", nil, text(10<<20))
		if status != 401 || code(t, raw) != "auth.required" {
			t.Errorf("%d %s", status, raw)
		}
	})
}

// What is left of a body must never be taken for another request.
func TestBodiesAreNotRequests(t *testing.T) {
	w := newWorld(t)
	hidden := "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	padding := strings.Repeat("x", 20_000)
	for name, text := range map[string]string{
		"a body where none is read":  fmt.Sprintf("GET /api/v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s%s", len(padding)+len(hidden), padding, hidden),
		"a body of no route":         fmt.Sprintf("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s%s", len(padding)+len(hidden), padding, hidden),
		"a body of a lost page":      fmt.Sprintf("GET /nothing HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nContent-Length: %d\r\n\r\n%s%s", len(padding)+len(hidden), padding, hidden),
		"chunks of no route":         fmt.Sprintf("POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(hidden), hidden),
		"a body of a refused caller": fmt.Sprintf("POST /api/v1/records/account HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s%s", len(padding)+len(hidden), padding, hidden),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits a second for an answer too many
			got := w.raw(text)
			if strings.Count(got, "HTTP/1.1 ") != 1 || strings.Contains(got, `"ok"`) {
				t.Errorf("answered more than one request: %s", got)
			}
		})
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ text, status, code string }{
		"noise":                {"\x00\x01\x02\r\n\r\n", "400", ""},
		"headers too large":    {"GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 40_000) + "\r\n\r\n", "413", "api.headers"},
		"chunks that are none": {"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400", "api.unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.raw(c.text)
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.status) || !strings.Contains(got, c.code) {
				t.Errorf("%.500s", got)
			}
		})
	}
	if status, _, _ := w.do("GET", "/healthz", nil, ""); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}

func TestFailedLoginsAreLimited(t *testing.T) {
	w := newWorld(t)
	w.User("ada@example.com", nil)
	fail := func(i int) (int, http.Header, []byte) {
		return w.do("POST", "/api/v1/auth/login", nil, fmt.Sprintf(`{"email":"nobody%d@example.com","password":"wrong wrong wrong"}`, i))
	}
	var together sync.WaitGroup
	for i := range 30 {
		together.Go(func() { fail(i) })
	}
	together.Wait()
	status, header, raw := fail(99)
	if status != 429 || code(t, raw) != "auth.limited" || header.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", status, header, raw)
	}
	// Successes are not counted: a script may log in many users.
	other := newWorld(t)
	other.User("ada@example.com", nil)
	for range 40 {
		other.login("main", "ada@example.com")
	}
}

func TestTenantOfALogin(t *testing.T) {
	w := newWorld(t)
	other := w.NewTenant("other")
	w.User("ada@example.com", nil)
	other.User("bob@example.com", nil)
	for _, c := range []struct {
		host, tenant, email string
		status              int
	}{
		{"", "", "ada@example.com", 200}, {"", "", "bob@example.com", 401}, {"", "other", "bob@example.com", 200},
		{"", "nothing", "bob@example.com", 401}, {"other.crm.example", "", "bob@example.com", 401},
	} {
		body := fmt.Sprintf(`{"email":%q,"password":%q,"tenant":%q}`, c.email, password, c.tenant)
		headers := map[string]string{}
		if c.host != "" {
			headers["Host"] = c.host
		}
		if status, _, raw := w.do("POST", "/api/v1/auth/login", headers, body); status != c.status {
			t.Errorf("%+v: %d %s", c, status, raw)
		}
	}
}

// described is a parameter as the description has it.
type described struct {
	Name, In string
	Schema   struct {
		Type    string
		Maximum *int
	}
}

// check sends what the description rules out: no number, one too large, no boolean.
func (p described) check(w *world, address string, headers map[string]string) {
	wrong := map[string]string{"integer": "many", "boolean": "perhaps"}[p.Schema.Type]
	if wrong != "" {
		p.refused(w, address, headers, wrong, 400)
	}
	if p.Schema.Maximum != nil {
		p.refused(w, address, headers, strconv.Itoa(*p.Schema.Maximum+1), 422)
	}
}

func (p described) refused(w *world, address string, headers map[string]string, value string, want int) {
	if status, _, raw := w.do("GET", address+"?"+p.Name+"="+value, headers, ""); status != want && !strings.HasPrefix(address, "/api/v1/imports/") {
		w.t.Errorf("%s?%s=%s: %d %s", address, p.Name, value, status, raw)
	}
}

// Every route knows exactly the parameters that the table of routes says.
func TestParametersAreAsDocumented(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	_, header, _ := w.do("POST", "/api/v1/records/account", headers, `{"name":"Acme"}`)
	record := path.Base(header.Get("Location"))
	_, _, raw := w.do("GET", "/api/v1/openapi.json", headers, "")
	var description struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []described
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(raw, &description); err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]*)"`).FindAllSubmatch(raw, -1) {
		if name := string(found[1]); description.Components.Schemas[name] == nil {
			t.Errorf("refers to %s, which is not there", name)
		}
	}
	seen := map[string]string{}
	for at, methods := range description.Paths {
		operation, ok := methods["get"]
		if !ok {
			continue
		}
		if before := seen[operation.OperationID]; before != "" {
			t.Errorf("%s and %s are both called %s", before, at, operation.OperationID)
		}
		seen[operation.OperationID] = at
		if strings.Contains(at, "/records/") && !strings.Contains(at, "/records/account") {
			continue
		}
		address := strings.NewReplacer("{id}", record, "{object}", "account", "{kind}", "object", "{name}", "account", "{list}", "contacts").Replace(at)
		var known []string
		for _, p := range operation.Parameters {
			if p.In == "query" {
				known = append(known, p.Name)
				p.check(w, address, headers)
			}
		}
		slices.Sort(known)
		status, _, raw := w.do("GET", address+"?surely_unknown=1", headers, "")
		var problem api.Problem
		if err := json.Unmarshal(raw, &problem); err != nil {
			t.Errorf("%s: %s", at, raw)
			continue
		}
		if status == 404 && strings.HasPrefix(at, "/api/v1/imports/") {
			continue // finds the import before it looks at parameters
		}
		if got, _ := problem.Params["known"].(string); status != 400 || got != strings.Join(known, ", ") {
			t.Errorf("%s: %d, knows %q, documented are %q", at, status, got, known)
		}
	}
}

func TestDocsAreSelfContained(t *testing.T) {
	w := newWorld(t)
	_, header, raw := w.do("GET", "/api/docs", nil, "")
	if found := regexp.MustCompile(`(src|href)="(?:https?:)?//[^"]*"|@import|url\(`).Find(raw); found != nil {
		t.Errorf("the page loads something: %s", found)
	}
	policy := header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "script-src 'sha256-") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %s", policy)
	}
	if !strings.Contains(string(raw), "prefers-color-scheme: dark") || !strings.Contains(string(raw), "width=device-width") || !strings.Contains(string(raw), "邮箱") {
		t.Error("the page lacks dark colours, a phone's width or Chinese")
	}
}

func TestMetricsCountByRoute(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/api/v1/records/account/secret-id-in-the-path", nil, "")
	_, _, raw := w.do("GET", "/metrics", nil, "")
	scanner := bufio.NewScanner(bytes.NewReader(raw))
	found := false
	for scanner.Scan() {
		found = found || scanner.Text() == `formwork_http_requests_total{method="GET",route="/api/v1/records/:object/:id",status="4xx"} 1`
	}
	if !found || bytes.Contains(raw, []byte("secret-id")) {
		t.Errorf("not counted by route: %.2000s", raw)
	}
}

// The log names requests and users, and holds no secret and nothing people looked for.
func TestLogHoldsNoSecrets(t *testing.T) {
	w := newWorld(t)
	user := w.User("ada@example.com", map[string]any{"permissions": []any{"admin"}})
	token := w.login("main", "ada@example.com")
	headers := map[string]string{"Authorization": "Bearer " + token}
	w.do("GET", "/api/v1/records/account?filter=name+%3D%3D+%22Confidential%22", headers, "")
	w.do("POST", "/api/v1/auth/login", nil, `{"email":"ada@example.com","password":"a wrong password"}`)
	log := w.log.String()
	for _, secret := range []string{token, password, "a wrong password", "Confidential", "filter="} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q: %s", secret, log)
		}
	}
	if !strings.Contains(log, "user="+user.String()) || !strings.Contains(log, "path=/api/v1/records/account ") {
		t.Errorf("the log lacks the request: %s", log)
	}
}

// Connections on which somebody has logged in, or came with a token, stay while others make
// room, and whoever wants to log in gets in.
func TestConnectionsOfThoseLoggedInStay(t *testing.T) {
	w := newWorldWith(t, func(o *api.Options) { o.Connections = api.Connections{All: 4, PerAddress: 100} })
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	token := w.login("main", "admin@example.com") // on a connection that stays open
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", strings.TrimPrefix(w.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	ask := func(c net.Conn, request, body string) {
		t.Helper()
		if _, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", request, token, len(body), body); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("%s: %v %v", request, answer, err)
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			t.Fatal(err)
		}
	}
	closed := func(c net.Conn) {
		t.Helper()
		if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Fatalf("a stranger's connection stays: %v", err)
		}
	}
	known := dial()
	ask(known, "GET /api/v1/me", "")
	first, second := dial(), dial()
	newcomer := dial()
	closed(first)
	ask(newcomer, "POST /api/v1/auth/login", `{"email":"admin@example.com","password":"`+password+`"}`)
	third := dial()
	closed(second)
	dial()
	closed(third)
	ask(known, "GET /api/v1/me", "")
	ask(newcomer, "GET /api/v1/me", "")
}
