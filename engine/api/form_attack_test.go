package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// attacks is how many requests an attack on forms has: FORMWORK_SOAK_FORMS.
func attacks() int {
	if n, err := strconv.Atoi(os.Getenv("FORMWORK_SOAK_FORMS")); err == nil {
		return n
	}
	return 600
}

// from is a client at an address of the loopback, until the test ends.
func from(t *testing.T, address string) *http.Client {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// post sends a body to the form contact, and tells the status and what is said.
func (v visitors) post(client *http.Client, token, body string) (status int, said string, err error) {
	request, err := http.NewRequest(http.MethodPost, v.base+"/api/v1/forms/main/contact", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(raw), err
}

const script = `<script>alert(1)</script>`

// hostile are bodies that are no answer to a form, by what they are.
func hostile(answer string) map[string]string {
	return map[string]string{
		"nothing":         ``,
		"no JSON":         `{"answer":`,
		"a list":          `[[[]]]`,
		"deep":            strings.Repeat(`{"values":`, 20_000) + `1` + strings.Repeat(`}`, 20_000),
		"two":             `{"answer":"` + answer + `"}{"answer":"1"}`,
		"no text":         "{\"answer\":\"\xff\xfe\"}",
		"other types":     `{"answer":["` + answer + `"],"values":"all","consent":"yes"}`,
		"members":         `{"answer":"` + answer + `",` + good + `,"owner":"x","tenant":"other"}`,
		"no values":       `{"answer":"` + answer + `","consent":true}`,
		"values of other": `{"answer":"` + answer + `","consent":true,"values":{"name":"A","company":"B","email":"a@example.com","owner":"1","id":"1","created_at":"2020-01-01T00:00:00Z","status":"won"}}`,
		"objects":         `{"answer":"` + answer + `","consent":true,"values":{"name":{"$ne":null},"company":["a"],"email":"a@example.com"}}`,
		"an option":       `{"answer":"` + answer + `","consent":true,"values":{"name":"A","company":"B","email":"a@example.com","rating":"` + script + `"}}`,
		"too long":        `{"answer":"` + answer + `","consent":true,"values":{"name":"` + strings.Repeat("x", 70_000) + `","company":"B","email":"a@example.com"}}`,
		"a robot":         `{"answer":"` + answer + `","website":"` + script + `",` + good + `}`,
		"no work":         `{"answer":"` + script + `",` + good + `}`,
		"large":           `{"answer":"` + strings.Repeat("x", 3<<19) + `"}`,
	}
}

// Whatever one address sends, thousands of times and from many connections, nothing gets in that is no answer to the form; of good ones that it has
// done the work for no more than a minute allows; nothing breaks; and a person at another address is served meanwhile and afterwards.
func TestFormsUnderSiege(t *testing.T) {
	v := newVisitors(t)
	const robots = 30
	proofs := make([]string, robots)
	for i := range proofs {
		o, status := v.open("main/contact", "en")
		if status != http.StatusOK {
			t.Fatalf("a form is answered with %d", status)
		}
		proofs[i] = o.Proof.Token
	}
	person, _ := v.open("main/contact", "en")
	v.pass(4 * time.Second)
	answer := solved(proofs[0])
	bodies := hostile(answer)
	names := make([]string, 0, len(bodies))
	for name := range bodies {
		names = append(names, name)
	}
	robot, human := from(t, "127.0.0.1"), from(t, "127.0.0.2")

	// What is wrong is refused for what it is, before there are too many.
	for name, body := range bodies {
		v.pass(time.Minute)
		status, said, err := v.post(robot, proofs[0], body)
		if err == nil && (status < 400 || status >= 500 || status == http.StatusTooManyRequests || strings.Contains(said, "<script>")) {
			t.Errorf("%s: %d %s", name, status, said)
		}
	}
	v.leads(0)

	// Good ones of one address, each with work done for it: as many as a minute allows.
	v.pass(time.Minute)
	var used []string
	for _, token := range proofs {
		status, _, err := v.post(robot, token, `{"answer":"`+solved(token)+`",`+good+`}`)
		switch {
		case err != nil:
			t.Fatal(err)
		case status == http.StatusOK:
			used = append(used, token)
		case status != http.StatusTooManyRequests:
			t.Errorf("a good one is answered with %d", status)
		}
	}
	if len(used) == 0 || len(used) > 20 {
		t.Fatalf("of %d of one address %d were taken in a minute", robots, len(used))
	}
	replays := make([]string, len(used))
	for i, token := range used {
		replays[i] = `{"answer":"` + solved(token) + `",` + good + `}`
	}

	// Replayed, thought up and broken ones, at the same time.
	var sent, again atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for sent.Add(1) <= int64(attacks()) {
				v.pass(time.Second) // so that not all are too many
				one := rand.IntN(len(used))
				token, body := used[one], replays[one]
				switch rand.IntN(3) {
				case 0:
					body = bodies[names[rand.IntN(len(names))]]
				case 1:
					token = strings.Repeat("A", 20+rand.IntN(3000))
				}
				status, said, err := v.post(robot, token, body)
				if err == nil && (status < 400 || status >= 500) {
					t.Errorf("%d %.200s", status, said)
				}
				if status == http.StatusConflict {
					again.Add(1)
				}
			}
		})
	}
	if status, said, err := v.post(human, person.Proof.Token, `{"answer":"`+solved(person.Proof.Token)+`",`+good+`}`); err != nil || status != http.StatusOK {
		t.Errorf("a person is answered with %d %s %v", status, said, err)
	}
	all.Wait()
	if again.Load() == 0 {
		t.Error("no replay was looked at")
	}
	v.leads(len(used) + 1)
	v.pass(10 * time.Minute)
	later, _ := v.open("main/contact", "en")
	v.pass(4 * time.Second)
	if status, said, err := v.post(human, later.Proof.Token, `{"answer":"`+solved(later.Proof.Token)+`",`+scripts+`}`); err != nil || status != http.StatusOK {
		t.Errorf("afterwards a person is answered with %d %s %v", status, said, err)
	}
	v.leads(len(used) + 2)
	v.keepsScripts()
}

// scripts is an answer with a script in every text.
const scripts = `"values":{"name":"` + script + `","company":"` + script + `","email":"a@example.com","description":"` + script + `"},"consent":true`

// keepsScripts wants that a script is kept as the text that it is.
func (v visitors) keepsScripts() {
	v.t.Helper()
	raw, err := json.Marshal(v.sent("GET", "/api/v1/records/lead?limit=100", v.admin(), ""))
	if err != nil {
		v.t.Fatal(err)
	}
	var page struct{ Items []map[string]any }
	if err := json.Unmarshal(raw, &page); err != nil {
		v.t.Fatal(err)
	}
	for _, lead := range page.Items {
		if fmt.Sprint(lead["name"], lead["company"], lead["description"]) == script+script+script {
			return
		}
	}
	v.t.Error("what was written is not kept as text")
}
