package api_test

import (
	"context"
	"encoding/json"
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
	w.describesMoments(as)
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

// describesMoments holds the description to it that every request may bring a moment, and that
// answers to those that write may have one.
func (w *world) describesMoments(as map[string]string) {
	w.t.Helper()
	type named struct {
		Ref  string `json:"$ref"`
		Name string
		In   string
	}
	var description struct {
		Paths map[string]map[string]struct {
			Parameters []named
			Responses  map[string]struct{ Headers map[string]named }
		}
		Components struct {
			Parameters map[string]named
			Headers    map[string]any
		}
	}
	_, _, raw := w.do("GET", "/api/v1/openapi.json", as, "")
	if err := json.Unmarshal(raw, &description); err != nil {
		w.t.Fatal(err)
	}
	if p := description.Components.Parameters["Moment"]; p.Name != "X-Moment" || p.In != "header" || description.Components.Headers["Moment"] == nil {
		w.t.Errorf("the moment is described as %v", p)
	}
	for path, operations := range description.Paths {
		for method, o := range operations {
			if !slices.ContainsFunc(o.Parameters, func(p named) bool { return p.Ref == "#/components/parameters/Moment" }) {
				w.t.Errorf("%s %s takes no moment", method, path)
			}
			answers := false
			for _, answer := range o.Responses {
				answers = answers || answer.Headers["X-Moment"].Ref == "#/components/headers/Moment"
			}
			if answers != (method != "get") {
				w.t.Errorf("%s %s answers with a moment: %t", method, path, answers)
			}
		}
	}
}
