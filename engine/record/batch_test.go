package record_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
)

// asking is a tenant that counts what it is asked, in transactions and outside.
type asking struct {
	store.Tenant
	asked int
}

type askingTx struct {
	store.Tx
	in *asking
}

func (a *asking) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	a.asked++
	return a.Tenant.Select(ctx, q)
}

func (a *asking) Write(ctx context.Context, fn func(store.Tx) error) error {
	return a.Tenant.Write(ctx, func(tx store.Tx) error { return fn(askingTx{tx, a}) })
}

func (x askingTx) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	x.in.asked++
	return x.Tx.Select(ctx, q)
}

func (x askingTx) Count(ctx context.Context, table string, f query.Filter, words []query.Word, most int64) (int64, error) {
	x.in.asked++
	return x.Tx.Count(ctx, table, f, words, most)
}

func (x askingTx) Aggregate(ctx context.Context, q query.Aggregate) iter.Seq2[store.Row, error] {
	x.in.asked++
	return x.Tx.Aggregate(ctx, q)
}

// What many records need to be known of others is asked for all of them at once, so that a
// store may write them together. Numbers, roll-ups, histories and events are those of
// records that are written one by one.
func TestManyRecordsAskFewQuestions(t *testing.T) {
	w := newWorld(t).populate()
	const parents, each = 20, 15
	var deals []id.ID
	for n := range parents {
		deals = append(deals, w.create(w.system(), "deal", map[string]any{"name": fmt.Sprint("D", n)}).Record.ID())
	}
	a := &asking{Tenant: w.tenant}
	s := w.service.As(a, w.snapshot, policy.System("acme"))
	bulk := func(what string, object string, ops []record.Operation, most int) []record.Outcome {
		t.Helper()
		a.asked = 0
		outcomes, err := s.Bulk(w.ctx, object, ops, false)
		if err != nil {
			t.Fatal(err)
		}
		if a.asked > most {
			t.Errorf("%s: asked %d times for %d records, at most %d", what, a.asked, len(ops), most)
		}
		return outcomes
	}

	var creates []record.Operation
	for n := range parents * each {
		creates = append(creates, record.Operation{Op: "create", Data: map[string]any{"deal": deals[n%parents].String(), "unit": number("2")}})
	}
	events := w.count("_outbox", nil)
	var updates, deletes []record.Operation
	for n, o := range bulk("creates", "line", creates, 12) {
		if o.Fault != nil {
			t.Fatal(o.Fault)
		}
		if got, want := w.get(w.system(), "line", o.ID)["number"], fmt.Sprintf("L-%04d", n+1); got != want {
			t.Fatalf("line %d has the number %v, want %s", n, got, want)
		}
		updates = append(updates, record.Operation{Op: "update", ID: o.ID, Data: map[string]any{"unit": number("3")}})
		if n%parents == 0 {
			deletes = append(deletes, record.Operation{Op: "delete", ID: o.ID})
		}
	}
	if n := w.count("_outbox", nil) - events; n != 2*parents*each { // one of the line, one of its deal
		t.Errorf("%d events of %d lines", n, parents*each)
	}
	amounts := func(first, others string) {
		t.Helper()
		for n, deal := range deals {
			want := others
			if n == 0 {
				want = first
			}
			if got := w.get(w.system(), "deal", deal)["amount"]; got != number(want) {
				t.Fatalf("deal %d has the amount %v, want %s", n, got, want)
			}
		}
	}
	amounts("30.00", "30.00")
	updates = append(updates, record.Operation{Op: "update", ID: updates[0].ID, Data: map[string]any{"unit": number("4")}})
	for _, o := range bulk("updates", "line", updates, 12) {
		if o.Fault != nil || o.Did != "updated" {
			t.Fatalf("%s, %v", o.Did, o.Fault)
		}
	}
	amounts("46.00", "45.00")
	bulk("deletes", "line", deletes, 12)
	amounts("0.00", "45.00")
	a.asked = 0
	if err := s.Delete(w.ctx, "deal", deals[1], 0); err != nil {
		t.Fatal(err)
	}
	if a.asked > 12 {
		t.Errorf("asked %d times for a deletion that takes %d lines along", a.asked, each)
	}
	if n := w.count("_bin", nil); n != each+1+each {
		t.Errorf("%d records in the bin", n)
	}
	if n := w.count("line", nil); n != (parents-2)*each {
		t.Errorf("%d lines are left", n)
	}
	deletes = nil
	for _, deal := range deals {
		deletes = append(deletes, record.Operation{Op: "delete", ID: deal})
	}
	for n, o := range bulk("deletes of parents", "deal", deletes, 16) {
		if (n == 1) != (o.Fault != nil) {
			t.Errorf("deal %d: %v", n, o.Fault)
		}
	}
	if n, bin := w.count("line", nil), w.count("_bin", nil); n != 0 || bin != parents+parents*each {
		t.Errorf("%d lines are left, %d records in the bin", n, bin)
	}
}

// What refers to records that are deleted is known from what was read ahead and from what
// was written since: one that is emptied by the first deletion is not asked for by the next.
func TestManyDeletionsSeeEachOther(t *testing.T) {
	w := newWorld(t).populate()
	var deals []id.ID
	for n := range 10 {
		deals = append(deals, w.create(w.system(), "deal", map[string]any{"name": fmt.Sprint("D", n)}).Record.ID())
	}
	var ops []record.Operation
	for _, deal := range deals {
		w.create(w.system(), "line", map[string]any{"deal": deal.String(), "unit": number("1")})
		ops = append(ops, record.Operation{Op: "delete", ID: deal})
	}
	ops[3] = ops[4] // the second finds it gone
	w.before.do = func(c *record.Change) error {
		if c.Object().Doc.Name == "deal" && c.ID() == deals[7] {
			return fault.New(fault.Invalid, "record.too_late")
		}
		return nil
	}
	outcomes, err := w.system().Bulk(w.ctx, "deal", ops, false)
	if err != nil {
		t.Fatal(err)
	}
	for n, o := range outcomes {
		if refused := n == 4 || n == 7; refused != (o.Fault != nil) {
			t.Errorf("deal %d: %v", n, o.Fault)
		}
	}
	if n, bin := w.count("line", nil), w.count("_bin", nil); n != 2 || bin != 16 {
		t.Errorf("%d lines are left, %d records in the bin", n, bin)
	}
}

// One of many records that is refused leaves nothing of itself, and what was read ahead is
// still what the others go by.
func TestOneOfManyIsRefused(t *testing.T) {
	w := newWorld(t).populate()
	deal := w.create(w.system(), "deal", map[string]any{"name": "D"}).Record.ID()
	gone := w.create(w.system(), "deal", map[string]any{"name": "gone"}).Record.ID()
	if err := w.system().Delete(w.ctx, "deal", gone, 0); err != nil {
		t.Fatal(err)
	}
	w.before.do = func(c *record.Change) error { // after the number was taken
		if c.Get("unit") == int64(7000) {
			return fault.New(fault.Invalid, "record.too_late")
		}
		return nil
	}
	var ops []record.Operation
	for n := range 30 {
		data := map[string]any{"deal": deal.String(), "unit": number("1")}
		switch n {
		case 5:
			data["deal"] = gone.String()
		case 11, 12:
			data["unit"] = number("7")
		case 20:
			data["quantity"] = number("2000")
		}
		ops = append(ops, record.Operation{Op: "create", Data: data})
	}
	outcomes, err := w.system().Bulk(w.ctx, "line", ops, false)
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for n, o := range outcomes {
		refused := n == 5 || n == 11 || n == 12 || n == 20
		if refused != (o.Fault != nil) {
			t.Errorf("line %d: %v", n, o.Fault)
		}
		if refused {
			continue
		}
		made++
		if got, want := w.get(w.system(), "line", o.ID)["number"], fmt.Sprintf("L-%04d", made); got != want {
			t.Errorf("line %d has the number %v, want %s", n, got, want)
		}
	}
	if got := w.get(w.system(), "deal", deal); got["amount"] != number("26.00") || got["lines"] != number("26") {
		t.Errorf("the deal has %v in %v lines", got["amount"], got["lines"])
	}
}
