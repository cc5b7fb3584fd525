package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// knock tries to log in.
func (s *server) knock(t *testing.T, email, word string) *answer {
	t.Helper()
	return (&client{server: s}).do(t, "POST", "/auth/login", object{"email": email, "password": word, "tenant": "main"})
}

// After wrong passwords the right one does not help either, until the wait is over;
// a restart does not end it.
func TestLockout(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	admin := s.admin(t, "main")
	admin.user(t, "main", "victim@example.com", nil)
	for i := range 5 {
		problem(t, s.knock(t, "victim@example.com", fmt.Sprint("wrong wrong ", i)), 401, "auth.failed", "en")
	}
	locked := func(when string) {
		t.Helper()
		unknown := s.knock(t, "nobody@example.com", password)
		a := s.knock(t, "victim@example.com", password)
		problem(t, a, 401, "auth.failed", "en")
		if string(a.raw) != string(unknown.raw) {
			t.Errorf("%s: a locked account is told from none: %v, %v", when, a, unknown)
		}
	}
	locked("at once")
	s.kill()
	s.start(t)
	locked("after a kill")
	s.stop()
	s.start(t)
	locked("after a stop")
	if a := s.knock(t, adminEmail, password); a.status != 200 {
		t.Errorf("somebody else: %v", a)
	}
	// The wait is over.
	s.stop()
	db := s.file(t, "main", "rw")
	result, err := db.Exec(`UPDATE _credential SET locked_until = ? WHERE locked_until > ?`, time.Now().Add(-time.Second).UnixMilli(), time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); n != 1 || err != nil {
		t.Errorf("%d accounts were locked, %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s.start(t)
	if a := s.knock(t, "victim@example.com", password); a.status != 200 {
		t.Errorf("after the wait: %v", a)
	}
	// An address that guesses at many accounts has to wait as well.
	limited := false
	for i := 0; i < 60 && !limited; i++ {
		a := s.knock(t, fmt.Sprintf("user%d@example.com", i), "wrong wrong wrong")
		limited = a.status == http.StatusTooManyRequests
		if limited {
			problem(t, a, 429, "auth.limited", "en")
			if a.header.Get("Retry-After") == "" {
				t.Error("nothing says when to try again")
			}
		}
	}
	if !limited {
		t.Error("an address may guess without end")
	}
}

// Whoever knows an e-mail can lock the account, and does not keep its owner out of the
// browser in which they have logged in before.
func TestStrangersKeepNobodyOut(t *testing.T) {
	w := theWorld(t)
	user := w.admin.en.user(t, "main", "owner@example.com", nil)
	browser := &client{server: w.server}
	login := func(word, device string, headers ...string) *answer {
		return browser.do(t, "POST", "/auth/login", object{"email": "owner@example.com", "password": word, "tenant": "main"}, append(headers, "Cookie", device)...)
	}
	script := login(password, "")
	if script.status != 200 || len(script.header.Values("Set-Cookie")) != 1 {
		t.Errorf("a script is given more than a session: %v", script.header)
	}
	first := login(password, "", "Sec-Fetch-Site", "same-origin")
	device := ""
	for _, cookie := range first.header.Values("Set-Cookie") {
		if value, attributes, _ := strings.Cut(cookie, ";"); strings.HasPrefix(value, "formwork_device=") {
			device = value
			for _, want := range []string{"HttpOnly", "SameSite=Strict", "path=/api/v1/auth/login"} {
				if !strings.Contains(attributes, want) {
					t.Errorf("the cookie lacks %s: %s", want, cookie)
				}
			}
		}
	}
	if device == "" || strings.Contains(string(first.raw), strings.TrimPrefix(device, "formwork_device=")) {
		t.Fatalf("no device, or shown to scripts: %v %v", first, first.header)
	}
	for i := range 6 {
		problem(t, w.knock(t, "owner@example.com", fmt.Sprint("wrong wrong ", i)), 401, "auth.failed", "en")
	}
	if a := login(password, ""); a.status != 401 {
		t.Errorf("the account is not locked: %v", a)
	}
	if a := login(password, device); a.status != 200 {
		t.Errorf("its owner is kept out: %v", a)
	}
	token := strings.TrimPrefix(device, "formwork_device=")
	if a := (&client{server: w.server, token: token}).do(t, "GET", "/me", nil); a.status != 401 {
		t.Errorf("a device is taken for a session: %v", a)
	}
	w.admin.en.must(t, 204, "PUT", "/users/"+user.id+"/password", object{"password": password})
}

// What ends a session, or changes what it may do, does so for the very next request.
func TestRevocation(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	works := func(c *client) bool { return c.do(t, "GET", "/records/account?limit=1", nil).status == 200 }
	for n, c := range []struct {
		says   string
		revoke func(c *client)
		status int // of what follows
		code   string
	}{
		{"logs out", func(c *client) { c.must(t, 204, "POST", "/auth/logout", nil) }, 401, "auth.invalid"},
		{"sessions are ended by an admin", func(c *client) { admin.must(t, 204, "DELETE", "/users/"+c.id+"/sessions", nil) }, 401, "auth.invalid"},
		{"is given another password", func(c *client) {
			admin.must(t, 204, "PUT", "/users/"+c.id+"/password", object{"password": password + "!"})
		}, 401, "auth.invalid"},
		{"becomes inactive", func(c *client) { admin.must(t, 200, "PATCH", "/records/user/"+c.id, object{"active": false}) }, 401, "auth.invalid"},
		{"becomes inactive in bulk", func(c *client) {
			admin.must(t, 200, "POST", "/records/user/bulk", object{"operations": []object{{"op": "update", "id": c.id, "data": object{"active": false}}}})
		}, 401, "auth.invalid"},
		{"is deleted", func(c *client) { admin.must(t, 204, "DELETE", "/records/user/"+c.id, nil) }, 401, "auth.invalid"},
		{"loses their permission sets", func(c *client) { admin.must(t, 200, "PATCH", "/records/user/"+c.id, object{"permissions": []string{}}) }, 403, "record.forbidden"},
		{"loses the right in their permission set", func(c *client) {
			admin.apply(t, object{"kind": "permission", "name": "passing", "label": "Passing", "objects": object{}})
		}, 403, "record.forbidden"},
	} {
		t.Run(c.says, func(t *testing.T) {
			admin.apply(t, object{"kind": "permission", "name": "passing", "label": "Passing", "objects": object{"account": object{"read": true}}})
			user := admin.user(t, "main", fmt.Sprintf("passing%d@example.com", n), object{"permissions": []string{"passing"}})
			if first := works(user); !first || !works(user) {
				t.Fatal("does not work to begin with")
			}
			c.revoke(user)
			problem(t, user.do(t, "GET", "/records/account?limit=1", nil), c.status, c.code, "en")
		})
	}
}

// A key may do what its permission sets say, and no more than its maker may grant.
func TestKeys(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	key := func(as *client, sets ...string) (*client, string) {
		t.Helper()
		made := as.must(t, 201, "POST", "/keys", object{"name": "A key", "permissions": sets})
		return &client{server: w.server, token: made["token"].(string)}, made["id"].(string)
	}
	reads, id := key(admin, "read_only")
	before := w.written(t, "main")
	for send, body := range map[string]any{"POST /records/account": object{"name": "x"}, "PATCH /records/user/" + admin.id: object{"name": "x"}, "POST /metadata/apply": object{},
		"POST /keys": object{"name": "x", "permissions": []string{"admin"}}, "DELETE /keys/" + id: nil, "PUT /users/" + admin.id + "/password": object{"password": password},
		"PUT /me/password": object{"current": password, "password": password + "2"}, "DELETE /records/account/" + admin.id: nil} {
		method, path, _ := strings.Cut(send, " ")
		if a := reads.do(t, method, path, body); a.status != 403 {
			t.Errorf("%s with a key that may only read: %v", send, a)
		}
	}
	if a := reads.do(t, "GET", "/records/account?limit=1", nil); a.status != 200 {
		t.Errorf("reading with a key: %v", a)
	}
	if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
		t.Errorf("wrote %v", wrote)
	}
	admin.apply(t, object{"kind": "permission", "name": "keymaker", "label": "Keymaker", "system": []string{"manage_keys", "api"}})
	maker := admin.user(t, "main", "keymaker@example.com", object{"permissions": []string{"keymaker", "sales_user"}})
	problem(t, maker.do(t, "POST", "/keys", object{"name": "x", "permissions": []string{"admin"}}), 422, "auth.key_invalid", "en")
	granted, _ := key(maker, "sales_user")
	if listed := maker.must(t, 200, "GET", "/keys", nil)["items"].([]any); len(listed) != 1 {
		t.Errorf("somebody sees the keys of others: %v", listed)
	}
	problem(t, maker.do(t, "DELETE", "/keys/"+id, nil), 404, "auth.key_not_found", "en")
	problem(t, granted.do(t, "DELETE", "/me/sessions", nil), 403, "auth.session_needed", "en")
	admin.must(t, 200, "PATCH", "/records/user/"+maker.id, object{"permissions": []string{"keymaker"}})
	problem(t, granted.do(t, "GET", "/records/account?limit=1", nil), 403, "auth.right_missing", "en")
	admin.must(t, 200, "PATCH", "/records/user/"+maker.id, object{"permissions": []string{"keymaker", "sales_user"}})
	if a := granted.do(t, "GET", "/records/account?limit=1", nil); a.status != 200 {
		t.Errorf("a key whose maker has its set again: %v", a)
	}
	if a := granted.do(t, "GET", "/keys", nil); a.status != 403 {
		t.Errorf("a key has what its maker has: %v", a)
	}
	admin.must(t, 200, "PATCH", "/records/user/"+maker.id, object{"active": false})
	if a := granted.do(t, "GET", "/records/account?limit=1", nil); a.status != 401 {
		t.Errorf("the key of somebody inactive: %v", a)
	}
	admin.must(t, 204, "DELETE", "/keys/"+id, nil)
	problem(t, reads.do(t, "GET", "/records/account?limit=1", nil), 401, "auth.invalid", "en")
}

// Another site can't make a browser write with its cookie.
func TestOtherSites(t *testing.T) {
	w := theWorld(t)
	cookie := "formwork_session=" + w.rep.en.token
	browser := &client{server: w.server}
	before := w.written(t, "main")
	for name, headers := range map[string][]string{
		"cross-site": {"Sec-Fetch-Site", "cross-site"}, "same-site": {"Sec-Fetch-Site", "same-site"}, "an origin": {"Origin", "https://evil.example"},
		"no origin": {"Origin", "null"}, "another port": {"Origin", "http://127.0.0.1:1"}, "a name that begins alike": {"Origin", w.base + ".evil.example"}, "both": {"Origin", w.base, "Sec-Fetch-Site", "cross-site"},
	} {
		for _, send := range []string{"POST /records/account", "PATCH /records/account/" + w.rep.en.id, "DELETE /records/account/" + w.rep.en.id, "POST /auth/logout", "PUT /me/password", "DELETE /me/sessions", "POST /imports"} {
			method, path, _ := strings.Cut(send, " ")
			a := browser.do(t, method, path, object{"name": "x"}, append(headers, "Cookie", cookie)...)
			if a.status != 403 || a.code() != "auth.cross_site" {
				t.Errorf("%s from %s: %v", send, name, a)
			}
		}
		a := browser.do(t, "POST", "/auth/login", object{"email": "rep@example.com", "password": password, "tenant": "main"}, headers...)
		if a.status != 403 {
			t.Errorf("login from %s: %v", name, a)
		}
	}
	if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
		t.Errorf("wrote %v", wrote)
	}
	if a := browser.do(t, "GET", "/me", nil, "Cookie", cookie, "Sec-Fetch-Site", "cross-site"); a.status != 200 {
		t.Errorf("reading: %v", a)
	}
	a := browser.do(t, "POST", "/records/account", object{"name": "Same site"}, "Cookie", cookie, "Origin", w.base, "Sec-Fetch-Site", "same-origin")
	if a.status != 201 {
		t.Errorf("from here: %v", a)
	}
	login := browser.do(t, "POST", "/auth/login", object{"email": "rep@example.com", "password": password, "tenant": "main"})
	if set := login.header.Get("Set-Cookie"); !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Lax") {
		t.Errorf("the cookie: %s", set)
	}
	if login.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("other origins may read")
	}
}

// If-Match guards against lost updates.
func TestVersions(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	id := admin.create(t, "account", object{"name": "Versioned"})
	admin.must(t, 200, "PATCH", "/records/account/"+id, object{"name": "Versioned 2"}, "If-Match", `"1"`)
	for _, tag := range []string{`"1"`, "1", `W/"1"`, `"3"`, "99999"} {
		w.refuse(t, refusal{says: "PATCH at " + tag, send: "PATCH /records/account/" + id, body: object{"name": "x"}, headers: []string{"If-Match", tag}, status: 412, code: "record.stale"})
		w.refuse(t, refusal{says: "DELETE at " + tag, send: "DELETE /records/account/" + id, headers: []string{"If-Match", tag}, status: 412, code: "record.stale"})
	}
	for _, tag := range []string{"x", "-1", "0", `"1", "2"`, "99999999999999999999"} {
		w.refuse(t, refusal{says: "PATCH at " + tag, send: "PATCH /records/account/" + id, body: object{"name": "x"}, headers: []string{"If-Match", tag}, status: 400, code: "api.bad_header"})
	}
	w.refuse(t, refusal{says: "a stale configuration", send: "POST /metadata/apply", body: object{"base": 1, "documents": []object{plain("stale", nil)}}, status: 409, code: "catalog.stale"})
}
