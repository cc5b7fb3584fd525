package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// number is a number from the environment, else the usual one.
func number(t testing.TB, name string, usual int) int {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		return usual
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// orders is an outside system that takes orders, and fails now and then.
type orders struct {
	*httptest.Server
	mu    sync.Mutex
	keys  map[string]map[string]bool // by whom an order is for
	taken int
}

func newOrders(t *testing.T) *orders {
	o := &orders{keys: map[string]map[string]bool{}}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var of struct {
			For string `json:"for"`
		}
		if err := json.NewDecoder(r.Body).Decode(&of); err != nil || of.For == "" || r.URL.Path != "/orders" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		o.mu.Lock()
		if o.keys[of.For] == nil {
			o.keys[of.For] = map[string]bool{}
		}
		o.keys[of.For][r.Header.Get("Idempotency-Key")] = true
		o.taken++
		fails := o.taken%7 == 0
		o.mu.Unlock()
		if fails {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(w, `{"number": "order %s"}`, of.For) //nolint:errcheck // who asks sees it
	}))
	t.Cleanup(o.Close)
	return o
}

// check wants each order to have one key, however often it was sent.
func (o *orders) check(t *testing.T, accounts int64) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	oneEach(t, "order", o.keys, accounts)
	t.Logf("%d requests for %d orders", o.taken, len(o.keys))
}

// oneEach wants that there is something for each account, and that it came under one name, however often.
func oneEach(t *testing.T, what string, names map[string]map[string]bool, accounts int64) {
	t.Helper()
	if int64(len(names)) != accounts {
		t.Errorf("%d of %d accounts have an %s", len(names), accounts, what)
	}
	for of, under := range names {
		if len(under) != 1 {
			t.Errorf("the %s for %s came under %d names", what, of, len(under))
		}
	}
}

// A server that is killed at any moment loses no run of a workflow and does nothing twice: each record that
// was made has what each step makes, once, and its run has ended. FORMWORK_SOAK_KILLS and FORMWORK_SOAK_RUNS ask for
// more than the usual.
func TestRunsGoOnAfterKills(t *testing.T) {
	t.Parallel()
	kills, wanted := number(t, "FORMWORK_SOAK_KILLS", 6), int64(number(t, "FORMWORK_SOAK_RUNS", 240))
	orders, letters := newOrders(t), newLetters(t)
	s := newServer(t, "--reach", "127.0.0.1")
	admin := s.admin(t, "main")
	admin.must(t, 200, "POST", "/metadata/apply", object{"message": "a workflow", "documents": []object{{"kind": "connection", "name": "erp", "label": "ERP", "url": orders.URL},
		{"kind": "connection", "name": "smtp", "label": "SMTP", "url": letters.address}, {"kind": "mailbox", "name": "hello", "label": "Hello", "address": "hello@example.com", "send": "smtp"}, {
			"kind": "workflow", "name": "follow", "object": "account", "trigger": object{"type": "after_save", "on": []string{"create"}}, "start": "count",
			"steps": object{
				"count":  object{"type": "set", "values": object{"phone": "'+49 30 ' + (phone == nil ? '1' : '2')"}, "next": "first"},
				"first":  object{"type": "create", "object": "task", "values": object{"subject": "'first ' + name"}, "next": "wait"},
				"wait":   object{"type": "wait", "for": "seconds(1)", "next": "second"},
				"second": object{"type": "create", "object": "task", "values": object{"subject": "'second ' + name"}, "next": "order"},
				"order":  object{"type": "request", "connection": "erp", "method": "POST", "path": "'orders'", "body": object{"for": "name"}, "answer": object{"number": object{"at": "/number", "type": "text"}}, "next": "write"},
				"write":  object{"type": "email", "mailbox": "hello", "to": "'ann@example.com'", "subject": "name", "text": "steps.order.number", "next": "again"},
				"again":  object{"type": "wait", "for": "seconds(1)", "next": "third"},
				"third":  object{"type": "create", "object": "task", "values": object{"subject": "'third ' + name + steps.first.record.subject", "description": "steps.order.number"}},
			}}}})
	made, batch := int64(0), 0
	for killed := 0; made < wanted || killed < kills; {
		const size = 20
		ops := make([]object, size)
		for i := range ops {
			ops[i] = object{"op": "create", "data": object{"name": fmt.Sprintf("Account %d-%d", batch, i)}}
		}
		batch++
		if made < wanted {
			if _, err := admin.send("POST", "/records/account/bulk", object{"operations": ops}); err == nil {
				made += size
			}
		}
		if killed < kills {
			time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
			s.kill()
			s.start(t)
			admin = s.admin(t, "main")
			killed++
		}
	}
	accounts := admin.count(t, "account")
	ended := func() int64 { return admin.count(t, "task", "filter", `subject startsWith "third"`) }
	until(t, "the runs end", func() bool { return ended() >= accounts })
	for _, step := range []string{"first", "second", "third"} {
		rows := admin.must(t, 200, "POST", "/records/task/aggregate", object{"group": []object{{"field": "subject"}}, "filter": fmt.Sprintf("subject startsWith %q", step), "limit": 10_000})["rows"].([]any)
		if n := admin.count(t, "task", "filter", fmt.Sprintf("subject startsWith %q", step)); n != accounts || int64(len(rows)) != accounts {
			t.Errorf("the step %s was done %d times, for %d of %d accounts", step, n, len(rows), accounts)
		}
	}
	if n := admin.count(t, "account", "filter", `phone == "+49 30 1"`); n != accounts {
		t.Errorf("the first step was done once for %d of %d accounts", n, accounts)
	}
	orders.check(t, accounts)
	letters.check(t, accounts)
	for state, want := range map[string]int64{"sent": accounts, "pending": 0} {
		if n := admin.count(t, "email", "filter", fmt.Sprintf("state == %q", state)); n != want {
			t.Errorf("%d e-mails are %s, want %d", n, state, want)
		}
	}
	if n := admin.count(t, "task", "filter", `subject startsWith "third" and description startsWith "order "`); n != accounts {
		t.Errorf("%d of %d runs have the answer of the outside system", n, accounts)
	}
	states := map[string]int{}
	for cursor := ""; ; {
		page := admin.must(t, 200, "GET", "/runs?limit=500&cursor="+cursor, nil)
		for _, run := range page["items"].([]any) {
			states[run.(object)["state"].(string)]++
		}
		next, more := page["next"].(string)
		if !more {
			break
		}
		cursor = next
	}
	if len(states) != 1 || int64(states["done"]) != accounts {
		t.Errorf("the runs are %v, of %d accounts", states, accounts)
	}
	t.Logf("%d runs, %d kills", accounts, kills)
}
