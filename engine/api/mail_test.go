package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"formwork/engine/mail"
)

// Mail is received from who may import, once, within bounds; admins see the mailboxes.
func TestReceiveMail(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"mailbox","name":"sales","label":{"en":"Sales","zh":"销售"},"address":"sales@example.com"}`,
		`{"kind":"permission","name":"post","label":"Post","system":["import"]}`, `{"kind":"permission","name":"none","label":"None"}`)
	w.User("post@example.com", map[string]any{"permissions": []any{"post"}})
	w.User("none@example.com", map[string]any{"permissions": []any{"none"}})
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	post := map[string]string{"Authorization": "Bearer " + w.login("main", "post@example.com"), "Content-Type": "message/rfc822"}
	none := with(post, "Authorization", "Bearer "+w.login("main", "none@example.com"))
	message := "From: ann@example.org\r\nSubject: Hello\r\nMessage-ID: <1@example.org>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nText\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--b--\r\n"
	const at = "/api/v1/mailboxes/sales/messages"
	for _, c := range []struct {
		path    string
		headers map[string]string
		body    string
		status  int
		code    string
	}{
		{at, none, message, http.StatusForbidden, "auth.right_missing"},
		{at, map[string]string{"Content-Type": "message/rfc822"}, message, http.StatusUnauthorized, "auth.required"},
		{at, with(post, "Content-Type", "text/plain"), message, http.StatusUnsupportedMediaType, "api.media_type"},
		{"/api/v1/mailboxes/x/messages", post, message, http.StatusNotFound, "mail.unknown"},
		{at, post, "nothing", http.StatusUnprocessableEntity, "mail.unreadable"},
		{at, post, "From: a@example.org\r\n\r\n" + strings.Repeat("x", mail.MaxRaw), http.StatusRequestEntityTooLarge, "api.too_large"},
	} {
		status, _, body := w.do("POST", c.path, c.headers, c.body)
		var problem struct{ Code string }
		if err := json.Unmarshal(body, &problem); err != nil || status != c.status || problem.Code != c.code {
			t.Errorf("%s %.20s: %d %.200s, want %d %s", c.path, c.body, status, body, c.status, c.code)
		}
	}
	var ids [2]struct{ ID string }
	for i := range ids {
		status, _, body := w.do("POST", at, post, message)
		if err := json.Unmarshal(body, &ids[i]); err != nil || status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
	}
	if ids[0] != ids[1] {
		t.Errorf("one message is kept as %v", ids)
	}
	admin := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	if status, _, body := w.do("GET", "/api/v1/records/email/"+ids[0].ID+"/files", admin, ""); status != http.StatusOK || !strings.Contains(string(body), `"name":"a.txt"`) || !strings.Contains(string(body), `"size":4`) {
		t.Errorf("its files are %d %s", status, body)
	}
	if status, _, body := w.do("GET", "/api/v1/records/email/"+ids[0].ID, post, ""); status == http.StatusOK {
		t.Errorf("who brings mail reads it: %s", body)
	}
	if status, _, body := w.do("GET", "/api/v1/mailboxes", admin, ""); status != http.StatusOK || !strings.Contains(string(body), `{"name":"sales","label":"Sales","address":"sales@example.com","sends":false}`) {
		t.Errorf("the mailboxes are %d %s", status, body)
	}
	if status, _, _ := w.do("GET", "/api/v1/mailboxes", post, ""); status != http.StatusForbidden {
		t.Errorf("who brings mail sees the mailboxes: %d", status)
	}
}

// Who may see the setup is told, in their language, how mail is fetched, and what is wrong; a secret that is given has it tried at once.
func TestMailboxesTellOfFetching(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"connection","name":"imap","label":"IMAP","url":"imaps://10.0.0.1","user":"support@example.com"}`, `{"kind":"mailbox","name":"support","label":"Support","address":"support@example.com","receive":"imap"}`)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}, "language": "zh"})
	admin := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com"), "Content-Type": "application/json"}
	type fetching struct {
		Connection, Folder string
		Failures           int
		Next               string  `json:"next_at"`
		Fetched            *string `json:"fetched_at"`
		Problem            *struct{ Code, Detail string }
	}
	told := func() *fetching {
		t.Helper()
		var list struct {
			Items []struct {
				Name  string
				Fetch *fetching
			}
		}
		status, _, body := w.do("GET", "/api/v1/mailboxes", admin, "")
		if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK || strings.Contains(string(body), "s3cret") {
			t.Fatalf("the mailboxes are %d %s", status, body)
		}
		for _, box := range list.Items {
			if box.Name == "support" {
				return box.Fetch
			}
		}
		return nil
	}
	fetch := func() {
		w.RunJobs()
		for w.Fetches.Flying() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	fetch()
	if f := told(); f == nil || f.Connection != "imap" || f.Folder != "INBOX" || f.Failures != 1 || f.Fetched != nil || f.Problem == nil || f.Problem.Code != "connection.no_secret" || !strings.Contains(f.Problem.Detail, "密钥") {
		t.Errorf("without a secret it is told %+v", f)
	}
	if status, _, body := w.do("PUT", "/api/v1/connections/imap/secret", admin, `{"secret":"s3cret"}`); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	if f := told(); f.Failures != 0 {
		t.Errorf("with a secret it is not tried anew: %+v", f)
	}
	fetch()
	if f := told(); f.Failures != 1 || f.Problem == nil || f.Problem.Code != "outside.private" || strings.Contains(f.Problem.Detail, "refused") {
		t.Errorf("of a private address it is told %+v", f)
	}
	w.Apply(`{"kind":"connection","name":"web","label":"Web","url":"https://example.com"}`)
	for document, code := range map[string]string{
		`{"kind":"mailbox","name":"a","label":"A","address":"a@example.com","receive":"web"}`:              "connection.other_protocol",
		`{"kind":"mailbox","name":"a","label":"A","address":"a@example.com","receive":"nothing"}`:          "catalog.unknown_document",
		`{"kind":"connection","name":"bare","label":"Bare","url":"imaps://mail.example.com"}`:              "connection.needs_user",
		`{"kind":"connection","name":"deep","label":"Deep","url":"imaps://mail.example.com/x","user":"a"}`: "connection.bad_url",
	} {
		if _, _, body := w.do("POST", "/api/v1/metadata/plan", admin, `{"documents":[`+document+`]}`); !strings.Contains(string(body), code) {
			t.Errorf("%s is told %.300s, want %s", document, body, code)
		}
	}
}
