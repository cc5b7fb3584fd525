package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// A text of as many characters as one may have is written, read, found, kept in the history,
// exported, imported, deleted and restored as any other; one of more is refused.
func TestTheLongestText(t *testing.T) {
	w := newWorld(t)
	const object = `{"kind":"object","name":"contract","label":{"en":"Contract","zh":"合同"},"name_field":"title","visibility":"write","search":["title","body"],
		"fields":{"title":{"type":"text","required":true,"label":{"en":"Title","zh":"标题"}},"body":{"type":"long_text",%s"label":{"en":"Text","zh":"正文"}}}}`
	w.Apply(fmt.Sprintf(object, "")) // that a field may hold more later changes nothing of what it holds
	before := w.Create("contract", map[string]any{"title": "Before", "body": "from before"}).String()
	w.Apply(fmt.Sprintf(object, `"max_length":1000000,`))
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	const longest, all = 1_000_000, "/api/v1/records/contract"
	text := func(start, rest string) string {
		return start + strings.Repeat(rest, longest-utf8.RuneCountInString(start))
	}
	first, second := text("龙门石窟的修缮，", "甲"), text("莫高窟的修缮，", "乙")
	call := func(method, path string, body any, want int) (answer map[string]any) {
		t.Helper()
		raw := ""
		if body != nil {
			sent, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			raw = string(sent)
		}
		status, _, got := w.do(method, path, headers, raw)
		if status != want {
			t.Fatalf("%s %s: %d %.500s", method, path, status, got)
		}
		if len(got) > 0 {
			if err := json.Unmarshal(got, &answer); err != nil {
				t.Fatal(err)
			}
		}
		return answer
	}
	holds := func(path, want string) {
		t.Helper()
		if got := call("GET", path, nil, http.StatusOK)["body"]; got != want {
			t.Errorf("%s does not have the text that was written", path)
		}
	}
	found := func(query string) int {
		t.Helper()
		return len(call("GET", all+"?fields=title&"+query, nil, http.StatusOK)["items"].([]any))
	}

	holds(all+"/"+before, "from before")
	made := call("POST", all, map[string]any{"title": "A", "body": first}, http.StatusCreated)
	at := all + "/" + made["id"].(string)
	holds(at, first)
	if n := found("q=" + url.QueryEscape("龙门石窟")); n != 1 {
		t.Errorf("found %d times by a word near the start", n)
	}
	if n := found("filter=" + url.QueryEscape(`body contains "修缮，甲甲"`)); n != 1 {
		t.Errorf("found %d times by a part", n)
	}

	call("PATCH", at, map[string]any{"body": second}, http.StatusOK)
	entry := call("GET", at+"/history", nil, http.StatusOK)["items"].([]any)[0].(map[string]any)
	change := entry["changes"].(map[string]any)["body"].(map[string]any)
	if change["from"] != first || change["to"] != second {
		t.Error("the history does not tell what the text was and is")
	}
	refused := call("PATCH", at, map[string]any{"body": first + "甲"}, http.StatusUnprocessableEntity)
	if told, _ := json.Marshal(refused); !strings.Contains(string(told), `"code":"field.too_long"`) || !strings.Contains(string(told), "1000001") {
		t.Errorf("one character more: %.500s", told)
	}
	for _, query := range []string{"sort=body", "sort=-body"} {
		if refused := call("GET", all+"?"+query, nil, http.StatusUnprocessableEntity); refused["code"] != "list.not_sortable" {
			t.Errorf("%s: %v", query, refused)
		}
	}

	status, _, file := w.do("GET", "/api/v1/exports/contract?fields=title,body&filter="+url.QueryEscape(`title == "A"`), headers, "")
	rows, err := csv.NewReader(strings.NewReader(string(file))).ReadAll()
	if status != http.StatusOK || err != nil || len(rows) != 2 || rows[1][len(rows[1])-1] != second {
		t.Fatalf("the export has not the text: %d, %d rows, %v", status, len(rows), err)
	}
	form := map[string]string{"Authorization": headers["Authorization"], "Content-Type": "multipart/form-data; boundary=x"}
	sent := "--x\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{\"object\":\"contract\"}\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"contracts.csv\"\r\n\r\n" + string(file) + "\r\n--x--\r\n"
	status, _, raw := w.do("POST", "/api/v1/imports", form, sent)
	if status != http.StatusAccepted {
		t.Fatalf("%d %.500s", status, raw)
	}
	w.RunJobs()
	same := call("GET", all+"?fields=body", nil, http.StatusOK)["items"].([]any)
	if len(same) != 3 || same[2].(map[string]any)["body"] != second {
		t.Errorf("%d contracts after the import", len(same))
	}

	call("DELETE", at, nil, http.StatusNoContent)
	if n := found("q=" + url.QueryEscape("莫高窟")); n != 1 {
		t.Errorf("found %d times, one is deleted", n)
	}
	call("POST", at+"/restore", nil, http.StatusOK)
	holds(at, second)
	if n := found("q=" + url.QueryEscape("莫高窟")); n != 2 {
		t.Errorf("found %d times after the restoring", n)
	}
}
