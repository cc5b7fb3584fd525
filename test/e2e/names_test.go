package e2e

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
)

// tricks are names that must never be taken for a place.
var tricks = []string{
	"..", "../account", "../../etc/passwd", "..\\account", "/etc/passwd", "//account", "account/..", "account/../account", "./account",
	"account\x00", "\x00", "account\x00.csv", "account%00", "%2e%2e", "%2e%2e%2faccount", "account.db", "main.db", "account;", "account'", `account"`, "account--", "account:words", "account words",
	"account\n", "account\r\nX-Injected: 1", " account", "Account", "ACCOUNT", "аccount", "ａｃｃｏｕｎｔ", "acc\u200bount", "account\u202e", "account\u0301",
	"_history", "_session", "_credential", "_key", "*", "$ref", "{}", "null", "undefined", "true", "0", "-1", strings.Repeat("a", 64), strings.Repeat("a", 4000), strings.Repeat("../", 500) + "etc/passwd",
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "-wal") && !strings.HasSuffix(e.Name(), "-shm") {
			names = append(names, e.Name())
		}
	}
	return names
}

func TestNamesThatClimb(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	account := admin.create(t, "account", object{"name": "Named"})
	before, were := w.written(t, "main"), files(t, w.dir)
	for _, trick := range tricks {
		name := url.PathEscape(trick)
		for _, r := range []struct{ method, path string }{
			{"GET", "/records/" + name}, {"POST", "/records/" + name}, {"GET", "/records/" + name + "/" + account}, {"GET", "/records/account/" + name},
			{"PATCH", "/records/account/" + name}, {"DELETE", "/records/account/" + name}, {"POST", "/records/account/" + name + "/restore"},
			{"GET", "/records/account/" + name + "/history"}, {"GET", "/records/account/" + account + "/related/" + name},
			{"POST", "/records/" + name + "/bulk"}, {"POST", "/records/" + name + "/aggregate"}, {"GET", "/bin/" + name}, {"DELETE", "/bin/account/" + name},
			{"GET", "/exports/" + name}, {"GET", "/exports/account?format=" + url.QueryEscape(trick)},
			{"GET", "/metadata/object/" + name}, {"GET", "/metadata/" + name + "/account"}, {"GET", "/schemas/" + name}, {"GET", "/schemas/records/" + name},
			{"GET", "/imports/" + name}, {"GET", "/imports/" + name + "/errors"}, {"GET", "/jobs/" + name}, {"POST", "/jobs/" + name + "/cancel"},
			{"DELETE", "/keys/" + name}, {"DELETE", "/users/" + name + "/sessions"}, {"PUT", "/users/" + name + "/password"},
			{"GET", "/search?q=x&objects=" + url.QueryEscape(trick)},
		} {
			var body any
			if r.method != "GET" && r.method != "DELETE" {
				body = object{}
			}
			a := admin.do(t, r.method, r.path, body)
			if strings.Contains(r.path, "search") && strings.TrimSpace(trick) == "account" {
				continue // a blank before a name in a list
			}
			if a.status < 400 || a.status >= 500 {
				t.Errorf("%s %.80s: %v", r.method, r.path, a)
				continue
			}
			problem(t, a, a.status, a.code(), "en")
			if a.header.Get("X-Injected") != "" {
				t.Errorf("%s %.80s: a header was injected", r.method, r.path)
			}
		}
	}
	if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
		t.Errorf("wrote %v", wrote)
	}
	if are := files(t, w.dir); !slices.Equal(are, were) {
		t.Errorf("files %v, then %v", were, are)
	}
}

// Whoever names a tenant that is none is told no more than with a wrong password.
func TestTenantsThatClimb(t *testing.T) {
	t.Parallel()
	s := newServer(t) // for its failed logins
	c := &client{server: s}
	were := files(t, s.dir)
	for i, trick := range append([]string{"../main", "main\x00", "MAIN", "main.db", "./main", "ｍａｉｎ"}, tricks[:16]...) {
		if i == 25 {
			break // then the address has to wait
		}
		problem(t, c.do(t, "POST", "/auth/login", object{"email": adminEmail, "password": password, "tenant": trick}), 401, "auth.failed", "en")
	}
	for _, trick := range []string{"..", "../x", "/tmp/x", "x/../y", "X", "x.db", "_x", strings.Repeat("x", 64)} {
		if out, err := s.formwork("tenant", "create", "--", trick); err == nil {
			t.Errorf("made a tenant %q: %s", trick, out)
		}
	}
	if out, err := s.formwork("tenant", "delete", "--yes", "--", "../"+were[0]); err == nil {
		t.Errorf("deleted: %s", out)
	}
	if are := files(t, s.dir); !slices.Equal(are, were) {
		t.Errorf("files %v, then %v", were, are)
	}
	// Tokens name a tenant; another's is no key to it.
	token := s.admin(t, "main").token
	for _, other := range []string{strings.Replace(token, "main", "../main", 1), strings.Replace(token, "main", "other", 1), token + "x", token[:len(token)-1], "", "Bearer", strings.Repeat("x", 5000), token + "\x00"} {
		a, err := (&client{server: s, token: other}).send("GET", "/me", nil)
		if err == nil && a.status != 401 && a.status != 400 {
			t.Errorf("token %.80q: %v", other, a)
		}
	}
}
