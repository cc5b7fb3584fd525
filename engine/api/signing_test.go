package api_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

// What a mailbox sends is signed for its domain, as a receiver verifies by what the DNS is to say; what it sent before it had a key, and
// what others send, is not.
func TestSigning(t *testing.T) {
	w := newWorld(t)
	mail, address := postOffice(t)
	box := func(name, more string) string {
		return `{"kind":"mailbox","name":"` + name + `","label":"x","address":"` + name + `@Acme.example","send":"smtp"` + more + `}`
	}
	tell := func(name, content string) string {
		return `{"kind":"workflow","name":"` + name + `","label":"x","object":"account","trigger":{"type":"manual"},"start":"send","steps":{"send":{"type":"email","mailbox":"` + name + `","to":"'bob@example.org'",` + content + `}}}`
	}
	w.Apply(`{"kind":"connection","name":"smtp","label":"SMTP","url":"`+address+`"}`, box("news", `,"sign":{"selector":"crm"}`), box("plain", ""),
		`{"kind":"template","name":"news","label":"News","object":"account","unsubscribe":true,"subject":"Ünsere News","text":"Größe\n.\n`+strings.Repeat("long ", 100)+`","html":"<p>{{ name }}  </p>"}`,
		tell("news", `"template":"news"`), tell("plain", `"subject":"name","text":"name"`),
		`{"kind":"permission","name":"looks","label":"x","system":["api","view_setup"]}`)
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	w.User("lou@example.com", map[string]any{"permissions": []any{"looks"}})
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	ann, lou, admin := w.login("main", "ann@example.com"), w.login("main", "lou@example.com"), w.login("main", "admin@example.com")
	refused := func(method, name, token string, want int, code string) {
		t.Helper()
		status, _, raw := w.do(method, "/api/v1/mailboxes/"+name+"/key", map[string]string{"Authorization": "Bearer " + token}, "")
		if status != want || !strings.Contains(string(raw), code) {
			t.Errorf("%s %s: %d %s, want %d %s", method, name, status, raw, want, code)
		}
	}
	key := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	sent := func(workflow string) string {
		w.sent("POST", "/api/v1/records/account/"+key+"/workflows/"+workflow, ann, "")
		w.RunJobs()
		return mail.raw(t)
	}
	if raw := sent("news"); strings.Contains(raw, "DKIM-Signature") {
		t.Errorf("it is signed without a key: %s", raw)
	}
	refused("GET", "news", lou, 404, "mail.no_key")
	refused("PUT", "news", lou, 403, "auth.right_missing")
	refused("GET", "news", ann, 403, "auth.right_missing")
	refused("PUT", "plain", admin, 404, "mail.not_signing")
	refused("PUT", "nobody", admin, 404, "mail.unknown")
	record := w.sent("PUT", "/api/v1/mailboxes/news/key", admin, "")
	if again := w.sent("PUT", "/api/v1/mailboxes/news/key", admin, ""); again["value"] != record["value"] || record["name"] != "crm._domainkey.acme.example" || record["type"] != "TXT" {
		t.Errorf("the record is %v, and then %v", record, again)
	}
	if seen := w.sent("GET", "/api/v1/mailboxes/news/key", lou, ""); seen["value"] != record["value"] {
		t.Errorf("who sees the setup is shown %v", seen)
	}
	// The resolver is faked: it knows the record that the answer said, and nothing else.
	faked := &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != record["name"] {
			return nil, errors.New("there is no " + name)
		}
		return []string{record["value"].(string)}, nil
	}}
	verified := func(raw string) (found *dkim.Verification) {
		t.Helper()
		all, err := dkim.VerifyWithOptions(strings.NewReader(raw), faked)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d signatures, %v, in %s", len(all), err, raw)
		}
		return all[0]
	}
	raw := sent("news")
	found := verified(raw)
	if found.Err != nil || found.Domain != "acme.example" {
		t.Errorf("it is signed by %s: %v", found.Domain, found.Err)
	}
	for _, header := range []string{"from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post", "content-type", "mime-version"} {
		if !slices.ContainsFunc(found.HeaderKeys, func(one string) bool { return strings.EqualFold(one, header) }) {
			t.Errorf("%s is not signed", header)
		}
	}
	for _, change := range [][2]string{{"To: <bob@", "To: <rob@"}, {"News", "News"[:3] + "t"}, {"List-Unsubscribe: <https", "List-Unsubscribe: <http"}, {"long long", "long wrong"}, {"From: ", "From: <eve@example.com>\r\nFrom: "}, {"To: ", "Cc: eve@example.com\r\nTo: "}} {
		altered := strings.Replace(raw, change[0], change[1], 1)
		if altered == raw {
			t.Errorf("there is no %q in %s", change[0], raw)
		} else if verified(altered).Err == nil {
			t.Errorf("with %q for %q it is as it was signed", change[1], change[0])
		}
	}
	if raw := sent("plain"); strings.Contains(raw, "DKIM-Signature") {
		t.Errorf("another mailbox signs: %s", raw)
	}
	if log := w.log.String(); strings.Contains(log, "MII") {
		t.Error("a key is in the log")
	}
}
