package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

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
