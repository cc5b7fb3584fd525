package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// client calls the API as somebody.
type client struct {
	server *server
	token  string
	id     string // of the user
}

// answer is what a request came to.
type answer struct {
	status int
	header http.Header
	raw    []byte
}

// object is a JSON object, its numbers as they were written.
type object = map[string]any

// json reads the body.
func (a *answer) json() object {
	var v object
	decoder := json.NewDecoder(bytes.NewReader(a.raw))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return object{"": fmt.Sprintf("no JSON object (%v): %.300s", err, a.raw)}
	}
	return v
}

// code is the code of a problem document.
func (a *answer) code() string {
	code, _ := a.json()["code"].(string)
	return code
}

func (a *answer) String() string { return fmt.Sprintf("%d %.1500s", a.status, a.raw) }

// text is a body that is sent as it is, with a content type.
type text struct{ kind, body string }

// send sends a request; its error is that of a server that is not there. A body is
// sent as JSON, or as it is. headers are names and values in turn.
func (c *client) send(method, path string, body any, headers ...string) (*answer, error) {
	var reader io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case text:
		reader, kind = strings.NewReader(b.body), b.kind
	case string:
		reader = strings.NewReader(b)
	default:
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(raw)
	}
	if !strings.HasPrefix(path, "/api") && !strings.HasPrefix(path, "/healthz") && !strings.HasPrefix(path, "/metrics") {
		path = "/api/v1" + path
	}
	request, err := http.NewRequest(method, c.server.base+path, reader)
	if err != nil {
		return nil, err
	}
	if reader != nil {
		request.Header.Set("Content-Type", kind)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.server.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return &answer{response.StatusCode, response.Header, raw}, nil
}

// patiently is send that is repeated while the answer is to try again: where a process that was killed left a transaction
// on the rows, which MongoDB ends after some time, and where another process has just changed the configuration.
func (c *client) patiently(method, path string, body any, headers ...string) (*answer, error) {
	for {
		a, err := c.send(method, path, body, headers...)
		if err != nil || a.status < 400 || a.code() != "store.busy" && a.code() != "catalog.changed" {
			return a, err
		}
	}
}

// do is send to a server that must be there.
func (c *client) do(t testing.TB, method, path string, body any, headers ...string) *answer {
	t.Helper()
	a, err := c.send(method, path, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// must is do with a status that has to come.
func (c *client) must(t testing.TB, status int, method, path string, body any, headers ...string) object {
	t.Helper()
	a := c.do(t, method, path, body, headers...)
	if a.status != status {
		t.Fatalf("%s %s: %v, want %d", method, path, a, status)
	}
	if len(a.raw) == 0 {
		return nil
	}
	return a.json()
}

// create makes a record and returns its id.
func (c *client) create(t testing.TB, of string, data object) string {
	t.Helper()
	return c.must(t, http.StatusCreated, "POST", "/records/"+of, data)["id"].(string)
}

// list reads all pages of a list.
func (c *client) list(t testing.TB, of string, parameters ...string) []object {
	t.Helper()
	q := query(parameters...)
	var all []object
	for {
		page := c.must(t, http.StatusOK, "GET", "/records/"+of+"?"+q.Encode(), nil)
		for _, item := range page["items"].([]any) {
			all = append(all, item.(object))
		}
		next, more := page["next"].(string)
		if !more {
			return all
		}
		q.Set("cursor", next)
	}
}

// query makes a query string of names and values in turn.
func query(parameters ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	return q
}

// count is how many records somebody sees.
func (c *client) count(t testing.TB, of string, parameters ...string) int64 {
	t.Helper()
	q := query(append(parameters, "count", "true", "limit", "1", "fields", "id")...)
	n, err := c.must(t, http.StatusOK, "GET", "/records/"+of+"?"+q.Encode(), nil)["total"].(json.Number).Int64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// login makes a client of somebody of a tenant.
func (s *server) login(t testing.TB, tenant, email string) *client {
	t.Helper()
	c := &client{server: s}
	in := c.must(t, http.StatusOK, "POST", "/auth/login", object{"email": email, "password": password, "tenant": tenant})
	c.token, c.id = in["token"].(string), in["user"].(object)["id"].(string)
	return c
}

// admin is a tenant's first user.
func (s *server) admin(t testing.TB, tenant string) *client {
	t.Helper()
	return s.login(t, tenant, adminEmail)
}

// user makes somebody with the usual password, and logs them in.
func (c *client) user(t testing.TB, tenant, email string, with object) *client {
	t.Helper()
	data := object{"email": email, "name": strings.SplitN(email, "@", 2)[0]}
	for name, v := range with {
		data[name] = v
	}
	id := c.create(t, "user", data)
	c.must(t, http.StatusNoContent, "PUT", "/users/"+id+"/password", object{"password": password})
	return c.server.login(t, tenant, email)
}
