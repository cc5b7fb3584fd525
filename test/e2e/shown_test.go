package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Documents name no field that their reader may not read, be it behind a lookup, in a
// filter or in a condition; what can't be used without it is not there.
func TestHiddenInDocuments(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t,
		object{"kind": "object", "name": "safe", "label": "Safe", "name_field": "name", "visibility": "read",
			"fields": object{"name": object{"type": "text"}, "weight": object{"type": "number"}, "combination": object{"type": "text"}, "inside": object{"type": "lookup", "object": "safe"}}},
		object{"kind": "view", "name": "safes", "label": "Safes", "object": "safe", "columns": []string{"name", "inside.combination", "inside.name"}, "sort": []string{"-inside.combination"}, "show": "table"},
		object{"kind": "view", "name": "opened", "label": "Opened", "object": "safe", "columns": []string{"name"}, "filter": `inside.combination == "R2D2"`, "show": "table"},
		object{"kind": "app", "name": "vaults", "label": "Vaults", "items": object{"safes": object{"object": "safe", "view": "safes"}, "opened": object{"object": "safe", "view": "opened"}}},
		object{"kind": "layout", "name": "safe_page", "label": "Safe", "object": "safe",
			"tabs": object{"main": object{"sections": object{
				"a": object{"visible_when": `combination == "R2D2"`, "fields": object{"name": object{"read_only_when": `combination != nil`}, "weight": object{"required_when": `name != nil`}}}}}},
			"related": object{
				"smaller": object{"object": "safe", "lookup": "inside", "columns": []string{"name", "combination"}, "sort": []string{"combination"}},
				"cracked": object{"object": "safe", "lookup": "inside", "columns": []string{"name"}, "filter": `combination == "R2D2"`}}},
		object{"kind": "permission", "name": "guard", "label": "Guard", "objects": object{"safe": object{"read": true, "fields": object{"*": "read", "combination": "none"}}}})
	guard := admin.user(t, "main", "guard@example.com", object{"permissions": []string{"guard"}})
	outer := admin.create(t, "safe", object{"name": "Outer", "combination": "R2D2"})
	admin.create(t, "safe", object{"name": "Inner", "combination": "C3PO", "inside": outer})
	w.try(t, guard, []string{"combination", "R2D2", "C3PO"}, []escalation{
		{"reads all documents", "GET /metadata", nil, 200, ""},
		{"reads the view", "GET /metadata/view/safes", nil, 200, ""},
		{"reads the app", "GET /metadata/app/vaults", nil, 200, ""},
		{"reads the layout", "GET /metadata/layout/safe_page", nil, 200, ""},
		{"reads the description of the API", "GET /openapi.json", nil, 200, ""},
		{"lists what is related", "GET /records/safe/" + outer + "/related/smaller", nil, 200, ""},
		{"reads a view that filters by it", "GET /metadata/view/opened", nil, 404, "api.no_document"},
		{"lists what is related under a filter by it", "GET /records/safe/" + outer + "/related/cracked", nil, 404, "record.no_related"},
	})
	for path, want := range map[string]string{
		"/metadata/view/safes":       `"columns":["name","inside.name"]`,
		"/metadata/app/vaults":       `"opened":{"object":"safe"}`,
		"/metadata/layout/safe_page": `"weight":{"required_when":"name != nil"}`,
	} {
		if a := guard.do(t, "GET", path, nil); !strings.Contains(string(a.raw), want) {
			t.Errorf("%s lacks %s: %v", path, want, a)
		}
	}
}

// Who may create records and not read them sends them in, and learns nothing of them.
func TestSendersIn(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t, object{"kind": "permission", "name": "sender", "label": "Sender", "system": []string{"api", "import", "export"}, "objects": object{
		"lead": object{"create": true, "fields": object{"name": "edit", "company": "edit", "email": "edit"}}}})
	key := admin.must(t, 201, "POST", "/keys", object{"name": "The form", "permissions": []string{"sender"}})
	sender := &client{server: w.server, token: key["token"].(string)}
	sent := sender.must(t, 201, "POST", "/records/lead", object{"name": "Sent In", "company": "Post Ltd", "email": "sent.in@example.com"})
	if len(sent) != 2 || sent["id"] == nil {
		t.Errorf("learns %v", sent)
	}
	id := sent["id"].(string)
	if got := admin.must(t, 200, "GET", "/records/lead/"+id, nil); got["name"] != "Sent In" || got["owner"] != admin.id {
		t.Errorf("was saved as %v", got)
	}
	w.try(t, sender, []string{"Sent In", "Post Ltd", "Again"}, []escalation{
		{"reads it", "GET /records/lead/" + id, nil, 403, "record.forbidden"},
		{"lists", "GET /records/lead", nil, 403, "record.forbidden"},
		{"searches", "GET /search?q=sent", nil, 200, ""},
		{"exports", "GET /exports/lead", nil, 403, "record.forbidden"},
		{"reads the history", "GET /records/lead/" + id + "/history", nil, 403, "record.forbidden"},
		{"looks for what is like it", "GET /records/lead/" + id + "/duplicates", nil, 403, "record.forbidden"},
		{"changes it", "PATCH /records/lead/" + id, object{"name": "x"}, 403, "record.forbidden"},
		{"deletes it", "DELETE /records/lead/" + id, nil, 403, "record.forbidden"},
		{"reads the object", "GET /metadata/object/lead", nil, 404, "api.no_document"},
		{"gives a field that is not theirs", "POST /records/lead", object{"name": "x", "company": "x", "phone": "1"}, 422, "record.invalid"},
		{"upserts", "POST /records/lead/bulk", object{"operations": []object{{"op": "upsert", "id": id, "data": object{"name": "x"}}}}, 200, ""},
	})
	described := sender.must(t, 200, "GET", "/openapi.json", nil)
	path, _ := described["paths"].(object)["/api/v1/records/lead"].(object)
	if text := fmt.Sprint(described["components"].(object)["schemas"].(object)["lead.write"]); path["post"] == nil || path["get"] != nil ||
		!strings.Contains(text, "company") || strings.Contains(text, "phone") {
		t.Errorf("the description shows %v, %s", path, text)
	}
	again := sender.do(t, "POST", "/records/lead", object{"name": "Sent In", "company": "Post Ltd", "email": "sent.in@example.com"})
	if text := fmt.Sprint(again); again.status == 201 && strings.Contains(text, "matches\":[{") || strings.Contains(text, id) {
		t.Errorf("a warning names what is there: %v", again)
	}
}

// Who may not manage users makes nobody go or come back, whatever their rights on users.
func TestUsersOfOthers(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t, object{"kind": "permission", "name": "hr", "label": "HR", "system": []string{"merge", "purge", "api"}, "objects": object{
		"user": object{"create": true, "read": true, "update": true, "delete": true, "read_all": true, "write_all": true}}})
	hr := admin.user(t, "main", "hr@example.com", object{"permissions": []string{"hr"}})
	chief := admin.user(t, "main", "chief@example.com", object{"permissions": []string{"admin"}})
	gone := admin.create(t, "user", object{"name": "Gone", "email": "gone@example.com", "permissions": []string{"admin"}})
	admin.must(t, 204, "DELETE", "/records/user/"+gone, nil)
	w.try(t, hr, nil, []escalation{
		{"deletes", "DELETE /records/user/" + chief.id, nil, 403, "record.forbidden"},
		{"restores", "POST /records/user/" + gone + "/restore", nil, 403, "record.forbidden"},
		{"purges", "DELETE /bin/user/" + gone, nil, 403, "record.forbidden"},
		{"merges into themselves", "POST /records/user/" + hr.id + "/merge", object{"from": []string{chief.id}}, 403, "record.forbidden"},
		{"promotes themselves", "PATCH /records/user/" + hr.id, object{"permissions": []string{"admin"}}, 422, "record.invalid"},
		{"deletes in bulk", "POST /records/user/bulk", object{"operations": []object{{"op": "delete", "id": chief.id}}}, 200, ""},
	})
	hr.must(t, 200, "PATCH", "/records/user/"+chief.id, object{"title": "Chief"})
	if a := chief.do(t, "GET", "/me", nil); a.status != 200 {
		t.Errorf("is gone: %v", a)
	}
}
