package main

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// It answers everything that it says can be sent, and shows nobody what others own.
func TestTargetIsAnswered(t *testing.T) {
	a, err := openAccounts(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	app := serve(a)
	send := func(who, method, path, body string) (int, string) {
		t.Helper()
		request := httptest.NewRequest(method, path, strings.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+who)
		got, err := app.Test(request, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		all, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		return got.StatusCode, string(all)
	}
	ops := target["ops"].(map[string]operation)
	rows := `{"rows":[{"name":"Amber Works","status":"customer","industry":"energy","annual_revenue":7,"owner":1,"billing_address":{"city":"Graz"}},` +
		`{"name":"Amber Trade","status":"customer","industry":"energy","annual_revenue":9,"owner":2}]}`
	status, body := send("1", ops["bulk"].Method, ops["bulk"].Path, rows)
	var saved struct{ IDs []string }
	if err := json.Unmarshal([]byte(body), &saved); err != nil || status != 200 || len(saved.IDs) != 2 {
		t.Fatalf("a bulk load is answered %d %s", status, body)
	}
	fill := strings.NewReplacer("{{id}}", saved.IDs[0], "{{n}}", "1", "{{value}}", "customer", "{{term}}", "amber")
	for _, one := range [][2]string{
		{"read", `"city":"Graz"`}, {"list_nototal", `"name":"Amber Works"`}, {"list", `"total":1`}, {"search", `"name":"Amber Works"`},
		{"aggregate_own", `"sum":7`}, {"aggregate", `"sum":16`}, {"update", `"email":"load1@example.com"`},
		{"create", `"version":1`}, // the last: there are more then
	} {
		name, want := one[0], one[1]
		op := ops[name]
		if status, body := send("1", op.Method, fill.Replace(op.Path), fill.Replace(op.Body)); name != "create" && status != 200 || name == "create" && status != 201 || !strings.Contains(body, want) {
			t.Errorf("%s is answered %d %s, without %s", name, status, body, want)
		}
		if status, body := send("2", op.Method, fill.Replace(op.Path), fill.Replace(op.Body)); name != "create" && strings.Contains(body, "Amber Works") || (name == "read" || name == "update") && status != 404 {
			t.Errorf("somebody else is answered %d %s to %s", status, body, name)
		}
	}
}
