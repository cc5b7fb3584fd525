package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

const service = `{"kind":"object","name":"service","label":"Service","name_field":"name","search":["name","notes"],"fields":{
	"name":{"type":"text"},"notes":{"type":"rich_text"},"token":{"type":"secret"},
	"ready":{"type":"formula","result":"checkbox","expression":"token != nil"}}}`

// A secret that was sent is in no answer, history, event, export or search; that there is
// one can be asked, and it stays where a form sends back what it was shown.
func TestSecretsStayHidden(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	const plain = "sk-4711-hush"
	ask := func(want int, method, path, body string) string {
		t.Helper()
		status, _, raw := w.do(method, path, headers, body)
		if status != want {
			t.Fatalf("%s %s: %d %s", method, path, status, raw)
		}
		if strings.Contains(string(raw), plain) {
			t.Errorf("%s %s shows the secret: %s", method, path, raw)
		}
		return string(raw)
	}
	ask(200, "POST", "/api/v1/metadata/apply", `{"documents":[`+service+`]}`)
	var made struct{ ID string }
	raw := ask(201, "POST", "/api/v1/records/service", `{"name":"Mail","token":"`+plain+`"}`)
	if err := json.Unmarshal([]byte(raw), &made); err != nil || !strings.Contains(raw, `"token":true`) || !strings.Contains(raw, `"ready":true`) {
		t.Fatalf("%v %s", err, raw)
	}
	one := "/api/v1/records/service/" + made.ID
	if raw := ask(200, "PATCH", one, `{"name":"Post","token":true}`); !strings.Contains(raw, `"token":true`) {
		t.Errorf("what was shown, sent back, became %s", raw)
	}
	ask(200, "PATCH", one, `{"token":"`+plain+`-2"}`)
	ask(422, "PATCH", one, `{"token":["`+plain+`"]}`)
	for _, path := range []string{one, one + "/history", "/api/v1/records/service?filter=token+!%3D+nil", "/api/v1/exports/service?format=csv", "/api/v1/exports/service?format=jsonl",
		"/api/v1/search?q=hush", "/api/v1/schemas/records/service"} {
		ask(200, "GET", path, "")
	}
	if raw := ask(200, "GET", "/api/v1/search?q=4711", ""); strings.Contains(raw, made.ID) {
		t.Errorf("the record is found by its secret: %s", raw)
	}
	for _, path := range []string{"/api/v1/records/service?sort=token", "/api/v1/records/service?filter=token+%3D%3D+%22a%22"} {
		ask(422, "GET", path, "")
	}
	ask(422, "POST", "/api/v1/records/service/aggregate", `{"group":[{"field":"token"}],"measures":[{"op":"count"}]}`)
	for _, measure := range []string{`{"op":"max","field":"token"}`, `{"op":"median","field":"token"}`, `{"op":"count","filter":"token > \"s\""}`, `{"op":"count","filter":"token startsWith \"s\""}`} {
		ask(422, "POST", "/api/v1/records/service/aggregate", `{"measures":[`+measure+`]}`)
	}
	ask(422, "POST", "/api/v1/records/service/aggregate", `{"group":[{"field":"name"}],"having":"token > \"s\""}`)
	if raw := ask(200, "PATCH", one, `{"token":null}`); !strings.Contains(raw, `"token":null`) || !strings.Contains(raw, `"ready":false`) {
		t.Errorf("emptied: %s", raw)
	}
	ask(200, "PATCH", one, `{"token":"`+plain+`-3"}`)
	ask(204, "DELETE", one, "")
	kept := map[string]int{}
	keep := func(table string, row store.Row, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if kept[table]++; strings.Contains(fmt.Sprintf("%s", row), plain) {
			t.Errorf("%s holds the secret: %s", table, row)
		}
	}
	changes, document := query.Column{Name: "changes", Storage: fieldtype.JSON}, query.Column{Name: "doc", Storage: fieldtype.JSON}
	for row, err := range w.Tenant.ReadLog(t.Context(), store.LogRead{Table: "_outbox", Columns: []query.Column{changes}, Limit: 100}) {
		keep("_outbox", row, err)
	}
	for table, column := range map[string]query.Column{"_history": changes, "_bin": document} {
		for row, err := range w.Tenant.Select(t.Context(), query.Select{Table: table, Columns: []query.Ref{query.Field(column)}}) {
			keep(table, row, err)
		}
	}
	if kept["_outbox"] < 4 || kept["_history"] < 4 || kept["_bin"] != 1 {
		t.Errorf("looked through %v", kept)
	}
	if strings.Contains(w.log.String(), plain) {
		t.Error("the log has the secret")
	}
}

// Formatted text comes back without what could run, and is found by its words alone.
func TestFormattedTextIsCleaned(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	if status, _, raw := w.do("POST", "/api/v1/metadata/apply", headers, `{"documents":[`+service+`]}`); status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	body, _ := json.Marshal(map[string]any{"name": "N", "notes": `<p onclick="alert(1)">Quar<b>terly</b> review</p><script>alert(2)</script><img src=x onerror=alert(3)>`})
	status, _, raw := w.do("POST", "/api/v1/records/service", headers, string(body))
	var saved struct{ ID, Notes string }
	if err := json.Unmarshal(raw, &saved); err != nil || status != 201 || saved.Notes != "<p>Quar<b>terly</b> review</p>" {
		t.Fatalf("%d %v %s", status, err, raw)
	}
	for q, found := range map[string]bool{"quarterly": true, "review": true, "onclick": false, "alert": false, "b": false} {
		_, _, raw := w.do("GET", "/api/v1/search?objects=service&q="+q, headers, "")
		if strings.Contains(string(raw), saved.ID) != found {
			t.Errorf("by the word %s: %s", q, fmt.Sprint(string(raw)))
		}
	}
}
