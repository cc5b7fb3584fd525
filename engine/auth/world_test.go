package auth_test

import (
	"context"
	"maps"
	"testing"

	"formwork/engine/auth"
	"formwork/engine/enginetest"
	"formwork/engine/fault"
	"formwork/engine/id"
)

const password = enginetest.Password

// world is the tenant "main" of a platform.
type world struct {
	*enginetest.Tenant
	t    *testing.T
	ctx  context.Context
	auth *auth.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	main := enginetest.New(t, enginetest.Options{}).NewTenant("main", "core")
	return &world{Tenant: main, t: t, ctx: t.Context(), auth: main.Auth}
}

// user makes a user of a tenant, who is an admin unless data says otherwise.
func (w *world) user(t *enginetest.Tenant, email string, data map[string]any) id.ID {
	w.t.Helper()
	all := map[string]any{"permissions": []any{"admin"}}
	maps.Copy(all, data)
	return t.User(email, all)
}

func (w *world) login(email string) string {
	w.t.Helper()
	token, _, err := w.auth.Login(w.ctx, w.Tenant, email, password)
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
