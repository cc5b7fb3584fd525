package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/api"
	"formwork/engine/auth"
	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata/packages"
	"formwork/plugins/standard"
)

const password = "correct horse battery"

// world is a server with a tenant, on a store of its own.
type world struct {
	t       *testing.T
	base    string
	store   store.Store
	tenant  store.Tenant
	catalog *catalog.Catalog
	records *record.Service
	auth    *auth.Service
	ids     *id.Source
	log     *lockedBuffer
	http    *http.Client
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

// newWorld starts a server with the packages installed in the tenant "main".
func newWorld(t *testing.T) *world {
	t.Helper()
	s := teststore.Open(t)
	w := &world{t: t, store: s, ids: id.NewSource(time.Now, func() uint32 { return 7 }), log: &lockedBuffer{}, http: &http.Client{Timeout: time.Minute}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.catalog = catalog.New(catalog.Options{Types: standard.FieldTypes(), Kinds: standard.Kinds(), Packages: packages.All(), IDs: w.ids, Now: time.Now,
		Tables: slices.Concat(record.Tables(), auth.Tables())})
	w.records = record.New(record.Options{IDs: w.ids, Now: time.Now})
	w.auth = auth.New(auth.Options{Store: s, Catalog: w.catalog, IDs: w.ids, Now: time.Now, Random: rand.Reader, Log: log})
	w.tenant = w.newTenant("main")
	server := api.New(api.Options{Store: s, Catalog: w.catalog, Records: w.records, Auth: w.auth, Now: time.Now, Log: log,
		Access: true, Tenant: "main", Version: "test"})
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

func (w *world) newTenant(name string) store.Tenant {
	w.t.Helper()
	t, err := w.store.Create(context.Background(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.catalog.Install(context.Background(), t, "core", "sales"); err != nil {
		w.t.Fatal(err)
	}
	return t
}

// user adds a user with the usual password to a tenant.
func (w *world) user(t store.Tenant, email string, data map[string]any) id.ID {
	w.t.Helper()
	ctx := context.Background()
	snapshot, err := w.catalog.Snapshot(ctx, t)
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]any{"email": email, "name": strings.Split(email, "@")[0], "active": true}
	maps.Copy(all, data)
	saved, err := w.records.As(t, snapshot, policy.System(t.Name())).Create(ctx, "user", all)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.auth.SetPassword(ctx, t, saved.Record.ID(), password); err != nil {
		w.t.Fatal(err)
	}
	return saved.Record.ID()
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
	Text    string            `json:"text"` // instead of a body
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
	var second store.Tenant
	if slices.ContainsFunc(s.Users, func(u someone) bool { return u.Other }) {
		second = w.newTenant("other")
	}
	for _, u := range s.Users {
		tenant := w.tenant
		if u.Other {
			tenant = second
		}
		saved["user."+u.As] = w.user(tenant, u.As+"@example.com", u.With).String()
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
		n, err := w.tenant.Count(context.Background(), table, nil, nil)
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
