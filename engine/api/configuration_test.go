package api_test

import (
	"bytes"
	"testing"
)

// Records of the configuration are read as others are, and written over the configuration
// alone.
func TestConfigurationRecords(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	documents := `{"documents":[
		{"kind":"object","name":"tax_rate","label":"T","name_field":"name","configuration":true,"fields":{"name":{"type":"text"},"rate":{"type":"percent"}}},
		{"kind":"record","name":"full","object":"tax_rate","values":{"name":"Full","rate":19}}]}`
	const key = "71nfrqrnsypsx" // wherever it is published
	for _, c := range []struct {
		method, path, body string
		status             int
		holds              string
	}{
		{"POST", "/metadata/apply", documents, 200, `"revision"`},
		{"GET", "/records/tax_rate/" + key, "", 200, `"rate":19.00`},
		{"GET", "/records/tax_rate?filter=rate==19", "", 200, `"name":"Full"`},
		{"PATCH", "/records/tax_rate/" + key, `{"rate":1}`, 403, `"record.configuration"`},
		{"POST", "/records/tax_rate", `{"name":"X"}`, 403, `"record.configuration"`},
		{"DELETE", "/records/tax_rate/" + key, "", 403, `"record.configuration"`},
		{"POST", "/records/tax_rate/form", `{"id":"` + key + `"}`, 403, `"record.configuration"`},
		{"PATCH", "/metadata/record/full", `{"values":{"rate":20}}`, 200, `"revision"`},
		{"GET", "/records/tax_rate/" + key, "", 200, `"rate":20.00`},
		{"POST", "/metadata/apply", `{"delete":[{"kind":"record","name":"full"}]}`, 200, `"revision"`},
		{"GET", "/records/tax_rate/" + key, "", 404, `"record.not_found"`},
	} {
		status, _, raw := w.do(c.method, "/api/v1"+c.path, headers, c.body)
		if status != c.status || !bytes.Contains(raw, []byte(c.holds)) {
			t.Errorf("%s %s: %d %.400s", c.method, c.path, status, raw)
		}
	}
}
