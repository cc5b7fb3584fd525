package record_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"testing"

	"formwork/engine/budget"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/mongo/mongotest"
)

// weighed is a tenant in which the bytes that are alive are counted now and then, after a
// collection, while something is done in it. The text "big" reads as one of `large` bytes, so
// that large records need not be written.
type weighed struct {
	store.Tenant
	large       int
	calls       int
	start, most uint64
	mu          sync.Mutex // of what is counted: jobs run beside the test
}

// every is after how many calls of the store is weighed.
const every = 20

// sending is what the store may hold of a write besides, in MiB: MongoDB keeps 8 MiB back, of which it makes documents
// and then a message.
func sending() uint64 {
	if mongotest.URI() == "" {
		return 0
	}
	return 3 * 8
}

func alive() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (w *weighed) weigh() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls++; w.calls%every == 0 {
		w.most = max(w.most, alive())
	}
}

// held is the most that was alive while do ran, beyond what was before, in MiB.
func (w *weighed) held(t *testing.T, do func() error) uint64 {
	t.Helper()
	w.mu.Lock()
	w.start, w.most = alive(), 0
	w.mu.Unlock()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return (max(w.most, w.start) - w.start) >> 20
}

func (w *weighed) rows(from iter.Seq2[store.Row, error]) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		for r, err := range from {
			for i, v := range r {
				if v == any("big") {
					r[i] = strings.Repeat("x", w.large)
				}
			}
			w.weigh()
			if !yield(r, err) {
				return
			}
		}
	}
}

func (w *weighed) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return w.rows(w.Tenant.Select(ctx, q))
}

func (w *weighed) Write(ctx context.Context, fn func(store.Tx) error) error {
	return w.Tenant.Write(ctx, func(tx store.Tx) error { return fn(weighedTx{tx, w}) })
}

type weighedTx struct {
	store.Tx
	in *weighed
}

func (x weighedTx) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	return x.in.rows(x.Tx.Select(ctx, q))
}

func (x weighedTx) Insert(ctx context.Context, table string, key id.ID, values map[string]any, words []string) error {
	x.in.weigh()
	return x.Tx.Insert(ctx, table, key, values, words)
}

func (x weighedTx) Update(ctx context.Context, table string, key id.ID, version int64, values map[string]any, words []string) error {
	x.in.weigh()
	return x.Tx.Update(ctx, table, key, version, values, words)
}

// newWeighed is a world whose deals and lines may have long texts.
func newWeighed(t *testing.T, large int) (*world, *weighed, *record.Session) {
	w := newWorld(t)
	for _, object := range []string{"deal", "line"} {
		w.apply(`{"kind":"object","name":"` + object + `","fields":{"body":{"type":"long_text","label":"Body"}}}`)
	}
	tenant := &weighed{Tenant: w.tenant, large: large}
	w.tenant = tenant
	return w, tenant, w.service.As(tenant, w.snapshot, policy.System("acme"))
}

// What a bulk holds does not grow with the records that it changes: 100 of 3 MB each are 300 MB.
func TestBulkOfLargeRecordsIsBounded(t *testing.T) {
	const records, large, most = 100, 3_000_000, 32
	w, tenant, s := newWeighed(t, large)
	deal := w.create(s, "deal", map[string]any{"name": "D"}).Record.ID()
	var creates, updates []record.Operation
	for range records {
		creates = append(creates, record.Operation{Op: "create", Data: map[string]any{"deal": deal.String(), "unit": number("1"), "body": "big"}})
	}
	outcomes, err := s.Bulk(w.ctx, "line", creates, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		updates = append(updates, record.Operation{Op: "update", ID: o.ID, Data: map[string]any{"unit": number("2")}})
	}
	for n, atomic := range []bool{false, true} {
		for i := range updates {
			updates[i].Data = map[string]any{"unit": number(fmt.Sprint(2 + n))}
		}
		held := tenant.held(t, func() (err error) {
			outcomes, err = s.Bulk(w.ctx, "line", updates, atomic)
			return err
		})
		for _, o := range outcomes {
			if o.Fault != nil || o.Did != "updated" {
				t.Fatal(o.Did, o.Fault)
			}
		}
		if held > most {
			t.Errorf("%d MiB were held, at most %d (atomic: %v)", held, most, atomic)
		}
		updates = updates[:records/4]
	}
}

// New records that become large by their defaults are not all made before they are written.
func TestBulkOfRecordsThatGrowIsBounded(t *testing.T) {
	const records, most = 100, 24
	w, tenant, s := newWeighed(t, 0)
	w.apply(`{"kind":"object","name":"note2","label":"Note","name_field":"name","fields":{"name":{"type":"text"},
		"body":{"type":"long_text","default":"` + strings.Repeat("x", 100_000) + `"},"copy":{"type":"formula","result":"long_text","expression":"lower(body)"},
		"again":{"type":"formula","result":"long_text","expression":"upper(body)"}}}`)
	s = w.service.As(tenant, w.snapshot, policy.System("acme"))
	ops := make([]record.Operation, records)
	for i := range ops {
		ops[i] = record.Operation{Op: "create", Data: map[string]any{"name": fmt.Sprint(i)}}
	}
	var outcomes []record.Outcome
	held := tenant.held(t, func() (err error) {
		outcomes, err = s.Bulk(w.ctx, "note2", ops, true)
		return err
	})
	var last id.ID
	for _, o := range outcomes {
		if o.Fault != nil || o.ID <= last || o.Version != 1 {
			t.Fatalf("%s after %s, version %d: %v", o.ID, last, o.Version, o.Fault)
		}
		last = o.ID
	}
	if held > most+sending() {
		t.Errorf("%d MiB were held, at most %d", held, most+sending())
	}
}

// Nor does what a deletion or a restoring holds grow with the records that go along, or a
// merge or a deletion with those that refer to what goes.
func TestDependentsThatAreLargeAreBounded(t *testing.T) {
	const records, large, most = 30, 1_000_000, 20
	w, tenant, s := newWeighed(t, large)
	account := w.create(s, "account", map[string]any{"name": "A"}).Record.ID()
	other := w.create(s, "account", map[string]any{"name": "B"}).Record.ID()
	deal := w.create(s, "deal", map[string]any{"name": "D"}).Record.ID()
	for n := range records {
		w.create(s, "line", map[string]any{"deal": deal.String(), "unit": number("1"), "body": "big"})
		w.create(s, "deal", map[string]any{"name": fmt.Sprint(n), "partner": account.String(), "body": "big"})
	}
	amount := w.get(s, "deal", deal, "amount")["amount"]
	for _, c := range []struct {
		what string
		do   func() error
	}{
		{"deleting", func() error { return s.Delete(w.ctx, "deal", deal, 0) }},
		{"restoring", func() error { _, err := s.Restore(w.ctx, "deal", deal); return err }},
		{"merging", func() error { _, err := s.Merge(w.ctx, "account", other, []id.ID{account}, nil); return err }},
		{"emptying", func() error { return s.Delete(w.ctx, "account", other, 0) }},
	} {
		if held := tenant.held(t, c.do); held > most+sending() {
			t.Errorf("%s: %d MiB were held, at most %d", c.what, held, most+sending())
		}
	}
	page, err := s.List(w.ctx, "line", record.ListQuery{Fields: []string{"deal"}, Limit: 500})
	if err != nil || len(page.Items) != records {
		t.Fatalf("%d lines came back, %v", len(page.Items), err)
	}
	if got := w.get(s, "deal", deal, "amount")["amount"]; got != amount {
		t.Errorf("the deal has %v, had %v", got, amount)
	}
	if page, err = s.List(w.ctx, "deal", record.ListQuery{Fields: []string{"partner"}, Filter: "partner != nil"}); err != nil || len(page.Items) != 0 {
		t.Errorf("%d deals still have a partner, %v", len(page.Items), err)
	}
}

// What is held counts to what the request may hold: where that is little, records are read
// again instead.
func TestDependentsAreHeldAsTheRequestMay(t *testing.T) {
	w, tenant, s := newWeighed(t, 1_000_000)
	deal := w.create(s, "deal", map[string]any{"name": "D"}).Record.ID()
	for range 12 {
		w.create(s, "line", map[string]any{"deal": deal.String(), "unit": number("1"), "body": "big"})
	}
	share, err := budget.New(budget.Bounds{Bytes: 4 << 20, TenantBytes: 3 << 20, UserBytes: 2 << 20, TenantRequests: 1, UserRequests: 1}).Enter("acme", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer share.Leave()
	ctx := budget.With(w.ctx, share)
	held := tenant.held(t, func() error { return s.Delete(ctx, "deal", deal, 0) })
	if held > 8+sending() || share.Used() != 0 {
		t.Errorf("%d MiB were held, and %d bytes are still counted", held, share.Used())
	}
	if _, err := s.Restore(ctx, "deal", deal); err != nil {
		t.Fatal(err)
	}
	if got := w.get(s, "deal", deal, "lines")["lines"]; got != number("12") {
		t.Errorf("%v lines", got)
	}
}

// A job that brings all records up to date takes few large ones at a time.
func TestBackfillOfLargeRecordsIsBounded(t *testing.T) {
	const records, most = 40, 32
	w, tenant, s := newWeighed(t, 3_000_000)
	deal := w.create(s, "deal", map[string]any{"name": "D"}).Record.ID()
	for range records {
		w.create(s, "line", map[string]any{"deal": deal.String(), "unit": number("1"), "body": "big"})
	}
	w.apply(`{"kind":"object","name":"line","fields":{"body":{"type":"long_text","label":"Body"},"double":{"type":"formula","result":"currency","expression":"unit * 2"}}}`)
	if held := tenant.held(t, func() error { w.work(); return nil }); held > most {
		t.Errorf("%d MiB were held, at most %d", held, most)
	}
	if page, err := s.List(w.ctx, "line", record.ListQuery{Fields: []string{"double"}, Filter: "double == 2", Limit: 500}); err == nil && len(page.Items) != records {
		t.Errorf("%d records are up to date", len(page.Items))
	}
}

// A stream of large records holds few of them, though it completes several at once.
func TestStreamOfLargeRecordsIsBounded(t *testing.T) {
	const records, most = 40, 16
	w, tenant, s := newWeighed(t, 3_000_000)
	w.apply(`{"kind":"object","name":"deal","fields":{"body":{"type":"long_text","label":"Body"},
		"lately":{"type":"rollup","op":"count","object":"line","lookup":"deal","filter":"created_at < now()"}}}`)
	s = w.service.As(tenant, w.snapshot, policy.System("acme"))
	for n := range records {
		w.create(s, "deal", map[string]any{"name": fmt.Sprint(n), "body": "big"})
	}
	n := 0
	held := tenant.held(t, func() error {
		for _, err := range s.Each(w.ctx, "deal", record.ListQuery{Fields: []string{"body", "lately"}}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if held > most || n != records {
		t.Errorf("%d MiB were held for %d records, at most %d", held, n, most)
	}
}
