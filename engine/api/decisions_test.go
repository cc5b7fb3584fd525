package api_test

import (
	"io"
	"mime/quotedprintable"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// letters is a server for mail that gives what it was handed.
type letters chan string

func (l letters) NewSession(*smtp.Conn) (smtp.Session, error) { return l, nil }
func (letters) Reset()                                        {}
func (letters) Logout() error                                 { return nil }
func (letters) Mail(string, *smtp.MailOptions) error          { return nil }
func (letters) Rcpt(string, *smtp.RcptOptions) error          { return nil }

func (l letters) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	l <- string(raw)
	return err
}

// postOffice serves a server for mail until the test ends, and is what it was handed, and its address.
func postOffice(t *testing.T) (letters, string) {
	t.Helper()
	mail := letters(make(chan string, 10))
	server := smtp.NewServer(mail)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-served })
	return mail, "smtp://" + l.Addr().String()
}

// next is the next message, to be read.
func (l letters) next(t *testing.T) string {
	t.Helper()
	raw, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(l.raw(t))))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// raw is the next message as it was sent.
func (l letters) raw(t *testing.T) string {
	t.Helper()
	select {
	case raw := <-l:
		return raw
	case <-time.After(10 * time.Second):
		t.Fatal("nobody is written to")
		return ""
	}
}

var decideLink = regexp.MustCompile(`https://crm\.example\.com/decide#main\.([A-Za-z0-9_-]+)`)

// Whoever follows a link that they were sent sees what they are asked, and decides once, without a login; whoever can't prove that it is theirs
// learns nothing.
func TestDecisionsByLink(t *testing.T) {
	w := newWorld(t)
	mail, address := postOffice(t)
	w.Apply(`{"kind":"connection","name":"smtp","label":"SMTP","url":"`+address+`"}`,
		`{"kind":"mailbox","name":"desk","label":"Desk","address":"desk@example.com","send":"smtp"}`,
		`{"kind":"workflow","name":"check","label":{"en":"Check","zh":"审核"},"object":"account","trigger":{"type":"manual"},"start":"ask",
		"steps":{"ask":{"type":"approval","among":"email == 'bob@example.com'","text":{"en":"Check {{ name }}","zh":"请审核{{ name }}"},"mail":{"mailbox":"desk"},"approved":"yes"},"yes":{"type":"set","values":{"website":"steps.ask.comment"}}}}`,
		`{"kind":"permission","name":"reader","label":"Reader","objects":{"account":{"read":true,"read_all":true}}}`)
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	w.User("bob@example.com", map[string]any{"permissions": []any{"reader"}, "language": "zh"})
	ann := w.login("main", "ann@example.com")
	key := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	w.sent("POST", "/api/v1/records/account/"+key+"/workflows/check", ann, "")
	w.RunJobs()
	raw := mail.next(t)
	found := decideLink.FindStringSubmatch(raw)
	if found == nil {
		t.Fatalf("there is no link in %s", raw)
	}
	token := found[1]
	do := func(method, tenant, token, body string, want int, holds ...string) {
		t.Helper()
		headers := map[string]string{"Authorization": "Bearer " + token}
		if token == "" {
			headers = nil
		}
		status, _, raw := w.do(method, "/api/v1/decisions/"+tenant, headers, body)
		for _, one := range holds {
			if status != want || !strings.Contains(string(raw), one) {
				t.Errorf("%s %s %s: %d %s, want %d %q", method, tenant, body, status, raw, want, one)
			}
		}
	}
	changed := "A" + token[1:]
	if changed == token {
		changed = "B" + token[1:]
	}
	for _, wrong := range []string{"", "x", ann, changed, token[:len(token)-1], token + "A", strings.Repeat("A", len(token))} {
		do("GET", "main", wrong, "", 401, `"code":"decision.refused"`)
		do("POST", "main", wrong, `{"decision":"approved"}`, 401, `"code":"decision.refused"`)
	}
	do("GET", "nobody", token, "", 401, `"code":"decision.refused"`)
	for range 3 { // as those do who look through mail
		do("GET", "main", token, "", 200, `"text":"请审核Acme"`, `"name":"Acme"`, `"label":"审核"`, `"object":"客户"`, `"language":"zh"`)
	}
	do("POST", "main", token, `{"decision":"perhaps"}`, 422, "schema.enum")
	do("POST", "main", token, `{"decision":"approved","comment":"`+strings.Repeat("字", 2001)+`"}`, 422, "approval.long_comment")
	do("POST", "main", token, `{"decision":"approved","comment":"example.com"}`, 204, "")
	do("POST", "main", token, `{"decision":"rejected"}`, 401, `"code":"decision.refused"`)
	do("GET", "main", token, "", 401, `"code":"decision.refused"`)
	w.RunJobs()
	if got := w.sent("GET", "/api/v1/records/account/"+key, ann, "")["website"]; got != "https://example.com" {
		t.Errorf("then the website is %v", got)
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("the token is in the log")
	}
	// Who guesses is held.
	for range 30 {
		do("GET", "main", "x", "", 0)
	}
	do("GET", "main", "x", "", 429, `"code":"decision.held"`)
}
