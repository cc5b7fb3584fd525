package api_test

import (
	"regexp"
	"strings"
	"testing"
)

var askLink = regexp.MustCompile(`https://crm\.example\.com/ask#main\.([A-Za-z0-9_-]+)`)

// Somebody outside who follows a link that they were sent sees what the texts say, and answers once; whoever can't prove that it is
// theirs learns nothing.
func TestQuestionsByLink(t *testing.T) {
	w := newWorld(t)
	mail, address := postOffice(t)
	w.Apply(`{"kind":"connection","name":"smtp","label":"SMTP","url":"`+address+`"}`,
		`{"kind":"mailbox","name":"desk","label":"Desk","address":"desk@example.com","send":"smtp"}`,
		`{"kind":"workflow","name":"ask","label":{"en":"Secret name","zh":"审核"},"object":"account","trigger":{"type":"manual"},"start":"ask",
		"steps":{"ask":{"type":"ask","mailbox":"desk","to":"'pat@example.org'","subject":"'Hello'","text":"'Tell us'","language":"'zh'",
			"page":{"title":{"en":"How was it?","zh":"满意吗？"},"thanks":{"zh":"谢谢"}},
			"inputs":{"rating":{"type":"picklist","label":{"en":"Rating","zh":"评分"},"description":"For us","required":true,"options":{"good":{},"bad":{}},"order":1},"why":{"type":"text","max_length":20,"default":"-","order":2}},"next":"kept"},
			"kept":{"type":"set","values":{"website":"steps.ask.why"}}}}`)
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	ann := w.login("main", "ann@example.com")
	key := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	ask := func() string {
		t.Helper()
		w.sent("POST", "/api/v1/records/account/"+key+"/workflows/ask", ann, "")
		w.RunJobs()
		raw := mail.next(t)
		found := askLink.FindStringSubmatch(raw)
		if found == nil {
			t.Fatalf("there is no link in %s", raw)
		}
		return found[1]
	}
	do := func(method, tenant, token, body string, want int, holds ...string) string {
		t.Helper()
		headers := map[string]string{"Authorization": "Bearer " + token, "Accept-Language": "zh"}
		if token == "" {
			headers = nil
		}
		status, _, raw := w.do(method, "/api/v1/questions/"+tenant, headers, body)
		for _, one := range holds {
			if status != want || !strings.Contains(string(raw), one) {
				t.Errorf("%s %s %s: %d %s, want %d %q", method, tenant, body, status, raw, want, one)
			}
		}
		return string(raw)
	}
	token := ask()
	changed := "A" + token[1:]
	if changed == token {
		changed = "B" + token[1:]
	}
	refused := ""
	for _, wrong := range []string{"", "x", ann, changed, token[:len(token)-1], token + "A", strings.Repeat("A", len(token))} {
		refused = do("GET", "main", wrong, "", 401, `"code":"question.refused"`)
		do("POST", "main", wrong, `{"inputs":{"rating":"good"}}`, 401, `"code":"question.refused"`)
	}
	do("GET", "nobody", token, "", 401, `"code":"question.refused"`)
	w.NewTenant("neighbour", "core")
	do("GET", "neighbour", token, "", 401, `"code":"question.refused"`)
	do("POST", "neighbour", token, `{"inputs":{"rating":"good"}}`, 401, `"code":"question.refused"`)
	// A link to answer by decides nothing.
	if status, _, raw := w.do("GET", "/api/v1/decisions/main", map[string]string{"Authorization": "Bearer " + token}, ""); status != 401 {
		t.Errorf("as a decision: %d %s", status, raw)
	}
	for range 3 { // as those do who look through mail
		shown := do("GET", "main", token, "", 200, `"title":"满意吗？"`, `"thanks":"谢谢"`, `"name":"rating"`, `"value":"-"`, `"language":"zh"`)
		for _, hidden := range []string{"Acme", "Secret name", "For us", key, "account"} {
			if strings.Contains(shown, hidden) {
				t.Errorf("somebody outside is told %q: %s", hidden, shown)
			}
		}
	}
	do("POST", "main", token, `{"inputs":{}}`, 422, `/inputs/rating`, `"code":"field.required"`, `必须填写`)
	do("POST", "main", token, `{"inputs":{"rating":"fair"}}`, 422, `/inputs/rating`)
	do("POST", "main", token, `{"inputs":{"rating":"good","why":"`+strings.Repeat("字", 21)+`"}}`, 422, `/inputs/why`)
	do("POST", "main", token, `{"inputs":{"rating":"good","owner":"1"}}`, 422, `workflow.no_input`)
	do("POST", "main", token, `{"inputs":{"rating":"good","why":"`+strings.Repeat("x", 2<<20)+`"}}`, 413, `"code"`)
	do("POST", "main", token, `{"inputs":`, 400, `"code"`)
	do("POST", "main", token, `{"inputs":{"rating":"good","why":"example.com"}}`, 204, "")
	do("POST", "main", token, `{"inputs":{"rating":"bad"}}`, 401, `"code":"question.refused"`)
	over := do("GET", "main", token, "", 401, `"code":"question.refused"`)
	if without := regexp.MustCompile(`"request_id":"[^"]*"|"instance":"[^"]*"`); without.ReplaceAllString(over, "") != without.ReplaceAllString(refused, "") {
		t.Errorf("refusals differ: %s and %s", over, refused)
	}
	w.RunJobs()
	if got := w.sent("GET", "/api/v1/records/account/"+key, ann, "")["website"]; got != "https://example.com" {
		t.Errorf("then the website is %v", got)
	}
	// Who reads the record is told that there was an answer, and not what it says.
	runs := w.sent("GET", "/api/v1/records/account/"+key+"/runs", ann, "")["items"].([]any)
	_, _, raw := w.do("GET", "/api/v1/records/account/"+key+"/runs/"+runs[0].(map[string]any)["id"].(string), map[string]string{"Authorization": "Bearer " + ann}, "")
	if !strings.Contains(string(raw), `"do":"answered"`) || strings.Contains(string(raw), `"why"`) || strings.Contains(string(raw), `"rating"`) {
		t.Errorf("of the run they are told %s", raw)
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("the token is in the log")
	}
	// Who guesses is held, whatever they guess at.
	for range 30 {
		do("GET", "main", "x", "", 0)
	}
	do("GET", "main", "x", "", 429, `"code":"decision.held"`)
	if status, _, _ := w.do("GET", "/api/v1/decisions/main", nil, ""); status != 429 {
		t.Errorf("who guessed at questions guesses at decisions: %d", status)
	}
}
