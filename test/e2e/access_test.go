package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// noSuchID has the form of an id, and no record has it.
const noSuchID = "0000000000001"

// escalation is what somebody with few rights tries, and what must come of it.
type escalation struct {
	says   string
	send   string
	body   any
	status int
	code   string
}

// try sends them as somebody; none may write anything or show what is secret.
func (w *world) try(t *testing.T, as *client, secrets []string, all []escalation) {
	t.Helper()
	for _, e := range all {
		t.Run(e.says, func(t *testing.T) {
			method, path, _ := strings.Cut(e.send, " ")
			before := w.written(t, "main")
			a := as.do(t, method, path, e.body)
			if e.status >= 400 {
				problem(t, a, e.status, e.code, "en")
			} else if a.status != e.status {
				t.Errorf("%v, want %d", a, e.status)
			}
			for _, secret := range secrets {
				if strings.Contains(string(a.raw), secret) {
					t.Errorf("shows %q: %v", secret, a)
				}
			}
			if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
				t.Errorf("wrote %v", wrote)
			}
		})
	}
}

// A sales user does not become more than that.
func TestEscalation(t *testing.T) {
	w := theWorld(t)
	admin, rep := w.admin.en, w.rep.en
	theirs := admin.create(t, "account", object{"name": "Hush Ltd", "website": "https://hush.example.com"})
	gone := admin.create(t, "account", object{"name": "Hush Gone"})
	admin.must(t, 204, "DELETE", "/records/account/"+gone, nil)
	deal := admin.create(t, "opportunity", object{"name": "Hush deal", "account": theirs, "amount": 5})
	rival := admin.create(t, "competitor", object{"name": "Rival"})
	mine := rep.create(t, "account", object{"name": "Mine"})
	upload, err := admin.upload(object{"object": "lead"}, []byte("name\nHush lead\n"))
	if err != nil || upload.status != 202 {
		t.Fatalf("%v, %v", upload, err)
	}
	imported := upload.json()["id"].(string)
	until(t, "the import ends", func() bool { return len(admin.unfinished(t)) == 0 })
	key := admin.must(t, 201, "POST", "/keys", object{"name": "k", "permissions": []string{"read_only"}})
	set := object{"documents": []object{{"kind": "permission", "name": "sales_user", "system": []string{"manage_users"}}}}
	w.try(t, rep, []string{"Hush"}, []escalation{
		{"gives themselves a permission set", "PATCH /records/user/" + rep.id, object{"permissions": []string{"admin"}}, 403, "record.forbidden"},
		{"gives themselves a role", "PATCH /records/user/" + rep.id, object{"role": "sales_director"}, 403, "record.forbidden"},
		{"takes another's e-mail", "PATCH /records/user/" + rep.id, object{"email": "x@example.com"}, 403, "record.forbidden"},
		{"changes the admin", "PATCH /records/user/" + admin.id, object{"active": false}, 403, "record.forbidden"},
		{"makes a user", "POST /records/user", object{"name": "x", "email": "x@example.com", "permissions": []string{"admin"}}, 403, "record.forbidden"},
		{"makes users in bulk", "POST /records/user/bulk", object{"atomic": true, "operations": []object{{"op": "create", "data": object{"name": "x", "email": "x@example.com"}}}}, 200, ""}, // with a problem for each line
		{"deletes a user", "DELETE /records/user/" + admin.id, nil, 403, "record.forbidden"},
		{"sets the admin's password", "PUT /users/" + admin.id + "/password", object{"password": password}, 403, "auth.right_missing"},
		{"ends the admin's sessions", "DELETE /users/" + admin.id + "/sessions", nil, 403, "auth.right_missing"},
		{"changes the configuration", "POST /metadata/apply", set, 403, "auth.right_missing"},
		{"plans a change", "POST /metadata/plan", set, 403, "auth.right_missing"},
		{"rolls back", "POST /metadata/rollback", object{"to": 1}, 403, "auth.right_missing"},
		{"lists revisions", "GET /metadata/revisions", nil, 403, "auth.right_missing"},
		{"compares revisions", "GET /metadata/diff", nil, 403, "auth.right_missing"},
		{"reads the tenant's own layer", "GET /metadata?layer=own", nil, 403, "auth.right_missing"},
		{"reads a document of that layer", "GET /metadata/permission/sales_user?layer=own", nil, 403, "auth.right_missing"},
		{"lists keys", "GET /keys", nil, 403, "auth.right_missing"},
		{"makes a key", "POST /keys", object{"name": "x", "permissions": []string{"sales_user"}}, 403, "auth.right_missing"},
		{"ends a key", "DELETE /keys/" + key["id"].(string), nil, 403, "auth.right_missing"},
		{"imports", "POST /imports", text{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{\"object\":\"account\"}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\nname\nx\n\r\n--x--\r\n"}, 403, "auth.right_missing"},
		{"merges", "POST /records/account/" + mine + "/merge", object{"from": []string{theirs}}, 403, "record.needs_right"},
		{"purges", "DELETE /bin/account/" + gone, nil, 403, "record.needs_right"},
		{"watches another's import", "GET /imports/" + imported, nil, 404, "import.not_found"},
		{"reads its refused rows", "GET /imports/" + imported + "/errors", nil, 404, "import.not_found"},
		{"cancels another's job", "POST /jobs/" + imported + "/cancel", nil, 404, "job.not_found"},

		{"reads another's account", "GET /records/account/" + theirs, nil, 404, "record.not_found"},
		{"changes it", "PATCH /records/account/" + theirs, object{"owner": rep.id}, 404, "record.not_found"},
		{"deletes it", "DELETE /records/account/" + theirs, nil, 404, "record.not_found"},
		{"restores one that was deleted", "POST /records/account/" + gone + "/restore", nil, 404, "record.not_in_bin"},
		{"looks into the bin", "GET /bin/account", nil, 200, ""},
		{"reads its history", "GET /records/account/" + theirs + "/history", nil, 404, "record.not_found"},
		{"reads the history of one that was deleted", "GET /records/account/" + gone + "/history", nil, 404, "record.not_found"},
		{"reads what is related to it", "GET /records/account/" + theirs + "/related/opportunities", nil, 404, "record.not_found"},
		{"looks for what is like it", "GET /records/account/" + theirs + "/duplicates", nil, 404, "record.not_found"},
		{"finds it by its name", "GET /search?q=hush&objects=account,opportunity", nil, 200, ""},
		{"lists it by its name", "GET /records/account?q=hush&count=true", nil, 200, ""},
		{"filters for it", "GET /records/account?count=true&filter=" + url.QueryEscape(`name startsWith "Hush"`), nil, 200, ""},
		{"filters for it by its id", "GET /records/account?count=true&filter=" + url.QueryEscape(`id == "`+theirs+`"`), nil, 200, ""},
		{"exports", "GET /exports/account", nil, 200, ""},
		{"exports lines", "GET /exports/opportunity?format=jsonl&fields=name,account.name", nil, 200, ""},
		{"groups by name", "POST /records/account/aggregate", object{"group": []object{{"field": "name"}}}, 200, ""},
		{"sells to it", "POST /records/opportunity", object{"name": "x", "account": theirs}, 422, "record.invalid"},
		{"has a child of another's deal", "POST /records/line_item", object{"opportunity": deal}, 422, "record.invalid"},
		{"makes a task about it", "POST /records/task", object{"subject": "x", "about": object{"object": "account", "id": theirs}}, 422, "record.invalid"},
		{"makes it a parent", "PATCH /records/account/" + mine, object{"parent": theirs}, 422, "record.invalid"},
		{"changes another's competitor", "PATCH /records/competitor/" + rival, object{"name": "Not so"}, 403, "record.forbidden_record"},
		{"makes a product", "POST /records/product", object{"name": "x"}, 403, "record.forbidden"},
		{"says who made a record", "POST /records/account", object{"name": "x", "created_by": admin.id}, 422, "record.invalid"},
		{"reads others' permission sets", "GET /records/user?fields=permissions", nil, 422, "list.unknown_field"},
		{"filters by others' permission sets", "GET /records/user?filter=" + url.QueryEscape(`"admin" in permissions`), nil, 422, "list.bad_filter"},
		{"filters by those of an owner", "GET /records/account?filter=" + url.QueryEscape(`"admin" in owner.permissions`), nil, 422, "list.bad_filter"},
		{"reads those of an owner", "GET /records/account?fields=owner.permissions", nil, 422, "list.unknown_field"},
		{"sorts by those", "GET /records/user?sort=permissions", nil, 422, "list.unknown_field"},
		{"groups by those", "POST /records/user/aggregate", object{"group": []object{{"field": "permissions"}}}, 422, "list.unknown_field"},
		{"exports those", "GET /exports/user?fields=email,permissions", nil, 422, "list.unknown_field"},
	})
	// Many at once: a problem for each line, and nothing is done.
	before := w.written(t, "main")
	got := rep.must(t, 200, "POST", "/records/account/bulk", object{"operations": []object{{"op": "update", "id": theirs, "data": object{"name": "x"}},
		{"op": "delete", "id": theirs}, {"op": "update", "id": mine, "data": object{"parent": theirs}}}})
	if total(got["failed"]) != 3 || strings.Contains(fmt.Sprint(got), "Hush") {
		t.Errorf("bulk: %v", got)
	}
	got = rep.must(t, 200, "POST", "/records/competitor/bulk", object{"operations": []object{{"op": "upsert", "key": "name", "data": object{"name": "Rival", "website": "https://x.example.com"}}}})
	if total(got["failed"]) != 1 {
		t.Errorf("upsert of another's: %v", got)
	}
	if wrote := before.differences(w.written(t, "main")); len(wrote) > 0 {
		t.Errorf("bulk wrote %v", wrote)
	}
	// An id of another's record is told from none by nothing.
	there := rep.do(t, "POST", "/records/opportunity", object{"name": "x", "account": theirs})
	nowhere := rep.do(t, "POST", "/records/opportunity", object{"name": "x", "account": noSuchID})
	if a, b := strings.ReplaceAll(string(there.raw), theirs, "ID"), strings.ReplaceAll(string(nowhere.raw), noSuchID, "ID"); a != b {
		t.Errorf("%s\n%s", a, b)
	}
	// A name that another's account has warns of nothing.
	made := rep.must(t, 201, "POST", "/records/account", object{"name": "Hush Ltd", "website": "https://hush.example.com"})
	if _, warned := made["warnings"]; warned {
		t.Errorf("is warned of what they can't see: %v", made)
	}
	if same := rep.must(t, 200, "GET", "/records/account/"+made["id"].(string)+"/duplicates", nil); strings.Contains(fmt.Sprint(same), theirs) {
		t.Errorf("duplicates: %v", same)
	}
	// Through a lookup that somebody else filled, nothing is seen.
	own := rep.create(t, "opportunity", object{"name": "Own deal", "amount": 7})
	admin.must(t, 200, "PATCH", "/records/opportunity/"+own, object{"account": theirs})
	through := rep.must(t, 200, "GET", "/records/opportunity/"+own+"?fields=name,account.name,account.website", nil)
	if through["account.name"] != nil || through["account.website"] != nil {
		t.Errorf("through a lookup: %v", through)
	}
	for _, filter := range []string{`account.name == "Hush Ltd"`, `account.name startsWith "Hush"`, `account.name != nil`, `not (account.name == nil)`, `account.name > ""`} {
		if n := rep.count(t, "opportunity", "filter", filter); n != 0 {
			t.Errorf("%s finds %d", filter, n)
		}
	}
	groups := rep.must(t, 200, "POST", "/records/opportunity/aggregate", object{"group": []object{{"field": "account.name"}}})
	if strings.Contains(fmt.Sprint(groups), "Hush") {
		t.Errorf("groups: %v", groups)
	}
}

// A field that somebody may not read can't be guessed in any way.
func TestHiddenFields(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t, object{"kind": "permission", "name": "junior", "label": "Junior", "system": []string{"export", "import", "merge", "api"}, "objects": object{
		"account":     object{"create": true, "read": true, "update": true, "delete": true, "fields": object{"*": "edit", "annual_revenue": "none", "phone": "none", "industry": "read"}},
		"opportunity": object{"create": true, "read": true, "update": true, "fields": object{"*": "edit", "amount": "read"}},
		"contact":     object{"create": true, "read": true, "update": true, "delete": true}}})
	junior := admin.user(t, "main", "junior@example.com", object{"permissions": []string{"junior"}})
	account := admin.create(t, "account", object{"name": "Open Ltd", "owner": junior.id, "annual_revenue": 123456, "phone": "+49 30 9876543", "industry": "education"})
	admin.must(t, 200, "PATCH", "/records/account/"+account, object{"annual_revenue": 654321, "employees": 3})
	deal := admin.create(t, "opportunity", object{"name": "Open deal", "owner": junior.id, "account": account, "amount": 10})
	secrets := []string{"123456", "654321", "9876543"}
	list := func(of string, parameters ...string) string {
		return "GET /records/" + of + "?" + query(parameters...).Encode()
	}
	w.try(t, junior, append(secrets, `"annual_revenue"`), []escalation{
		{"reads the record", "GET /records/account/" + account, nil, 200, ""},
		{"reads the list", list("account", "q", "open"), nil, 200, ""},
		{"reads the history", "GET /records/account/" + account + "/history", nil, 200, ""},
		{"exports", "GET /exports/account", nil, 200, ""},
		{"exports lines", "GET /exports/account?format=jsonl", nil, 200, ""},
		{"reads the object's document", "GET /metadata/object/account", nil, 200, ""},
		{"reads all documents", "GET /metadata", nil, 200, ""},
		{"reads the records' schema", "GET /schemas/records/account", nil, 200, ""},
		{"reads what an opportunity belongs to", "GET /records/opportunity/" + deal + "?fields=account,account.name", nil, 200, ""},
		{"reads rights", "GET /me", nil, 200, ""},
	})
	w.try(t, junior, secrets, []escalation{
		{"reads the description of the API", "GET /openapi.json", nil, 200, ""},
		{"asks for the field", list("account", "fields", "name,annual_revenue"), nil, 422, "list.unknown_field"},
		{"asks for it by a lookup", list("opportunity", "fields", "account.annual_revenue"), nil, 422, "list.unknown_field"},
		{"asks for it of one record", "GET /records/account/" + account + "?fields=annual_revenue", nil, 422, "list.unknown_field"},
		{"filters by it", list("account", "filter", "annual_revenue > 600000"), nil, 422, "list.bad_filter"},
		{"filters by it by a lookup", list("opportunity", "filter", "account.annual_revenue > 600000"), nil, 422, "list.bad_filter"},
		{"filters by it in a condition", list("account", "filter", "true ? annual_revenue > 600000 : false"), nil, 422, "list.bad_filter"},
		{"sorts by it", list("account", "sort", "annual_revenue"), nil, 422, "list.unknown_field"},
		{"sorts by it by a lookup", list("opportunity", "sort", "-account.annual_revenue"), nil, 422, "list.unknown_field"},
		{"groups by it", "POST /records/account/aggregate", object{"group": []object{{"field": "annual_revenue"}}}, 422, "list.unknown_field"},
		{"sums it", "POST /records/account/aggregate", object{"measures": []object{{"op": "sum", "field": "annual_revenue"}}}, 422, "list.unknown_field"},
		{"sums it by a lookup", "POST /records/opportunity/aggregate", object{"measures": []object{{"op": "max", "field": "account.annual_revenue"}}}, 422, "list.unknown_field"},
		{"aggregates under a filter by it", "POST /records/account/aggregate", object{"filter": "annual_revenue > 1"}, 422, "list.bad_filter"},
		{"exports it", "GET /exports/account?fields=annual_revenue", nil, 422, "list.unknown_field"},
		{"exports under a filter by it", "GET /exports/account?filter=annual_revenue%3E1", nil, 422, "list.bad_filter"},
		{"exports sorted by it", "GET /exports/account?sort=annual_revenue", nil, 422, "list.unknown_field"},
		{"writes it", "PATCH /records/account/" + account, object{"annual_revenue": 1}, 422, "record.invalid"},
		{"makes a record with it", "POST /records/account", object{"name": "x", "annual_revenue": 1}, 422, "record.invalid"},
		{"writes what may be read only", "PATCH /records/account/" + account, object{"industry": "retail"}, 422, "record.invalid"},
		{"writes what may be read only of another object", "PATCH /records/opportunity/" + deal, object{"amount": 11}, 422, "record.invalid"},
		{"writes it in a merge", "POST /records/account/" + account + "/merge", object{"from": []string{noSuchID}, "data": object{"annual_revenue": 1}}, 404, "record.not_found"},
		{"lists related with it", "GET /records/account/" + account + "/related/opportunities?fields=account.annual_revenue", nil, 422, "list.unknown_field"},
	})
	// Words of a hidden field find nothing, nor can they be counted.
	for _, word := range []string{"9876543", "49309876543", "+49 30 9876543"} {
		for path, want := range map[string]string{"/search?q=": `"items":[]`, "/records/account?count=true&q=": `"total":0`} {
			if a := junior.do(t, "GET", path+url.QueryEscape(word), nil); !strings.Contains(string(a.raw), want) {
				t.Errorf("%s%s: %v", path, word, a)
			}
		}
		rows := junior.must(t, 200, "POST", "/records/account/aggregate", object{"q": word})["rows"].([]any)
		if len(rows) > 0 && total(rows[0].(object)["count"]) != 0 {
			t.Errorf("aggregate with %s counts %v", word, rows)
		}
	}
	if a := admin.do(t, "GET", "/search?q=9876543", nil); !strings.Contains(string(a.raw), account) {
		t.Errorf("whoever may read it does not find it: %v", a)
	}
	// An import can't write it either.
	a, err := junior.upload(object{"object": "account", "fields": object{"name": "name", "annual_revenue": "annual_revenue"}}, []byte("name,annual_revenue\nx,1\n"))
	if err != nil {
		t.Fatal(err)
	}
	problem(t, a, 422, "import.options", "en")
	// What is hidden survives what is changed beside it.
	junior.must(t, 200, "PATCH", "/records/account/"+account, object{"employees": 5})
	if got := admin.must(t, 200, "GET", "/records/account/"+account, nil); fmt.Sprint(got["annual_revenue"]) != "654321.00" || got["phone"] == nil {
		t.Errorf("after a change by somebody who does not see it: %v", got)
	}
}

// Where the name of records may not be read, nothing that names them shows it.
func TestHiddenNames(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t, object{"kind": "permission", "name": "nameless", "label": "Nameless", "system": []string{"export", "merge", "api"}, "objects": object{
		"account": object{"create": true, "read": true, "update": true, "delete": true, "read_all": true, "fields": object{"*": "edit", "name": "none"}},
		"contact": object{"create": true, "read": true, "update": true}, "task": object{"create": true, "read": true}}})
	nameless := admin.user(t, "main", "nameless@example.com", object{"permissions": []string{"nameless"}})
	site := "https://incognito.example.com"
	account := admin.create(t, "account", object{"name": "Xylophone Ltd", "website": site, "owner": nameless.id})
	other := admin.create(t, "account", object{"name": "Xylophone Two", "website": site, "owner": nameless.id})
	w.try(t, nameless, []string{"ylophone"}, []escalation{
		{"reads the record", "GET /records/account/" + account, nil, 200, ""},
		{"finds it by its website", "GET /search?q=incognito", nil, 200, ""},
		{"lists by its website", "GET /records/account?q=incognito", nil, 200, ""},
		{"finds it by its name", "GET /search?q=xylophone", nil, 200, ""},
		{"looks for what is like it", "GET /records/account/" + account + "/duplicates", nil, 200, ""},
		{"reads its history", "GET /records/account/" + account + "/history", nil, 200, ""},
		{"exports", "GET /exports/account", nil, 200, ""},
		{"filters by its name", "GET /records/account?filter=" + url.QueryEscape(`name startsWith "X"`), nil, 422, "list.bad_filter"},
		{"reads it by a lookup", "GET /records/contact?fields=account.name", nil, 422, "list.unknown_field"},
	})
	if found := nameless.must(t, 200, "GET", "/records/account?q=xylophone&count=true", nil); total(found["total"]) != 0 {
		t.Errorf("its name is found: %v", found)
	}
	contact := nameless.must(t, 201, "POST", "/records/contact", object{"last_name": "X", "account": account})
	if strings.Contains(fmt.Sprint(contact), "ylophone") {
		t.Errorf("a lookup shows it: %v", contact)
	}
	changed := nameless.do(t, "PATCH", "/records/account/"+account, object{"website": site + "/x"})
	if changed.status != 200 || strings.Contains(string(changed.raw), "ylophone") {
		t.Errorf("a warning of a duplicate: %v", changed)
	}
	merged := nameless.do(t, "POST", "/records/account/"+account+"/merge", object{"from": []string{other}})
	if merged.status != 200 || strings.Contains(string(merged.raw), "ylophone") {
		t.Errorf("a merge: %v", merged)
	}
	if bin := nameless.do(t, "GET", "/bin/account", nil); bin.status != 200 || !strings.Contains(string(bin.raw), other) || strings.Contains(string(bin.raw), "ylophone") {
		t.Errorf("the bin: %v", bin)
	}
}
