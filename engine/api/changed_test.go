package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"formwork/engine/catalog"
)

// A request that another process changes the configuration under is answered under the
// new one; its sender sees nothing of that.
func TestConfigurationChangesUnderARequest(t *testing.T) {
	w := newWorld(t)
	w.User("ada@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "ada@example.com")}
	create := func() string {
		t.Helper()
		status, _, body := w.do("POST", "/api/v1/records/account", headers, `{"name":"Acme"}`)
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
		return string(body)
	}
	create()
	change := catalog.Change{Message: "test", Documents: []json.RawMessage{json.RawMessage(
		`{"kind":"object","name":"account","fields":{"origin":{"type":"text","label":"Origin","default":"changed meanwhile"}}}`)}}
	if _, err := w.Restart().Catalog.Apply(t.Context(), w.Tenant.Tenant, change, 0); err != nil {
		t.Fatal(err)
	}
	if body := create(); !strings.Contains(body, "changed meanwhile") {
		t.Errorf("made under the old configuration: %s", body)
	}
}
