package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// An import is sent once however often, listed with its object, and summed up by reason;
// its refused rows are shown to who sent it.
func TestImportsAreListed(t *testing.T) {
	w := newWorld(t)
	headersOf := func(email string, more map[string]string) map[string]string {
		all := map[string]string{"Authorization": "Bearer " + w.login("main", email)}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	w.User("ida@example.com", map[string]any{"permissions": []any{"admin"}})
	w.User("otto@example.com", map[string]any{"permissions": []any{"admin"}})
	form := headersOf("ida@example.com", map[string]string{"Content-Type": "multipart/form-data; boundary=x", "Idempotency-Key": "once"})
	const body = "--x\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{\"object\":\"account\"}\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"accounts.csv\"\r\n\r\nname,employees\nA,1\nB,x\n\r\n--x--\r\n"
	type imported struct {
		ID, Object, File, SHA256, Key, State string
		Created, Refused                     int64
		RefusedKept                          int64 `json:"refused_kept"`
		Reasons                              []struct {
			Code, Field, Detail string
			Count               int64
			Rows                []int64
		}
	}
	var first, again imported
	for _, into := range []*imported{&first, &again} {
		status, _, raw := w.do("POST", "/api/v1/imports", form, body)
		if status != 202 {
			t.Fatalf("%d %s", status, raw)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	if first.ID != again.ID || first.Key != "once" || first.File != "accounts.csv" || len(first.SHA256) != 64 {
		t.Errorf("%+v and then %+v", first, again)
	}
	if status, _, raw := w.do("POST", "/api/v1/imports", form, strings.Replace(body, "A,1", "A,2", 1)); status != 409 || !strings.Contains(string(raw), "import.key_reused") {
		t.Errorf("another file with the key: %d %s", status, raw)
	}
	w.RunJobs()
	list := func(email, query string) (page struct {
		Items []imported
		Next  *string
	}) {
		status, _, raw := w.do("GET", "/api/v1/imports?"+query, headersOf(email, nil), "")
		if err := json.Unmarshal(raw, &page); err != nil || status != 200 {
			t.Fatalf("%s: %d %s %v", query, status, raw, err)
		}
		return page
	}
	for _, query := range []string{"", "object=account", "key=once", "sha256=" + first.SHA256, "limit=1"} {
		page := list("ida@example.com", query)
		if len(page.Items) != 1 || page.Items[0].ID != first.ID || page.Items[0].State != "done" || (page.Next != nil) != (query == "limit=1") {
			t.Errorf("%q: %+v", query, page)
		}
	}
	if r := list("ida@example.com", "").Items[0].Reasons[0]; !strings.Contains(r.Detail, "x") {
		t.Errorf("who sent them is told %+v", r)
	}
	if page := list("ida@example.com", "object=lead&cursor="+url.QueryEscape(first.ID)); len(page.Items) != 0 {
		t.Errorf("others: %+v", page)
	}
	of := list("otto@example.com", "").Items // may see the setup
	if len(of) != 1 || of[0].Created != 1 || of[0].Refused != 1 || of[0].RefusedKept != 1 || len(of[0].Reasons) != 1 {
		t.Fatalf("%+v", of)
	}
	if r := of[0].Reasons[0]; r.Code != "field.not_a_number" || r.Field != "employees" || r.Count != 1 || len(r.Rows) != 1 || r.Rows[0] != 3 || r.Detail != "" { // whose rows they are not
		t.Errorf("%+v", r)
	}
	for email, want := range map[string]int{"ida@example.com": 200, "otto@example.com": 403} {
		if status, _, raw := w.do("GET", "/api/v1/imports/"+first.ID+"/errors", headersOf(email, nil), ""); status != want {
			t.Errorf("%s: refused rows: %d %s", email, status, raw)
		}
	}
	if status, _, raw := w.do("GET", "/api/v1/exports/account?labels=true&fields=name", headersOf("ida@example.com", nil), ""); status != 200 || !strings.HasPrefix(string(raw), "ID,Account name\n") && !strings.HasPrefix(string(raw), "ID,Name\n") {
		t.Errorf("labels: %d %s", status, raw)
	}
}
