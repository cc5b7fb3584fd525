package enginetest

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
)

// Password is that of every user.
const Password = "correct horse battery"

// Tenant is a tenant with a configuration.
type Tenant struct {
	store.Tenant
	*Platform
}

// NewTenant makes a tenant and installs packages with all that they require; all that
// there are if none is named.
func (p *Platform) NewTenant(name string, packages ...string) *Tenant {
	p.t.Helper()
	created, err := p.Store.Create(p.t.Context(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.Catalog.Install(p.t.Context(), created, packages...); err != nil {
		p.t.Fatal(err)
	}
	return &Tenant{Tenant: created, Platform: p}
}

// Snapshot is the newest configuration.
func (t *Tenant) Snapshot() *catalog.Snapshot {
	t.t.Helper()
	snapshot, err := t.Catalog.Snapshot(t.t.Context(), t.Tenant)
	if err != nil {
		t.t.Fatal(err)
	}
	return snapshot
}

// Apply lays documents, written as JSON, on the tenant's own layer.
func (t *Tenant) Apply(documents ...string) {
	t.t.Helper()
	change := catalog.Change{Message: "test"}
	for _, d := range documents {
		change.Documents = append(change.Documents, json.RawMessage(d))
	}
	if _, err := t.Catalog.Apply(t.t.Context(), t.Tenant, change, 0); err != nil {
		t.t.Fatal(err)
	}
}

// As is a session of a caller under the newest configuration.
func (t *Tenant) As(c *policy.Caller) *record.Session {
	t.t.Helper()
	return t.Records.As(t.Tenant, t.Snapshot(), c)
}

// System is a session that may do everything.
func (t *Tenant) System() *record.Session {
	t.t.Helper()
	return t.As(policy.System(t.Name()))
}

// Create makes a record as the system does. Values are as JSON has them: numbers are
// json.Number, lists []any.
func (t *Tenant) Create(object string, data map[string]any) id.ID {
	t.t.Helper()
	saved, err := t.System().Create(t.t.Context(), object, data)
	if err != nil {
		t.t.Fatalf("creating %s %v: %v", object, data, err)
	}
	return saved.Record.ID()
}

// User makes a user who can log in with Password. Data says more than the name, which
// is the first part of the e-mail, and may be nil.
func (t *Tenant) User(email string, data map[string]any) id.ID {
	t.t.Helper()
	name, _, _ := strings.Cut(email, "@")
	all := map[string]any{"email": email, "name": name, "active": true}
	maps.Copy(all, data)
	user := t.Create("user", all)
	if err := t.Auth.SetPassword(t.t.Context(), t.Tenant, user, Password); err != nil {
		t.t.Fatal(err)
	}
	return user
}

// Caller is a user as if logged in, with the rights that they have now.
func (t *Tenant) Caller(user id.ID) *policy.Caller {
	t.t.Helper()
	c, err := t.Auth.Acting(t.t.Context(), t.Tenant, user, nil, "session")
	if err != nil {
		t.t.Fatal(err)
	}
	return c
}

// CallerWith makes a user with permission sets and is their caller.
func (t *Tenant) CallerWith(email string, permissions ...string) *policy.Caller {
	t.t.Helper()
	sets := make([]any, len(permissions))
	for i, name := range permissions {
		sets[i] = name
	}
	return t.Caller(t.User(email, map[string]any{"permissions": sets}))
}

// jobsWithin is how long RunJobs waits.
const jobsWithin = time.Minute

// RunJobs has the background work of the tenant done that is due. A job that fails
// fails the test.
func (t *Tenant) RunJobs() {
	t.t.Helper()
	ctx, cancel := context.WithCancel(t.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.Jobs.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()
	t.Jobs.Wake(t.Name())
	for began := time.Now(); t.due(ctx); time.Sleep(2 * time.Millisecond) {
		if time.Since(began) > jobsWithin {
			t.t.Fatalf("after %v there are still jobs", jobsWithin)
		}
	}
}

// due says whether a job is running or may begin. One that failed, for good or to be
// tried again, fails the test.
func (t *Tenant) due(ctx context.Context) bool {
	t.t.Helper()
	jobs, err := job.List(ctx, t.Tenant, job.Listing{Limit: 1000})
	if err != nil {
		t.t.Fatal(err)
	}
	due := false
	for _, j := range jobs {
		open := j.State == job.Waiting || j.State == job.Running
		if j.State == job.Failed || open && j.Error != "" {
			t.t.Fatalf("the job %s %s failed: %v", j.Kind, j.Args, j.Fault())
		}
		due = due || open && !j.RunAt.After(t.Now())
	}
	return due
}
