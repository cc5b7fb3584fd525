package record_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
	"formwork/engine/store/teststore"
)

// Writers at the same time: numbers without gaps, counts without losses, one winner
// for a unique value and for a version.
func TestConcurrentWriters(t *testing.T) {
	w := newWorld(t).populate()
	deal := w.create(w.as("rob"), "deal", map[string]any{"name": "D"}).Record.ID()
	const writers, each = 8, 12
	var mu sync.Mutex
	winners, fresh := 0, 0
	var wait sync.WaitGroup
	for i := range writers {
		wait.Go(func() {
			s := w.as("rob")
			for j := range each {
				if _, err := s.Create(w.ctx, "line", map[string]any{"deal": deal.String(), "unit": number("0.105")}); err != nil {
					t.Error(err)
				}
				if _, err := s.Create(w.ctx, "ticket", map[string]any{}); err == nil {
					t.Error("a ticket without a subject")
				}
				_, err := s.Create(w.ctx, "account", map[string]any{"name": fmt.Sprint(i), "code": fmt.Sprint("code ", j)})
				if err == nil {
					mu.Lock()
					winners++
					mu.Unlock()
				} else if !fault.Is(err, "record.not_unique") {
					t.Error(err)
				}
				_, err = s.Update(w.ctx, "deal", deal, map[string]any{"why": fmt.Sprint(i, j)}, int64(j+1))
				if err == nil {
					mu.Lock()
					fresh++
					mu.Unlock()
				} else if !fault.Is(err, "record.stale") {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	got := w.get(w.system(), "deal", deal)
	if got["amount"] != number("10.56") || got["lines"] != number("96") {
		t.Errorf("amount %v of %v lines", got["amount"], got["lines"])
	}
	if winners != each {
		t.Errorf("%d records have one of %d codes", winners, each)
	}
	if v := number(fmt.Sprint(fresh + 1)); got["version"] != v {
		t.Errorf("version %v after %d updates", got["version"], fresh)
	}
	ticket := w.create(w.as("rob"), "ticket", map[string]any{"subject": "x"})
	if n := decode(t, ticket.Record)["number"]; n != "T-2026-001" {
		t.Errorf("the first number is %v", n)
	}
	seen := map[any]bool{}
	for r, err := range w.system().Each(w.ctx, "line", record.ListQuery{Fields: []string{"number"}}) {
		if err != nil {
			t.Fatal(err)
		}
		seen[decode(t, r)["number"]] = true
	}
	if len(seen) != writers*each || !seen[fmt.Sprintf("L-%04d", writers*each)] {
		t.Errorf("%d numbers", len(seen))
	}
}

// Children of one parent that change at the same time leave its least and greatest
// values right, also where each change by itself leaves them as they are.
func TestConcurrentRollups(t *testing.T) { teststore.Each(t, concurrentRollups) }

func concurrentRollups(t *testing.T, open teststore.Opener) {
	w := newWorldOn(t, open).populate()
	account := w.create(w.system(), "account", map[string]any{"name": "A"}).Record.ID()
	const writers, rounds = 4, 8
	deals := make([]id.ID, writers)
	day := func(n int) string { return fmt.Sprintf("2026-%02d-%02d", 1+n/28, 1+n%28) }
	for i := range deals {
		deals[i] = w.create(w.system(), "deal", map[string]any{"name": fmt.Sprint("D", i), "account": account.String(), "close_date": day(i)}).Record.ID()
	}
	for round := 1; round <= rounds; round++ {
		var wait sync.WaitGroup
		for i, deal := range deals {
			wait.Go(func() {
				// Each was the first, and none stays it.
				if _, err := w.system().Update(w.ctx, "deal", deal, map[string]any{"close_date": day(round*writers + i)}, 0); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if got := w.get(w.system(), "account", account)["first_close"]; got != day(round*writers) {
			t.Fatalf("round %d: the first is on %v, want %s", round, got, day(round*writers))
		}
	}
}

// Who is asked before a record is saved may change it, and what was changed is
// checked like everything else; or may refuse it.
func TestBefore(t *testing.T) {
	w := newWorld(t).populate()
	a := w.create(w.as("rob"), "account", map[string]any{"name": "A", "revenue": number("4")}).Record.ID()
	refusal := errors.New("not today")
	for _, c := range []struct {
		name  string
		do    func(c *record.Change) error
		fault string
		want  map[string]any
	}{
		{"changes", func(c *record.Change) error { return c.Set("revenue", number("7.5")) }, "", map[string]any{"revenue": number("7.50"), "doubled": number("15.00")}},
		{"sees both states", func(c *record.Change) error {
			if c.Was("name") == c.Get("name") || c.Action() != record.Updated || c.ID() != a || c.Object().Doc.Name != "account" {
				return refusal
			}
			return c.Set("secret", fmt.Sprint(c.Was("name"), " was it"))
		}, "", nil},
		{"breaks a rule", func(c *record.Change) error { return c.Set("revenue", number("-1")) }, "/revenue record.rule; /revenue record.rule", nil},
		{"a value that is none", func(c *record.Change) error { return c.Set("revenue", "much") }, "field.not_a_number", nil},
		{"a formula", func(c *record.Change) error { return c.Set("doubled", number("1")) }, "record.read_only", nil},
		{"no field", func(c *record.Change) error { return c.Set("nothing", nil) }, "record.unknown_field", nil},
		{"refuses", func(*record.Change) error { return fault.New(fault.Conflict, "record.too_late") }, "record.too_late", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.before.do = c.do
			defer func() { w.before.do = nil }()
			before := w.traces()
			saved, err := w.as("rob").Update(w.ctx, "account", a, map[string]any{"name": "A " + c.name}, 0)
			if got := faults(err); got != c.fault {
				t.Fatalf("fault %q, want %q", got, c.fault)
			}
			if err != nil {
				if after := w.traces(); after != before {
					t.Errorf("traces %v, before %v", after, before)
				}
				return
			}
			if problem := differs("", decode(t, saved.Record), map[string]any(c.want)); c.want != nil && problem != "" {
				t.Error(problem)
			}
		})
	}
	w.before.do = func(c *record.Change) error {
		if c.Action() == record.Deleted {
			return fault.New(fault.Conflict, "record.too_late")
		}
		return nil
	}
	if err := w.as("rob").Delete(w.ctx, "account", a, 0); !fault.Is(err, "record.too_late") {
		t.Errorf("deleted: %v", err)
	}
	if made := w.create(w.as("rob"), "ticket", map[string]any{"subject": "S"}); decode(t, made.Record)["title"] != "T-2026-001 S" {
		t.Errorf("made %v", decode(t, made.Record))
	}
}
