package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/api"
	"formwork/engine/enginetest"
	"formwork/engine/store/teststore"
	"formwork/workflows/webhook"
)

const password = enginetest.Password

// world is a server with the tenant "main", on a store of its own.
type world struct {
	*enginetest.Tenant
	t    *testing.T
	base string
	log  *lockedBuffer
	http *http.Client
}

// lockedBuffer is a log that may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newWorld starts a server with the packages installed in the tenant "main". Its
// time passes, for limits and requests are timed.
func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, func(*api.Options) {})
}

// newWorldWith is newWorld with changed options.
func newWorldWith(t *testing.T, change func(*api.Options)) *world {
	t.Helper()
	return newWorldOver(t, nil, change)
}

// newWorldOver is newWorldWith over a store; nil: the usual one.
func newWorldOver(t *testing.T, open teststore.Opener, change func(*api.Options)) *world {
	t.Helper()
	w := &world{t: t, log: &lockedBuffer{}, http: &http.Client{Timeout: time.Minute}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	p := enginetest.New(t, enginetest.Options{Open: open, Now: time.Now, Log: log, Address: "https://crm.example.com", Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	w.Tenant = p.NewTenant("main")
	o := api.Options{Store: p.Store, Catalog: p.Catalog, Records: p.Records, Auth: p.Auth, Imports: p.Imports, Files: p.Files, Workspace: p.Workspace, Drafts: p.Drafts, Workflows: p.Workflows, Secrets: p.Secrets, Mail: p.Mail, Fetches: p.Fetches, Forms: p.Forms, Unsubscribing: p.Unsubscribing, Printer: p.Printer, Collaboration: p.Collaboration, Live: p.Live, Now: p.Now, Log: log,
		Access: true, Tenant: "main", Version: "test"}
	change(&o)
	server := api.New(o)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.base = "http://" + listener.Addr().String()
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.log.String())
		}
		w.http.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return w
}

// login gets a token.
func (w *world) login(tenant, email string) string {
	w.t.Helper()
	status, _, body := w.do("POST", "/api/v1/auth/login", nil, fmt.Sprintf(`{"email":%q,"password":%q,"tenant":%q}`, email, password, tenant))
	if status != http.StatusOK {
		w.t.Fatalf("login of %s: %d %s", email, status, body)
	}
	var answer struct{ Token string }
	if err := json.Unmarshal(body, &answer); err != nil {
		w.t.Fatal(err)
	}
	return answer.Token
}

// do sends a request and reads the answer.
func (w *world) do(method, path string, headers map[string]string, body string) (int, http.Header, []byte) {
	w.t.Helper()
	request, err := http.NewRequest(method, w.base+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range headers {
		if name == "Host" {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	response, err := w.http.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, response.Header, raw
}

// scenario is a file of testdata: users, and requests in order.
type scenario struct {
	Users []someone `json:"users"`
	Steps []step    `json:"steps"`
}

// someone is a user; their e-mail is <as>@example.com.
type someone struct {
	As    string         `json:"as"`
	With  map[string]any `json:"with"`
	Other bool           `json:"other"` // of a second tenant
}

// step is one request and what must come of it. ${name} stands for a value that an
// earlier step saved.
type step struct {
	Says    string            `json:"says"`
	As      string            `json:"as"` // nobody if empty
	Send    string            `json:"send"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	Text    string            `json:"text"`  // instead of a body
	Times   int               `json:"times"` // that the text is repeated
	Signs   *signs            `json:"signs"` // the body, as outside systems do that post to workflows
	Status  int               `json:"status"`
	// Has is a part of the answer: every member must be there; an array must be of the
	// same length.
	Has json.RawMessage `json:"has"`
	// Header are headers of the answer; "*" for any value.
	Header map[string]string `json:"header"`
	Lacks  []string          `json:"lacks"`  // texts that must not appear
	Save   map[string]string `json:"save"`   // name -> member of the answer, by dots
	Writes map[string]int    `json:"writes"` // table -> rows that were added
}

// signs is how a body is signed.
type signs struct {
	Secret string `json:"secret"`
	ID     string `json:"id"`
	Ago    int64  `json:"ago"` // seconds
}

func (s *signs) sign(headers map[string]string, secret, body string) {
	d := &webhook.Delivery{ID: s.ID, Timestamp: strconv.FormatInt(time.Now().Unix()-s.Ago, 10), Body: []byte(body)}
	headers[webhook.HeaderID], headers[webhook.HeaderTimestamp], headers[webhook.HeaderSignature] = d.ID, d.Timestamp, webhook.Sign(secret, d)
}

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var s scenario
			decoder := json.NewDecoder(bytes.NewReader(raw))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&s); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			newWorld(t).play(&s)
		})
	}
}

// play runs a scenario.
func (w *world) play(s *scenario) {
	tokens, saved := map[string]string{}, map[string]string{}
	var second *enginetest.Tenant
	if slices.ContainsFunc(s.Users, func(u someone) bool { return u.Other }) {
		second = w.NewTenant("other")
	}
	for _, u := range s.Users {
		tenant := w.Tenant
		if u.Other {
			tenant = second
		}
		saved["user."+u.As] = tenant.User(u.As+"@example.com", u.With).String()
		tokens[u.As] = w.login(tenant.Name(), u.As+"@example.com")
		saved["token."+u.As] = tokens[u.As]
	}
	for i, step := range s.Steps {
		w.t.Run(fmt.Sprintf("%02d %s", i, step.Says), func(t *testing.T) {
			at := *w
			at.t = t
			at.play1(step, tokens, saved)
		})
		if w.t.Failed() {
			return // what follows builds on it
		}
	}
}

func (w *world) play1(step step, tokens, saved map[string]string) {
	fill := func(text string) string {
		for name, value := range saved {
			text = strings.ReplaceAll(text, "${"+name+"}", value)
		}
		return text
	}
	method, path, _ := strings.Cut(step.Send, " ")
	headers := map[string]string{}
	for name, value := range step.Headers {
		headers[name] = fill(value)
	}
	if step.As != "" {
		token, ok := tokens[step.As]
		if !ok {
			token = saved[step.As] // a key
		}
		headers["Authorization"] = "Bearer " + token
	}
	body := fill(step.Text)
	if step.Body != nil {
		body = fill(string(step.Body))
	}
	if step.Times > 0 {
		body = strings.Repeat(body, step.Times)
	}
	if step.Signs != nil {
		step.Signs.sign(headers, fill(step.Signs.Secret), body)
	}
	before := w.rows(step.Writes)
	status, header, raw := w.do(method, fill(path), headers, body)
	if status != step.Status {
		w.t.Fatalf("status %d, want %d: %s", status, step.Status, raw)
	}
	var answer any
	if len(raw) > 0 && strings.Contains(header.Get("Content-Type"), "json") {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if err := decoder.Decode(&answer); err != nil {
			w.t.Fatalf("the answer is no JSON: %v: %s", err, raw)
		}
	}
	if step.Has != nil {
		decoder := json.NewDecoder(strings.NewReader(fill(string(step.Has))))
		decoder.UseNumber()
		var want any
		if err := decoder.Decode(&want); err != nil {
			w.t.Fatal(err)
		}
		if where := missing("", want, answer); where != "" {
			w.t.Errorf("%s: %s", where, raw)
		}
	}
	for name, value := range step.Header {
		if got := header.Get(name); got == "" || (value != "*" && got != fill(value)) {
			w.t.Errorf("header %s is %q, want %q", name, got, fill(value))
		}
	}
	for _, text := range step.Lacks {
		if bytes.Contains(raw, []byte(fill(text))) {
			w.t.Errorf("%q must not appear: %s", fill(text), raw)
		}
	}
	for name, member := range step.Save {
		saved[name] = fmt.Sprint(reach(answer, member))
	}
	for table, added := range step.Writes {
		if got := w.rows(step.Writes)[table] - before[table]; got != added {
			w.t.Errorf("%d rows were added to %s, want %d", got, table, added)
		}
	}
}

// rows counts the rows of tables.
func (w *world) rows(tables map[string]int) map[string]int {
	counts := map[string]int{}
	for table := range tables {
		n, err := w.Tenant.Count(context.Background(), table, nil, nil, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		counts[table] = int(n)
	}
	return counts
}

// missing says where want is not a part of got, "" if it is. The text "*" stands
// for any value but null.
func missing(at string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return at + " is no object"
		}
		for name, v := range want {
			in, there := object[name]
			if !there {
				return at + "/" + name + " is missing"
			}
			if where := missing(at+"/"+name, v, in); where != "" {
				return where
			}
		}
		return ""
	case []any:
		array, ok := got.([]any)
		if !ok || len(array) != len(want) {
			return fmt.Sprintf("%s is no array of %d", at, len(want))
		}
		for i, v := range want {
			if where := missing(fmt.Sprintf("%s/%d", at, i), v, array[i]); where != "" {
				return where
			}
		}
		return ""
	}
	if want == "*" && got != nil {
		return ""
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("%s is %v, want %v", at, got, want)
	}
	return ""
}

// reach follows a path such as "items.0.id".
func reach(v any, path string) any {
	for _, part := range strings.Split(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			var i int
			fmt.Sscan(part, &i)
			if i >= len(in) {
				return nil
			}
			v = in[i]
		}
	}
	return v
}
