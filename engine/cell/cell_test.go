package cell_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/cell"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/mongo"
	"formwork/engine/store/mongo/mongotest"
	"formwork/engine/store/sqlite"
	"formwork/engine/store/storetest"
	"formwork/metadata/fieldtype"
)

// place opens one store as often as processes use it.
type place func(t *testing.T) store.Store

func files(t *testing.T) place {
	dir := t.TempDir()
	return func(t *testing.T) store.Store {
		s, err := sqlite.Open(dir, sqlite.Options{Relaxed: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func database(t *testing.T) place {
	name := mongotest.Database(t, mongotest.URI())
	return func(t *testing.T) store.Store {
		s, err := mongo.Open(context.Background(), mongotest.URI(), mongo.Options{Database: name, AllowStandalone: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// grace is for reads and uploads that had begun, on a machine that does much else.
const grace = 300 * time.Millisecond

// passed is what tests have the clock of all processes go forward, in nanoseconds.
var passed atomic.Int64

func now() time.Time { return time.Now().Add(time.Duration(passed.Load())) }

// process is a store of two cells as a process of its own has it.
func process(t *testing.T, primary, other place) *cell.Store {
	t.Helper()
	s, err := cell.New(t.Context(), cell.Options{
		Cells: map[string]cell.Cell{cell.Primary: {Store: primary(t)}, "other": {Store: other(t)}},
		IDs:   id.NewSource(now, rand.Uint32), Now: now,
		Fresh: 200 * time.Millisecond,
	})
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

// A store of cells keeps the contract of a store.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return process(t, files(t), files(t)) }, nil)
}

func TestBlobs(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) store.Store { return process(t, files(t), files(t)) }, nil)
}

var (
	colN   = query.Column{Name: "n", Storage: fieldtype.Int}
	colKey = query.Column{Name: "key", Storage: fieldtype.Text}

	lead = store.Table{Name: "lead", Columns: []query.Column{query.Version, colN, colKey}, Search: true,
		Indexes: []store.Index{{Name: "key", Unique: true, Columns: []store.IndexColumn{{Column: colKey}}}}}
	events = store.Table{Name: "events", Columns: []query.Column{colN}, Log: true}
)

// writer changes rows of its own and remembers what was acknowledged.
type writer struct {
	tenant store.Tenant
	ids    *id.Source
	random *rand.Rand
	pause  time.Duration // after each write

	rows   map[id.ID]map[string]any // as they have to be
	words  map[id.ID]string
	events []int64
	blobs  []id.ID
	failed error
	slow   time.Duration // the longest that a write waited
}

func (w *writer) run(ctx context.Context) {
	for n := int64(0); ctx.Err() == nil && w.failed == nil; n++ {
		began := time.Now()
		w.failed = w.step(context.WithoutCancel(ctx), n)
		w.slow = max(w.slow, time.Since(began))
		time.Sleep(w.pause)
	}
}

// any is one of the writer's rows.
func (w *writer) any() (id.ID, bool) {
	for key := range w.rows {
		return key, true
	}
	return 0, false
}

func (w *writer) step(ctx context.Context, n int64) error {
	key, has := w.any()
	switch what := w.random.IntN(10); {
	case !has || what < 4: // a new row with an event, in one transaction
		key = w.ids.Next()
		values := map[string]any{"version": int64(1), "n": n, "key": key.String()}
		err := w.tenant.Write(ctx, func(tx store.Tx) error {
			if err := tx.Insert(ctx, "lead", key, values, []string{"word" + key.String()}); err != nil {
				return err
			}
			return tx.Append(ctx, "events", w.ids.Next(), map[string]any{"n": int64(key)})
		})
		if err == nil {
			w.rows[key], w.words[key], w.events = values, "word"+key.String(), append(w.events, int64(key))
		}
		return err
	case what < 7:
		values := map[string]any{"version": w.rows[key]["version"].(int64) + 1, "n": n, "key": w.rows[key]["key"]}
		var words []string
		if what == 4 {
			words = []string{fmt.Sprintf("again%d", n) + key.String()}
		}
		err := w.tenant.Write(ctx, func(tx store.Tx) error {
			return tx.Update(ctx, "lead", key, values["version"].(int64)-1, values, words)
		})
		if err == nil {
			if w.rows[key] = values; words != nil {
				w.words[key] = words[0]
			}
		}
		return err
	case what == 7: // two rows exchange a value that no two may have
		for other := range w.rows {
			if other == key {
				continue
			}
			a, b := w.rows[key]["key"], w.rows[other]["key"]
			err := w.tenant.Write(ctx, func(tx store.Tx) error {
				for _, to := range []struct {
					row id.ID
					key any
				}{{key, nil}, {other, a}, {key, b}} {
					if err := tx.Update(ctx, "lead", to.row, 0, map[string]any{"key": to.key}, nil); err != nil {
						return err
					}
				}
				return nil
			})
			if err == nil {
				w.rows[key]["key"], w.rows[other]["key"] = b, a
			}
			return err
		}
		return nil
	case what == 8 || w.random.IntN(5) > 0:
		err := w.tenant.Write(ctx, func(tx store.Tx) error { return tx.Delete(ctx, "lead", key) })
		if err == nil {
			delete(w.rows, key)
			delete(w.words, key)
		}
		return err
	}
	key = w.ids.Next()
	if _, err := w.tenant.Blobs().Put(ctx, key, strings.NewReader(key.String()), 100); err != nil {
		return err
	}
	w.blobs = append(w.blobs, key)
	return nil
}

// check compares what there is with all that the writers were told.
func check(t *testing.T, tenant store.Tenant, writers []*writer) {
	t.Helper()
	ctx := t.Context()
	got := map[int64]string{}
	for row, err := range tenant.Select(ctx, query.Select{Table: "lead", Columns: []query.Ref{query.Field(query.ID), query.Field(query.Version), query.Field(colN), query.Field(colKey)}}) {
		if err != nil {
			t.Fatal(err)
		}
		got[row[0].(int64)] = fmt.Sprint(row[1:])
	}
	had := map[int64]int{}
	q := store.LogRead{Table: "events", Columns: []query.Column{colN}, Limit: 1 << 20}
	last := int64(0)
	for row, err := range tenant.ReadLog(ctx, q) {
		if err != nil {
			t.Fatal(err)
		}
		e := q.Entry(row)
		if e.Position <= last {
			t.Errorf("position %d comes after %d", e.Position, last)
		}
		last = e.Position
		had[e.Int(colN)]++
	}
	total := 0
	for _, w := range writers {
		for key, values := range w.rows {
			total++
			if want := fmt.Sprint([]any{values["version"], values["n"], values["key"]}); got[int64(key)] != want {
				t.Fatalf("row %d is %s, want %s", key, got[int64(key)], want)
			}
			found, err := tenant.Count(ctx, "lead", query.Is(query.ID, int64(key)), []query.Word{{Text: w.words[key]}}, 0)
			if err != nil || found != 1 {
				t.Fatalf("row %d is not found by %s (%v)", key, w.words[key], err)
			}
		}
		for _, n := range w.events {
			if had[n] != 1 {
				t.Fatalf("the event of %d is there %d times", n, had[n])
			}
			delete(had, n)
		}
		for _, key := range w.blobs {
			if _, err := tenant.Blobs().Stat(ctx, key); err != nil {
				t.Fatalf("blob %d: %v", key, err)
			}
		}
	}
	if len(got) != total || len(had) > 0 {
		t.Errorf("there are %d rows, want %d, and %d events of nothing", len(got), total, len(had))
	}
}

// write has some writers work, each in a process of its own but for the first two, until
// stop is called.
func write(t *testing.T, tenants []store.Tenant, pause time.Duration) (writers []*writer, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	ids := id.NewSource(time.Now, rand.Uint32)
	for i := range 4 {
		w := &writer{tenant: tenants[i%len(tenants)], ids: ids, random: rand.New(rand.NewPCG(uint64(i), 7)), pause: pause, rows: map[id.ID]map[string]any{}, words: map[id.ID]string{}}
		writers = append(writers, w)
		done.Go(func() { w.run(ctx) })
	}
	return writers, func() {
		cancel()
		done.Wait()
		for _, w := range writers {
			if w.failed != nil {
				t.Errorf("a write failed: %v", w.failed)
			}
		}
	}
}

// open makes a tenant, and opens it in processes.
func open(t *testing.T, processes ...*cell.Store) []store.Tenant {
	t.Helper()
	return openWith(t, []store.Table{lead, events}, processes...)
}

func openWith(t *testing.T, tables []store.Table, processes ...*cell.Store) (opened []store.Tenant) {
	t.Helper()
	made, err := processes[0].Create(t.Context(), "acme")
	if err == nil {
		err = made.Define(t.Context(), tables...)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		tenant, err := p.Tenant(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, tenant)
	}
	return opened
}

// A tenant is moved there and back while several processes write to it: all that was
// acknowledged is where the tenant is, and nothing else, and nothing is where it was. A
// server without transactions keeps writes of several processes apart in no case, so there
// one process writes. Compatible servers may lack unique indexes that leave empty values out.
func TestMove(t *testing.T) {
	plain := lead
	plain.Indexes = nil
	test := func(processes int, pause time.Duration, lead store.Table, primary, other func(t *testing.T) place) func(t *testing.T) {
		return func(t *testing.T) {
			a, b := primary(t), other(t)
			mover := process(t, a, b)
			all := []*cell.Store{mover}
			for range processes - 1 {
				all = append(all, process(t, a, b))
			}
			tenants := openWith(t, []store.Table{lead, events}, all...)
			writers, stop := write(t, tenants, pause)
			time.Sleep(200 * time.Millisecond)
			for _, to := range []string{"other", cell.Primary} {
				moved, err := mover.Move(t.Context(), "acme", to, grace)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("to %s: %d changes followed, a pause of %v", to, moved.Changes, moved.Pause.Round(time.Millisecond))
				if in, err := all[len(all)-1].Cell(t.Context(), "acme"); err != nil || in != to {
					t.Errorf("the tenant is in %s (%v)", in, err)
				}
				left := map[string]place{"other": a, cell.Primary: b}[to](t)
				if _, err := left.Tenant(t.Context(), "acme"); !fault.Is(err, "tenant.not_found") {
					t.Errorf("something is left behind (%v)", err)
				}
				if err := left.Close(); err != nil {
					t.Error(err)
				}
				time.Sleep(100 * time.Millisecond)
			}
			stop()
			for _, w := range writers {
				t.Logf("%d rows, %d events, %d blobs; the longest wait was %v", len(w.rows), len(w.events), len(w.blobs), w.slow.Round(time.Millisecond))
			}
			check(t, tenants[len(tenants)-1], writers)
			if names, err := all[len(all)-1].Tenants(t.Context()); err != nil || strings.Join(names, " ") != "acme" {
				t.Errorf("tenants are %q (%v)", names, err)
			}
		}
	}
	t.Run("files", test(2, time.Millisecond, lead, files, files))
	if mongotest.URI() != "" {
		t.Run("files and database", test(1, 50*time.Millisecond, plain, files, database))
		t.Run("database and files", test(1, 50*time.Millisecond, lead, database, files))
	}
}

// mortal is a store whose process is killed after some steps: nothing that it does after
// happens.
type mortal struct {
	store.Store
	left *atomic.Int64
}

var errKilled = errors.New("killed")

func (m mortal) step() error {
	if m.left.Add(-1) < 0 {
		return errKilled
	}
	return nil
}

func (m mortal) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	t, err := m.Store.Tenant(ctx, name)
	return mortalTenant{t, m}, errors.Join(err, m.step())
}

func (m mortal) Load(ctx context.Context, name string, r io.Reader) (store.Tenant, error) {
	if err := m.step(); err != nil {
		return nil, err
	}
	t, err := m.Store.Load(ctx, name, r)
	return mortalTenant{t, m}, err
}

func (m mortal) Delete(ctx context.Context, name string) error {
	if err := m.step(); err != nil {
		return err
	}
	return m.Store.Delete(ctx, name)
}

type mortalTenant struct {
	store.Tenant
	of mortal
}

func (m mortalTenant) Write(ctx context.Context, fn func(tx store.Tx) error) error {
	if err := m.of.step(); err != nil {
		return err
	}
	return m.Tenant.Write(ctx, fn)
}

func (m mortalTenant) Define(ctx context.Context, tables ...store.Table) error {
	if err := m.of.step(); err != nil {
		return err
	}
	return m.Tenant.Define(ctx, tables...)
}

func (m mortalTenant) LogEnd(ctx context.Context, table string) (int64, error) {
	if err := m.of.step(); err != nil {
		return 0, err
	}
	return m.Tenant.LogEnd(ctx, table)
}

func (m mortalTenant) CopyLog(ctx context.Context, table store.Table, rows []store.FullRow) error {
	if err := m.of.step(); err != nil {
		return err
	}
	return m.Tenant.CopyLog(ctx, table, rows)
}

// At whatever step a mover is killed, writes go on once it counts as dead, where the tenant
// then is, and nothing that was acknowledged is lost; another moves the tenant.
func TestMoverIsKilled(t *testing.T) {
	a, b := files(t), files(t)
	one := process(t, a, b)
	tenants := open(t, one)
	writers, stop := write(t, tenants, 20*time.Millisecond) // what is written makes the next move longer
	moved, slower := 0, int64(12)
	if testing.Short() {
		slower = 2
	}
	for steps := int64(3); moved < 2; steps += 1 + steps/slower {
		left := &atomic.Int64{}
		left.Store(steps)
		dying := func(of place) place { return func(t *testing.T) store.Store { return mortal{of(t), left} } }
		to := "other"
		if in, err := one.Cell(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		} else if in == to {
			to = cell.Primary
		}
		_, err := process(t, dying(a), dying(b)).Move(t.Context(), "acme", to, grace)
		if err == nil {
			moved++
		} else if !errors.Is(err, errKilled) {
			t.Fatalf("after %d steps: %v", steps, err)
		}
		passed.Add(int64(2 * time.Minute))
		time.Sleep(30 * time.Millisecond)
	}
	stop()
	check(t, tenants[0], writers)
	for _, w := range writers {
		if len(w.events) == 0 {
			t.Error("a writer wrote nothing")
		}
	}
}

// A tenant of a cell that no move has brought there is neither replaced by a move nor deleted
// with one of its name. What a move that was killed has left is.
func TestTenantsOfCellsStay(t *testing.T) {
	a, b := files(t), files(t)
	other := b(t)
	t.Cleanup(func() { other.Close() })
	if _, err := other.Create(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	one := process(t, a, b)
	tenant := open(t, one)[0]
	if _, err := one.Move(t.Context(), "acme", "other", time.Millisecond); !fault.Is(err, "tenant.exists") {
		t.Errorf("moving over a tenant: %v", err)
	}
	if err := tenant.Write(t.Context(), func(tx store.Tx) error { return tx.Delete(t.Context(), "lead", 1) }); err != nil {
		t.Errorf("a write after that: %v", err)
	}
	if err := one.Delete(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if names, err := other.Tenants(t.Context()); err != nil || len(names) != 1 {
		t.Errorf("the other cell has %q (%v)", names, err)
	}
	if err := other.Delete(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}

	tenant = open(t, one)[0]
	left := &atomic.Int64{}
	left.Store(1 << 30)
	dying := process(t, func(t *testing.T) store.Store { return mortal{a(t), left} }, b)
	moved := make(chan error, 1)
	go func() { _, err := dying.Move(t.Context(), "acme", "other", time.Millisecond); moved <- err }()
	for in := ""; in != "other"; time.Sleep(time.Millisecond) {
		var err error
		if in, err = one.Cell(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
	}
	left.Store(0) // before it has deleted what it left
	if err := <-moved; !errors.Is(err, errKilled) {
		t.Fatalf("the mover ended with %v", err)
	}
	passed.Add(int64(2 * time.Minute))
	if err := tenant.Write(t.Context(), func(store.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := one.Delete(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Create(t.Context(), "acme"); err != nil {
		t.Errorf("a new tenant of the name: %v", err)
	}
}

// A store is a primary cell once it was opened as one, and not for a tenant that somebody has
// given the name of the directory.
func TestFounded(t *testing.T) {
	a := files(t)
	alone := a(t)
	defer alone.Close()
	if _, err := alone.Create(t.Context(), "formwork-directory"); err != nil {
		t.Fatal(err)
	}
	if founded, err := cell.Founded(t.Context(), alone); err != nil || founded {
		t.Errorf("a store with such a tenant: %v (%v)", founded, err)
	}
	process(t, a, files(t))
	if founded, err := cell.Founded(t.Context(), alone); err != nil || !founded {
		t.Errorf("a primary cell: %v (%v)", founded, err)
	}
}

// What else is changed while a tenant is moved comes along: tables, columns, indexes, the
// stamp. A tenant that is being moved is not deleted, nor moved by another.
func TestDefinitionsMove(t *testing.T) {
	one := process(t, files(t), files(t))
	tenant := open(t, one)[0]
	ids := id.NewSource(time.Now, rand.Uint32)
	ctx, during := t.Context(), make(chan error, 1)
	go func() {
		time.Sleep(100 * time.Millisecond) // the move begins with waiting for 200
		other := store.Table{Name: "other", Columns: []query.Column{query.Version, colKey}}
		err := errors.Join(tenant.Define(ctx, other), tenant.Drop(ctx, "lead", colN.Name), tenant.Stamp(ctx, 9))
		for range 300 { // before, at, and after the switch
			err = errors.Join(err, tenant.Define(ctx, other), tenant.Write(ctx, func(tx store.Tx) error {
				return tx.Insert(ctx, "other", ids.Next(), map[string]any{"version": int64(1)}, nil)
			}))
			time.Sleep(time.Millisecond)
		}
		during <- errors.Join(err, tenant.Index(ctx, "other", []store.Index{{Name: "key", Columns: []store.IndexColumn{{Column: colKey}}}}))
	}()
	moved := make(chan error, 1)
	go func() { _, err := one.Move(ctx, "acme", "other", time.Millisecond); moved <- err }()
	time.Sleep(150 * time.Millisecond)
	if err := one.Delete(ctx, "acme"); !fault.Is(err, "tenant.moving") {
		t.Errorf("deleting it: %v", err)
	}
	if _, err := one.Move(ctx, "acme", "other", time.Millisecond); !fault.Is(err, "tenant.moving") {
		t.Errorf("moving it: %v", err)
	}
	if err := errors.Join(<-moved, <-during); err != nil {
		t.Fatal(err)
	}
	format, err := tenant.Format(ctx)
	if n, counted := tenant.Count(ctx, "other", nil, nil, 0); err != nil || counted != nil || n != 300 || format != 9 {
		t.Errorf("there are %d rows, and the format is %d (%v, %v)", n, format, err, counted)
	}
	tables, err := tenant.Tables(ctx)
	if at := slices.IndexFunc(tables, func(table store.Table) bool { return table.Name == "lead" }); err != nil || at < 0 || len(tables[at].Columns) != 2 {
		t.Errorf("the tables are %v (%v)", tables, err)
	}
	if _, err := one.Move(ctx, "acme", "other", time.Millisecond); err != nil {
		t.Errorf("moving it to where it is: %v", err)
	}
	if _, err := one.Move(ctx, "acme", "third", time.Millisecond); !fault.Is(err, "tenant.no_cell") {
		t.Errorf("moving it to nowhere: %v", err)
	}
	if err := one.Delete(ctx, "acme"); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.Count(ctx, "lead", nil, nil, 0); !fault.Is(err, "tenant.not_found") {
		t.Errorf("a deleted tenant: %v", err)
	}
}
