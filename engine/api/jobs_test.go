package api_test

import (
	"context"
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
