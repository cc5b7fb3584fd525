package record_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/plugins/standard"
)

// Another process may have a configuration for a while that is not the newest: nothing is
// written under it, so that what a revision has to have computed misses no record.
func TestWritesUnderAnOldConfiguration(t *testing.T) {
	w := newWorld(t).populate()
	deal := w.create(w.system(), "deal", map[string]any{"name": "D"}).Record.ID()
	late := w.system() // as the other process has it
	line := map[string]any{"deal": deal.String(), "unit": number("2")}
	old := w.create(late, "line", line).Record.ID()
	w.apply(`{"kind":"object","name":"deal","fields":{"dearest":{"type":"rollup","op":"max","result":"currency","scale":3,"object":"line","lookup":"deal","field":"unit"}}}`)

	_, err := late.Create(w.ctx, "line", line)
	writes := map[string]error{"create": err, "delete": late.Delete(w.ctx, "line", old, 0)}
	_, writes["update"] = late.Update(w.ctx, "line", old, map[string]any{"unit": number("9")}, 0)
	_, writes["bulk"] = late.Bulk(w.ctx, "line", []record.Operation{{Op: "create", Data: line}}, false)
	for what, err := range writes {
		if !fault.Is(err, "catalog.changed") || fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	now := w.system()
	w.update(now, "line", old, map[string]any{"unit": number("5")})
	w.create(now, "line", map[string]any{"deal": deal.String(), "unit": number("7")})
	if got := w.get(now, "deal", deal)["dearest"]; got != number("7.000") {
		t.Errorf("the dearest line is %v", got)
	}
}

// Where transactions run side by side, what a revision has to have computed is computed
// once more when those have ended that began before it.
func TestWorkIsDoneOnceMore(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "0s", 65 * time.Second: "0s 1m5s"} {
		w := newWorld(t)
		w.catalog = catalog.New(catalog.Options{Types: standard.FieldTypes(), Tables: record.Tables(), IDs: w.ids, Now: w.now, Transactions: wait})
		w.apply(`{"kind":"object","name":"deal","fields":{"dearest":{"type":"rollup","op":"max","result":"currency","scale":3,"object":"line","lookup":"deal","field":"unit"}}}`)
		jobs, err := job.List(w.ctx, w.tenant, job.Listing{Kind: catalog.JobRollup})
		if err != nil {
			t.Fatal(err)
		}
		var due []string
		for _, j := range slices.Backward(jobs) {
			due = append(due, j.RunAt.Sub(w.time).String())
		}
		if got := strings.Join(due, " "); got != want {
			t.Errorf("the roll-up is computed after %s, want %s", got, want)
		}
	}
}

// locking is a tenant that tells which rows its writes lock.
type locking struct {
	store.Tenant
	locked []string
}

type lockingTx struct {
	store.Tx
	in *locking
}

func (l *locking) Write(ctx context.Context, fn func(store.Tx) error) error {
	return l.Tenant.Write(ctx, func(tx store.Tx) error { return fn(lockingTx{tx, l}) })
}

func (x lockingTx) Lock(ctx context.Context, table string, key id.ID) error {
	x.in.locked = append(x.in.locked, fmt.Sprint(table, " ", key))
	return x.Tx.Lock(ctx, table, key)
}

// Who comes to refer to a record by a reference that cascades or restricts locks it, and
// nothing else does.
func TestReferredRecordsAreLocked(t *testing.T) {
	w := newWorld(t).populate()
	system := w.system()
	deals := []id.ID{w.create(system, "deal", map[string]any{"name": "A"}).Record.ID(), w.create(system, "deal", map[string]any{"name": "B"}).Record.ID()}
	l := &locking{Tenant: w.tenant}
	s := w.service.As(l, w.snapshot, policy.System("acme"))
	locks := func(what string, deal id.ID, want bool) {
		t.Helper()
		if got := slices.Contains(l.locked, fmt.Sprint("deal ", deal)); got != want {
			t.Errorf("%s: locked %q", what, l.locked)
		}
		l.locked = nil
	}
	line := w.create(s, "line", map[string]any{"deal": deals[0].String(), "unit": number("1")}).Record.ID()
	locks("a new line", deals[0], true)
	w.update(s, "line", line, map[string]any{"unit": number("2")})
	locks("a line that stays", deals[0], false)
	w.update(s, "line", line, map[string]any{"deal": deals[1].String()})
	locks("a line that moves", deals[1], true)
	if err := s.Delete(w.ctx, "deal", deals[1], 0); err != nil {
		t.Fatal(err)
	}
	l.locked = nil
	if _, err := s.Restore(w.ctx, "deal", deals[1]); err != nil {
		t.Fatal(err)
	}
	locks("a line that is restored", deals[1], true)
}

// Records come while what they have to refer to is deleted: none is left without it.
func TestNoOrphans(t *testing.T) { teststore.Each(t, noOrphans) }

func noOrphans(t *testing.T, open teststore.Opener) {
	w := newWorldOn(t, open).populate()
	s := w.system()
	var deals []id.ID
	for n := range 12 {
		deals = append(deals, w.create(s, "deal", map[string]any{"name": fmt.Sprint(n)}).Record.ID())
	}
	var together sync.WaitGroup
	for range 3 {
		together.Go(func() {
			for _, deal := range deals {
				_, err := w.system().Create(w.ctx, "line", map[string]any{"deal": deal.String(), "unit": number("1")})
				if err != nil && !fault.Is(err, "record.invalid") {
					t.Error(err)
				}
			}
		})
	}
	together.Go(func() {
		for _, deal := range deals {
			if err := w.system().Delete(w.ctx, "deal", deal, 0); err != nil {
				t.Error(err)
			}
		}
	})
	together.Wait()
	if n, err := w.tenant.Count(w.ctx, "line", nil, nil, 0); err != nil || n != 0 {
		t.Errorf("%d lines are left without their deals, %v", n, err)
	}
}
