package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// A document is printed for who may read the record, shown by the browser, kept by nobody on the way, and offered on the page of the record.
func TestPrint(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind": "object", "name": "offer", "label": "Offer", "name_field": "name", "visibility": "private", "fields": {"name": {"type": "text"}, "cost": {"type": "number"}}}`,
		`{"kind": "permission", "name": "seller", "label": "Seller", "objects": {"offer": {"read": true, "fields": {"name": "read"}}}}`,
		`{"kind": "template", "name": "paper", "label": {"en": "Paper", "zh": "纸"}, "object": "offer", "document": {"name": "{{ name }}", "body": {"a": {"type": "paragraph", "text": "{{ name }}"}}}}`,
		`{"kind": "template", "name": "costs", "label": "Costs", "object": "offer", "document": {"body": {"a": {"type": "paragraph", "text": "{{ cost }}"}}}}`,
		`{"kind": "template", "name": "mail", "label": "Mail", "object": "offer", "subject": "s", "text": "t"}`)
	owner := w.User("sam@example.com", map[string]any{"permissions": []any{"seller"}})
	w.User("tim@example.com", map[string]any{"permissions": []any{"seller"}})
	key := w.Create("offer", map[string]any{"name": `A"/../报`, "owner": owner.String()})
	sam := map[string]string{"Authorization": "Bearer " + w.login("main", "sam@example.com")}
	tim := map[string]string{"Authorization": "Bearer " + w.login("main", "tim@example.com")}
	at := "/api/v1/records/offer/" + key.String()
	status, header, body := w.do("GET", at+"/print/paper", sam, "")
	if status != http.StatusOK || header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(string(body), "%PDF-") {
		t.Fatalf("%d %s %.100q", status, header.Get("Content-Type"), body)
	}
	for name, want := range map[string]string{"Content-Disposition": "inline; filename*=utf-8''A%22_.._%E6%8A%A5.pdf", "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "frame-ancestors 'none'", "Cross-Origin-Resource-Policy": "same-origin"} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, c := range []struct {
		path    string
		headers map[string]string
		status  int
		code    string
	}{
		{at + "/print/paper", nil, http.StatusUnauthorized, "auth.required"},
		{at + "/print/paper", tim, http.StatusNotFound, "record.not_found"},
		{at + "/print/costs", sam, http.StatusForbidden, "print.hidden"},
		{at + "/print/mail", sam, http.StatusNotFound, "print.unknown"},
		{at + "/print/none", sam, http.StatusNotFound, "print.unknown"},
		{at + "/print/paper?x=1", sam, http.StatusBadRequest, "api.unknown_parameter"},
	} {
		if status, _, body := w.do("GET", c.path, c.headers, ""); status != c.status || !strings.Contains(string(body), `"`+c.code+`"`) {
			t.Errorf("%s: %d %s, want %d %s", c.path, status, body, c.status, c.code)
		}
	}
	if status, _, body := w.do("GET", at+"/page", sam, ""); status != http.StatusOK || !strings.Contains(string(body), `"documents":[{"name":"costs","label":"Costs"},{"name":"paper","label":"Paper"}]`) {
		t.Errorf("the page: %d %s", status, body)
	}
}
