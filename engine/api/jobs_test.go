package api_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/store"
)

// Who may look at the setup watches everybody's background work, and stops their own.
func TestWhoStopsJobs(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	by := w.User("auditor@example.com", map[string]any{"permissions": []any{"read_only"}})
	authorization := func(email string) map[string]string {
		return map[string]string{"Authorization": "Bearer " + w.login("main", email), "Content-Type": "application/json"}
	}
	adminsHeaders := authorization("admin@example.com")
	status, _, body := w.do("POST", "/api/v1/metadata/apply", adminsHeaders,
		`{"base":1,"message":"x","documents":[{"kind":"permission","name":"read_only","system":["view_setup"]}]}`)
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	enqueue := func(by id.ID) (queued id.ID) {
		ctx := context.Background()
		if err := w.Tenant.Write(ctx, func(tx store.Tx) (err error) {
			queued, err = job.Enqueue(ctx, tx, w.IDs, time.Now(), job.New{Kind: "nothing", By: by})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return queued
	}
	auditor, others, own := authorization("auditor@example.com"), enqueue(0), enqueue(by)
	for _, c := range []struct {
		method, path string
		headers      map[string]string
		status       int
	}{
		{"GET", "/jobs/" + others.String(), auditor, 200},
		{"POST", "/jobs/" + others.String() + "/cancel", auditor, 403},
		{"POST", "/jobs/" + own.String() + "/cancel", auditor, 204},
		{"POST", "/jobs/" + own.String() + "/retry", auditor, 204},
		{"POST", "/jobs/" + others.String() + "/cancel", adminsHeaders, 204},
		{"POST", "/jobs/" + others.String() + "/retry", auditor, 403},
	} {
		if status, _, body := w.do(c.method, "/api/v1"+c.path, c.headers, ""); status != c.status {
			t.Errorf("%s %s: %d, want %d: %s", c.method, c.path, status, c.status, body)
		}
	}
}

// A job tells how many records it could not compute, and names those that the caller may
// read together with the field that failed.
func TestJobsTellWhatFailed(t *testing.T) {
	w := newWorld(t)
	w.User("admin@example.com", map[string]any{"permissions": []any{"admin"}})
	account := w.Create("account", map[string]any{"name": "Half", "annual_revenue": json.Number("0.5")})
	w.Apply(`{"kind":"object","name":"account","fields":{"power":{"type":"formula","result":"number","scale":2,"expression":"2 ** annual_revenue"}}}`,
		`{"kind":"permission","name":"auditor","objects":{"account":{"read":true,"fields":{"name":"read"}}},"system":["view_setup"]}`)
	w.User("auditor@example.com", map[string]any{"permissions": []any{"auditor"}})
	w.RunJobs()
	jobs, err := job.List(t.Context(), w.Tenant, job.Listing{Kind: "backfill", Limit: 1})
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	for _, c := range []struct {
		email string
		first bool
	}{{"admin@example.com", true}, {"auditor@example.com", false}} {
		headers := map[string]string{"Authorization": "Bearer " + w.login("main", c.email)}
		status, _, raw := w.do("GET", "/api/v1/jobs/"+jobs[0].ID.String(), headers, "")
		body := string(raw)
		if status != 200 || !strings.Contains(body, `"failed":1`) || strings.Contains(body, account.String()) != c.first {
			t.Errorf("%s: %d %s", c.email, status, body)
		}
	}
}
