package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/storetest"
)

func open(t *testing.T) store.Store { return openWith(t, Options{}) }

func openWith(t *testing.T, o Options) *Store {
	s, err := Open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func create(t *testing.T, s *Store, name string) *tenant {
	t.Helper()
	handle, err := s.Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := handle.Define(t.Context(), deal); err != nil {
		t.Fatal(err)
	}
	return handle.(*tenant)
}

func insert(t *testing.T, tenant store.Tenant, keys ...id.ID) {
	t.Helper()
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		for _, key := range keys {
			if err := tx.Insert(t.Context(), "deal", key, map[string]any{revenue.Name: int64(key)}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, tenant store.Tenant) int64 {
	t.Helper()
	n, err := tenant.Count(t.Context(), "deal", nil, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var all = query.Select{Table: "deal", Columns: []query.Ref{query.Field(query.ID)}, Sort: by(query.ID)}

func TestStore(t *testing.T) { storetest.Run(t, open, nil) }

// A store that lets go of everything all the time answers as one that does not.
func TestStoreThatIsAlwaysIdle(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return openWith(t, Options{Idle: time.Millisecond, Open: 1, Relaxed: true})
	}, nil)
}

func TestIdleTenantsAreClosed(t *testing.T) {
	s := openWith(t, Options{Idle: time.Hour})
	tenant := create(t, s, "acme")
	insert(t, tenant, 1)
	rows(t, tenant)
	files := func() int {
		found, err := filepath.Glob(filepath.Join(s.dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	if tenant.sweep(false); tenant.idle() {
		t.Error("a tenant was closed that was just used")
	}
	if tenant.sweep(false); !tenant.idle() || files() != 1 {
		t.Errorf("an idle tenant is open, %d files", files())
	}
	insert(t, tenant, 2)
	if got := rows(t, tenant); got != 2 {
		t.Errorf("%d rows after it was opened again", got)
	}
	_, stop := pull(t, tenant)
	if tenant.sweep(true); tenant.idle() {
		t.Error("a tenant was closed that is being read")
	}
	stop()
	if tenant.sweep(true); !tenant.idle() {
		t.Error("it is still open")
	}
}

// pull starts a query and returns its next row when asked.
func pull(t *testing.T, tenant store.Tenant) (next func() error, stop func()) {
	ask, answer, done := make(chan bool), make(chan error), make(chan bool)
	go func() {
		defer close(done)
		for _, err := range tenant.Select(t.Context(), all) {
			answer <- err
			if !<-ask {
				return
			}
		}
	}()
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
	next = func() error { ask <- true; return <-answer }
	return next, func() {
		select {
		case ask <- false:
		case <-done:
		}
		<-done
	}
}

func TestDeleteEndsQueries(t *testing.T) {
	s := openWith(t, Options{})
	tenant := create(t, s, "acme")
	insert(t, tenant, 1, 2, 3)
	next, stop := pull(t, tenant)
	deleted := make(chan error)
	go func() { deleted <- s.Delete(t.Context(), "acme") }()
	for tenant.pool.gone() == nil {
		runtime.Gosched()
	}
	if err := next(); !fault.Is(err, "tenant.not_found") {
		t.Errorf("the next row: %v", err)
	}
	stop()
	if err := <-deleted; err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(s.dir); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v %v", entries, err)
	}
	again := create(t, s, "acme")
	if got := rows(t, again); got != 0 {
		t.Errorf("%d rows of the old one", got)
	}
}

// Many tenants are served with few open.
func TestManyTenants(t *testing.T) {
	s := openWith(t, Options{Open: 4, Relaxed: true})
	var group sync.WaitGroup
	for w := range 3 {
		group.Go(func() {
			for i := range 10 {
				name := fmt.Sprintf("t%d-%d", w, i)
				handle, err := s.Create(t.Context(), name)
				if err == nil {
					err = handle.Define(t.Context(), deal)
				}
				if err == nil {
					err = handle.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "deal", 1, nil, nil) })
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	group.Wait()
	names, err := s.Tenants(t.Context())
	if err != nil || len(names) != 30 {
		t.Fatalf("%d tenants, %v", len(names), err)
	}
	s.mu.Lock()
	opened := len(s.opened)
	s.mu.Unlock()
	if opened > 8 {
		t.Errorf("%d tenants are open", opened)
	}
	for _, name := range names {
		tenant, err := s.Tenant(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got := rows(t, tenant); got != 1 {
			t.Errorf("%s has %d rows", name, got)
		}
	}
}

// A function that ends its goroutine (as t.FailNow does) neither commits nor stops others.
func TestGoexit(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			_ = tenant.Write(t.Context(), func(tx store.Tx) error {
				if err := tx.Insert(t.Context(), "deal", id.ID(i+1), nil, []string{"x"}); err != nil {
					t.Error(err)
				}
				if i%4 == 0 {
					runtime.Goexit()
				}
				return nil
			})
		})
	}
	group.Wait()
	if got := rows(t, tenant); got != 30 {
		t.Errorf("%d rows, want 30", got)
	}
}

// When SQLite undoes the whole transaction, who had no part in it is not harmed.
func TestLostTransaction(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	started, release := make(chan bool), make(chan bool)
	errs := make(chan error, 3)
	var once sync.Once
	go func() {
		errs <- tenant.Write(t.Context(), func(tx store.Tx) error { // leads
			once.Do(func() { close(started); <-release })
			return tx.Insert(t.Context(), "deal", 1, nil, nil)
		})
	}()
	<-started
	waiting := func(n int) {
		for {
			tenant.writer.mu.Lock()
			now := len(tenant.writer.waiting)
			tenant.writer.mu.Unlock()
			if now >= n {
				return
			}
			runtime.Gosched()
		}
	}
	go func() {
		errs <- tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Insert(t.Context(), "deal", 2, nil, []string{"x"}) })
	}()
	waiting(1)
	broken := errors.New("of the test")
	failed := make(chan error, 1)
	go func() {
		failed <- tenant.writer.write(t.Context(), func(x *tx) error {
			if err := x.c.exec("ROLLBACK"); err != nil { // as on a full disk
				t.Error(err)
			}
			return broken
		})
	}()
	waiting(2)
	close(release)
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if err := <-failed; !errors.Is(err, broken) {
		t.Errorf("the culprit: %v", err)
	}
	if got := rows(t, tenant); got != 2 {
		t.Errorf("%d rows, want 2", got)
	}
}

// A write that waits can be given up; one that runs can't.
func TestWaitingWriteIsCancelled(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	started, release := make(chan bool), make(chan bool)
	done := make(chan error)
	go func() {
		done <- tenant.Write(t.Context(), func(tx store.Tx) error { close(started); <-release; return nil })
	}()
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error)
	go func() {
		given <- tenant.Write(ctx, func(tx store.Tx) error { return tx.Insert(ctx, "deal", 1, nil, nil) })
	}()
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if got := rows(t, tenant); got != 0 {
		t.Errorf("%d rows", got)
	}
}

// A statement that would take very long ends when its context does.
func TestInterrupt(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	c, err := tenant.pool.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tenant.pool.release(c)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	c.ctx = ctx
	err = c.once("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A loop may change what it reads: it sees the rows as they were.
func TestLoopOverWhatItChanges(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	insert(t, tenant, 1, 2, 3)
	seen := 0
	err := tenant.Write(t.Context(), func(tx store.Tx) error {
		seen = 0
		for row, err := range tx.Select(t.Context(), all) {
			if err != nil {
				return err
			}
			if seen++; seen > 10 {
				return errors.New("it has no end")
			}
			key := row[0].(int64)
			if err := tx.Insert(t.Context(), "deal", id.ID(key-100), nil, nil); err != nil { // would come next
				return err
			}
		}
		return nil
	})
	if err != nil || seen != 3 {
		t.Errorf("saw %d rows, %v", seen, err)
	}
}

// What a query holds is bounded: readers beyond that wait, and are told to come again.
func TestReadersAreBounded(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	var held []*conn
	for range maxReaders {
		c, err := tenant.pool.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := tenant.pool.acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	got := make(chan error)
	go func() { _, err := tenant.Count(t.Context(), "deal", nil, nil, 0); got <- err }()
	for _, c := range held {
		tenant.pool.release(c)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// Queries whose rows are taken slowly leave readers to others.
func TestSlowQueriesLeaveReaders(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	slow := store.Slowly(t.Context())
	var held []*conn
	for range maxSlow {
		c, err := tenant.pool.acquire(slow)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	ctx, cancel := context.WithTimeout(slow, 10*time.Millisecond)
	defer cancel()
	if _, err := tenant.pool.acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one slow query too many: %v", err)
	}
	if _, err := tenant.Count(t.Context(), "deal", nil, nil, 0); err != nil {
		t.Errorf("an ordinary query: %v", err)
	}
	for _, c := range held {
		tenant.pool.release(c)
	}
	c, err := tenant.pool.acquire(slow)
	if err != nil {
		t.Fatal(err)
	}
	tenant.pool.release(c)
}

func TestTooComplex(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	var deep query.Filter = eq(revenue, int64(1))
	for range 5000 {
		deep = query.Not{Filter: query.All{deep}}
	}
	var long query.Any
	for i := range 40_000 {
		long = append(long, eq(revenue, int64(i)))
	}
	var far query.Any
	for i := range 100 {
		far = append(far, query.Compare{Ref: query.Ref{Hops: []query.Hop{{Lookup: account, Table: "deal", Guard: eq(revenue, int64(i))}}, Column: revenue}, Op: query.Eq, Value: int64(1)})
	}
	for name, filter := range map[string]query.Filter{"deep": deep, "long": long, "far": far} {
		if _, err := tenant.Count(t.Context(), "deal", filter, nil, 0); !fault.Is(err, "query.too_complex") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMistakesAreErrors(t *testing.T) {
	tenant := create(t, openWith(t, Options{}), "acme")
	for name, fn := range map[string]func(tx store.Tx) error{
		"no such table":  func(tx store.Tx) error { return tx.Insert(t.Context(), "nothing", 1, nil, nil) },
		"no such column": func(tx store.Tx) error { return tx.Insert(t.Context(), "deal", 1, map[string]any{"x": int64(1)}, nil) },
		"no stored form": func(tx store.Tx) error {
			return tx.Insert(t.Context(), "deal", 1, map[string]any{revenue.Name: 1.5}, nil)
		},
		"words are deleted row by row": func(tx store.Tx) error { _, err := tx.DeleteWhere(t.Context(), "deal", nil); return err },
	} {
		if err := tenant.Write(t.Context(), fn); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	unknown := query.Select{Table: "deal", Columns: []query.Ref{query.Field(query.Column{Name: "x", Storage: revenue.Storage})}}
	for _, err := range tenant.Select(t.Context(), unknown) {
		if err == nil || !strings.Contains(err.Error(), "no such column") {
			t.Errorf("an unknown column: %v", err)
		}
	}
	var late store.Tx
	if err := tenant.Write(t.Context(), func(tx store.Tx) error { late = tx; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := late.Insert(t.Context(), "deal", 9, nil, nil); !errors.Is(err, errOver) {
		t.Errorf("a transaction used after its end: %v", err)
	}
}
