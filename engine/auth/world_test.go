package auth_test

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"formwork/engine/auth"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
	"formwork/metadata/packages"
	"formwork/plugins/standard"
)

const password = "correct horse battery"

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a store with the tenant "main", and what works on it.
type world struct {
	t       *testing.T
	ctx     context.Context
	clock   *clock
	store   store.Store
	tenant  store.Tenant
	ids     *id.Source
	catalog *catalog.Catalog
	records *record.Service
	auth    *auth.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := teststore.Open(t)
	w := &world{t: t, ctx: context.Background(), store: s, clock: &clock{at: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}}
	w.ids = id.NewSource(w.clock.now, func() uint32 { return 3 })
	w.catalog = catalog.New(catalog.Options{Types: standard.FieldTypes(), Packages: packages.All(), IDs: w.ids, Now: w.clock.now,
		Tables: slices.Concat(record.Tables(), auth.Tables())})
	w.records = record.New(record.Options{IDs: w.ids, Now: w.clock.now})
	w.auth = w.restart()
	w.tenant = w.newTenant("main")
	return w
}

// restart is a Service that remembers nothing, as after a start or on another node.
func (w *world) restart() *auth.Service {
	return auth.New(auth.Options{Store: w.store, Catalog: w.catalog, IDs: w.ids, Now: w.clock.now, Random: rand.Reader})
}

func (w *world) newTenant(name string) store.Tenant {
	w.t.Helper()
	t, err := w.store.Create(w.ctx, name)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.catalog.Install(w.ctx, t, "core"); err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) session(t store.Tenant) *record.Session {
	w.t.Helper()
	snapshot, err := w.catalog.Snapshot(w.ctx, t)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.records.As(t, snapshot, policy.System(t.Name()))
}

func (w *world) user(t store.Tenant, email string, more map[string]any) id.ID {
	w.t.Helper()
	data := map[string]any{"email": email, "name": "Somebody", "active": true, "permissions": []any{"admin"}}
	for name, v := range more {
		data[name] = v
	}
	saved, err := w.session(t).Create(w.ctx, "user", data)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.auth.SetPassword(w.ctx, t, saved.Record.ID(), password); err != nil {
		w.t.Fatal(err)
	}
	return saved.Record.ID()
}

func (w *world) login(email string) string {
	w.t.Helper()
	token, _, err := w.auth.Login(w.ctx, w.tenant, email, password)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// wants checks the code of an error, "" for none.
func (w *world) wants(err error, code string) {
	w.t.Helper()
	switch {
	case code == "" && err != nil:
		w.t.Errorf("unexpected: %v", err)
	case code != "" && !fault.Is(err, code):
		w.t.Errorf("got %v, want %s", err, code)
	}
}
