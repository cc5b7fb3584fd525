package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// What belongs to one tenant is nothing to another, whatever is asked for.
func TestTenantsNeverMeet(t *testing.T) {
	w := theWorld(t)
	here, there := w.admin.en, w.other
	here.apply(t, plain("lantern", nil))
	secret := here.create(t, "account", object{"name": "Zanzibar Ltd"})
	mine := here.create(t, "lantern", object{"name": "Zanzibar lantern"})
	gone := here.create(t, "account", object{"name": "Zanzibar Gone"})
	here.must(t, 204, "DELETE", "/records/account/"+gone, nil)
	key := here.must(t, 201, "POST", "/keys", object{"name": "Zanzibar key", "permissions": []string{"read_only"}})
	upload, err := here.upload(object{"object": "lead"}, []byte("name\nZanzibar lead\n"))
	if err != nil || upload.status != 202 {
		t.Fatalf("%v, %v", upload, err)
	}
	imported := upload.json()["id"].(string)
	until(t, "the import ends", func() bool { return len(here.unfinished(t)) == 0 })
	jobs := here.must(t, 200, "GET", "/jobs?limit=5", nil)["items"].([]any)
	job := jobs[0].(object)["id"].(string)
	theirs := there.create(t, "account", object{"name": "Theirs"})
	before, beforeThere := w.written(t, "main"), w.written(t, "other")

	for _, call := range []struct {
		send   string
		body   any
		status int
	}{
		{"GET /records/account/" + secret, nil, 404}, {"PATCH /records/account/" + secret, object{"name": "x"}, 404}, {"DELETE /records/account/" + secret, nil, 404},
		{"GET /records/account/" + secret + "/history", nil, 404}, {"GET /records/account/" + secret + "/duplicates", nil, 404},
		{"GET /records/account/" + secret + "/related/opportunities", nil, 404}, {"POST /records/account/" + gone + "/restore", nil, 404}, {"DELETE /bin/account/" + gone, nil, 404},
		{"GET /records/account/" + gone + "/history", nil, 404}, {"POST /records/account/" + theirs + "/merge", object{"from": []string{secret}}, 404},
		{"GET /records/user/" + here.id, nil, 404}, {"PUT /users/" + here.id + "/password", object{"password": password}, 404},
		{"POST /records/opportunity", object{"name": "x", "account": secret}, 422}, {"POST /records/account", object{"name": "x", "owner": here.id}, 422},
		{"POST /records/task", object{"subject": "x", "about": object{"object": "account", "id": secret}}, 422},
		{"GET /records/lantern", nil, 404}, {"GET /records/lantern/" + mine, nil, 404}, {"POST /records/lantern", object{"name": "x"}, 404}, {"GET /exports/lantern", nil, 404},
		{"GET /metadata/object/lantern", nil, 404}, {"GET /schemas/records/lantern", nil, 404},
		{"GET /imports/" + imported, nil, 404}, {"GET /imports/" + imported + "/errors", nil, 404}, {"GET /jobs/" + job, nil, 404}, {"POST /jobs/" + job + "/cancel", nil, 404}, {"POST /jobs/" + job + "/retry", nil, 404},
		{"DELETE /keys/" + key["id"].(string), nil, 404},
		{"GET /records/account?limit=500", nil, 200}, {"GET /records/account?q=zanzibar&count=true", nil, 200}, {"GET /search?q=zanzibar", nil, 200}, {"GET /bin/account", nil, 200},
		{"GET /exports/account", nil, 200}, {"GET /exports/account?format=jsonl&filter=" + url.QueryEscape(`name startsWith "Zan"`), nil, 200}, {"GET /exports/user?format=jsonl", nil, 200},
		{"GET /metadata", nil, 200}, {"GET /metadata?layer=own", nil, 200}, {"GET /metadata/revisions", nil, 200}, {"GET /openapi.json", nil, 200}, {"GET /jobs", nil, 200}, {"GET /keys", nil, 200},
		{"POST /records/account/aggregate", object{"group": []object{{"field": "name"}}}, 200}, {"GET /me", nil, 200}, {"GET /me/sessions", nil, 200},
	} {
		method, path, _ := strings.Cut(call.send, " ")
		for _, headers := range [][]string{nil, {"X-Tenant", "main"}, {"X-Forwarded-Host", "main.example.com"}, {"Tenant", "main"}} {
			a := there.do(t, method, path, call.body, headers...)
			if a.status != call.status {
				t.Errorf("%s with %v: %v, want %d", call.send, headers, a, call.status)
			}
			if s := string(a.raw); strings.Contains(s, "anzibar") || strings.Contains(s, "rep@example.com") || (strings.Contains(s, "lantern") && call.status == 200) {
				t.Errorf("%s with %v shows another tenant's: %v", call.send, headers, a)
			}
		}
	}
	if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
		t.Errorf("wrote in the other tenant: %v", wrote)
	}
	if wrote := beforeThere.differences(w.written(t, "other")); len(wrote) > 0 {
		t.Errorf("wrote: %v", wrote)
	}
	// Both have a user of this address, with sessions of their own.
	there.must(t, 204, "DELETE", "/users/"+there.id+"/sessions", nil)
	if a := here.do(t, "GET", "/me", nil); a.status != 200 {
		t.Errorf("a session ended in another tenant: %v", a)
	}
	w.other = w.server.admin(t, "other")
	if me := w.other.must(t, 200, "GET", "/me", nil); me["tenant"] != "other" {
		t.Errorf("is %v", me)
	}
}
