package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/api"
	"formwork/engine/form"
)

// contact is a form with all that forms have.
const contact = `{"kind":"form","name":"contact","label":{"en":"Contact us","zh":"联系我们"},"object":"lead","text":{"en":"Write to us","zh":"请留言"},
	"fields":[{"field":"name","label":{"en":"Your name","zh":"姓名"}},{"field":"company","required":true},{"field":"email","required":true},{"field":"description"},{"field":"rating"}],
	"values":{"source":"website"},"consent":{"text":{"en":"I agree","zh":"我同意"},"field":"agreed_at"},"thanks":{"en":"Thank you","zh":"谢谢"},"redirect":"https://example.com/thanks"}`

// opened is a form as somebody is shown it.
type opened struct {
	Title, Text, Consent, Language string
	Inputs                         []struct {
		Name  string
		Field map[string]any
	}
	Proof struct {
		Token       string
		Bits, After int
	}
}

// visitors are people outside who open and send a form of a world.
type visitors struct {
	*world
	once   *sync.Once
	passed *atomic.Int64
}

func newVisitors(t *testing.T) visitors {
	passed := new(atomic.Int64)
	w := newWorldWith(t, func(o *api.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
		o.Forms = form.New(o.Catalog, o.Records, o.Secrets, o.Now)
	})
	w.Apply(`{"kind":"object","name":"lead","fields":{"agreed_at":{"type":"datetime","label":"Agreed at","read_only":true}}}`, contact)
	return visitors{w, new(sync.Once), passed}
}

// pass has the time of the server pass.
func (v visitors) pass(d time.Duration) { v.passed.Add(int64(d)) }

func (v visitors) open(path, language string) (opened, int) {
	v.t.Helper()
	status, _, raw := v.do("GET", "/api/v1/forms/"+path, map[string]string{"Accept-Language": language}, "")
	var o opened
	if status == 200 {
		if err := json.Unmarshal(raw, &o); err != nil {
			v.t.Fatal(err)
		}
	}
	return o, status
}

// solved is an answer to a proof.
func solved(token string) string {
	for i := 0; ; i++ {
		if answer := fmt.Sprint(i); form.Works(token, answer) {
			return answer
		}
	}
}

// send sends a form, and tells the status and the code of what is wrong, with its places.
func (v visitors) send(token, body string, headers ...string) (int, string) {
	v.t.Helper()
	h := map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
	for i := 0; i < len(headers); i += 2 {
		h[headers[i]] = headers[i+1]
	}
	status, _, raw := v.do("POST", "/api/v1/forms/main/contact", h, body)
	if status == 200 {
		return status, string(raw)
	}
	var problem struct {
		Code   string
		Errors []struct{ Code, Pointer, Detail string }
	}
	if err := json.Unmarshal(raw, &problem); err != nil {
		v.t.Fatalf("%d %s", status, raw)
	}
	said := problem.Code
	for _, one := range problem.Errors {
		said += " " + one.Code + one.Pointer
	}
	return status, said
}

// leads wants that there are so many.
func (v visitors) leads(want int) {
	v.t.Helper()
	if n := v.sent("GET", "/api/v1/records/lead?count=true", v.admin(), "")["total"]; n != float64(want) {
		v.t.Errorf("there are %v leads, want %d", n, want)
	}
}

const good = `"values":{"name":"Ann Example","company":"Acme","email":"ann@example.com","description":"<script>alert(1)</script>","rating":"hot"},"consent":true`

// People outside are shown what a form asks and no more, in their language; what they send becomes a record, once, that says which form made it.
func TestForms(t *testing.T) {
	v := newVisitors(t)
	o, _ := v.open("main/contact", "zh-CN")
	if o.Title != "联系我们" || o.Text != "请留言" || o.Consent != "我同意" || o.Language != "zh" || len(o.Inputs) != 5 || o.Proof.Bits != form.Bits || o.Proof.After != 3 {
		t.Errorf("a form is shown as %+v", o)
	}
	options := o.Inputs[4].Field["options"].(map[string]any)
	if hot, ok := options["hot"].(map[string]any); !ok || hot["label"] == nil || o.Inputs[4].Field["picklist"] != nil || o.Inputs[2].Field["required"] != true || o.Inputs[3].Field["required"] != nil {
		t.Errorf("what is filled in is described as %v", o.Inputs)
	}
	for _, path := range []string{"main/none", "none/contact", "main/CONTACT", "main/contact%20x"} {
		if _, status := v.open(path, "en"); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	answer := solved(o.Proof.Token)
	body := `{"answer":"` + answer + `",` + good + `}`
	for what, of := range map[string][2]string{
		"a robot":           {`{"answer":"` + answer + `","website":"x",` + good + `}`, "422 form.not_taken"},
		"too early":         {body, "429 form.too_fast"},
		"no consent":        {`{"answer":"` + answer + `","values":{"name":"A","company":"B","email":"a@example.com"}}`, "422 form.invalid form.no_consent/consent"},
		"wrong values":      {`{"answer":"` + answer + `","values":{"name":"A","email":"nobody","rating":"x"},"consent":true}`, "422 form.invalid field.required/values/company"},
		"what is not asked": {`{"answer":"` + answer + `","values":{"name":"A","company":"B","email":"a@example.com","owner":"x","status":"won"},"consent":true}`, "form.not_asked_for/values"},
		"no work":           {`{"answer":"1x",` + good + `}`, "422 form.no_work"},
		"a list":            {`[]`, "400"},
		"too large":         {`{"answer":"` + strings.Repeat("x", 2<<20) + `"}`, "413"},
	} {
		if what != "too early" {
			v.pass(4 * time.Second)
		}
		if what == "too early" {
			fresh, _ := v.open("main/contact", "en")
			if status, said := v.send(fresh.Proof.Token, `{"answer":"`+solved(fresh.Proof.Token)+`",`+good+`}`); fmt.Sprint(status, " ", said) != of[1] {
				t.Errorf("%s: %d %s", what, status, said)
			}
			continue
		}
		if status, said := v.send(o.Proof.Token, of[0]); !strings.Contains(fmt.Sprint(status, " ", said), of[1]) || status == 200 {
			t.Errorf("%s: %d %s", what, status, said)
		}
	}
	v.leads(0)
	status, said := v.send(o.Proof.Token, body, "Accept-Language", "zh")
	if status != 200 || said != `{"thanks":"谢谢","redirect":"https://example.com/thanks"}` {
		t.Fatalf("what was sent is answered with %d %s", status, said)
	}
	if status, said := v.send(o.Proof.Token, body); status != 409 || said != "form.sent" {
		t.Errorf("sent again: %d %s", status, said)
	}
	v.leads(1)
	made := v.sent("GET", "/api/v1/records/lead", v.admin(), "")["items"].([]any)[0].(map[string]any)
	for name, want := range map[string]any{"name": "Ann Example", "company": "Acme", "email": "ann@example.com", "description": "<script>alert(1)</script>", "rating": "hot", "source": "website"} {
		if made[name] != want {
			t.Errorf("%s is %v", name, made[name])
		}
	}
	if agreed, _ := made["agreed_at"].(string); agreed == "" || made["created_by"] != nil {
		t.Errorf("agreed at %v, made by %v", made["agreed_at"], made["created_by"])
	}
	history := v.sent("GET", "/api/v1/records/lead/"+made["id"].(string)+"/history", v.admin(), "")["items"].([]any)
	if made := history[0].(map[string]any); made["via"] != "form contact" || made["via_label"] != "Contact us" {
		t.Errorf("the history says %v", made)
	}
}

// admin is the token of somebody who sees everything.
func (v visitors) admin() string {
	v.t.Helper()
	v.once.Do(func() { v.User("admin@example.com", map[string]any{"permissions": []any{"admin", "sales_manager"}}) })
	return v.login("main", "admin@example.com")
}

// A page that was open for too long, is of another form or another tenant, or was thought up, sends nothing; who tries many is held.
func TestFormsTakeNoOtherProof(t *testing.T) {
	v := newVisitors(t)
	v.Apply(`{"kind":"form","name":"other","label":"Other","object":"lead","fields":[{"field":"name"},{"field":"company"}]}`)
	old, _ := v.open("main/contact", "en")
	v.pass(13 * time.Hour)
	other, _ := v.open("main/other", "en")
	fresh, _ := v.open("main/contact", "en")
	v.pass(4 * time.Second)
	forged := fresh.Proof.Token[:len(fresh.Proof.Token)-4] + "AAAA"
	for what, of := range map[string]struct{ token, want string }{
		"old": {old.Proof.Token, "412 form.stale"}, "of another form": {other.Proof.Token, "401 form.refused"}, "forged": {forged, "401 form.refused"}, "none": {"", "401 form.refused"}, "long": {strings.Repeat("A", 3000), "401 form.refused"},
	} {
		if status, said := v.send(of.token, `{"answer":"`+solved(of.token)+`",`+good+`}`); fmt.Sprint(status, " ", said) != of.want {
			t.Errorf("%s: %d %s", what, status, said)
		}
	}
	v.leads(0)
	if status, said := v.send(fresh.Proof.Token, `{"answer":"`+solved(fresh.Proof.Token)+`",`+good+`}`); status != 200 {
		t.Errorf("a good one is answered with %d %s", status, said)
	}
	v.Apply(strings.Replace(contact, `"object":"lead"`, `"object":"lead","open":false`, 1))
	if _, status := v.open("main/contact", "en"); status != 404 {
		t.Errorf("a closed form is answered with %d", status)
	}
	closed, _ := v.open("main/other", "en")
	v.pass(4 * time.Second)
	if status, said := v.send(closed.Proof.Token, `{}`); status != 404 || said != "form.unknown" {
		t.Errorf("a closed form takes %d %s", status, said)
	}
	v.leads(1)
}

// Of many that are sent with one proof at the same time one makes a record; of many from one address a few are taken within a minute, and others are
// not held up.
func TestFormsUnderAttack(t *testing.T) {
	v := newVisitors(t)
	o, _ := v.open("main/contact", "en")
	v.pass(4 * time.Second)
	body := `{"answer":"` + solved(o.Proof.Token) + `",` + good + `}`
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if status, _ := v.send(o.Proof.Token, body); status == 200 {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 1 {
		t.Errorf("%d were taken", taken.Load())
	}
	limited := 0
	for range 200 {
		status, said := v.send("x", body)
		if status == 200 {
			t.Fatal("a thought up proof is taken")
		}
		if status == http.StatusTooManyRequests && said == "form.too_many" {
			limited++
		}
	}
	if limited < 150 {
		t.Errorf("of 200 from one address %d were limited", limited)
	}
	v.leads(1)
	v.pass(6 * time.Minute)
	next, _ := v.open("main/contact", "en")
	v.pass(4 * time.Second)
	if status, said := v.send(next.Proof.Token, `{"answer":"`+solved(next.Proof.Token)+`",`+good+`}`); status != 200 {
		t.Errorf("afterwards: %d %s", status, said)
	}
}

// Nothing is told of the records that there are, nor of fields that are not asked.
func TestFormsTellNothingOfRecords(t *testing.T) {
	v := newVisitors(t)
	v.Apply(`{"kind":"object","name":"member","label":"Member","name_field":"email","fields":{"email":{"type":"email","unique":true},"grade":{"type":"text"},"until":{"type":"date"}},
		"rules":{"grade":{"must":"grade != 'x'","field":"grade","message":"Grades are not x"},"never":{"must":"email != 'no@example.com'","message":"Not you"}}}`,
		`{"kind":"form","name":"contact","label":"Join","object":"member","fields":[{"field":"email"}]}`)
	send := func(email string) (int, string) {
		o, _ := v.open("main/contact", "en")
		v.pass(4 * time.Second)
		return v.send(o.Proof.Token, `{"answer":"`+solved(o.Proof.Token)+`","values":{"email":"`+email+`"}}`)
	}
	for _, of := range []struct{ email, want string }{
		{"ann@example.com", "200 {}"}, {"ANN@example.com", "422 form.not_taken"}, {"no@example.com", "422 form.invalid record.rule"}, {"bob@example.com", "200 {}"},
	} {
		if status, said := send(of.email); fmt.Sprint(status, " ", said) != of.want {
			t.Errorf("%s: %d %s, want %s", of.email, status, said, of.want)
		}
	}
}
