package e2e

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// kept is a record as it must be: what the server has acknowledged.
type kept struct {
	object, id string
	token      string // one of its words, in no other record
	values     map[string]string
	version    int
	changes    int // entries of its history
	gone       bool
	parent     *kept // with which it goes and comes back
}

// ledger is what the server has acknowledged to all writers, and what it may or may
// not have done when it died.
type ledger struct {
	mu      sync.Mutex
	records map[string]*kept // by id
	touched map[string]*kept // since the last check
	doubts  []doubt
	lost    map[string]string // words that were replaced: no search finds them; by record
	shared  []*kept           // accounts that all writers sell to
	codes   map[string]bool   // of products that are there
}

func newLedger() *ledger {
	return &ledger{records: map[string]*kept{}, touched: map[string]*kept{}, lost: map[string]string{}, codes: map[string]bool{}}
}

// doubt is a request that was not answered. settle looks what came of it and brings
// the ledger up to date, or says what is wrong.
type doubt struct {
	what   string
	settle func(t testing.TB, l *ledger, c *client) error
}

func (l *ledger) keep(k *kept) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records[k.id], l.touched[k.id] = k, k
}

func (l *ledger) touch(all ...*kept) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range all {
		l.touched[k.id] = k
	}
}

func (l *ledger) doubt(what string, settle func(t testing.TB, l *ledger, c *client) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubts = append(l.doubts, doubt{what, settle})
}

// settle finds out what came of the requests that were not answered.
func (l *ledger) settle(t testing.TB, c *client) {
	t.Helper()
	for _, d := range l.doubts {
		if err := d.settle(t, l, c); err != nil {
			t.Errorf("%s, which was not answered: %v", d.what, err)
		}
	}
	l.doubts = nil
}

// shows is the difference between a record as it is and as it must be, or "".
func (k *kept) differs(is object) string {
	for field, want := range k.values {
		if got := fmt.Sprint(is[field]); got != want {
			return fmt.Sprintf("%s is %s, not %s", field, got, want)
		}
	}
	if got := fmt.Sprint(is["version"]); got != fmt.Sprint(k.version) {
		return fmt.Sprintf("version %s, not %d", got, k.version)
	}
	return ""
}

// fields are what the records of an object are compared in.
var ledgerFields = map[string]string{
	"account":     "name,description,contact_count,open_opportunities,open_amount,won_amount,items_value,biggest_deal,mean_deal,deals",
	"opportunity": "name,account,stage,amount,next_step,item_count,items_total",
	"line_item":   "number,opportunity,quantity,unit_price,discount,total,description",
}

// check holds everything the server shows against the ledger.
func (l *ledger) check(t testing.TB, c *client) {
	t.Helper()
	shown := map[string]map[string]object{}
	for of, fields := range ledgerFields {
		shown[of] = map[string]object{}
		for _, item := range c.list(t, of, "fields", "id,version,"+fields, "limit", "500") {
			shown[of][item["id"].(string)] = item
		}
	}
	counted := map[string]int{}
	for id, k := range l.records {
		is, there := shown[k.object][id]
		switch {
		case k.gone && there:
			t.Errorf("%s %s was deleted and is back: %v", k.object, id, is)
		case !k.gone && !there:
			t.Errorf("%s %s is lost; it was %v", k.object, id, k.values)
		case !k.gone:
			counted[k.object]++
			if difference := k.differs(is); difference != "" {
				t.Errorf("%s %s: %s; the record is %v", k.object, id, difference, is)
			}
		}
	}
	for of, all := range shown {
		if len(all) != counted[of] {
			t.Errorf("there are %d records of %s, and %d were acknowledged", len(all), of, counted[of])
		}
	}
	l.checkHistory(t, c)
	l.checkSearch(t, c)
	checkRollups(t, c, shown)
	l.checkKeys(t, c, shown)
	l.touched = map[string]*kept{}
}

// checkHistory: exactly one entry for each acknowledged change of what was touched.
func (l *ledger) checkHistory(t testing.TB, c *client) {
	t.Helper()
	for id, k := range l.touched {
		a := c.do(t, "GET", "/records/"+k.object+"/"+id+"/history?limit=500", nil)
		items, _ := a.json()["items"].([]any)
		if a.status != 200 || len(items) != k.changes {
			t.Errorf("%s %s has %d entries in its history, not %d: %v", k.object, id, len(items), k.changes, a)
		}
	}
}

// checkSearch: words of what was touched are found while it is there, and no longer.
func (l *ledger) checkSearch(t testing.TB, c *client) {
	t.Helper()
	n := 0
	for id, k := range l.touched {
		if k.object == "line_item" {
			continue
		}
		if n++; n > 60 {
			break
		}
		found := strings.Contains(string(c.do(t, "GET", "/search?q="+url.QueryEscape(k.token), nil).raw), `"`+id+`"`)
		if found == k.gone {
			t.Errorf("%s %s, gone: %v: search for %s finds it: %v", k.object, id, k.gone, k.token, found)
		}
		if word := l.lost[id]; word != "" && strings.Contains(string(c.do(t, "GET", "/search?q="+url.QueryEscape(word), nil).raw), `"`+id+`"`) {
			t.Errorf("%s %s is found by %s, which was replaced", k.object, id, word)
		}
	}
}

// checkRollups: every roll-up equals what aggregating its children gives.
func checkRollups(t testing.TB, c *client, shown map[string]map[string]object) {
	t.Helper()
	for _, r := range []struct {
		parent, field  string
		child, lookup  string
		op, of, filter string
		none           string // without children
	}{
		{"opportunity", "item_count", "line_item", "opportunity", "count", "", "", "0"},
		{"opportunity", "items_total", "line_item", "opportunity", "sum", "total", "", "0.00"},
		{"account", "open_opportunities", "opportunity", "account", "count", "", `stage not in ["won", "lost"]`, "0"},
		{"account", "open_amount", "opportunity", "account", "sum", "amount", `stage not in ["won", "lost"]`, "0.00"},
		{"account", "items_value", "opportunity", "account", "sum", "items_total", "", "0.00"},
		{"account", "biggest_deal", "opportunity", "account", "max", "items_total", "", "<nil>"},
		{"account", "deals", "opportunity", "account", "count", "", "", "0"},
	} {
		measure := object{"op": r.op, "as": "value"}
		if r.of != "" {
			measure["field"] = r.of
		}
		rows := c.must(t, 200, "POST", "/records/"+r.child+"/aggregate", object{"filter": r.filter,
			"group": []object{{"field": r.lookup, "as": "parent"}}, "measures": []object{measure}})["rows"].([]any)
		want := map[string]string{}
		for _, row := range rows {
			if parent, ok := row.(object)["parent"].(string); ok {
				want[parent] = fmt.Sprint(row.(object)["value"])
			}
		}
		wrong := 0
		for id, is := range shown[r.parent] {
			value, ok := want[id]
			if !ok {
				value = r.none
			}
			if got := fmt.Sprint(is[r.field]); !equalNumbers(got, value) {
				if wrong++; wrong <= 3 {
					t.Errorf("%s %s: %s is %s, and its records come to %s", r.parent, id, r.field, got, value)
				}
			}
		}
	}
}

// equalNumbers compares numbers whatever zeros they end with.
func equalNumbers(a, b string) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	if !okX || !okY {
		return a == b
	}
	return x.Cmp(y) == 0
}

// checkKeys: what must be unique is, and what was acknowledged of it is there.
func (l *ledger) checkKeys(t testing.TB, c *client, shown map[string]map[string]object) {
	t.Helper()
	numbers := map[any]string{}
	for id, is := range shown["line_item"] {
		if other, twice := numbers[is["number"]]; twice {
			t.Errorf("the number %v belongs to %s and %s", is["number"], id, other)
		}
		numbers[is["number"]] = id
	}
	codes := map[string]int{}
	for _, p := range c.list(t, "product", "fields", "code", "limit", "500") {
		code, _ := p["code"].(string)
		codes[code]++
	}
	for code, n := range codes {
		if n != 1 {
			t.Errorf("%d products have the code %s", n, code)
		}
	}
	for code := range l.codes {
		if codes[code] == 0 {
			t.Errorf("the product %s is lost", code)
		}
	}
}

// total reads a number of an answer.
func total(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return i
}
