package outbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata/fieldtype"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is a store with dispatchers over it.
type house struct {
	t     testing.TB
	store store.Store
	clock *clock
	ids   *id.Source
	log   *log
}

// log is what dispatchers log.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newHouse(t testing.TB) *house {
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return &house{t: t, store: teststore.Open(t), clock: c, ids: id.NewSource(c.now, func() uint32 { return 0 }), log: &log{}}
}

// effects is a table that consumers write to.
var effects = store.Table{Name: "effect", Columns: []query.Column{{Name: "event", Storage: fieldtype.Int}, {Name: "n", Storage: fieldtype.Int}}}

func (h *house) tenant(name string) store.Tenant {
	h.t.Helper()
	t, err := h.store.Create(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := t.Define(h.t.Context(), append(job.Tables(), append(outbox.Tables(), effects)...)...); err != nil {
		h.t.Fatal(err)
	}
	return t
}

// write commits events whose records have the numbers given.
func (h *house) write(t store.Tenant, numbers ...int) {
	h.t.Helper()
	err := t.Write(h.t.Context(), func(tx store.Tx) error {
		for _, n := range numbers {
			e := outbox.Event{ID: h.ids.Next(), Object: "thing", Record: id.ID(n), Action: "create", At: h.clock.now(), Changes: json.RawMessage(`{}`)}
			if err := outbox.Append(h.t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// dispatcher makes a dispatcher that works until the test ends.
func (h *house) dispatcher(change func(*outbox.Options), consumers ...outbox.Consumer) (d *outbox.Dispatcher, stop func()) {
	o := outbox.Options{Tenant: h.store.Tenant, IDs: h.ids, Now: h.clock.now, Holder: "a", Alone: true, Log: slog.New(slog.NewTextHandler(h.log, nil))}
	if change != nil {
		change(&o)
	}
	d = outbox.New(o)
	d.Register(consumers...)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	stop = func() { cancel(); <-done }
	h.t.Cleanup(stop)
	return d, stop
}

// until waits for something to come true.
func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	for range 6000 {
		if holds() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.t.Fatalf("in vain: %s\n%s", what, h.log)
}

// taker is a consumer that remembers what it was given.
type taker struct {
	mu      sync.Mutex
	batches [][]int
	fail    func(t store.Tenant, numbers []int) error
}

func (k *taker) handle(ctx context.Context, t store.Tenant, b *outbox.Batch) error {
	var numbers []int
	for _, e := range b.Events {
		numbers = append(numbers, int(e.Record))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		if err := k.fail(t, numbers); err != nil {
			return err
		}
	}
	k.batches = append(k.batches, numbers)
	return nil
}

func (k *taker) got() []int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Concat(k.batches...)
}

func (k *taker) has(want ...int) func() bool {
	return func() bool { return slices.Equal(k.got(), want) }
}

func numbers(from, to int) (all []int) {
	for n := from; n <= to; n++ {
		all = append(all, n)
	}
	return all
}

// An event comes out as it went in.
func TestEvent(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	want := outbox.Event{ID: h.ids.Next(), Object: "thing", Record: 7, Action: "update", At: h.clock.now(), By: 9, Via: "api_key",
		Depth: 3, Revision: 12, Changes: json.RawMessage(`{"name":["北",null]}`), HappenedAt: time.Unix(77, 0).UTC()}
	least := outbox.Event{ID: h.ids.Next(), Object: "thing", Record: 8, Action: "purge", At: h.clock.now(), Changes: json.RawMessage(`{}`)}
	if err := acme.Write(t.Context(), func(tx store.Tx) error {
		return errors.Join(outbox.Append(t.Context(), tx, want), outbox.Append(t.Context(), tx, least))
	}); err != nil {
		t.Fatal(err)
	}
	got := make(chan outbox.Event, 2)
	d, _ := h.dispatcher(nil, outbox.Consumer{Name: "one", Handle: func(_ context.Context, in store.Tenant, b *outbox.Batch) error {
		for _, e := range b.Events {
			got <- e
		}
		return nil
	}})
	d.Wake("acme")
	last := int64(0)
	for _, want := range []outbox.Event{want, least} {
		e := <-got
		if e.Position <= last {
			t.Errorf("position %d after %d", e.Position, last)
		}
		last, e.Position = e.Position, 0
		if !reflect.DeepEqual(e, want) {
			t.Errorf("got %+v\nwant %+v", e, want)
		}
	}
}

func TestConsumersGetEventsInOrderAndBounded(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	all, even, large := &taker{}, &taker{}, &taker{}
	d, stop := h.dispatcher(nil,
		outbox.Consumer{Name: "all", MaxEvents: 7, Handle: all.handle},
		outbox.Consumer{Name: "even", Wants: func(e *outbox.Event) bool { return e.Record%2 == 0 }, Handle: even.handle},
		outbox.Consumer{Name: "large", MaxBytes: 1000, Handle: large.handle})
	h.write(acme, numbers(1, 20)...)
	d.Wake("acme")
	h.until("all", all.has(numbers(1, 20)...))
	h.until("even", even.has(2, 4, 6, 8, 10, 12, 14, 16, 18, 20))
	h.until("large", large.has(numbers(1, 20)...))
	if n := len(all.batches); n != 3 {
		t.Errorf("%d batches of up to 7", n)
	}
	if n := len(large.batches); n != 7 {
		t.Errorf("%d batches of up to 1,000 bytes", n)
	}
	stop()
	h.write(acme, 21)
	again := &taker{}
	d, _ = h.dispatcher(nil, outbox.Consumer{Name: "all", Handle: again.handle})
	d.Wake("acme")
	h.until("what was not acknowledged", again.has(21))
}

// Where a consumer begins in a tenant that has not known it.
func TestWhereConsumersBegin(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	h.write(acme, 1, 2)
	kept, fresh := &taker{}, &taker{}
	d, _ := h.dispatcher(nil, outbox.Consumer{Name: "kept", Handle: kept.handle}, outbox.Consumer{Name: "fresh", FromNow: true, Handle: fresh.handle})
	for range 2 {
		if err := d.Enroll(t.Context(), acme); err != nil {
			t.Fatal(err)
		}
	}
	h.write(acme, 3)
	d.Wake("acme")
	h.until("all that is kept", kept.has(1, 2, 3))
	h.until("what came after", fresh.has(3))
	jobs, err := job.List(t.Context(), acme, job.Listing{Kind: outbox.JobTrim})
	if err != nil || len(jobs) != 1 || jobs[0].RunAt.Sub(h.clock.now()) != 24*time.Hour {
		t.Errorf("%d jobs that trim, %v", len(jobs), err)
	}
}

// An event that can't be handled holds up its consumer in its tenant, and nothing else;
// it is never passed by, and told of.
func TestPoisonEvent(t *testing.T) {
	h := newHouse(t)
	acme, other := h.tenant("acme"), h.tenant("other")
	tried, broken := 0, true
	good := &taker{}
	bad := &taker{fail: func(in store.Tenant, numbers []int) error {
		if in.Name() == "acme" && slices.Contains(numbers, 5) && broken {
			tried++
			if tried%2 == 0 {
				panic("北 can't be handled")
			}
			return errors.New("北 can't be handled")
		}
		return nil
	}}
	d, _ := h.dispatcher(nil, outbox.Consumer{Name: "bad", Handle: bad.handle}, outbox.Consumer{Name: "good", Handle: good.handle})
	h.write(acme, numbers(1, 8)...)
	d.Wake("acme")
	attempts := func() int { bad.mu.Lock(); defer bad.mu.Unlock(); return tried }
	h.until("the first failure", func() bool { return attempts() == 1 })
	h.until("the other consumer", good.has(numbers(1, 8)...))
	status := func() outbox.Status {
		all, err := d.Status(t.Context(), acme)
		if err != nil || len(all) != 2 {
			t.Fatalf("%v, %v", all, err)
		}
		return all[0]
	}
	h.until("the pause", func() bool { return !status().RetryAt.IsZero() })
	h.clock.add(time.Second)
	d.Wake("acme")
	h.until("those before it", func() bool { return attempts() == 2 })
	if got := bad.got(); !slices.Equal(got, numbers(1, 4)) {
		t.Errorf("got %v before it", got)
	}
	h.write(other, 50)
	d.Wake("other")
	h.until("the other tenant", func() bool { return slices.Contains(bad.got(), 50) })
	var pauses []time.Duration
	for i := range 12 {
		h.until("the failure noted", func() bool { return status().RetryAt.After(h.clock.now()) })
		s := status()
		pauses = append(pauses, s.RetryAt.Sub(h.clock.now()))
		if !strings.Contains(s.Error, "北 can't be handled") || s.Behind != 4 || !s.Registered || s.Oldest.IsZero() {
			t.Fatalf("status %+v", s)
		}
		h.clock.add(s.RetryAt.Sub(h.clock.now()))
		d.Wake("acme")
		h.until("another try", func() bool { return attempts() == 3+i })
	}
	for i := 1; i < len(pauses); i++ {
		if pauses[i] < pauses[i-1] || pauses[i] > 10*time.Minute {
			t.Errorf("pauses %v", pauses)
		}
	}
	f := d.Figures()[0]
	if f.Consumer != "bad" || f.Failed < 14 || f.Handled != 5 || f.Tenants != 1 || f.Events != 4 || f.MaxEvents != 4 || f.Oldest.IsZero() {
		t.Errorf("figures %+v", f)
	}
	if log := h.log.String(); !strings.Contains(log, "tenant=acme consumer=bad") || !strings.Contains(log, "can't be handled") {
		t.Errorf("logged %.500s", log)
	}
	bad.mu.Lock()
	broken = false
	bad.mu.Unlock()
	h.clock.add(time.Hour)
	d.Wake("acme")
	h.until("the rest", bad.has(1, 2, 3, 4, 50, 5, 6, 7, 8))
	h.until("that it caught up", func() bool { return d.Figures()[0].Tenants == 0 })
	if s := status(); s.Attempts != 0 || s.Error != "" || s.Behind != 0 {
		t.Errorf("status after it: %+v", s)
	}
}

// What a consumer does in the transaction that saves its position is done once.
func TestSaveIn(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	crash := true
	do := func(ctx context.Context, in store.Tenant, b *outbox.Batch) error {
		err := in.Write(ctx, func(tx store.Tx) error {
			for _, e := range b.Events {
				if err := tx.Insert(ctx, "effect", h.ids.Next(), map[string]any{"event": int64(e.ID), "n": int64(e.Record)}, nil); err != nil {
					return err
				}
			}
			return b.SaveIn(ctx, tx)
		})
		if err == nil && crash {
			crash = false
			return errors.New("dies after it committed")
		}
		return err
	}
	d, _ := h.dispatcher(nil, outbox.Consumer{Name: "exact", MaxEvents: 3, Handle: do})
	h.write(acme, numbers(1, 10)...)
	d.Wake("acme")
	h.until("all", func() bool {
		h.clock.add(time.Second)
		n, err := acme.Count(t.Context(), "effect", nil, nil, 0)
		return err == nil && n >= 10
	})
	h.until("that it is saved", func() bool {
		s, err := d.Status(t.Context(), acme)
		return err == nil && s[0].Behind == 0
	})
	if n, err := acme.Count(t.Context(), "effect", nil, nil, 0); err != nil || n != 10 {
		t.Errorf("%d effects of 10 events, %v", n, err)
	}
}

// Whatever the slowest consumer has not taken stays; the rest goes after its time; a
// consumer that nobody registers any more holds nothing for ever.
func TestTrim(t *testing.T) {
	h := newHouse(t)
	acme := h.tenant("acme")
	count := func() int64 {
		n, err := acme.CountLog(t.Context(), "_outbox", 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	slow := &taker{fail: func(_ store.Tenant, numbers []int) error {
		if slices.Contains(numbers, 4) {
			return errors.New("not yet")
		}
		return nil
	}}
	quick := &taker{}
	d, stop := h.dispatcher(nil, outbox.Consumer{Name: "slow", MaxEvents: 3, Handle: slow.handle}, outbox.Consumer{Name: "quick", Handle: quick.handle})
	h.write(acme, numbers(1, 8)...)
	d.Wake("acme")
	h.until("quick", quick.has(numbers(1, 8)...))
	h.until("slow", slow.has(1, 2, 3))
	trim := func(d *outbox.Dispatcher, before time.Time, removed, left int64) {
		t.Helper()
		n, err := d.Trim(t.Context(), acme, before)
		if got := count(); err != nil || n != removed || got != left {
			t.Fatalf("removed %d, left %d, %v; want %d and %d", n, got, err, removed, left)
		}
	}
	trim(d, h.clock.now(), 0, 8)
	h.clock.add(30 * 24 * time.Hour)
	trim(d, h.clock.now(), 3, 5)
	trim(d, h.clock.now(), 0, 5)
	stop()

	// The program comes without it.
	d, _ = h.dispatcher(nil, outbox.Consumer{Name: "quick", Handle: quick.handle})
	all, err := d.Status(t.Context(), acme)
	if err != nil || len(all) != 2 || !all[0].Registered || all[1].Registered || all[1].Consumer != "slow" || all[1].Behind != 5 {
		t.Fatalf("%+v, %v", all, err)
	}
	h.clock.add(13 * 24 * time.Hour)
	trim(d, h.clock.now(), 0, 5)
	h.clock.add(2 * 24 * time.Hour)
	n, err := d.Trim(t.Context(), acme, h.clock.now())
	if left := count(); err != nil || n < 4 || left > 1 {
		t.Fatalf("removed %d, left %d, %v", n, left, err)
	}
	if !strings.Contains(h.log.String(), "consumer=slow") {
		t.Error("nobody was told that it was dropped")
	}
	if err := outbox.Remove(t.Context(), acme, "slow"); !fault.Is(err, "outbox.no_consumer") {
		t.Errorf("removed again: %v", err)
	}
	if err := outbox.Remove(t.Context(), acme, "quick"); err != nil {
		t.Error(err)
	}
}

// The job runs when there is something to trim, once a day at most; in a tenant in which nothing
// happens, as rarely as events are kept.
func TestWhenTrimRuns(t *testing.T) {
	h := newHouse(t)
	acme, day := h.tenant("acme"), 24*time.Hour
	begun := h.clock.now()
	h.write(acme, 1, 2, 3)
	d, _ := h.dispatcher(nil)
	if err := d.Enroll(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	r := job.NewRunner(job.Options{Tenant: h.store.Tenant, Now: h.clock.now, Holder: "a", Alone: true})
	r.Register(d.Jobs()...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go r.Run(ctx)
	runs := 0
	run := func(at time.Duration, left int64, next time.Duration) {
		t.Helper()
		h.clock.add(begun.Add(at).Sub(h.clock.now()))
		r.Wake("acme")
		runs++
		h.until(fmt.Sprint("run ", runs), func() bool {
			done, err := job.List(ctx, acme, job.Listing{Kind: outbox.JobTrim, State: job.Done})
			return err == nil && len(done) == runs
		})
		waiting, err := job.List(ctx, acme, job.Listing{Kind: outbox.JobTrim, State: job.Waiting})
		if err != nil || len(waiting) != 1 || waiting[0].RunAt.Sub(begun).Truncate(time.Minute) != next {
			t.Errorf("after %s: %v wait, %v; want one at %s", at, waiting, err, next)
		}
		if n, err := acme.CountLog(ctx, "_outbox", 0, 10); err != nil || n > left || n < left-1 {
			t.Errorf("after %s: %d events, %v; want %d, or one less", at, n, err, left)
		}
	}
	run(day, 3, 7*day)
	run(7*day+time.Second, 1, 14*day)
	run(14*day+time.Second, 1, 21*day)
	h.write(acme, 4)
	run(21*day+time.Second, 2, 22*day)
	run(22*day+2*time.Second, 1, 29*day)
}

// A tenant that an older version made has events, and no table of consumers.
func TestTenantOfAnOlderVersion(t *testing.T) {
	h := newHouse(t)
	old, err := h.store.Create(t.Context(), "old")
	if err != nil {
		t.Fatal(err)
	}
	events := outbox.Tables()[0]
	events.Log = false
	if err := old.Define(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		err := old.Write(t.Context(), func(tx store.Tx) error {
			return tx.Insert(t.Context(), events.Name, h.ids.Next(), map[string]any{"object": "thing", "record": int64(n + 1), "action": "create",
				"at": h.clock.now().UnixMilli(), "changes": json.RawMessage(`{}`)}, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all := &taker{}
	d, _ := h.dispatcher(func(o *outbox.Options) { o.Tenants = h.store.Tenants }, outbox.Consumer{Name: "one", Handle: all.handle})
	h.until("what was there", all.has(1, 2, 3)) // without being woken: by the look at the start
	h.write(old, 4)
	d.Wake("old")
	h.until("what comes", func() bool {
		h.clock.add(time.Second) // where the tenant was still being looked at, the next look is after a pause
		return all.has(1, 2, 3, 4)()
	})
}
