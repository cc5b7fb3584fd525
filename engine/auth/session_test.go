package auth_test

import (
	"testing"
	"time"
)

// A token that was good for a tenant is good for nothing in a new one of its name, from
// the first moment on: neither as a session nor for what is remembered of one.
func TestTenantMadeAnew(t *testing.T) {
	w := newWorld(t)
	w.user(w.Tenant, "ada@example.com", nil)
	token := w.login("ada@example.com")
	if _, tenant, err := w.auth.Admit(w.ctx, token); err != nil || tenant.Identity() != w.Identity() {
		t.Fatal(err)
	}
	if err := w.Store.Delete(w.ctx, "main"); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.auth.Admit(w.ctx, token)
	w.wants(err, "tenant.not_found")
	anew := w.NewTenant("main", "core")
	_, _, err = w.auth.Admit(w.ctx, token)
	w.wants(err, "auth.invalid")
	if n, err := anew.Count(w.ctx, "user", nil, nil, 0); err != nil || n != 0 {
		t.Errorf("the new tenant has %d users, %v", n, err)
	}
	if anew.Snapshot() == w.Snapshot() {
		t.Error("both have one snapshot")
	}
}

// What is computed of a user changes without a new version of the record; policies
// must see it all the same.
func TestComputedAttributesAreFollowed(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", nil)
	w.Apply(`{"kind":"object","name":"gift","label":"Gift","name_field":"name","fields":{"name":{"type":"text"},
			"receiver":{"type":"lookup","object":"user","on_delete":"clear"}}}`,
		`{"kind":"object","name":"user","fields":{"gifts":{"type":"rollup","op":"count","object":"gift","lookup":"receiver"}}}`)
	token := w.login("ada@example.com")
	gifts := func() any {
		t.Helper()
		caller, err := w.auth.Authenticate(w.ctx, token)
		if err != nil {
			t.Fatal(err)
		}
		return caller.Attributes["gifts"]
	}
	for n := range int64(3) {
		w.Create("gift", map[string]any{"name": "G", "receiver": user.String()})
		w.Clock.Pass(10 * time.Second)
		if got := gifts(); got != n+1 {
			t.Errorf("%v gifts, want %d", got, n+1)
		}
	}
}
