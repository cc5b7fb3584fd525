package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
)

// The pages begin with one request, which costs nothing while nothing has changed for the
// caller, and which has the same documents as GET /metadata.
func TestSessionIsAnsweredOnce(t *testing.T) {
	w := newWorld(t)
	w.User("rep@example.com", map[string]any{"permissions": []any{"sales_user"}})
	w.User("other@example.com", map[string]any{"permissions": []any{"sales_user"}})
	rep := map[string]string{"Authorization": "Bearer " + w.login("main", "rep@example.com")}
	other := map[string]string{"Authorization": "Bearer " + w.login("main", "other@example.com")}
	status, header, raw := w.do("GET", "/api/v1/session", rep, "")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, raw)
	}
	var session, metadata map[string]json.RawMessage
	if err := json.Unmarshal(raw, &session); err != nil {
		t.Fatal(err)
	}
	_, _, raw = w.do("GET", "/api/v1/metadata", rep, "")
	if err := json.Unmarshal(raw, &metadata); err != nil {
		t.Fatal(err)
	}
	if len(session["documents"]) < 1_000 || !bytes.Equal(session["documents"], metadata["items"]) || !bytes.Equal(session["revision"], metadata["revision"]) {
		t.Errorf("%d bytes of documents, and %d of GET /metadata", len(session["documents"]), len(metadata["items"]))
	}
	etag := header.Get("ETag")
	rep["If-None-Match"], other["If-None-Match"] = etag, etag
	if status, _, raw = w.do("GET", "/api/v1/session", rep, ""); status != http.StatusNotModified || len(raw) > 0 {
		t.Errorf("again: %d %s", status, raw)
	}
	if status, _, raw = w.do("GET", "/api/v1/session", other, ""); status != http.StatusOK || bytes.Contains(raw, []byte("rep@example.com")) {
		t.Errorf("another user is answered as the first was: %d", status)
	}
	w.Apply(`{"kind":"object","name":"thing","label":"Thing","name_field":"name","fields":{"name":{"type":"text"}}}`)
	if status, _, _ = w.do("GET", "/api/v1/session", rep, ""); status != http.StatusOK {
		t.Errorf("after a change of the configuration: %d", status)
	}
}
