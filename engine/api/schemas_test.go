package api_test

import (
	"encoding/json"
	"testing"

	"formwork/metadata"
	"formwork/metadata/schema"
)

// What is sent and what is answered keep to the schemas that are served for them.
func TestRecordsKeepToTheirSchemas(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	headers := map[string]string{"Authorization": "Bearer " + w.login("main", "admin@example.com")}
	kind := `{"documents":[{"kind":"object","name":"thing","label":{"en":"Thing","zh":"物"},"name_field":"name","fields":{
		"name":{"type":"text","required":true,"label":{"zh":"名称"}},"state":{"type":"picklist","required":true,"default":"a","options":{"a":{},"b":{}}},
		"at":{"type":"location"},"where":{"type":"address"},"raw":{"type":"json"},"about":{"type":"any_lookup"},"sizes":{"type":"tags"},
		"rows":{"type":"children","fields":{"n":{"type":"number","scale":2},"kind":{"type":"picklist","options":{"x":{}}}}},
		"number":{"type":"auto_number","pattern":"T-{000}"},"twice":{"type":"formula","result":"number","scale":2,"expression":"sum(rows, .n) * 2"},
		"spent":{"type":"duration"},"seen":{"type":"datetime"},"score":{"type":"percent","min":0,"max":100}}}]}`
	if status, _, raw := w.do("POST", "/api/v1/metadata/apply", headers, kind); status != 200 {
		t.Fatalf("%d %s", status, raw)
	}
	_, _, raw := w.do("GET", "/api/v1/openapi.json", headers, "")
	var api struct {
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(raw, &api); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ object, create, patch string }{
		{"user", `{"name":"Ann","email":"ann@example.com"}`, `{"name":"Anna"}`},
		{"account", `{"name":"Acme"}`, `{"annual_revenue":12.5}`},
		{"opportunity", `{"name":"Deal"}`, `{"amount":null}`},
		{"thing", `{"name":"t"}`, `{"at":{"lat":1.5,"lng":2},"where":{"city":"Ulm"},"raw":{"a":[1]},"sizes":["s"],"rows":[{"n":1.25,"kind":"x"},{}],"spent":60,"seen":"2026-03-31T10:00:00Z","score":12.5,"state":"b"}`},
	}
	for _, c := range cases {
		_, _, served := w.do("GET", "/api/v1/schemas/records/"+c.object, headers, "")
		status, header, created := w.do("POST", "/api/v1/records/"+c.object, headers, c.create)
		if status != 201 {
			t.Fatalf("%s: %d %s", c.object, status, created)
		}
		status, _, patched := w.do("PATCH", header.Get("Location"), headers, c.patch)
		if status != 200 {
			t.Fatalf("%s: %d %s", c.object, status, patched)
		}
		valid(t, served, created)
		valid(t, served, patched)
		valid(t, api.Components.Schemas[c.object], created)
		valid(t, api.Components.Schemas[c.object+".write"], []byte(c.create))
		valid(t, api.Components.Schemas[c.object+".patch"], []byte(c.patch))
	}
}

func valid(t *testing.T, text json.RawMessage, value []byte) {
	t.Helper()
	s, err := schema.Compile(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	v, problem := metadata.ReadJSON(value, metadata.Limits{Bytes: len(value), Depth: 32})
	if problem != nil {
		t.Fatal(problem)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%s: %v", value, err)
	}
}
