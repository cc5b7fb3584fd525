package api_test

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"

	"formwork/engine/api"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/engine/store/teststore"
)

// timed is a store that notes the moments of what is read, and moves them on.
type timed struct {
	store.Store
	mu    sync.Mutex
	reads []string
}

func (s *timed) Tenant(ctx context.Context, name string) (store.Tenant, error) {
	t, err := s.Store.Tenant(ctx, name)
	return timedTenant{t, s}, err
}

type timedTenant struct {
	store.Tenant
	store *timed
}

func (t timedTenant) Select(ctx context.Context, q query.Select) iter.Seq2[store.Row, error] {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	t.store.reads = append(t.store.reads, store.MomentOf(ctx).Token())
	return t.Tenant.Select(ctx, q)
}

func (t timedTenant) Write(ctx context.Context, fn func(store.Tx) error) error {
	err := t.Tenant.Write(ctx, fn)
	if err == nil {
		store.MomentOf(ctx).Advance("later")
	}
	return err
}

// An answer to what wrote has the moment of that; a request that brings a moment reads at it,
// and its answer has none unless it wrote.
func TestMoments(t *testing.T) {
	over := &timed{}
	w := newWorldOver(t, func(t testing.TB) store.Store {
		over.Store = teststore.Open(t)
		return over
	}, func(*api.Options) {})
	w.User("ada@example.com", map[string]any{"permissions": []any{"admin"}})
	token := w.login("main", "ada@example.com")
	as := map[string]string{"Authorization": "Bearer " + token}
	status, header, body := w.do("POST", "/api/v1/records/account", as, `{"name":"x"}`)
	if status != 201 || header.Get("X-Moment") != "later" {
		t.Errorf("%d with the moment %q: %s", status, header.Get("X-Moment"), body)
	}
	as["X-Moment"] = "seen"
	over.mu.Lock()
	over.reads = nil
	over.mu.Unlock()
	status, header, body = w.do("GET", "/api/v1/records/account", as, "")
	if status != 200 || header.Get("X-Moment") != "" {
		t.Errorf("%d with the moment %q: %s", status, header.Get("X-Moment"), body)
	}
	over.mu.Lock()
	defer over.mu.Unlock()
	if len(over.reads) == 0 || slices.ContainsFunc(over.reads, func(at string) bool { return at != "seen" }) {
		t.Errorf("it was read at %q", over.reads)
	}
}
