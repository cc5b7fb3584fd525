package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// A run tells of values only what its reader may read, and only who may see the setup sees runs whole.
func TestRunsTellWhatMayBeRead(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	admin := w.login("main", "admin@example.com")
	w.Apply(
		`{"kind":"workflow","name":"mark","label":{"en":"Mark","zh":"标记"},"object":"account","trigger":{"type":"manual","permissions":["sales_user"]},"when":"website == nil","start":"a",
			"steps":{"a":{"type":"set","values":{"website":"'example.com'","phone":"'+49 30 123456'"},"next":"b"},"b":{"type":"notify","to":"owner","text":"'About ' + name"}}}`,
		`{"kind":"permission","name":"looker","label":"Looker","system":["view_setup"],"objects":{"account":{"read":true,"read_all":true,"fields":{"*":"read","phone":"none"}}}}`)
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	w.User("lou@example.com", map[string]any{"permissions": []any{"looker"}})
	w.User("eve@example.com", map[string]any{"permissions": []any{}})
	ann, lou, eve := w.login("main", "ann@example.com"), w.login("main", "lou@example.com"), w.login("main", "eve@example.com")
	key := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	at := "/api/v1/records/account/" + key

	offered := func(token string) string {
		raw, err := json.Marshal(w.sent("GET", at+"/page", token, "")["workflows"])
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := offered(ann); got != `[{"inputs":[],"label":"Mark","name":"mark"}]` {
		t.Errorf("ann is offered %s", got)
	}
	if got := offered(lou); got != "[]" {
		t.Errorf("lou is offered %s", got)
	}
	for _, token := range []string{lou, eve} {
		w.refused(t, "POST", at+"/workflows/mark", token, 404)
	}
	run := w.sent("POST", at+"/workflows/mark", ann, "")
	if run["state"] != "done" || run["label"] != "Mark" {
		t.Errorf("the run is %v", run)
	}
	w.refused(t, "POST", at+"/workflows/mark", ann, 409) // its condition holds no more
	if got := offered(ann); got != "[]" {
		t.Errorf("then ann is offered %s", got)
	}
	runs := "/api/v1/runs"
	one := runs + "/" + run["id"].(string)
	for _, path := range []string{runs, one} {
		w.refused(t, "GET", path, ann, 403)
		w.refused(t, "GET", path, eve, 403)
	}
	w.refused(t, "GET", at+"/runs", eve, 404)
	w.refused(t, "POST", one+"/cancel", lou, 403)
	w.refused(t, "POST", one+"/retry", lou, 403)
	w.refused(t, "POST", "/api/v1/workflows/mark/try", lou, 403)
	shown := func(path, token string) string {
		raw, err := json.Marshal(w.sent("GET", path, token, ""))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if got := shown(one, admin); !strings.Contains(got, "123456") || !strings.Contains(got, "About Acme") {
		t.Errorf("the admin is shown %s", got)
	}
	if got := shown(one, lou); strings.Contains(got, "123456") || !strings.Contains(got, "example.com") {
		t.Errorf("lou is shown %s", got)
	}
	if got := shown(at+"/runs", ann); !strings.Contains(got, `"Mark"`) || strings.Contains(got, "trace") {
		t.Errorf("ann is shown %s", got)
	}

	// On the page of the record stands what it did, as far as its reader may read that, with the titles of the steps.
	if got := w.sent("GET", at+"/page", ann, "")["ran"]; got != true {
		t.Errorf("its page says %v", got)
	}
	onRecord := at + "/runs/" + run["id"].(string)
	w.refused(t, "GET", onRecord, eve, 404)
	other := w.sent("POST", "/api/v1/records/account", ann, `{"name":"Other"}`)["id"].(string)
	w.refused(t, "GET", "/api/v1/records/account/"+other+"/runs/"+run["id"].(string), ann, 404)
	w.refused(t, "GET", at+"/runs/x", ann, 404)
	for token, want := range map[string][]string{
		ann:   {`"label":"Set fields"`, `"was":{"phone":null,"website":null}`, "123456", `"do":"notify"`, "About Acme", `"by_name":"ann"`, `"can_retry":false`},
		lou:   {`"values":{"website":"example.com"}`, `"was":{"website":null}`, `"do":"notify"`},
		admin: {"123456", "About Acme"}} {
		got := shown(onRecord, token)
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("shown is %s, without %s", got, part)
			}
		}
	}
	if got := shown(onRecord, lou); strings.Contains(got, "123456") {
		t.Errorf("lou is shown %s", got)
	}
	w.sent("PATCH", "/api/v1/me", ann, `{"language":"zh"}`)
	if got := shown(onRecord, ann); !strings.Contains(got, "设置字段") || !strings.Contains(got, "标记") {
		t.Errorf("in Chinese it is %s", got)
	}
}

// What a run did that its reader could not read elsewhere, and which way it took, is for who may see the setup.
func TestRunsOnRecordsHideTheRest(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.Apply(`{"kind":"object","name":"secret","label":"Secret","name_field":"name","fields":{"name":{"type":"text"}}}`,
		`{"kind":"workflow","name":"check","label":"Check","object":"account","trigger":{"type":"manual","permissions":["sales_user"]},"start":"rich",
			"steps":{"rich":{"type":"branch","if":"name != ''","then":"boss"},
				"boss":{"type":"find","object":"user","filter":"email == 'admin@example.com'","next":"note"},
				"note":{"type":"create","label":{"en":"Keep a secret","zh":"保密"},"object":"secret","values":{"name":"'Hidden'"},"next":"tell"},
				"tell":{"type":"notify","label":"Tell the boss","to":"steps.boss.record","text":"'Of no concern to others: ' + name","next":"wait"},
				"wait":{"type":"wait","for":"days(1)","next":"fail"},"fail":{"type":"refuse","message":"Too late."}}}`)
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	ann, admin := w.login("main", "ann@example.com"), w.login("main", "admin@example.com")
	at := "/api/v1/records/account/" + w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	one := at + "/runs/" + w.sent("POST", at+"/workflows/check", ann, "")["id"].(string)
	labels := func(run map[string]any) (all []string) {
		for _, step := range run["steps"].([]any) {
			all = append(all, step.(map[string]any)["label"].(string))
		}
		return all
	}
	got := w.sent("GET", one, ann, "")
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if shown := labels(got); !slices.Equal(shown, []string{"Tell the boss"}) || strings.Contains(string(raw), "Hidden") || strings.Contains(string(raw), "concern") {
		t.Errorf("ann is shown %s", raw)
	}
	if got["state"] != "waiting" || got["at"] != nil || got["due_at"] == nil || got["can_cancel"] != false {
		t.Errorf("ann is told %s", raw)
	}
	got = w.sent("GET", one, admin, "")
	if shown := labels(got); !slices.Equal(shown, []string{"Branch", "Find a record", "Keep a secret", "Tell the boss", "Wait"}) || got["at"] != "Wait" || got["can_cancel"] != true {
		t.Errorf("the admin is shown %v", got)
	}
}

// A press that is sent again, as by a browser that heard no answer, sets off nothing: it has the run of the first. What it changed is told of by the label of
// the workflow, and whether it undoes what it did where it is ended.
func TestPressesAreTakenOnce(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"workflow","name":"note","label":{"en":"Take a note","zh":"记录"},"object":"account","trigger":{"type":"manual","permissions":["sales_user"]},"start":"a",
			"steps":{"a":{"type":"set","values":{"description":"(description ?? '') + 'x'"},"undo":"b","next":"w"},"b":{"type":"set","values":{"description":"nil"}},"w":{"type":"wait","for":"days(1)"}}}`)
	for email, sets := range map[string][]any{"ann": {"sales_user"}, "bob": {"sales_user", "admin"}, "lou": {"admin"}} {
		w.User(email+"@example.com", map[string]any{"permissions": sets})
	}
	ann, bob, lou := w.login("main", "ann@example.com"), w.login("main", "bob@example.com"), w.login("main", "lou@example.com")
	make := func() string {
		return "/api/v1/records/account/" + w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	}
	one, other := make(), make()
	press := func(at, token, key string) string {
		t.Helper()
		status, _, raw := w.do("POST", at+"/workflows/note", map[string]string{"Authorization": "Bearer " + token, "Idempotency-Key": key}, "")
		var run map[string]any
		if err := json.Unmarshal(raw, &run); err != nil || status != 200 {
			t.Fatalf("%d %s", status, raw)
		}
		return run["id"].(string)
	}
	first := press(one, ann, "a")
	if again := press(one, ann, "a"); again != first {
		t.Errorf("a press that is sent again has the run %s, not %s", again, first)
	}
	if got := w.sent("GET", one, ann, "")["description"]; got != "x" {
		t.Errorf("it was taken twice: %v", got)
	}
	runs := map[string]bool{first: true}
	for _, p := range [][3]string{{one, ann, "b"}, {one, ann, ""}, {one, ann, ""}, {one, bob, "a"}, {other, ann, "a"}} {
		runs[press(p[0], p[1], p[2])] = true
	}
	if len(runs) != 6 {
		t.Errorf("presses of their own have %d runs", len(runs))
	}
	for language, want := range map[string]string{"en": "Take a note", "zh": "记录"} {
		w.do("PATCH", "/api/v1/me", map[string]string{"Authorization": "Bearer " + ann}, `{"language":"`+language+`"}`)
		for _, part := range []string{"/history", "/page"} {
			_, _, raw := w.do("GET", one+part, map[string]string{"Authorization": "Bearer " + ann}, "")
			if !strings.Contains(string(raw), `"via":"workflow note","via_label":"`+want+`"`) {
				t.Errorf("%s in %s says %s", part, language, raw)
			}
		}
	}
	for token, undoes := range map[string]bool{ann: false, lou: true} { // who may not end it is told nothing of that
		if got := w.sent("GET", one+"/runs/"+first, token, ""); got["undoes"] != undoes || got["can_cancel"] != undoes {
			t.Errorf("it undoes what it did: %v", got)
		}
	}
}

// A workflow is run on several records: what becomes of each is told, and what is not filled in is as it begins for each.
func TestRunOnSeveral(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"workflow","name":"mark","label":{"en":"Mark","zh":"标记"},"object":"account","trigger":{"type":"manual","permissions":["sales_user"],"inputs":{
			"why":{"type":"text","required":true,"default_expr":"'About ' + name","order":1},"how":{"type":"number","default":3,"order":2}}},"when":"website == nil","start":"a",
			"steps":{"a":{"type":"set","values":{"website":"'example.com'","description":"input.why + text(input.how)"}}}}`)
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	w.User("eve@example.com", map[string]any{"permissions": []any{}})
	ann, eve := w.login("main", "ann@example.com"), w.login("main", "eve@example.com")
	offered := w.sent("GET", "/api/v1/me/workflows/account", ann, "")["items"].([]any)
	if inputs := offered[0].(map[string]any)["inputs"].([]any); len(offered) != 1 || inputs[0].(map[string]any)["own"] != true || inputs[1].(map[string]any)["value"] != 3.0 {
		t.Errorf("ann is offered %v", offered)
	}
	if none := w.sent("GET", "/api/v1/me/workflows/account", eve, "")["items"].([]any); len(none) != 0 {
		t.Errorf("eve is offered %v", none)
	}
	make := func(data string) string {
		return w.sent("POST", "/api/v1/records/account", ann, data)["id"].(string)
	}
	a, b, marked := make(`{"name":"A"}`), make(`{"name":"B"}`), make(`{"name":"C","website":"example.com"}`)
	press := func(inputs string) map[string]any {
		return w.sent("POST", "/api/v1/records/account/workflows", ann, `{"workflow":"mark","records":["`+a+`","`+marked+`","`+b+`"]`+inputs+`}`)
	}
	if got := press(`,"inputs":{"why":""}`); got["failed"] != 3.0 {
		t.Errorf("without why: %v", got)
	}
	got := press(`,"inputs":{"how":4}`)
	results := got["results"].([]any)
	refused := results[1].(map[string]any)
	if got["failed"] != 1.0 || refused["problem"].(map[string]any)["code"] != "workflow.not_now" || results[2].(map[string]any)["run"].(map[string]any)["state"] != "done" {
		t.Errorf("pressing tells %v", got)
	}
	for key, want := range map[string]any{a: "About A4", b: "About B4", marked: nil} {
		if now := w.sent("GET", "/api/v1/records/account/"+key, ann, "")["description"]; now != want {
			t.Errorf("%s has %v, want %v", key, now, want)
		}
	}
	w.refused(t, "POST", "/api/v1/records/account/workflows", eve, 400)
	if status, _, raw := w.do("POST", "/api/v1/records/account/workflows", map[string]string{"Authorization": "Bearer " + ann}, `{"workflow":"mark","records":[`+strings.Repeat(`"`+a+`",`, 100)+`"`+a+`"]}`); status != 400 && status != 422 {
		t.Errorf("101 of them: %d %s", status, raw)
	}
}

// Workflows act with all rights, so that who changes the configuration and manages no permissions may not change them.
func TestWorkflowsAreForWhoManagesPermissions(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"permission","name":"builder","label":"Builder","system":["manage_metadata","view_setup"],"objects":{"account":{"read":true,"read_all":true}}}`,
		`{"kind":"permission","name":"blind","label":"Blind","system":["manage_metadata"]}`,
		`{"kind":"workflow","name":"there","object":"account","trigger":{"type":"manual"},"start":"a","steps":{"a":{"type":"stop"}}}`)
	w.User("bea@example.com", map[string]any{"permissions": []any{"builder"}})
	w.User("nia@example.com", map[string]any{"permissions": []any{"blind"}})
	bea := w.login("main", "bea@example.com")
	apply := func(body string) (int, string) {
		status, _, raw := w.do("POST", "/api/v1/metadata/apply", map[string]string{"Authorization": "Bearer " + bea}, body)
		return status, string(raw)
	}
	for _, body := range []string{
		`{"documents":[{"kind":"workflow","name":"mine","object":"account","trigger":{"type":"manual"},"start":"a","steps":{"a":{"type":"stop"}}}]}`,
		`{"documents":[{"kind":"workflow","name":"there","object":"account","trigger":{"type":"manual"},"start":"b","steps":{"b":{"type":"stop"}}}]}`} {
		if status, raw := apply(body); status != 422 || !strings.Contains(raw, "catalog.acts_beyond") {
			t.Errorf("%s: %d %s", body, status, raw)
		}
	}
	if status, raw := apply(`{"documents":[{"kind":"view","name":"mine","label":"Mine","object":"account","show":"table","columns":["name"]}]}`); status != 200 {
		t.Errorf("a view: %d %s", status, raw)
	}
	account := w.Create("account", map[string]any{"name": "Acme"}).String()
	for email, want := range map[string]int{"bea@example.com": 200, "nia@example.com": 404} {
		if status, _, raw := w.do("POST", "/api/v1/workflows/there/try", map[string]string{"Authorization": "Bearer " + w.login("main", email)}, `{"record":"`+account+`"}`); status != want {
			t.Errorf("%s tries it: %d %s", email, status, raw)
		}
	}
	if status, raw := apply(`{"delete":[{"kind":"workflow","name":"there"}]}`); status != 200 {
		t.Errorf("removing one: %d %s", status, raw)
	}
}

// A document that is back-tested reads everything, as a workflow does: it is for who may add one. What it would do is shown as far
// as the caller may read it.
func TestBacktestsTellWhatMayBeRead(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"permission","name":"builder","label":"Builder","system":["manage_metadata"],"objects":{"account":{"read":true,"read_all":true,"fields":{"*":"read","phone":"none"}}}}`,
		`{"kind":"workflow","name":"there","object":"account","trigger":{"type":"after_save","on":["create"]},"when":"website == nil","start":"a","steps":{"a":{"type":"set","values":{"phone":"'+49 30 123456'","website":"'example.com'"}}}}`)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.User("bea@example.com", map[string]any{"permissions": []any{"builder"}})
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	admin, bea := w.login("main", "admin@example.com"), w.login("main", "bea@example.com")
	key := w.sent("POST", "/api/v1/records/account", admin, `{"name":"Acme"}`)["id"].(string)
	document := `{"days":7,"document":{"kind":"workflow","name":"new","object":"account","trigger":{"type":"after_save","on":["create"]},"start":"a","steps":{"a":{"type":"set","values":{"phone":"'+49 30 123456'"}}}}}`
	for _, of := range []struct {
		token, body string
		hides       bool
	}{{admin, `{"days":7,"workflow":"there"}`, false}, {bea, `{"days":7,"workflow":"there"}`, true}, {admin, document, false}} {
		got := w.sent("POST", "/api/v1/workflows/backtest", of.token, of.body)
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if got["fired"] != 1.0 || !strings.Contains(string(raw), key) || !strings.Contains(string(raw), `"tried"`) || strings.Contains(string(raw), "123456") == of.hides {
			t.Errorf("%s: %s", of.body, raw)
		}
	}
	// Of records that somebody may not read they learn how many there are.
	w.Apply(`{"kind":"permission","name":"blind","label":"Blind","system":["manage_metadata"]}`)
	w.User("cy@example.com", map[string]any{"permissions": []any{"blind"}})
	got := w.sent("POST", "/api/v1/workflows/backtest", w.login("main", "cy@example.com"), `{"days":7,"workflow":"there"}`)
	if raw, err := json.Marshal(got); err != nil || got["fired"] != 1.0 || strings.Contains(string(raw), key) || len(got["examples"].([]any)) != 0 {
		t.Errorf("cy is told %s, %v", raw, err)
	}
	w.refused(t, "POST", "/api/v1/workflows/backtest", w.login("main", "ann@example.com"), 403)
	if _, _, raw := w.do("GET", "/metrics", nil, ""); !strings.Contains(string(raw), `formwork_workflow_runs_total{state="failed"}`) || !strings.Contains(string(raw), "formwork_workflow_start_seconds_bucket") {
		t.Errorf("metrics: %s", raw)
	}
	if status, _, raw := w.do("POST", "/api/v1/workflows/backtest", map[string]string{"Authorization": "Bearer " + bea}, document); status != 403 {
		t.Errorf("bea's document: %d %s", status, raw)
	}
}

// A workflow is tried before it is there, by who may add it: nothing of it stays, and what is wrong with it is told at its place.
func TestDocumentsAreTried(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"permission","name":"builder","label":"Builder","system":["manage_metadata"],"objects":{"account":{"read":true,"read_all":true}}}`)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.User("bea@example.com", map[string]any{"permissions": []any{"builder"}})
	admin := w.login("main", "admin@example.com")
	key := w.sent("POST", "/api/v1/records/account", admin, `{"name":"Acme"}`)["id"].(string)
	asking := func(field string) string {
		return `{"record":"` + key + `","document":{"kind":"workflow","name":"new","object":"account","trigger":{"type":"manual"},"start":"a","steps":{"a":{"type":"set","values":{"` + field + `":"'example.com'"}}}}}`
	}
	got := w.sent("POST", "/api/v1/workflows/new/try", admin, asking("website"))
	if raw, err := json.Marshal(got); err != nil || got["state"] != "done" || !strings.Contains(string(raw), "example.com") {
		t.Errorf("tried: %s, %v", raw, err)
	}
	if record := w.sent("GET", "/api/v1/records/account/"+key, admin, ""); record["website"] != nil {
		t.Errorf("it was done: %v", record["website"])
	}
	if status, _, raw := w.do("POST", "/api/v1/workflows/new/try", map[string]string{"Authorization": "Bearer " + admin}, asking("websit")); status != 422 || !strings.Contains(string(raw), `/document/steps/a/values/websit"`) {
		t.Errorf("an unknown field: %d %s", status, raw)
	}
	if status, _, raw := w.do("POST", "/api/v1/workflows/new/try", map[string]string{"Authorization": "Bearer " + w.login("main", "bea@example.com")}, asking("website")); status != 403 {
		t.Errorf("bea's document: %d %s", status, raw)
	}
}

// What a run sent to an outside system is for who could have read all of it.
func TestRunsTellOfRequests(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.Apply(`{"kind":"connection","name":"erp","label":"ERP","url":"http://127.0.0.1:9"}`,
		`{"kind":"workflow","name":"send","label":"Send","object":"account","trigger":{"type":"manual"},"start":"a","steps":{"a":{"type":"request","connection":"erp","method":"POST","path":"'x'","body":["phone"]}}}`,
		`{"kind":"permission","name":"looker","label":"Looker","system":["view_setup","manage_metadata"],"objects":{"account":{"read":true,"read_all":true,"fields":{"*":"read","phone":"none"}}}}`)
	w.User("lou@example.com", map[string]any{"permissions": []any{"looker"}})
	admin, lou := w.login("main", "admin@example.com"), w.login("main", "lou@example.com")
	key := w.sent("POST", "/api/v1/records/account", admin, `{"name":"Acme","phone":"+49 30 123456"}`)["id"].(string)
	run := w.sent("POST", "/api/v1/records/account/"+key+"/workflows/send", admin, "")["id"].(string)
	w.RunJobs()
	for token, sees := range map[string]bool{admin: true, lou: false} {
		for _, got := range []map[string]any{w.sent("GET", "/api/v1/runs/"+run, token, ""), w.sent("POST", "/api/v1/workflows/send/try", token, `{"record":"`+key+`"}`)} {
			raw, err := json.Marshal(got["trace"])
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(raw), "POST erp /x") || strings.Contains(string(raw), "123456") != sees {
				t.Errorf("shown is %s", raw)
			}
		}
	}
	w.refused(t, "POST", "/api/v1/runs/"+run+"/replay", admin, 409) // it waits
	if status, _, raw := w.do("POST", "/api/v1/runs/"+run+"/cancel", map[string]string{"Authorization": "Bearer " + admin}, ""); status != 204 {
		t.Fatalf("cancelling: %d %s", status, raw)
	}
	for token, sees := range map[string]bool{admin: true, lou: false} {
		got := w.sent("POST", "/api/v1/runs/"+run+"/replay", token, "")
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if got["agrees"] != true || got["state"] != "cancelled" || !strings.Contains(string(raw), "POST erp /x") || strings.Contains(string(raw), "123456") != sees {
			t.Errorf("replayed it is %s", raw)
		}
	}
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	w.refused(t, "POST", "/api/v1/runs/"+run+"/replay", w.login("main", "ann@example.com"), 403)
}

// Whoever sets off a workflow is asked for what it needs: described as fields are, without what is for admins.
func TestInputsOfWorkflows(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"workflow","name":"hand_over","label":"Hand over","object":"account","trigger":{"type":"manual","help":{"en":"Gives it to another.","zh":"转交他人。"},"inputs":{
			"why":{"type":"text","label":{"en":"Why"},"description":"for admins","required":true,"default_expr":"'About ' + name","order":1},
			"to":{"type":"user","default_expr":"owner","order":2}}},
		"start":"set","steps":{"set":{"type":"set","values":{"description":"input.why","owner":"input.to"}}}}`)
	w.User("ann@example.com", map[string]any{"permissions": []any{"sales_user"}})
	ann := w.login("main", "ann@example.com")
	at := "/api/v1/records/account/" + w.sent("POST", "/api/v1/records/account", ann, `{"name":"Acme"}`)["id"].(string)
	me := w.sent("GET", "/api/v1/me", ann, "")["user"].(map[string]any)["id"].(string)
	raw, err := json.Marshal(w.sent("GET", at+"/page", ann, "")["workflows"])
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"help":"Gives it to another.","inputs":[{"field":{"label":{"en":"Why"},"order":1,"required":true,"type":"text"},"name":"why","value":"About Acme"},{"field":{"order":2,"type":"user"},"name":"to","shown":"ann","value":"` + me + `"}],"label":"Hand over","name":"hand_over"}]`; string(raw) != want {
		t.Errorf("offered is %s, want %s", raw, want)
	}
	for body, want := range map[string]string{
		``:                                 `"pointer":"/inputs/why","code":"field.required"`,
		`{"inputs":{"why":5}}`:             `"pointer":"/inputs/why","code":"field.not_a_text"`,
		`{"inputs":{"why":"x","y":1}}`:     `"code":"workflow.no_input"`,
		`{"inputs":{"why":"x","to":"zz"}}`: `"pointer":"/inputs/to","code":"field.not_an_id"`,
		`{"inputs":[]}`:                    `"code":"api.json_type"`,
	} {
		if status, _, raw := w.do("POST", at+"/workflows/hand_over", map[string]string{"Authorization": "Bearer " + ann}, body); status < 400 || !strings.Contains(string(raw), want) {
			t.Errorf("%s: %d %s, want %s", body, status, raw, want)
		}
	}
	w.sent("POST", at+"/workflows/hand_over", ann, `{"inputs":{"why":"Because","to":"`+me+`"}}`)
	if got := w.sent("GET", at, ann, "")["description"]; got != "Because" {
		t.Errorf("then the description is %v", got)
	}
}

// refused asks for something that is to be refused.
func (w *world) refused(t *testing.T, method, path, token string, status int) {
	t.Helper()
	body := ""
	if method == "POST" && strings.HasSuffix(path, "/try") {
		body = `{"record":"0000000000000"}`
	}
	if got, _, raw := w.do(method, path, map[string]string{"Authorization": "Bearer " + token}, body); got != status {
		t.Errorf("%s %s: %d %s, want %d", method, path, got, raw, status)
	}
}

// A run that another called tells which.
func TestRunsTellWhoCalledThem(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.Apply(`{"kind":"workflow","name":"sub","object":"account","trigger":{"type":"called"},"start":"a","steps":{"a":{"type":"wait","for":"days(1)"}}}`,
		`{"kind":"workflow","name":"main","label":"Main","object":"account","trigger":{"type":"manual"},"start":"a","steps":{"a":{"type":"call","workflow":"sub"}}}`)
	admin := w.login("main", "admin@example.com")
	key := w.sent("POST", "/api/v1/records/account", admin, `{"name":"Acme"}`)["id"].(string)
	caller := w.sent("POST", "/api/v1/records/account/"+key+"/workflows/main", admin, "")["id"].(string)
	called := w.sent("GET", "/api/v1/runs?workflow=sub", admin, "")["items"].([]any)
	if len(called) != 1 || called[0].(map[string]any)["parent"] != caller {
		t.Errorf("called by %s were %v", caller, called)
	}
	effect := w.sent("GET", "/api/v1/runs/"+caller, admin, "")["trace"].([]any)[0].(map[string]any)["effects"].([]any)[0].(map[string]any)
	if effect["do"] != "call" || effect["text"] != "sub" || effect["record"] != called[0].(map[string]any)["id"] {
		t.Errorf("it tells of the call %v", effect)
	}
}

// A workflow that is about no record is tried without one; what it asks outside is for who could have read all of it.
func TestRunsAboutNoRecord(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	w.Apply(`{"kind":"connection","name":"erp","label":"ERP","url":"http://127.0.0.1:9"}`,
		`{"kind":"workflow","name":"ask","trigger":{"type":"schedule","cron":"0 6 * * *"},"start":"f","steps":{
			"f":{"type":"find","object":"account","filter":"name == 'Acme'","next":"a"},"a":{"type":"request","connection":"erp","path":"steps.f.record.phone"}}}`,
		`{"kind":"permission","name":"looker","label":"Looker","system":["view_setup","manage_metadata"],"objects":{"account":{"read":true,"read_all":true,"fields":{"*":"read","phone":"none"}}}}`)
	w.User("lou@example.com", map[string]any{"permissions": []any{"looker"}})
	admin, lou := w.login("main", "admin@example.com"), w.login("main", "lou@example.com")
	w.sent("POST", "/api/v1/records/account", admin, `{"name":"Acme","phone":"+49 30 123456"}`)
	for token, sees := range map[string]bool{admin: true, lou: false} {
		raw, err := json.Marshal(w.sent("POST", "/api/v1/workflows/ask/try", token, `{}`))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(raw), `"request"`) || strings.Contains(string(raw), "123456") != sees {
			t.Errorf("shown is %s", raw)
		}
	}
}
