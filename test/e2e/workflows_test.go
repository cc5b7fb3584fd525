package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	newFollowing(t).goOn(t, newServer(t, "--reach", "127.0.0.1"))
}

// Two processes on one MongoDB share the runs, and both or either of them, when the other is killed, do what one does.
func TestProcessesShareRuns(t *testing.T) {
	t.Parallel()
	servers := twoProcesses(t, "--reach", "127.0.0.1")
	f := newFollowing(t)
	f.goOn(t, servers...)
	until(t, "the clock runs its workflow", func() bool { return f.checkMinutes(t, servers[0].admin(t, "main")) > 0 })
}

// following is a workflow that does something of everything for each account that is made, and one that the
// clock runs each minute.
type following struct {
	orders  *orders
	letters *letters
	since   time.Time // it is there
}

func newFollowing(t *testing.T) *following {
	return &following{orders: newOrders(t), letters: newLetters(t)}
}

func (f *following) documents() []object {
	return []object{
		{"kind": "connection", "name": "erp", "label": "ERP", "url": f.orders.URL},
		{"kind": "connection", "name": "smtp", "label": "SMTP", "url": f.letters.address},
		{"kind": "mailbox", "name": "hello", "label": "Hello", "address": "hello@example.com", "send": "smtp"},
		{
			"kind": "workflow", "name": "follow", "object": "account", "trigger": object{"type": "after_save", "on": []string{"create"}}, "start": "count",
			"steps": object{
				"count":  object{"type": "set", "values": object{"phone": "'+49 30 ' + (phone == nil ? '1' : '2')"}, "next": "first"},
				"first":  object{"type": "create", "object": "task", "values": object{"subject": "'first ' + name"}, "next": "wait"},
				"wait":   object{"type": "wait", "for": "seconds(1)", "next": "second"},
				"second": object{"type": "create", "object": "task", "values": object{"subject": "'second ' + name"}, "next": "order"},
				"order":  object{"type": "request", "connection": "erp", "method": "POST", "path": "'orders'", "body": object{"for": "name"}, "answer": object{"number": object{"at": "/number", "type": "text"}}, "next": "write"},
				"write":  object{"type": "email", "mailbox": "hello", "to": "'ann@example.com'", "subject": "name", "text": "steps.order.number", "next": "again"},
				"again":  object{"type": "parallel", "ways": []object{{"do": "pause"}, {"do": "call"}}, "next": "third"},
				"pause":  object{"type": "wait", "for": "seconds(1)", "next": "beside"},
				"beside": object{"type": "create", "object": "task", "values": object{"subject": "'beside ' + name"}},
				"call":   object{"type": "call", "workflow": "rate"},
				"third":  object{"type": "create", "object": "task", "values": object{"subject": "'third ' + name + steps.first.record.subject + steps.call.rating", "description": "steps.order.number"}},
			},
		},
		{
			"kind": "workflow", "name": "rate", "object": "account", "trigger": object{"type": "called", "answer": object{"rating": object{"type": "text", "value": "' rated'"}}}, "start": "note",
			"steps": object{
				"note": object{"type": "create", "object": "task", "values": object{"subject": "'called ' + name"}, "next": "wait"},
				"wait": object{"type": "wait", "for": "seconds(1)"},
			},
		},
		{
			"kind": "workflow", "name": "tick", "trigger": object{"type": "schedule", "cron": "* * * * *"}, "start": "note",
			"steps": object{"note": object{"type": "create", "object": "task", "values": object{"subject": "'minute'"}}},
		},
	}
}

// goOn makes accounts through every server, one of which at a time is killed meanwhile and started again,
// and holds what was done against what was to be done.
func (f *following) goOn(t *testing.T, servers ...*server) {
	kills, wanted := number(t, "FORMWORK_SOAK_KILLS", 6), int64(number(t, "FORMWORK_SOAK_RUNS", 240))
	f.since = time.Now()
	servers[0].admin(t, "main").must(t, 200, "POST", "/metadata/apply", object{"message": "a workflow", "documents": f.documents()})
	var made atomic.Int64
	ended := make([]int, len(servers))
	for batch, killed := 0, 0; made.Load() < wanted || killed < kills; batch++ {
		var working sync.WaitGroup
		for i, s := range servers {
			admin, more := s.admin(t, "main"), made.Load() < wanted
			working.Go(func() {
				if more {
					made.Add(admin.makeAccounts(t, fmt.Sprintf("Account %d-%d", batch, i)))
				}
			})
		}
		if killed < kills {
			time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
			i := rand.IntN(len(servers))
			s := servers[i]
			ended[i] += s.admin(t, "main").ended(t)
			s.kill()
			working.Wait()
			s.start(t)
			killed++
		}
		working.Wait()
	}
	admin := servers[len(servers)-1].admin(t, "main")
	accounts := admin.count(t, "account")
	untilDone(t, "the runs end", func() (bool, string) {
		ended := admin.count(t, "task", "filter", `subject startsWith "third"`)
		return ended >= accounts, fmt.Sprint(ended, " ended, ", admin.count(t, "task", "filter", `subject != "minute"`), " tasks, ", f.asked(), " requests and e-mails")
	})
	f.check(t, admin, accounts)
	for i, s := range servers {
		ended[i] += s.admin(t, "main").ended(t)
	}
	t.Logf("%d accounts, %d of them acknowledged, %d kills, %v runs ended", accounts, made.Load(), kills, ended)
}

// makeAccounts makes some accounts together, and returns how many of them were acknowledged.
func (c *client) makeAccounts(t *testing.T, name string) int64 {
	ops := make([]object, 20)
	for i := range ops {
		ops[i] = object{"op": "create", "data": object{"name": fmt.Sprintf("%s-%d", name, i)}}
	}
	a, err := c.send("POST", "/records/account/bulk", object{"operations": ops})
	if err != nil {
		return 0 // it may have been killed
	}
	if a.status != http.StatusOK {
		t.Errorf("making accounts: %v", a)
	}
	return int64(len(ops))
}

// asked is how often outside systems were asked for something.
func (f *following) asked() int {
	f.orders.mu.Lock()
	defer f.orders.mu.Unlock()
	f.letters.mu.Lock()
	defer f.letters.mu.Unlock()
	return f.orders.taken + f.letters.given
}

// check wants what is done for an account to have been done once for each.
func (f *following) check(t *testing.T, admin *client, accounts int64) {
	for _, step := range []string{"first", "second", "beside", "called", "third"} {
		rows := admin.must(t, 200, "POST", "/records/task/aggregate", object{"group": []object{{"field": "subject"}}, "filter": fmt.Sprintf("subject startsWith %q", step), "limit": 10_000})["rows"].([]any)
		if n := admin.count(t, "task", "filter", fmt.Sprintf("subject startsWith %q", step)); n != accounts || int64(len(rows)) != accounts {
			t.Errorf("the step %s was done %d times, for %d of %d accounts", step, n, len(rows), accounts)
		}
	}
	if n := admin.count(t, "account", "filter", `phone == "+49 30 1"`); n != accounts {
		t.Errorf("the first step was done once for %d of %d accounts", n, accounts)
	}
	f.orders.check(t, accounts)
	f.letters.check(t, accounts)
	for state, want := range map[string]int64{"sent": accounts, "pending": 0} {
		if n := admin.count(t, "email", "filter", fmt.Sprintf("state == %q", state)); n != want {
			t.Errorf("%d e-mails are %s, want %d", n, state, want)
		}
	}
	if n := admin.count(t, "task", "filter", `subject startsWith "third" and subject endsWith " rated" and description startsWith "order "`); n != accounts {
		t.Errorf("%d of %d runs have the answers of the outside system and of the workflow that they called", n, accounts)
	}
	runs := admin.runs(t)
	for _, workflow := range []string{"follow", "rate"} {
		if states := runs[workflow]; len(states) != 1 || states["done"] != accounts {
			t.Errorf("the runs of %s are %v, of %d accounts", workflow, states, accounts)
		}
	}
	f.checkMinutes(t, admin)
}

// checkMinutes wants the clock to have run its workflow no more than once a minute; it returns how often it did.
func (f *following) checkMinutes(t *testing.T, admin *client) int64 {
	ticks, states := admin.count(t, "task", "filter", `subject == "minute"`), admin.runs(t)["tick"]
	began := int64(0)
	for _, n := range states {
		began += n
	}
	minutes := time.Now().Unix()/60 - f.since.Unix()/60
	if began < ticks || began > minutes {
		t.Errorf("in %d minutes the clock set off the runs %v, which made %d tasks", minutes, states, ticks)
	}
	return ticks
}

// runs counts the runs of each workflow by their states.
func (c *client) runs(t *testing.T) map[string]map[string]int64 {
	all := map[string]map[string]int64{}
	for cursor := ""; ; {
		page := c.must(t, 200, "GET", "/runs?limit=500&cursor="+cursor, nil)
		for _, item := range page["items"].([]any) {
			run := item.(object)
			workflow := run["workflow"].(string)
			if all[workflow] == nil {
				all[workflow] = map[string]int64{}
			}
			all[workflow][run["state"].(string)]++
		}
		next, more := page["next"].(string)
		if !more {
			return all
		}
		cursor = next
	}
}

// ended is how many runs have ended in the process that answers.
func (c *client) ended(t *testing.T) int {
	n := 0
	for line := range strings.Lines(string(c.do(t, "GET", "/metrics", nil).raw)) {
		var state string
		var of int
		if _, err := fmt.Sscanf(line, "formwork_workflow_runs_total{state=%q} %d", &state, &of); err == nil {
			n += of
		}
	}
	return n
}
