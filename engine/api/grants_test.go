package api_test

import (
	"bytes"
	"testing"
)

// Whatever route somebody changes the configuration by, they give no rights that they do
// not have; what they have they may give.
func TestNoRouteGivesWhatTheCallerLacks(t *testing.T) {
	w := newWorld(t)
	const designer = `{"kind":"permission","name":"designer","label":"Designer","system":["manage_metadata","view_setup","api"]}`
	w.Apply(designer)
	w.User("designer@example.com", map[string]any{"permissions": []any{"designer"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "designer@example.com")}
	const more = `{"kind":"permission","name":"designer","label":"Designer","system":["manage_metadata","view_setup","api","manage_users"]}`
	set := `{"kind":"permission","name":"boss","label":"Boss","system":["manage_users"]}`
	pack := func(set string) string {
		return `{"documents":[{"kind":"package","name":"extra","version":"1.0.0"},` + set + `]}`
	}
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/metadata/apply", `{"documents":[` + more + `]}`},
		{"PATCH", "/metadata/permission/designer", `{"system":["manage_metadata","view_setup","api","manage_users"]}`},
		{"POST", "/metadata/packages/extra/upgrade", pack(set)},
	} {
		status, _, raw := w.do(r.method, "/api/v1"+r.path, headers, r.body)
		if status != 422 || !bytes.Contains(raw, []byte("catalog.grants_beyond")) {
			t.Errorf("%s %s: %d %.300s", r.method, r.path, status, raw)
		}
	}
	const less = `{"kind":"permission","name":"helper","label":"Helper","system":["view_setup"]}`
	for _, r := range []struct{ method, path, body string }{
		{"POST", "/metadata/apply", `{"documents":[` + less + `]}`},
		{"PATCH", "/metadata/permission/designer", `{"label":"Designers"}`},
		{"POST", "/metadata/packages/extra/upgrade", pack(`{"kind":"permission","name":"extra_helper","label":"Helper","system":["view_setup"]}`)},
	} {
		if status, _, raw := w.do(r.method, "/api/v1"+r.path, headers, r.body); status != 200 {
			t.Errorf("%s %s: %d %.300s", r.method, r.path, status, raw)
		}
	}
}
