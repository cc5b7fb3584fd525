package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load has several people create, change and list records until stop is called,
// which returns how many requests were answered. Every answer must be what it should.
func (w *world) load(t *testing.T, people ...*client) (stop func() int64) {
	var ended atomic.Bool
	var answered atomic.Int64
	var working sync.WaitGroup
	for n, c := range people {
		working.Go(func() {
			expect := func(status int, method, path string, body any) (object, bool) {
				a, err := c.send(method, path, body)
				if err != nil || a.status != status {
					t.Errorf("under load: %s %s: %v, %v", method, path, a, err)
					return nil, false
				}
				answered.Add(1)
				return a.json(), true
			}
			for i := 0; !ended.Load(); i++ {
				made, ok := expect(http.StatusCreated, "POST", "/records/account", object{"name": fmt.Sprint("Load ", n, " ", i), "annual_revenue": i})
				if !ok {
					return
				}
				changed, ok := expect(http.StatusOK, "PATCH", "/records/account/"+made["id"].(string), object{"industry": "education", "employees": i})
				if ok && fmt.Sprint(changed["version"]) != "2" {
					t.Errorf("under load: %v", changed)
				}
				if _, ok = expect(http.StatusOK, "GET", "/records/account?limit=20&sort=-annual_revenue&filter="+url.QueryEscape(`industry == "education"`), nil); !ok {
					return
				}
			}
		})
	}
	return func() int64 {
		ended.Store(true)
		working.Wait()
		return answered.Load()
	}
}

// A new object of 30 fields is there for the very next request, while others work.
func TestApplyUnderLoad(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	stop := w.load(t, w.admin.zh, w.rep.en, w.rep.zh)
	account := admin.create(t, "account", object{"name": "Of everything"})
	for round := range 5 {
		name := fmt.Sprint("everything", round)
		revision := admin.apply(t, everyType(name))
		first := admin.create(t, name, complete("First", account, admin.id))
		child := complete("Second", account, admin.id)
		child["parent"] = first
		admin.create(t, name, child)
		got := admin.must(t, 200, "GET", "/records/"+name+"/"+first, nil)
		if got["kids"] != json.Number("1") || got["quadrupl"] != json.Number("79.96") || got["number"] == nil {
			t.Errorf("the first record of %s: %v", name, got)
		}
		// The rights of others follow.
		if a := w.rep.en.do(t, "GET", "/records/"+name, nil); a.status != 403 {
			t.Errorf("a sales user lists %s: %v", name, a)
		}
		admin.apply(t, object{"kind": "permission", "name": "sales_user", "objects": object{name: object{"read": true, "create": true}}})
		if a := w.rep.en.do(t, "POST", "/records/"+name, object{"name": "Mine"}); a.status != 201 {
			t.Errorf("with the right: %v", a)
		}
		if newest := admin.must(t, 200, "GET", "/metadata?kind=app", nil)["revision"].(json.Number); newest == revision {
			t.Errorf("revision %s after two changes", newest)
		}
	}
	admin.must(t, 200, "POST", "/metadata/apply", object{"delete": []object{{"kind": "permission", "name": "sales_user"}}})
	time.Sleep(100 * time.Millisecond) // a little load without changes
	if n := stop(); n < 50 {
		t.Errorf("only %d requests were answered meanwhile", n)
	}
	until(t, "indexes are built", func() bool { return len(admin.unfinished(t)) == 0 })
}

// Adding a field takes no look at the records, and changes none; one that must be
// computed is computed in the background.
func TestFieldsForManyRecords(t *testing.T) {
	w := theWorld(t)
	admin := w.admin.en
	admin.apply(t, plain("numerous", object{"amount": object{"type": "number", "scale": 2}}))
	const all, batch = 5000, 1000
	for n := 0; n < all; n += batch {
		var operations []object
		for i := range batch {
			operations = append(operations, object{"op": "create", "data": object{"name": fmt.Sprint("N", n+i), "amount": n + i}})
		}
		if got := admin.must(t, 200, "POST", "/records/numerous/bulk", object{"operations": operations, "atomic": true}); total(got["failed"]) != 0 {
			t.Fatal("bulk failed")
		}
	}
	until(t, "indexes are built", func() bool { return len(admin.unfinished(t)) == 0 })
	before := w.written(t, "main")
	began := time.Now()
	admin.apply(t, plain("numerous", object{"amount": object{"type": "number", "scale": 2}, "more": object{"type": "text", "default": "x"},
		"day": object{"type": "date"}, "other": object{"type": "lookup", "object": "account"}}))
	t.Logf("three fields for %d records: %v", all, time.Since(began))
	after := w.written(t, "main")
	if before["numerous"] != after["numerous"] || before["_history"] != after["_history"] {
		t.Errorf("records were changed: %s, then %s", before["numerous"], after["numerous"])
	}
	id := admin.create(t, "numerous", object{"name": "New", "day": "2026-01-01"})
	if got := admin.must(t, 200, "GET", "/records/numerous/"+id, nil); got["more"] != "x" || got["day"] != "2026-01-01" {
		t.Errorf("the new fields: %v", got)
	}
	if n := admin.count(t, "numerous", "filter", `day == nil and amount >= 100`); n != all-100 {
		t.Errorf("%d old records have the new field, empty", n)
	}
	// A formula is computed in the background, for every record.
	admin.apply(t, plain("numerous", object{"amount": object{"type": "number", "scale": 2}, "more": object{"type": "text", "default": "x"},
		"day": object{"type": "date"}, "other": object{"type": "lookup", "object": "account"},
		"double": object{"type": "formula", "result": "number", "scale": 2, "expression": "amount * 2"}}))
	until(t, "the formula is computed", func() bool { return len(admin.unfinished(t)) == 0 })
	sums := admin.must(t, 200, "POST", "/records/numerous/aggregate", object{"measures": []object{
		{"op": "sum", "field": "amount", "as": "amount"}, {"op": "sum", "field": "double", "as": "double"}, {"op": "count", "field": "double", "as": "n"}}})["rows"].([]any)[0].(object)
	if fmt.Sprint(sums["amount"]) != "12497500.00" || fmt.Sprint(sums["double"]) != "24995000.00" || total(sums["n"]) != all {
		t.Errorf("computed: %v", sums)
	}
}
