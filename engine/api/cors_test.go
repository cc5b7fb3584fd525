package api_test

import (
	"testing"

	"formwork/engine/api"
)

// Scripts of an origin call a tenant's API if the tenant lists it, with a token and not
// with the cookie; those of others are refused.
func TestOtherOrigins(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	token := w.login("main", "admin@example.com")
	mine := map[string]string{"Authorization": "Bearer " + token}
	const listed, other = "https://portal.example.com", "https://evil.example.com"
	from := func(origin string, besides ...string) map[string]string {
		h := map[string]string{"Origin": origin, "Sec-Fetch-Site": "cross-site"}
		for i := 0; i < len(besides); i += 2 {
			h[besides[i]] = besides[i+1]
		}
		return h
	}
	bearer, cookie := "Bearer "+token, "formwork_session="+token
	check := func(name string, method, path string, headers map[string]string, body string, status int, allowed string) {
		t.Helper()
		got, header, raw := w.do(method, path, headers, body)
		if got != status || header.Get("Access-Control-Allow-Origin") != allowed || header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d, allowed %q: %.200s", name, got, header.Get("Access-Control-Allow-Origin"), raw)
		}
		if allowed != "" && (header.Get("Vary") == "" || header.Get("Set-Cookie") != "") {
			t.Errorf("%s: %v", name, header)
		}
	}
	const account = `{"name":"Acme"}`
	login := `{"email":"admin@example.com","password":"` + password + `"}`

	check("denied by default", "GET", "/api/v1/me", from(listed, "Authorization", bearer), "", 403, "")
	check("a login by default", "POST", "/api/v1/auth/login", from(listed), login, 403, "")
	status, _, raw := w.do("POST", "/api/v1/metadata/apply", mine, `{"documents":[{"kind":"origin","name":"portal","url":"`+listed+`"}]}`)
	if status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	check("a listed origin", "GET", "/api/v1/me", from(listed, "Authorization", bearer), "", 200, listed)
	check("a write", "POST", "/api/v1/records/account", from(listed, "Authorization", bearer), account, 201, listed)
	check("a refusal can be read", "POST", "/api/v1/records/account", from(listed, "Authorization", bearer), `{}`, 422, listed)
	check("a token that has ended", "GET", "/api/v1/me", from(listed, "Authorization", "Bearer x"), "", 401, listed)
	check("a login", "POST", "/api/v1/auth/login", from(listed), login, 200, listed)
	check("the cookie", "POST", "/api/v1/records/account", from(listed, "Cookie", cookie), account, 403, "")
	check("reading with the cookie", "GET", "/api/v1/me", from(listed, "Cookie", cookie), "", 200, "")
	check("another origin", "GET", "/api/v1/me", from(other, "Authorization", bearer), "", 403, "")
	check("an origin that begins alike", "GET", "/api/v1/me", from(listed+".evil.example", "Authorization", bearer), "", 403, "")
	check("another scheme", "GET", "/api/v1/me", from("http://portal.example.com", "Authorization", bearer), "", 403, "")
	check("no origin", "GET", "/api/v1/me", from("null", "Authorization", bearer), "", 403, "")
	check("a login from another", "POST", "/api/v1/auth/login", from(other), login, 403, "")
	plain := map[string]string{"Origin": other, "Authorization": bearer} // browsers say no more to hosts without TLS
	check("another origin, without TLS", "POST", "/api/v1/records/account", plain, account, 403, "")
	check("a login from another, without TLS", "POST", "/api/v1/auth/login", map[string]string{"Origin": other}, login, 403, "")
	check("a listed origin, without TLS", "GET", "/api/v1/me", map[string]string{"Origin": listed, "Authorization": bearer}, "", 200, listed)
	check("a program", "GET", "/api/v1/me", mine, "", 200, "")
	check("its own origin", "GET", "/api/v1/me", map[string]string{"Origin": w.base, "Sec-Fetch-Site": "same-origin", "Cookie": cookie}, "", 200, "")

	for _, path := range []string{"/api/v1/records/account", "/api/v1/files"} {
		ask := from(listed, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization")
		check("a preflight of "+path, "OPTIONS", path, ask, "", 204, listed)
		ask["Origin"] = "null"
		check("a preflight of nobody for "+path, "OPTIONS", path, ask, "", 204, "")
	}
	check("a preflight of another origin", "OPTIONS", "/api/v1/me", from(other, "Access-Control-Request-Method", "PATCH"), "", 403, "")
	check("a preflight of no route", "OPTIONS", "/api/v1/nothing", from(listed, "Access-Control-Request-Method", "PATCH"), "", 404, "")

	for _, url := range []string{"https://*.example.com", "https://portal.example.com/", "null-null-null"} {
		status, _, raw := w.do("POST", "/api/v1/metadata/apply", mine, `{"documents":[{"kind":"origin","name":"wide","url":"`+url+`"}]}`)
		if status != 422 {
			t.Errorf("%s: %d %.200s", url, status, raw)
		}
	}
}

// Where the host names the tenant, its list decides about preflights too. Where it names none
// and there are several, any origin may ask.
func TestPreflightsByHost(t *testing.T) {
	w := newWorldWith(t, func(o *api.Options) { o.TenantFromHost = true })
	w.NewTenant("second")
	w.Apply(`{"kind":"origin","name":"portal","url":"https://portal.example.com"}`)
	for name, c := range map[string]struct {
		host, origin string
		status       int
	}{
		"a listed origin":          {"main.crm.example", "https://portal.example.com", 204},
		"another origin":           {"main.crm.example", "https://evil.example.com", 403},
		"a tenant that is none":    {"other.crm.example", "https://portal.example.com", 403},
		"another tenant":           {"second.crm.example", "https://portal.example.com", 403},
		"a host that names nobody": {"crm", "https://evil.example.com", 204},
	} {
		for _, path := range []string{"/api/v1/records/account", "/api/v1/files"} {
			status, header, raw := w.do("OPTIONS", path, map[string]string{"Host": c.host, "Origin": c.origin, "Access-Control-Request-Method": "PATCH"}, "")
			allowed := header.Get("Access-Control-Allow-Origin")
			if status != c.status || (allowed == c.origin) != (status == 204) {
				t.Errorf("%s, %s: %d, allowed %q: %.200s", name, path, status, allowed, raw)
			}
		}
	}
}
