package auth_test

import (
	"testing"
	"time"
)

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
