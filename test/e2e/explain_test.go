package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// asked is a question of who may do what, and the request that puts it to the test.
type asked struct {
	says    string
	action  string
	field   string
	sets    []string // of the user
	owns    bool     // the record
	gone    bool     // the user is inactive
	allowed bool
	grants  []string // codes
	offers  string   // a permission set that must be among those that are offered
}

// What is explained is so: whoever is said to be allowed may, whoever is not may not,
// and the grants that are named make it so, without more than they say.
func TestExplain(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t,
		object{"kind": "object", "name": "dossier", "label": "Dossier", "name_field": "name", "visibility": "private",
			"fields": object{"name": object{"type": "text"}, "grade": object{"type": "text"}, "sum": object{"type": "formula", "result": "text", "expression": `name + "!"`}}},
		object{"kind": "permission", "name": "dossier_all", "label": "All", "objects": object{"dossier": object{"create": true, "read": true, "update": true, "delete": true}}},
		object{"kind": "permission", "name": "dossier_some", "label": "Some", "objects": object{"dossier": object{"read": true, "fields": object{"name": "read"}}}})
	other := admin.create(t, "dossier", object{"name": "Other", "grade": "b"})
	for n, c := range []asked{
		{says: "no set", action: "read", grants: []string{"access.grant_sharing", "access.grant_permission"}, offers: "dossier_some"},
		{says: "no set, owner", action: "read", owns: true, grants: []string{"access.grant_permission"}, offers: "dossier_some"},
		{says: "owner", action: "read", owns: true, sets: []string{"dossier_all"}, allowed: true},
		{says: "not the owner", action: "read", sets: []string{"dossier_all"}, grants: []string{"access.grant_sharing"}},
		{says: "changes what they do not see", action: "update", sets: []string{"dossier_all"}, grants: []string{"access.grant_sharing"}},
		{says: "changes what they only read", action: "update", owns: true, sets: []string{"dossier_some"}, grants: []string{"access.grant_permission"}, offers: "dossier_all"},
		{says: "changes their own", action: "update", owns: true, sets: []string{"dossier_all"}, allowed: true},
		{says: "deletes another's", action: "delete", sets: []string{"dossier_all"}, grants: []string{"access.grant_owner"}},
		{says: "deletes their own", action: "delete", owns: true, sets: []string{"dossier_all"}, allowed: true},
		{says: "a hidden field", action: "read", field: "grade", owns: true, sets: []string{"dossier_some"}, grants: []string{"access.grant_permission"}, offers: "dossier_all"},
		{says: "a field they read", action: "read", field: "name", owns: true, sets: []string{"dossier_some"}, allowed: true},
		{says: "writes a field they read", action: "update", field: "name", owns: true, sets: []string{"dossier_some"}, grants: []string{"access.grant_permission"}, offers: "dossier_all"},
		{says: "writes what is computed", action: "update", field: "sum", owns: true, sets: []string{"dossier_all"}},
		{says: "reads all", action: "read", sets: []string{"read_only"}, allowed: true},
		{says: "inactive", action: "read", gone: true, sets: []string{"admin"}, grants: []string{"access.grant_active"}},
	} {
		t.Run(c.says, func(t *testing.T) {
			user := admin.user(t, "main", fmt.Sprintf("asked%d@example.com", n), object{"permissions": append([]string{}, c.sets...)})
			data := object{"name": "Theirs", "grade": "a"}
			if c.owns {
				data["owner"] = user.id
			}
			id := admin.create(t, "dossier", data)
			if c.gone {
				admin.must(t, 200, "PATCH", "/records/user/"+user.id, object{"active": false})
			}
			question := object{"user": user.id, "object": "dossier", "id": id, "action": c.action, "field": c.field}
			told := admin.must(t, 200, "POST", "/access/explain", question)
			if may := c.may(t, user, id); told["allowed"] != c.allowed || may != c.allowed {
				t.Fatalf("allowed %v, does %v, want %v: %v", told["allowed"], may, c.allowed, told)
			}
			var codes []string
			for _, one := range told["grants"].([]any) {
				grant := one.(object)
				codes = append(codes, grant["code"].(string))
				w.grant(t, grant, user, id, n)
				if grant["code"] == "access.grant_permission" && c.offers != "" && !slices.Contains(grant["sets"].([]any), any(c.offers)) {
					t.Errorf("offers %v", grant["sets"])
				}
			}
			if !slices.Equal(codes, c.grants) {
				t.Errorf("grants %v, want %v: %v", codes, c.grants, told)
			}
			if len(codes) == 0 {
				return
			}
			if c.gone {
				user = w.login(t, "main", fmt.Sprintf("asked%d@example.com", n))
			}
			if !c.may(t, user, id) {
				t.Errorf("after all grants of %v: may not", told)
			}
			if !slices.Contains(c.sets, "admin") && user.do(t, "GET", "/records/dossier/"+other, nil).status == 200 {
				t.Error("the grants give another record")
			}
			if c.action != "delete" {
				if told := admin.must(t, 200, "POST", "/access/explain", question); told["allowed"] != true {
					t.Errorf("after all grants: %v", told)
				}
			}
		})
	}
	w.explainRefused(t, other)
}

// may tries what is asked.
func (c asked) may(t *testing.T, user *client, id string) bool {
	t.Helper()
	path := "/records/dossier/" + id
	switch {
	case c.action == "read" && c.field == "":
		return user.do(t, "GET", path, nil).status == 200
	case c.action == "read":
		return user.do(t, "GET", path+"?fields="+c.field, nil).status == 200
	case c.action == "update" && c.field == "":
		return user.do(t, "PATCH", path, object{}).status == 200
	case c.action == "update":
		return user.do(t, "PATCH", path, object{c.field: "Changed"}).status == 200
	}
	return user.do(t, "DELETE", path, nil).status == 204
}

// grant does what an explanation says would help.
func (w *world) grant(t *testing.T, grant object, user *client, id string, n int) {
	t.Helper()
	admin := w.admin.en
	document, _ := grant["document"].(object)
	if document != nil {
		document["name"], document["label"] = fmt.Sprint("granted_", n), "Granted"
		admin.apply(t, document)
	}
	switch grant["code"] {
	case "access.grant_permission":
		sets := admin.must(t, 200, "GET", "/records/user/"+user.id+"?fields=permissions", nil)["permissions"]
		had, _ := sets.([]any)
		admin.must(t, 200, "PATCH", "/records/user/"+user.id, object{"permissions": append(had, document["name"])})
	case "access.grant_owner":
		admin.must(t, 200, "PATCH", "/records/dossier/"+id, object{"owner": user.id})
	case "access.grant_active":
		admin.must(t, 200, "PATCH", "/records/user/"+user.id, object{"active": true})
	}
}

// explainRefused: it tells those alone who see the configuration and the record.
func (w *world) explainRefused(t *testing.T, record string) {
	admin := w.admin.en
	question := func(more object) object {
		q := object{"user": w.rep.en.id, "object": "dossier", "action": "read", "id": record}
		for name, v := range more {
			q[name] = v
		}
		return q
	}
	problem(t, w.rep.en.do(t, "POST", "/access/explain", question(nil)), 403, "auth.right_missing", "en")
	for _, r := range []refusal{
		{says: "nobody", body: question(object{"user": ""}), status: 422, code: "access.user_needed"},
		{says: "no such user", body: question(object{"user": "nobody@example.com"}), status: 404, code: "auth.user_not_found"},
		{says: "no such object", body: question(object{"object": "dosier"}), status: 404, code: "record.unknown_object"},
		{says: "no such record", body: question(object{"id": noSuchID}), status: 404, code: "record.not_found"},
		{says: "no id", body: question(object{"id": "x"}), status: 404, code: "api.bad_id"},
		{says: "no such field", body: question(object{"field": "nam"}), status: 422, code: "list.unknown_field"},
		{says: "no such action", body: question(object{"action": "burn"}), status: 422, code: "access.unknown_action"},
		{says: "an unknown member", body: question(object{"why": 1}), status: 400, code: "api.unknown_member"},
	} {
		r.send = "POST /access/explain"
		w.refuse(t, r)
	}
	admin.apply(t, object{"kind": "permission", "name": "watcher", "label": "Watcher", "system": []string{"view_setup"}, "objects": object{"dossier": object{"read": true}}})
	watcher := admin.user(t, "main", "watcher@example.com", object{"permissions": []string{"watcher"}})
	problem(t, watcher.do(t, "POST", "/access/explain", question(nil)), 404, "auth.user_not_found", "en")
	admin.apply(t, object{"kind": "policy", "name": "no_others", "object": "dossier", "rego": "package formwork.custom.no_others\n\ndeny if input.record.name == \"Other\"\n"})
	told := admin.must(t, 200, "POST", "/access/explain", question(object{"user": admin.id, "id": ""}))
	if told["allowed"] != true {
		t.Errorf("all records but some: %v", told)
	}
	if a := admin.do(t, "GET", "/records/dossier/"+record, nil); a.status != 404 {
		t.Errorf("the policy does not deny: %v", a)
	}
	admin.must(t, 200, "POST", "/metadata/apply", object{"delete": []object{{"kind": "policy", "name": "no_others"}}})
	if text := fmt.Sprint(told); strings.Contains(text, "%!") || !strings.Contains(text, "no_others") {
		t.Errorf("does not name the policy: %v", told)
	}
}
