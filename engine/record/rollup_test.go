package record_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store/teststore"
)

// A random history of changes keeps every roll-up equal to a recomputation by hand.
func TestRollupsStayRight(t *testing.T) { teststore.Each(t, rollupsStayRight) }

func rollupsStayRight(t *testing.T, open teststore.Opener) {
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			h := &random{world: newWorldOn(t, open).populate(), r: rand.New(rand.NewPCG(seed, 7)), live: map[string][]id.ID{}, gone: map[string][]id.ID{}}
			for i := range 400 {
				h.time = h.time.Add(time.Second)
				if h.r.IntN(25) == 0 {
					h.time = h.time.Add(time.Duration(h.r.IntN(7*24)) * time.Hour)
				}
				what, err := h.change()
				if k := fault.KindOf(err); err != nil && (k == fault.Internal || k == fault.Unavailable) {
					t.Fatalf("change %d, %s: %v", i, what, err)
				}
				if i%20 == 19 {
					h.work() // what follows changes that filters read through lookups
					h.compare(fmt.Sprintf("after change %d (%s)", i, what))
				}
			}
			if h.deleted == 0 || len(h.live["line"]) < 5 || h.moved == 0 || h.restored == 0 {
				t.Errorf("too little happened: %d lines, %d deleted, %d moved, %d restored", len(h.live["line"]), h.deleted, h.moved, h.restored)
			}
		})
	}
}

// random makes changes.
type random struct {
	*world
	r                        *rand.Rand
	live, gone               map[string][]id.ID
	moved, deleted, restored int
}

func (h *random) pick(keys []id.ID) any {
	if len(keys) == 0 || h.r.IntN(8) == 0 {
		return nil
	}
	return keys[h.r.IntN(len(keys))].String()
}

func (h *random) amount() any {
	if h.r.IntN(6) == 0 {
		return nil
	}
	return number(fmt.Sprintf("%d.%03d", h.r.IntN(50), h.r.IntN(1000)))
}

// values are random data for an object.
func (h *random) values(object string) map[string]any {
	switch object {
	case "account":
		return map[string]any{"name": fmt.Sprint("A", h.r.IntN(1000)), "parent": h.pick(h.live["account"]), "active": h.r.IntN(2) == 0,
			"region": []string{"east", "west"}[h.r.IntN(2)]}
	case "user":
		return map[string]any{"region": []string{"east", "west"}[h.r.IntN(2)]}
	case "deal":
		data := map[string]any{"name": fmt.Sprint("D", h.r.IntN(1_000_000)), "account": h.pick(h.live["account"]), "discount": h.amount(), "why": "x", "approved": true,
			"partner": h.pick(h.live["account"]), "close_date": nil}
		if h.r.IntN(6) > 0 {
			data["close_date"] = fmt.Sprintf("2026-%02d-%02d", 1+h.r.IntN(12), 1+h.r.IntN(6))
		}
		if h.r.IntN(2) == 0 {
			data["stage"] = []string{"open", "proposal", "won", "lost"}[h.r.IntN(4)]
		}
		return data
	}
	return map[string]any{"deal": h.pick(h.live["deal"]), "unit": h.amount(), "quantity": number(strconv.Itoa(h.r.IntN(5) - 1))}
}

var objects = []string{"account", "deal", "deal", "line", "line", "line"}

// change does one random thing; a refusal is no failure.
func (h *random) change() (what string, err error) {
	s, object := h.system(), objects[h.r.IntN(len(objects))]
	if h.r.IntN(2) == 0 {
		s = h.as("ada")
	}
	keys := h.live[object]
	switch n := h.r.IntN(13); {
	case n == 12:
		_, err := h.system().Update(h.ctx, "user", h.people["ada"].User, h.values("user"), 0)
		return "update user", err
	case n < 4 || len(keys) == 0:
		saved, err := s.Create(h.ctx, object, h.values(object))
		if err == nil {
			h.live[object] = append(keys, saved.Record.ID())
		}
		return "create " + object, err
	case n < 9:
		patch := h.values(object)
		for field := range patch {
			if h.r.IntN(3) > 0 {
				delete(patch, field)
			}
		}
		_, err := s.Update(h.ctx, object, keys[h.r.IntN(len(keys))], patch, 0)
		if _, ok := patch["deal"]; ok && err == nil {
			h.moved++
		}
		return fmt.Sprint("update ", object, patch), err
	case n == 9:
		err := s.Delete(h.ctx, object, keys[h.r.IntN(len(keys))], 0)
		if err == nil {
			h.deleted++
		}
		h.look()
		return "delete " + object, err
	case n == 10 && len(h.gone[object]) > 0:
		_, err := s.Restore(h.ctx, object, h.gone[object][h.r.IntN(len(h.gone[object]))])
		if err == nil {
			h.restored++
		}
		h.look()
		return "restore " + object, err
	case object == "account" && len(keys) > 2:
		_, err := s.Merge(h.ctx, object, keys[0], keys[1:2], nil)
		h.look()
		return "merge", err
	}
	ops := []record.Operation{{Op: "create", Data: h.values("line")}, {Op: "create", Data: h.values("line")}}
	_, err = s.Bulk(h.ctx, "line", ops, h.r.IntN(2) == 0)
	h.look()
	return "bulk", err
}

// look finds out what is live and what is in the bin.
func (h *random) look() {
	h.t.Helper()
	for _, object := range []string{"account", "deal", "line"} {
		h.live[object], h.gone[object] = nil, nil
		for r, err := range h.system().Each(h.ctx, object, record.ListQuery{Fields: []string{"id"}}) {
			if err != nil {
				h.t.Fatal(err)
			}
			h.live[object] = append(h.live[object], r.ID())
		}
		page, err := h.system().Bin(h.ctx, object, record.BinQuery{Limit: 500})
		if err != nil {
			h.t.Fatal(err)
		}
		for _, b := range page.Items {
			h.gone[object] = append(h.gone[object], b.ID)
		}
	}
}

// compare computes every roll-up and the formulas on them by hand.
func (h *random) compare(when string) {
	h.t.Helper()
	read := func(object string) (rows []map[string]any) {
		for r, err := range h.system().Each(h.ctx, object, record.ListQuery{}) {
			if err != nil {
				h.t.Fatal(err)
			}
			rows = append(rows, decode(h.t, r))
		}
		return rows
	}
	lines, deals, accounts := read("line"), read("deal"), read("account")
	byID := map[any]map[string]any{nil: {}}
	for _, r := range append(read("user"), accounts...) {
		byID[r["id"]] = r
	}
	for _, d := range deals {
		var amount []*big.Rat
		n := 0
		for _, l := range lines {
			if l["deal"] != d["id"] {
				continue
			}
			if v := rat(l["price"]); v != nil {
				amount = append(amount, v)
			}
			if q := rat(l["quantity"]); q != nil && q.Sign() > 0 {
				n++
			}
		}
		h.equal(when, "deal.amount", d["amount"], total(amount), 2)
		h.equal(when, "deal.lines", d["lines"], big.NewRat(int64(n), 1), 0)
		wanted := total(amount)
		if v := rat(d["discount"]); v != nil {
			wanted.Sub(wanted, v)
		}
		h.equal(when, "deal.total", d["total"], wanted, 2)
	}
	bonuses := map[any][]*big.Rat{}
	for _, a := range accounts {
		var totals, won, notLost []*big.Rat
		first, n := "", 0
		var ofAccount, open, eastern, ahead []map[string]any
		var due, fresh []*big.Rat
		thisMonth := 0
		today, inShanghai := h.time.Format(time.DateOnly), h.time.In(shanghai(h.t))
		var partnered []*big.Rat
		supported := 0
		for _, d := range deals {
			if d["account"] != a["id"] {
				continue
			}
			n++
			v := rat(d["total"])
			totals = append(totals, v)
			if d["stage"] == "won" {
				won = append(won, v)
			}
			ofAccount = append(ofAccount, d)
			partner := byID[d["partner"]]
			if d["stage"] != "lost" && partner["active"] == true && d["discount"] != nil {
				partnered = append(partnered, rat(d["discount"]))
			}
			if bonus := rat(partner["bonus"]); byID[partner["parent"]]["region"] == "east" || bonus != nil && bonus.Cmp(big.NewRat(5, 1)) > 0 {
				supported++
			}
			close, _ := d["close_date"].(string)
			if close >= inShanghai.AddDate(0, 0, -20).Format(time.DateOnly) && close <= inShanghai.AddDate(0, 0, 20).Format(time.DateOnly) && d["discount"] != nil {
				due = append(due, rat(d["discount"]))
			}
			if close != "" && close[:7] == today[:7] && (d["partner"] == nil || partner["active"] == true) {
				thisMonth++
			}
			if close > today {
				ahead = append(ahead, d)
			}
			if at, err := time.Parse(time.RFC3339, d["created_at"].(string)); err != nil {
				h.t.Fatal(err)
			} else if at.After(h.time.Add(-2 * time.Hour)) {
				fresh = append(fresh, v)
			}
			if byID[d["created_by"]]["region"] == "east" {
				eastern = append(eastern, d)
			}
			if d["stage"] != "lost" {
				notLost, open = append(notLost, v), append(open, d)
			}
			if at, ok := d["close_date"].(string); ok && (first == "" || at < first) {
				first = at
			}
		}
		for field, want := range map[string]any{"latest_deal": last(ofAccount, "close_date", "name"), "latest_partner": last(ofAccount, "close_date", "partner"),
			"first_total": last(open, "stage", "total"), "eastern": last(eastern, "close_date", "name")} {
			if a[field] != want {
				h.t.Fatalf("%s: account.%s is %v, want %v", when, field, a[field], want)
			}
		}
		h.equal(when, "account.deals", a["deals"], big.NewRat(int64(n), 1), 0)
		h.equal(when, "account.due", a["due"], total(due), 2)
		h.equal(when, "account.this_month", a["this_month"], big.NewRat(int64(thisMonth), 1), 0)
		var average2 *big.Rat
		if len(fresh) > 0 {
			average2 = new(big.Rat).Quo(total(fresh), big.NewRat(int64(len(fresh)), 1))
		}
		h.equal(when, "account.fresh", a["fresh"], average2, 3)
		if want := earliest(ahead, "close_date", "name"); a["next_deal"] != want {
			h.t.Fatalf("%s: account.next_deal is %v, want %v", when, a["next_deal"], want)
		}
		h.equal(when, "account.partnered", a["partnered"], total(partnered), 2)
		h.equal(when, "account.supported", a["supported"], big.NewRat(int64(supported), 1), 0)
		h.equal(when, "account.won", a["won"], total(won), 2)
		h.equal(when, "account.biggest", a["biggest"], extreme(totals, 1), 2)
		h.equal(when, "account.smallest", a["smallest"], extreme(notLost, -1), 2)
		var average *big.Rat
		if n > 0 {
			average = new(big.Rat).Quo(total(totals), big.NewRat(int64(n), 1))
		}
		h.equal(when, "account.average", a["average"], average, 3)
		if got, _ := a["first_close"].(string); got != first {
			h.t.Fatalf("%s: account.first_close is %q, want %q", when, got, first)
		}
		h.equal(when, "account.bonus", a["bonus"], new(big.Rat).Quo(total(won), big.NewRat(10, 1)), 2)
		if a["parent"] != nil {
			bonuses[a["parent"]] = append(bonuses[a["parent"]], rat(a["bonus"]))
		}
	}
	for _, a := range accounts {
		h.equal(when, "account.group_bonus", a["group_bonus"], total(bonuses[a["id"]]), 2)
	}
}

func rat(v any) *big.Rat {
	if v == nil {
		return nil
	}
	r, _ := new(big.Rat).SetString(fmt.Sprint(v))
	return r
}

func total(values []*big.Rat) *big.Rat {
	sum := new(big.Rat)
	for _, v := range values {
		sum.Add(sum, v)
	}
	return sum
}

func extreme(values []*big.Rat, sign int) *big.Rat {
	var best *big.Rat
	for _, v := range values {
		if best == nil || v.Cmp(best)*sign > 0 {
			best = v
		}
	}
	return best
}

// last is the value of a field of the row that is the last one by another, of the greatest
// id among equal ones; rows with nothing to sort by only count where there are no others.
func last(rows []map[string]any, by, field string) any {
	best := map[string]any{}
	rank := func(r map[string]any) string {
		at, filled := r[by].(string)
		return fmt.Sprint(filled, at, " ", r["id"])
	}
	for _, r := range rows {
		if best["id"] == nil || rank(r) > rank(best) {
			best = r
		}
	}
	return best[field]
}

// earliest is the value of a field of the row that is the first one by another, of the least
// id among equal ones; all rows have something to sort by.
func earliest(rows []map[string]any, by, field string) any {
	best := map[string]any{}
	for _, r := range rows {
		if best["id"] == nil || fmt.Sprint(r[by], " ", r["id"]) < fmt.Sprint(best[by], " ", best["id"]) {
			best = r
		}
	}
	return best[field]
}

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	location, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// equal compares a value with an exact one, rounded half away from zero.
func (h *random) equal(when, what string, got any, want *big.Rat, scale int) {
	h.t.Helper()
	text := "<nil>"
	if want != nil {
		text = want.FloatString(scale) // of a Rat: exact, and rounded half away from zero
	}
	if fmt.Sprint(got) != text && !(text == "-"+fmt.Sprint(got) && rat(got).Sign() == 0) {
		h.t.Fatalf("%s: %s is %v, want %s", when, what, got, text)
	}
}

// A roll-up whose filter looks at the clock is another one from midnight on, in its own time
// zone or in that of who reads, without a write; a page has the values that single reads have.
func TestRollupsAtMidnight(t *testing.T) {
	w := newWorld(t).populate()
	var accounts []id.ID
	for i, name := range []string{"A", "B", "C"} {
		accounts = append(accounts, w.create(w.as("ada"), "account", map[string]any{"name": name}).Record.ID())
		for day := range i + 1 {
			w.create(w.as("ada"), "deal", map[string]any{"name": fmt.Sprint(day), "account": accounts[i].String(), "close_date": fmt.Sprintf("2026-03-%02d", 15+day), "discount": number("1")})
		}
	}
	w.apply(`{"kind": "object", "name": "account", "fields": {
		"past": {"type": "rollup", "op": "count", "object": "deal", "lookup": "account", "filter": "close_date <= today()", "timezone": "Asia/Shanghai"},
		"mine": {"type": "rollup", "op": "count", "object": "deal", "lookup": "account", "filter": "close_date <= today()"},
		"sum_of_both": {"type": "formula", "result": "number", "expression": "past + mine"},
		"more": {"type": "formula", "result": "number", "expression": "sum_of_both + (past > 1 ? 100 : 0)"}}}`,
		`{"kind": "object", "name": "deal", "fields": {"of_account": {"type": "formula", "result": "number", "expression": "account.more + account.past * 1000"}}}`)
	w.work()
	before := w.traces()
	w.people["ada"].Location = time.FixedZone("behind", -5*3600)
	for _, c := range []struct {
		at         string
		past, mine []int
	}{
		{"2026-03-14T15:59:59Z", []int{0, 0, 0}, []int{0, 0, 0}},
		{"2026-03-14T16:00:00Z", []int{1, 1, 1}, []int{0, 0, 0}},
		{"2026-03-15T04:59:59Z", []int{1, 1, 1}, []int{0, 0, 0}},
		{"2026-03-15T05:00:00Z", []int{1, 1, 1}, []int{1, 1, 1}},
		{"2026-03-15T16:00:00Z", []int{1, 2, 2}, []int{1, 1, 1}},
		{"2026-04-01T00:00:00Z", []int{1, 2, 3}, []int{1, 2, 3}},
	} {
		var err error
		if w.time, err = time.Parse(time.RFC3339, c.at); err != nil {
			t.Fatal(err)
		}
		page, err := w.as("ada").List(w.ctx, "account", record.ListQuery{Sort: []string{"name"}})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range page.Items {
			for field, want := range map[string]int{"past": c.past[i], "mine": c.mine[i]} {
				if got := decode(t, r)[field]; got != number(strconv.Itoa(want)) {
					t.Errorf("%s: %s of account %d is %v, want %d", c.at, field, i, got, want)
				}
			}
			more := c.past[i] + c.mine[i]
			if c.past[i] > 1 {
				more += 100
			}
			if one := w.get(w.as("ada"), "account", accounts[i], "more"); one["more"] != number(strconv.Itoa(more)) || decode(t, r)["more"] != one["more"] {
				t.Errorf("%s: account %d is %v, want more %d", c.at, i, one, more)
			}
			deals, err := w.as("ada").List(w.ctx, "deal", record.ListQuery{Fields: []string{"of_account"}, Filter: `account == "` + accounts[i].String() + `"`})
			if err != nil || len(deals.Items) != i+1 {
				t.Fatal(deals, err)
			}
			for _, d := range deals.Items {
				if got := decode(t, d)["of_account"]; got != number(strconv.Itoa(more+1000*c.past[i])) {
					t.Errorf("%s: a deal of account %d has %v, want %d", c.at, i, got, more+1000*c.past[i])
				}
			}
			if one := w.get(w.as("ada"), "account", accounts[i], "past", "mine"); one["past"] != decode(t, r)["past"] || one["mine"] != decode(t, r)["mine"] {
				t.Errorf("%s: account %d is %v", c.at, i, one)
			}
		}
		deals, err := w.as("ada").List(w.ctx, "deal", record.ListQuery{Fields: []string{"account", "account.past"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deals.Items {
			got := decode(t, d)
			for i, account := range accounts {
				if got["account"] == account.String() && got["account.past"] != number(strconv.Itoa(c.past[i])) {
					t.Errorf("%s: %v", c.at, got)
				}
			}
		}
	}
	if after := w.traces(); after != before {
		t.Errorf("traces %v, before %v", after, before)
	}
	for _, q := range []record.ListQuery{{Filter: "past > 1"}, {Sort: []string{"past"}}, {Filter: "more > 1"}, {Sort: []string{"more"}}} {
		if _, err := w.as("ada").List(w.ctx, "account", q); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// A change of what a filter reads through lookups is followed by a job, once more where
// transactions run side by side; other changes are not followed.
func TestWhatIsFollowed(t *testing.T) {
	w := newWorld(t).populate()
	var woken int
	service := record.New(record.Options{IDs: w.ids, Now: w.now, Transactions: time.Minute, Wake: func(string) { woken++ }})
	s := service.As(w.tenant, w.snapshot, policy.System("acme"))
	account := w.create(s, "account", map[string]any{"name": "A"}).Record.ID()
	w.update(s, "account", account, map[string]any{"name": "B", "phone": "030 1"})
	follows := func() (at []time.Duration) {
		jobs, err := job.List(w.ctx, w.tenant, job.Listing{Kind: catalog.JobFollow})
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			at = append(at, j.RunAt.Sub(w.time))
		}
		slices.Sort(at)
		return at
	}
	if at := follows(); len(at) > 0 || woken > 0 {
		t.Errorf("jobs at %v, woken %d times", at, woken)
	}
	w.update(s, "account", account, map[string]any{"active": false, "region": "east"})
	if at := follows(); !slices.Equal(at, []time.Duration{0, time.Minute}) || woken != 1 {
		t.Errorf("jobs at %v, woken %d times", at, woken)
	}
}

// A roll-up that takes over a value has the type of its field, also when that becomes
// another, and is computed anew then.
func TestPickedValueFollowsItsField(t *testing.T) {
	w := newWorld(t).populate()
	account := w.create(w.system(), "account", map[string]any{"name": "A"}).Record.ID()
	for i, name := range []string{"Beta", "alpha", "gamma"} {
		w.create(w.system(), "deal", map[string]any{"name": name, "account": account.String(), "why": fmt.Sprint(i), "approved": i == 1})
	}
	w.apply(`{"kind": "object", "name": "account", "fields": {
		"by_name": {"type": "rollup", "op": "first", "object": "deal", "lookup": "account", "field": "why", "sort": "name"},
		"newest":  {"type": "rollup", "op": "last", "object": "deal", "lookup": "account", "field": "name", "sort": "created_at"},
		"checked": {"type": "rollup", "op": "first", "object": "deal", "lookup": "account", "field": "approved", "sort": "name"},
		"owners":  {"type": "rollup", "op": "last", "object": "deal", "lookup": "account", "field": "account", "sort": "-name"}}}`)
	w.work()
	for field, want := range map[string]any{"by_name": "1", "newest": "gamma", "checked": true, "owners": account.String()} {
		if got := w.get(w.system(), "account", account)[field]; got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	change := catalog.Change{Base: w.snapshot.Revision, Message: "test", Allow: []string{"*"}, Documents: []json.RawMessage{
		json.RawMessage(`{"kind": "object", "name": "deal", "fields": {"why": {"type": "number", "scale": 1, "default": 7}}}`)}}
	if _, err := w.catalog.Apply(w.ctx, w.tenant, change, 0); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.snapshot, err = w.catalog.Snapshot(w.ctx, w.tenant); err != nil {
		t.Fatal(err)
	}
	w.work()
	if got := w.get(w.system(), "account", account)["by_name"]; got != number("7.0") {
		t.Errorf("by_name is %v", got)
	}
}

// A roll-up whose sum has too many digits refuses the change that would make it so,
// and nothing is left of it.
func TestRollupOverflow(t *testing.T) {
	w := newWorld(t).populate()
	deal := w.create(w.system(), "deal", map[string]any{"name": "D"}).Record.ID()
	data := map[string]any{"deal": deal.String(), "unit": number("900000000000000"), "quantity": number("9")}
	w.create(w.system(), "line", data)
	before := w.traces()
	_, err := w.system().Create(w.ctx, "line", data)
	if !fault.Is(err, "record.overflow") {
		t.Fatalf("got %v", err)
	}
	if after := w.traces(); after != before {
		t.Errorf("traces %v, before %v", after, before)
	}
	var outcomes []record.Outcome
	ops := []record.Operation{{Op: "create", Data: data}, {Op: "create", Data: map[string]any{"deal": deal.String(), "unit": number("1")}}, {Op: "create", Data: data}}
	if outcomes, err = w.system().Bulk(w.ctx, "line", ops, false); err != nil {
		t.Fatal(err)
	}
	if outcomes[0].Fault == nil || outcomes[1].Fault != nil || outcomes[2].Fault == nil {
		t.Errorf("outcomes %+v", outcomes)
	}
	if got := w.get(w.system(), "deal", deal)["amount"]; got != number("8100000000000001.00") {
		t.Errorf("amount is %v", got)
	}
	undone := errors.New("no")
	err = w.system().BulkWith(w.ctx, "line", ops[1:2], func(tx storeTx, outcomes []record.Outcome) error {
		if len(outcomes) != 1 || outcomes[0].Did != "created" {
			t.Errorf("outcomes %+v", outcomes)
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Errorf("got %v", err)
	}
	checked, err := w.system().Check(w.ctx, "line", ops)
	if err != nil || checked[0].Fault == nil || checked[1].Did != "created" {
		t.Errorf("check: %+v, %v", checked, err)
	}
	if n := w.count("line", query.All{}); n != 2 {
		t.Errorf("%d lines", n)
	}
}
