package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// Who has a field masked is shown what its mask leaves by every way out, finds nothing out by
// asking, and changes nothing; who may read it reads it.
func TestMaskedStaysMasked(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	viewer := w.User("viewer@example.com", map[string]any{"permissions": []any{}}).String()
	const plain, masked = "13812345678", "138****5678"
	admin := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	send := func(headers map[string]string, want int, method, path, body string) string {
		t.Helper()
		status, _, raw := w.do(method, path, headers, body)
		if status != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, raw)
		}
		return string(raw)
	}
	send(admin, 200, "POST", "/api/v1/metadata/apply", `{"documents":[
		{"kind":"object","name":"person","label":"Person","name_field":"name","visibility":"read","search":["name","phone"],"fields":{
			"name":{"type":"text","mask":"#**"},"phone":{"type":"text","indexed":true,"unique":true,"label":"Phone","mask":"###****####","required":true,"visible_when":"phone != \"x\""},
			"score":{"type":"number","mask":"***"},"level":{"type":"picklist","mask":"***","options":{"high":{},"low":{}}},"boss":{"type":"lookup","object":"person"}},
			"duplicates":{"same":{"match":{"name":{"how":"text"}},"action":"warn"}}},
		{"kind":"view","name":"people","label":"People","object":"person","show":"table","columns":["phone","boss"],"sort":["phone"]},
		{"kind":"layout","name":"person","object":"person","highlights":["phone"],"tabs":{"main":{"sections":{"main":{"fields":{"phone":{},"name":{}}}}}},
			"related":{"below":{"object":"person","lookup":"boss","columns":["phone","boss.phone"],"sort":["phone"]}}},
		{"kind":"permission","name":"viewer","label":"Viewer","objects":{"person":{"create":true,"read":true,"update":true,"delete":true,"read_all":true,"write_all":true,
			"fields":{"*":"masked","boss":"edit"}}},"system":["export","api","merge"]}]}`)
	send(admin, 200, "PATCH", "/api/v1/records/user/"+viewer, `{"permissions":["viewer"]}`)
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "viewer@example.com")}
	// ask is asked by who has it masked; nothing of what is hidden is in the answer.
	ask := func(want int, method, path, body string, shows ...string) string {
		t.Helper()
		raw := send(headers, want, method, path, body)
		for _, hidden := range []string{plain, "1234567", "Wang", "high", "4711"} {
			if strings.Contains(raw, hidden) {
				t.Errorf("%s %s tells %s: %s", method, path, hidden, raw)
			}
		}
		for _, text := range shows {
			if !strings.Contains(raw, text) {
				t.Errorf("%s %s lacks %s: %s", method, path, text, raw)
			}
		}
		return raw
	}
	make := func(body string) string {
		var made struct{ ID string }
		if err := json.Unmarshal([]byte(send(admin, 201, "POST", "/api/v1/records/person", body)), &made); err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	boss := make(`{"name":"Wang Wei","phone":"` + plain + `","score":4711,"level":"high"}`)
	below := make(`{"name":"Wang Fang","phone":"13912345678","boss":"` + boss + `"}`)
	twin := make(`{"name":"Wang Wei","phone":"13712345678"}`)
	send(admin, 200, "PATCH", "/api/v1/records/person/"+boss, `{"phone":"13812345679"}`)
	send(admin, 200, "PATCH", "/api/v1/records/person/"+boss, `{"phone":"`+plain+`"}`)
	one, all := "/api/v1/records/person/"+boss, "/api/v1/records/person"

	ask(200, "GET", one, "", masked, `"name":"W**"`)
	ask(200, "GET", one+"?fields=phone", "", masked)
	ask(200, "GET", all+"?names=true", "", masked, "139****5678", `"names":{"person":{"`+boss+`":"W**"}}`)
	ask(200, "GET", all+"?fields=boss.phone,boss.name", "", `"boss.phone":"`+masked+`"`)
	ask(200, "GET", one+"/related/below", "", "139****5678", `"boss.phone":"`+masked+`"`)
	ask(200, "GET", one+"/page", "", masked, `"phone":{"visible":true,"required":true,"read_only":true}`, `"below":{"object":"person"`)
	ask(200, "GET", one+"/history", "", `"to":"`+masked+`"`)
	ask(200, "POST", all+"/form", `{"id":"`+boss+`","data":{}}`, masked)
	ask(200, "POST", all+"/candidates", `{"field":"boss","data":{},"names":true}`, masked)
	ask(200, "GET", "/api/v1/exports/person?format=csv", "", masked)
	ask(200, "GET", "/api/v1/exports/person?format=csv&labels=true&fields=phone,boss", "", masked)
	ask(200, "GET", "/api/v1/exports/person?format=jsonl", "", masked)
	ask(200, "POST", all+"/board", `{"by":"boss","columns":["`+boss+`",null]}`, masked, "139****5678")
	ask(200, "POST", all+"/bulk", `{"operations":[{"op":"update","id":"`+below+`","data":{"boss":"`+boss+`"}}]}`)
	ask(200, "PATCH", "/api/v1/records/person/"+below, `{"boss":null}`, "139****5678")
	ask(200, "PATCH", "/api/v1/records/person/"+below, `{"boss":"`+boss+`"}`)

	// Nothing is found out by asking.
	for _, q := range []string{"sort=phone", "sort=-boss.phone", "filter=" + url.QueryEscape(`phone == "`+plain+`"`), "filter=" + url.QueryEscape(`boss.phone startsWith "138"`), "filter=" + url.QueryEscape(`score > 1`), "fields=score", "fields=level"} {
		raw := send(headers, 422, "GET", all+"?"+q, "")
		if strings.Contains(raw, boss) {
			t.Errorf("%s finds: %s", q, raw)
		}
	}
	for path, body := range map[string]string{
		"/aggregate": `{"group":[{"field":"phone"}]}`, "/board": `{"by":"level"}`, "/form": `{"id":"` + boss + `","data":{"phone":"1"}}`,
	} {
		status, _, raw := w.do("POST", all+path, headers, body)
		if status == 200 && (path != "/form" || !strings.Contains(string(raw), "record.unknown_field")) {
			t.Errorf("%s %s: %s", path, body, raw)
		}
	}
	for _, body := range []string{`{"measures":[{"op":"max","field":"phone"}]}`, `{"measures":[{"op":"count","filter":"phone > \"1\""}]}`, `{"group":[{"field":"boss.phone"}]}`} {
		ask(422, "POST", all+"/aggregate", body)
	}
	for _, path := range []string{"/api/v1/search?objects=person&q=" + plain, "/api/v1/search?objects=person&q=Wang", all + "?q=" + plain} {
		if raw := ask(200, "GET", path, ""); strings.Contains(raw, boss) {
			t.Errorf("%s finds the record: %s", path, raw)
		}
	}
	if raw := ask(200, "GET", one+"/duplicates", ""); strings.Contains(raw, twin) {
		t.Errorf("tells who has the same: %s", raw)
	}
	if raw := ask(200, "POST", all+"/bulk", `{"operations":[{"op":"update","match":["phone"],"data":{"phone":"13912345678","boss":null}},{"op":"upsert","key":"phone","data":{"phone":"13912345678"}}]}`); !strings.Contains(raw, `"failed":2`) {
		t.Errorf("finds it by its value: %s", raw)
	}
	ask(422, "PATCH", one, `{"phone":"1"}`)

	// What it is, is told.
	ask(200, "GET", "/api/v1/schemas/records/person", "", `"masked":true`, `"operators":[]`)
	ask(200, "GET", "/api/v1/me", "", `"masked":{`)
	ask(200, "GET", "/api/v1/metadata/object/person", "", `"phone"`, "###****####")
	raw := ask(200, "GET", "/api/v1/metadata/view/people", "", `"columns":["phone","boss"]`)
	if strings.Contains(raw, `"sort":["phone"]`) {
		t.Errorf("has them sort by it: %s", raw)
	}
	ask(200, "GET", all+"?view=people", "", masked)

	// Who may read it does.
	if raw := send(admin, 200, "GET", one, ""); !strings.Contains(raw, plain) {
		t.Errorf("hides it from everybody: %s", raw)
	}
	send(admin, 200, "PATCH", "/api/v1/records/user/"+viewer, `{"permissions":["viewer","read_only"]}`)
	if raw := send(headers, 200, "GET", one, ""); !strings.Contains(raw, plain) || !strings.Contains(raw, "4711") {
		t.Errorf("another set doesn't give it: %s", raw)
	}
	send(admin, 200, "PATCH", "/api/v1/records/user/"+viewer, `{"permissions":["viewer"]}`)
	ask(204, "DELETE", one, "")
	ask(200, "GET", "/api/v1/bin/person", "", `"name":"W**"`)
	ask(200, "GET", strings.Replace(one, "/records/", "/bin/", 1), "", `"name":"W**"`)
	ask(200, "GET", "/api/v1/bin/person?names=true&q=wang", "", `"items":[]`)
	if raw := send(admin, 200, "GET", "/api/v1/bin/person?names=true&q=wang", ""); !strings.Contains(raw, `"names":{"user":{`) {
		t.Errorf("who may read it does not find it in the bin: %s", raw)
	}
}
