package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"formwork/engine/catalog"
)

// What is computed of a user changes without a new version of the record; policies
// must see it all the same.
func TestComputedAttributesAreFollowed(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.tenant, "ada@example.com", nil)
	change := catalog.Change{Base: 1, Message: "test", Documents: []json.RawMessage{
		json.RawMessage(`{"kind":"object","name":"gift","label":"Gift","name_field":"name","fields":{"name":{"type":"text"},
			"receiver":{"type":"lookup","object":"user","on_delete":"clear"}}}`),
		json.RawMessage(`{"kind":"object","name":"user","fields":{"gifts":{"type":"rollup","op":"count","object":"gift","lookup":"receiver"}}}`)}}
	if _, err := w.catalog.Apply(w.ctx, w.tenant, change, 0); err != nil {
		t.Fatal(err)
	}
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
		if _, err := w.session(w.tenant).Create(w.ctx, "gift", map[string]any{"name": "G", "receiver": user.String()}); err != nil {
			t.Fatal(err)
		}
		w.clock.pass(10 * time.Second)
		if got := gifts(); got != n+1 {
			t.Errorf("%v gifts, want %d", got, n+1)
		}
	}
}
