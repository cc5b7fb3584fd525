package api_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// What people are asked is shown to who may read the record, and answered by who is asked.
func TestApprovals(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"workflow","name":"check","label":{"en":"Check","zh":"审核"},"object":"account","trigger":{"type":"manual"},"start":"ask",
		"steps":{"ask":{"type":"approval","among":"email == 'bob@example.com'","text":{"en":"Check {{ name }}","zh":"请审核{{ name }}"},"approved":"yes"},"yes":{"type":"set","values":{"website":"'example.com'"}}}}`,
		`{"kind":"permission","name":"reader","label":"Reader","system":["manage_keys","api"],"objects":{"account":{"read":true,"read_all":true}}}`,
		`{"kind":"permission","name":"blind","label":"Blind"}`)
	for email, set := range map[string]string{"ann": "sales_user", "bob": "reader", "lou": "reader", "eve": "blind"} {
		w.User(email+"@example.com", map[string]any{"permissions": []any{set}, "language": map[string]string{"lou": "zh"}[email]})
	}
	login := func(name string) string { return w.login("main", name+"@example.com") }
	ann, bob, lou, eve := login("ann"), login("bob"), login("lou"), login("eve")
	key := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	at := "/api/v1/records/account/" + key
	do := func(method, path, token, body string, want int, holds string) {
		t.Helper()
		status, _, raw := w.do(method, path, map[string]string{"Authorization": "Bearer " + token}, body)
		if status != want || !strings.Contains(string(raw), holds) {
			t.Errorf("%s %s %s: %d %s, want %d %q", method, path, body, status, raw, want, holds)
		}
	}
	waiting := func(token string) []map[string]any {
		t.Helper()
		raw, err := json.Marshal(w.sent("GET", "/api/v1/me/approvals", token, "")["items"])
		if err != nil {
			t.Fatal(err)
		}
		var all []map[string]any
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	w.sent("POST", at+"/workflows/check", ann, "")
	if got := waiting(bob); len(got) != 1 || got[0]["text"] != "Check Acme" || got[0]["name"] != "Acme" || got[0]["label"] != "Check" || got[0]["can_decide"] != true || got[0]["can_recall"] != false {
		t.Fatalf("bob is asked %v", got)
	}
	for _, token := range []string{ann, lou, eve} {
		if got := waiting(token); len(got) != 0 {
			t.Errorf("others are asked %v", got)
		}
	}
	one := "/api/v1/approvals/" + waiting(bob)[0]["id"].(string)
	do("PATCH", at, ann, `{"name":"Other"}`, 409, "approval.locked")
	do("GET", at+"/approvals", eve, "", 404, "record.not_found")
	do("GET", at+"/approvals", lou, "", 200, `"can_decide":false,"can_recall":false`)
	run := w.sent("GET", at+"/runs", ann, "")["items"].([]any)[0].(map[string]any)["id"].(string)
	for of, in := range map[string]string{ann: "Check Acme", bob: "Check Acme", lou: "请审核Acme"} { // each reads it in their language
		for _, place := range []string{"/approvals", "/page", "/runs/" + run} {
			do("GET", at+place, of, "", 200, `"text":"`+in+`"`)
		}
	}
	do("GET", "/api/v1/me/notifications", bob, "", 200, `"text":"Check Acme"`)
	do("GET", at+"/page", ann, "", 200, `"can_decide":false,"can_recall":true`)
	for _, token := range []string{ann, lou, eve} {
		do("POST", one+"/decide", token, `{"decision":"approved"}`, 404, "approval.unknown")
	}
	do("POST", one+"/pass-on", lou, `{"to":"`+key+`"}`, 422, "approval.cannot_read")
	do("POST", one+"/pass-on", eve, `{"to":"`+key+`"}`, 404, "approval.unknown")
	do("POST", one+"/recall", lou, "", 403, "approval.not_yours")
	do("POST", one+"/recall", eve, "", 404, "approval.unknown")
	do("POST", one+"/decide", bob, `{"decision":"perhaps"}`, 422, "schema.enum")
	do("POST", one+"/decide", bob, `{"decision":"approved","comment":"`+strings.Repeat("字", 2001)+`"}`, 422, "approval.long_comment")
	do("POST", "/api/v1/approvals/x/decide", bob, `{"decision":"approved"}`, 404, "approval.unknown")
	lous := w.sent("GET", "/api/v1/me", lou, "")["user"].(map[string]any)["id"].(string)
	eves := w.sent("GET", "/api/v1/me", eve, "")["user"].(map[string]any)["id"].(string)
	bobs := w.sent("GET", "/api/v1/me", bob, "")["user"].(map[string]any)["id"].(string)
	do("POST", one+"/pass-on", lou, `{"to":"`+lous+`","from":"`+bobs+`"}`, 403, "auth.right_missing")
	bobsKey := w.sent("POST", "/api/v1/keys", bob, `{"name":"all","permissions":["reader"]}`)["token"].(string)
	do("GET", "/api/v1/me/approvals", bobsKey, "", 200, "Check Acme")
	do("POST", one+"/decide", bobsKey, `{"decision":"approved"}`, 403, "auth.session_needed")
	do("POST", one+"/pass-on", bobsKey, `{"to":"`+lous+`"}`, 403, "auth.session_needed")
	do("POST", one+"/recall", bobsKey, "", 403, "auth.session_needed")
	do("POST", one+"/pass-on", bob, `{"to":"`+eves+`"}`, 422, "approval.cannot_read")
	// What tells bob of it is done when he has answered, and not otherwise.
	told := w.sent("GET", "/api/v1/me/notifications?kind=approval", bob, "")["items"].([]any)[0].(map[string]any)
	notice := "/api/v1/me/notifications/" + told["id"].(string)
	do("PATCH", notice, bob, `{"done":true}`, 409, "collaboration.undecided")
	do("PATCH", notice, bob, `{"done":false,"read":true}`, 204, "")
	do("POST", one+"/pass-on", bob, `{"to":"`+lous+`","comment":"Yours."}`, 200, `"passed_on","comment":"Yours."`)
	do("PATCH", notice, bob, `{"done":false}`, 409, "collaboration.undecided")
	do("PATCH", notice, bob, `{"done":true}`, 204, "")
	do("POST", one+"/decide", bob, `{"decision":"approved"}`, 409, "approval.decided")
	do("POST", one+"/decide", lou, `{"decision":"approved"}`, 200, `"state":"approved"`)
	do("POST", one+"/recall", ann, "", 409, "approval.decided")
	w.RunJobs()
	if got := w.sent("GET", at, ann, "")["website"]; got != "https://example.com" {
		t.Errorf("then the website is %v", got)
	}
}
