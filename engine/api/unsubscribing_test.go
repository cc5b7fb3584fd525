package api_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	leaveHeader = regexp.MustCompile(`(?m)^List-Unsubscribe: <https://crm\.example\.com(/unsubscribe/main\?token=([A-Za-z0-9_-]+))>\r?$`)
	oneClick    = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
)

// Whoever was sent something that can be unsubscribed from unsubscribes by its link, without a login, for themselves alone; whoever can't prove that it
// was sent to them learns nothing and changes nothing.
func TestUnsubscribing(t *testing.T) {
	w := newWorld(t)
	mail, address := postOffice(t)
	w.Platform.NewTenant("other").Apply(`{"kind":"mailbox","name":"desk","label":"Desk","address":"desk@example.com"}`)
	w.Apply(`{"kind":"connection","name":"smtp","label":"SMTP","url":"`+address+`"}`,
		`{"kind":"mailbox","name":"desk","label":"Desk","sender":"Acme","address":"desk@example.com","send":"smtp"}`,
		`{"kind":"template","name":"news","label":"News","object":"account","unsubscribe":true,"subject":"News","text":{"en":"Dear all","zh":"大家好"}}`,
		`{"kind":"workflow","name":"tell","label":"Tell","object":"account","trigger":{"type":"manual"},"start":"send",
		"steps":{"send":{"type":"email","mailbox":"desk","to":"description","template":"news","language":"'zh'"}}}`)
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	ann, admin := w.login("main", "ann@example.com"), w.login("main", "admin@example.com")
	key := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme","description":"Bob@example.org"}`)["id"].(string)
	tell := func() {
		w.sent("POST", "/api/v1/records/account/"+key+"/workflows/tell", ann, "")
		w.RunJobs()
		for w.Platform.Workflows.Calling() > 0 { // until it is kept what became of the message
			time.Sleep(time.Millisecond)
		}
		w.RunJobs()
	}
	tell()
	raw := mail.next(t)
	found := leaveHeader.FindStringSubmatch(raw)
	if found == nil || !strings.Contains(raw, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n") || !strings.Contains(raw, "退订：https://crm.example.com"+found[1]) {
		t.Fatalf("nobody unsubscribes from %s", raw)
	}
	link, token := found[1], found[2]
	do := func(method, path string, headers map[string]string, body string, want int, holds ...string) {
		t.Helper()
		status, _, raw := w.do(method, path, headers, body)
		for _, one := range append(holds, "") {
			if want != 0 && status != want || !strings.Contains(string(raw), one) {
				t.Errorf("%s %s: %d %s, want %d %q", method, path, status, raw, want, one)
			}
		}
	}
	look := func(tenant, token string, want int, holds ...string) {
		t.Helper()
		do("GET", "/api/v1/unsubscriptions/"+tenant, map[string]string{"Authorization": "Bearer " + token}, "", want, holds...)
	}
	suppressed := func(want int) {
		t.Helper()
		if got := w.sent("GET", "/api/v1/records/suppression", admin, "")["items"].([]any); len(got) != want {
			t.Errorf("%d are suppressed, want %d: %v", len(got), want, got)
		}
	}
	named, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	named[strings.Index(string(named), "Bob@")] = 'R' // another's
	for _, wrong := range []string{"x", ann, token[:len(token)-1], token + "A", strings.Repeat("A", len(token)), base64.RawURLEncoding.EncodeToString(named), strings.Repeat("A", 5_000)} {
		look("main", wrong, 401, `"code":"unsubscribe.refused"`)
		do("POST", "/unsubscribe/main?token="+wrong, oneClick, "List-Unsubscribe=One-Click", 401, `"code":"unsubscribe.refused"`)
	}
	for _, other := range []string{"other", "nobody"} {
		look(other, token, 401, `"code":"unsubscribe.refused"`)
		do("POST", "/unsubscribe/"+other+"?token="+token, oneClick, "List-Unsubscribe=One-Click", 401, `"code":"unsubscribe.refused"`)
	}
	do("POST", "/unsubscribe/main", oneClick, "", 401, `"code":"unsubscribe.refused"`)
	do("GET", "/api/v1/unsubscriptions/main", nil, "", 401, `"code":"unsubscribe.refused"`)
	do("POST", "/unsubscribe/main?token="+token+"&token="+token, oneClick, "", 400, "api.repeated_parameter")
	do("POST", link, oneClick, strings.Repeat("x", 10_000), 413, "api.too_large")
	for range 3 { // as those do who look through mail
		look("main", token, 200, `{"address":"Bob@example.org","sender":"Acme","reply":"desk@example.com","language":"zh","done":false}`)
		do("GET", link, nil, "", 200, "<html")
	}
	suppressed(0)

	do("POST", link, oneClick, "List-Unsubscribe=One-Click", 204)
	do("POST", link, map[string]string{"Content-Type": "multipart/form-data; boundary=b"}, "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n", 204)
	do("POST", link, nil, "", 204)
	suppressed(1)
	look("main", token, 200, `"done":true`)
	do("GET", "/api/v1/records/suppression", map[string]string{"Authorization": "Bearer " + ann}, "", 403, "record.forbidden")
	tell()
	if got := w.sent("GET", "/api/v1/records/email?filter=state==%27suppressed%27", admin, "")["items"].([]any); len(got) != 1 {
		t.Errorf("%d e-mails are suppressed", len(got))
	}
	select {
	case raw := <-mail:
		t.Errorf("who unsubscribed is sent %s", raw)
	default:
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("the token is in the log")
	}
	// Who guesses is held.
	for range 30 {
		do("POST", "/unsubscribe/main?token=x", oneClick, "", 0)
	}
	look("main", token, 429, `"code":"unsubscribe.held"`)
}
