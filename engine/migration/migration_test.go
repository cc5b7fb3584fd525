package migration_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"formwork/engine/fault"
	"formwork/engine/migration"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata/fieldtype"
)

var quiet = slog.New(slog.DiscardHandler)

var number = query.Column{Name: "n", Storage: fieldtype.Int}

// adds is a step that adds to a number. It is done once only if the format keeps it from
// being done again.
func adds(n int64) migration.Step {
	return migration.Step{Does: "adds", Run: func(ctx context.Context, t store.Tenant) error {
		return t.Write(ctx, func(tx store.Tx) error {
			found, ok, err := store.First(ctx, tx, query.Select{Table: "sum"}, number)
			if err != nil || !ok {
				return err
			}
			return tx.Update(ctx, "sum", 1, 0, map[string]any{"n": found.Int(number)*10 + n}, nil)
		})
	}}
}

func sum(t *testing.T, s store.Store) int64 {
	t.Helper()
	tenant, err := s.Tenant(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := store.First(t.Context(), tenant, query.Select{Table: "sum"}, number)
	if err != nil {
		t.Fatal(err)
	}
	return found.Int(number)
}

// Steps run in order and once, whoever opens the tenant and however many do; one that
// failed is run again, and a program that knows fewer refuses what they made.
func TestMigrate(t *testing.T) {
	teststore.Each(t, func(t *testing.T, open teststore.Opener) {
		s := open(t)
		old, err := s.Create(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		if err := old.Define(t.Context(), store.Table{Name: "sum", Columns: []query.Column{number}}); err != nil {
			t.Fatal(err)
		}
		if err := old.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "sum", 1, nil, nil) }); err != nil {
			t.Fatal(err)
		}

		var tries atomic.Int32
		breaks := errors.New("the first time")
		once := migration.Step{Does: "fails once", Run: func(ctx context.Context, t store.Tenant) error {
			if tries.Add(1) == 1 {
				return breaks
			}
			return adds(2).Run(ctx, t)
		}}
		steps := []migration.Step{adds(1), once, adds(3)}
		program := migration.Over(s, steps, quiet)
		if _, err := program.Tenant(t.Context(), "acme"); !errors.Is(err, breaks) {
			t.Fatalf("a step that fails: %v", err)
		}
		if format, err := old.Format(t.Context()); err != nil || format != 2 {
			t.Fatalf("the format after the first step is %d (%v)", format, err)
		}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := program.Tenant(t.Context(), "acme"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := sum(t, program); got != 123 {
			t.Errorf("the steps made %d, want 123", got)
		}
		if got := sum(t, migration.Over(s, steps, quiet)); got != 123 {
			t.Errorf("after a restart it is %d, want 123", got)
		}

		older := migration.Over(s, steps[:2], quiet)
		if _, err := older.Tenant(t.Context(), "acme"); !fault.Is(err, "tenant.newer_format") || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("an older program opens it: %v", err)
		}
		if _, err := program.Create(t.Context(), "fresh"); err != nil {
			t.Fatal(err)
		}
		if _, err := older.Tenant(t.Context(), "fresh"); !fault.Is(err, "tenant.newer_format") {
			t.Errorf("an older program opens a new tenant: %v", err)
		}

		if err := s.Stamp(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		if _, err := migration.Over(s, steps, quiet).Tenants(t.Context()); !fault.Is(err, "store.newer_format") {
			t.Errorf("a newer list of tenants is read: %v", err)
		}
	})
}

// What has no stamp gets one when it is opened, without a step.
func TestStamp(t *testing.T) {
	s := teststore.Open(t)
	if _, err := s.Create(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	opened, err := migration.Over(s, nil, quiet).Tenant(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	if format, err := opened.Format(t.Context()); err != nil || format != 1 {
		t.Errorf("the tenant has format %d, want 1 (%v)", format, err)
	}
	if format, err := s.Format(t.Context()); err != nil || format != 1 {
		t.Errorf("the list of tenants has format %d, want 1 (%v)", format, err)
	}
}
