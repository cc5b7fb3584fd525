package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answerTo sends values by the form contact, opened for that, and tells the status and what is said.
func (v visitors) answerTo(values, more string) (int, string) {
	v.t.Helper()
	o, status := v.open("main/contact", "en")
	if status != http.StatusOK {
		v.t.Fatalf("the form is answered with %d", status)
	}
	v.pass(61 * time.Second)
	return v.send(o.Proof.Token, `{"answer":"`+solved(o.Proof.Token)+`","values":`+values+more+`}`)
}

// A form of steps takes what it shows: what a condition hides takes no value, whatever is sent, and is required only where it is shown.
func TestFormsShowByConditions(t *testing.T) {
	v := newVisitors(t)
	v.Apply(`{"kind":"constant","name":"secret_limit","type":"number","value":7}`,
		`{"kind":"form","name":"contact","label":"Ask","object":"lead","steps":[{"name":"you","label":{"en":"You","zh":"您"}},{"name":"more","label":"More","visible_when":"rating == 'hot'"}],
		"fields":[{"field":"description","step":"more","required":true,"visible_when":"company != 'Acme'"},{"field":"name"},{"field":"company"},{"field":"rating","step":"you"},
			{"field":"employees","step":"more","visible_when":"len(name) > constants.secret_limit"}]}`)
	status, _, raw := v.do("GET", "/api/v1/forms/main/contact", map[string]string{"Accept-Language": "zh"}, "")
	var shown struct{ Steps json.RawMessage }
	if err := json.Unmarshal(raw, &shown); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	want := `[{"label":"您","inputs":[{"name":"name"},{"name":"company"},{"name":"rating"}]},{"label":"More","when":"rating == 'hot'","inputs":[{"name":"description","when":"company != 'Acme'"},{"name":"employees"}]}]`
	if string(shown.Steps) != want {
		t.Errorf("the steps are %s", shown.Steps)
	}
	if strings.Contains(string(raw), "secret_limit") {
		t.Error("strangers are told of a constant")
	}
	for _, of := range []struct{ values, want string }{
		{`{"name":"A","company":"1","description":"hidden","employees":5}`, "200 {}"},
		{`{"name":"B","company":"2","rating":"hot"}`, "422 form.invalid field.required/values/description"},
		{`{"name":"B","company":"Acme","rating":"hot","description":"hidden","employees":5}`, "200 {}"},
		{`{"name":"A long name","company":"3","rating":"hot","description":"seen","employees":5}`, "200 {}"},
		{`{"name":"C","company":"4","rating":"none of them","description":"x"}`, "422 form.invalid "},
	} {
		if status, said := v.answerTo(of.values, ""); !strings.HasPrefix(fmt.Sprint(status, " ", said), of.want) {
			t.Errorf("%s: %d %s, want %s", of.values, status, said, of.want)
		}
	}
	got := map[string]string{}
	for _, one := range v.sent("GET", "/api/v1/records/lead", v.admin(), "")["items"].([]any) {
		lead := one.(map[string]any)
		got[lead["company"].(string)] = fmt.Sprint(lead["description"], " ", lead["employees"])
	}
	if fmt.Sprint(got) != "map[1:<nil> <nil> 3:seen 5 Acme:<nil> <nil>]" {
		t.Errorf("the leads have %v", got)
	}
}

// What people agree to is kept as they read it, with its version and when; who read another text is asked again.
func TestFormsKeepConsent(t *testing.T) {
	v := newVisitors(t)
	v.Apply(`{"kind":"object","name":"lead","fields":{"agreed_at":{"type":"datetime","label":"Agreed at","read_only":true},"agreed_to":{"type":"long_text","label":"Agreed to","read_only":true}}}`,
		strings.Replace(contact, `"field":"agreed_at"}`, `"field":"agreed_at","version":"2026-03","wording":"agreed_to"}`, 1))
	values := `{"name":"Ann","company":"Acme","email":"ann@example.com"}`
	for _, of := range []struct{ more, want string }{
		{`,"consent":true`, "422 form.invalid form.consent_changed/consent"},
		{`,"consent":true,"consent_version":"2026-02"`, "422 form.invalid form.consent_changed/consent"},
		{`,"consent":false,"consent_version":"2026-03"`, "422 form.invalid form.no_consent/consent"},
		{`,"consent":true,"consent_version":"2026-03"`, "200 "},
	} {
		if status, said := v.answerTo(values, of.more); !strings.HasPrefix(fmt.Sprint(status, " ", said), of.want) {
			t.Errorf("%s: %d %s, want %s", of.more, status, said, of.want)
		}
	}
	v.leads(1)
	lead := v.sent("GET", "/api/v1/records/lead", v.admin(), "")["items"].([]any)[0].(map[string]any)
	kept, _ := lead["agreed_to"].(string)
	version, rest, _ := strings.Cut(kept, ", ")
	at, text, _ := strings.Cut(rest, "\n")
	if _, err := time.Parse(time.RFC3339, at); err != nil || version != "2026-03" || text != "I agree" {
		t.Errorf("what was agreed to is kept as %q", kept)
	}
}

// The page of a form is shown within pages of the sites that it names, and no other page is, nor by others.
func TestFormsEmbedded(t *testing.T) {
	v := newVisitors(t)
	v.Apply(`{"kind":"form","name":"embedded","label":"Ask","object":"lead","embed":["https://www.example.com","http://localhost:8080"],"fields":[{"field":"name"},{"field":"company"}]}`)
	for path, want := range map[string]string{
		"/f/main/embedded": "frame-ancestors https://www.example.com http://localhost:8080", "/f/main/contact": "frame-ancestors 'none'", "/f/main/none": "frame-ancestors 'none'",
		"/f/none/embedded": "frame-ancestors 'none'", "/": "frame-ancestors 'none'", "/studio": "frame-ancestors 'none'",
	} {
		status, header, _ := v.do("GET", path, map[string]string{"Accept": "text/html"}, "")
		policy := header.Get("Content-Security-Policy")
		if status != http.StatusOK || !strings.HasSuffix(policy, want) || (header.Get("X-Frame-Options") == "") != strings.Contains(want, "example") {
			t.Errorf("%s: %d %s, X-Frame-Options %q", path, status, policy, header.Get("X-Frame-Options"))
		}
	}
}

// What a form says wrongly of steps, conditions, consent and sites is told at its place: a site is one origin, and nothing that a policy would read as more.
func TestFormsRefusedWhenWrong(t *testing.T) {
	v := newVisitors(t)
	for more, want := range map[string]string{
		`"fields":[{"field":"name","visible_when":"company != nil"},{"field":"company"}]`:                                        "/fields/0/visible_when expression.unknown_name",
		`"fields":[{"field":"name"},{"field":"company","visible_when":"user.name != nil"}]`:                                      "/fields/1/visible_when expression.",
		`"fields":[{"field":"name"},{"field":"company","visible_when":"name"}]`:                                                  "/fields/1/visible_when expression.",
		`"fields":[{"field":"name","step":"none"},{"field":"company"}],"steps":[{"name":"a","label":"A"}]`:                       "/fields/0/step form.no_step",
		`"fields":[{"field":"name","step":"a"},{"field":"company"}],"steps":[{"name":"a","label":"A"},{"name":"a","label":"B"}]`: "/steps/1/name form.step_twice",
		`"fields":[{"field":"name"}],"consent":{"text":"I agree","field":"agreed_at","wording":"company"}`:                       "/consent/wording form.no_wording_field",
		`"fields":[{"field":"name"}],"embed":["https://*.example.com"]`:                                                          "/embed/0 schema.",
		`"fields":[{"field":"name"}],"embed":["https://example.com;script-src"]`:                                                 "/embed/0 schema.",
		`"fields":[{"field":"name"}],"embed":["https://example.com:443"]`:                                                        "/embed/0 catalog.bad_origin",
		`"fields":[{"field":"name"}],"theme":{"accent":"red"}`:                                                                   "/theme/accent schema.",
	} {
		plan := v.sent("POST", "/api/v1/metadata/plan", v.admin(), `{"documents":[{"kind":"form","name":"wrong","label":"Wrong","object":"lead",`+more+`}]}`)
		var said []string
		for _, one := range plan["problems"].([]any) {
			problem := one.(map[string]any)
			said = append(said, fmt.Sprint(problem["pointer"], " ", problem["code"]))
		}
		if !strings.Contains(strings.Join(said, ", "), want) {
			t.Errorf("%s: %v, want %s", more, said, want)
		}
	}
}

// Whose record is there already is thanked as everybody is, where the form says so, and nothing is made; the record belongs to whom the form names.
func TestFormsThankWhoIsKnown(t *testing.T) {
	v := newVisitors(t)
	owner := v.User("owner@example.com", map[string]any{"permissions": []any{"sales_manager"}})
	v.Apply(`{"kind":"object","name":"member","label":"Member","name_field":"email","fields":{"email":{"type":"email","unique":true},"phone":{"type":"phone"}},
		"duplicates":{"phone":{"label":"Same phone","match":{"phone":{"how":"phone"}},"action":"refuse"}}}`,
		`{"kind":"form","name":"contact","label":"Join","object":"member","duplicates":"thank","thanks":"Thank you","fields":[{"field":"email"},{"field":"phone"}],"values":{"owner":"`+fmt.Sprint(owner)+`"}}`)
	for _, values := range []string{
		`{"email":"ann@example.com","phone":"+4930123456"}`, `{"email":"ANN@example.com"}`, `{"email":"other@example.com","phone":"+49 30 123456"}`, `{"email":"bob@example.com"}`,
	} {
		if status, said := v.answerTo(values, ""); status != http.StatusOK || said != `{"thanks":"Thank you"}` {
			t.Errorf("%s: %d %s", values, status, said)
		}
	}
	var made []string
	for _, one := range v.sent("GET", "/api/v1/records/member?sort=email", v.admin(), "")["items"].([]any) {
		member := one.(map[string]any)
		made = append(made, fmt.Sprint(member["email"], " ", member["owner"]))
	}
	if want := fmt.Sprint([]string{"ann@example.com " + fmt.Sprint(owner), "bob@example.com " + fmt.Sprint(owner)}); fmt.Sprint(made) != want {
		t.Errorf("there are %v, want %s", made, want)
	}
}
