package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
	"formwork/engine/store"
)

// firstTenant is made at the first start.
const firstTenant = "main"

// admin is the permission set of a tenant's first user.
const admin = "admin"

// login is what somebody logs in with.
type login struct {
	tenant, email, password string
	made                    bool // the password was made up, not given
}

// firstLogin is the login of a tenant's first user: what the environment says, or
// a password made up.
func (p *program) firstLogin(tenant string) login {
	l := login{tenant: tenant, email: p.getenv("FORMWORK_ADMIN_EMAIL"), password: p.getenv("FORMWORK_ADMIN_PASSWORD")}
	if l.email == "" {
		l.email = "admin@example.com"
	}
	if l.password == "" {
		l.password, l.made = newPassword(), true
	}
	return l
}

// newPassword makes up a password of 100 random bits that is easy to copy.
func newPassword() string {
	const letters = "abcdefghjkmnpqrstuvwxyz23456789!" // 32
	b := make([]byte, 20)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand never fails
	}
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return string(b)
}

// createTenant makes a tenant with the packages that are named and what they require, or those that a new one
// begins with, and its first user. One that fails
// half-way is removed again; one that was left half-way by a process that died is
// made to its end. Fault "tenant.exists" (Conflict).
func (e *engine) createTenant(ctx context.Context, l login, packages ...string) (err error) {
	t, err := e.Store.Create(ctx, l.tenant)
	switch {
	case fault.Is(err, "tenant.exists"):
		if t, err = e.unfinished(ctx, l.tenant, err); err != nil {
			return err
		}
	case err != nil:
		return err
	default:
		defer func() {
			if err != nil {
				if gone := e.Store.Delete(context.WithoutCancel(ctx), l.tenant); gone != nil {
					err = fmt.Errorf("%w (and removing the tenant again: %v)", err, gone)
				}
			}
		}()
	}
	if _, err = e.Catalog.Install(ctx, t, packages...); err != nil && !fault.Is(err, "catalog.installed") {
		return fmt.Errorf("installing the packages: %w", err)
	}
	if err = e.Outbox.Enroll(ctx, t); err != nil {
		return fmt.Errorf("scheduling the work of every day: %w", err)
	}
	return e.addFirstUser(ctx, t, l)
}

// ready reports whether a tenant was made to its end: somebody can log in, or could before
// its data was damaged.
func (e *engine) ready(ctx context.Context, name string) bool {
	n := int64(0)
	t, err := e.Store.Tenant(ctx, name)
	if err == nil {
		n, err = e.Auth.Users(ctx, t)
	}
	return err == nil && n > 0 || fault.Is(err, "store.damaged")
}

// unfinished opens a tenant that was not made to its end; exists is the error for
// one that was.
func (e *engine) unfinished(ctx context.Context, name string, exists error) (store.Tenant, error) {
	t, err := e.Store.Tenant(ctx, name)
	if err != nil {
		return nil, err
	}
	if _, err := e.Catalog.Snapshot(ctx, t); err != nil {
		if fault.Is(err, "catalog.not_installed") {
			return t, nil
		}
		return nil, err
	}
	n, err := e.Auth.Users(ctx, t)
	if err == nil && n > 0 {
		err = exists
	}
	return t, err
}

// addFirstUser makes the user, or gives the one there is a password.
func (e *engine) addFirstUser(ctx context.Context, t store.Tenant, l login) error {
	snapshot, err := e.Catalog.Snapshot(ctx, t)
	if err != nil {
		return err
	}
	page, err := e.Records.As(t, snapshot, policy.System(t.Name())).List(ctx, "user", record.ListQuery{Filter: byEmail(l.email), Limit: 1})
	if err != nil {
		return err
	}
	if len(page.Items) > 0 {
		return e.Auth.SetPassword(ctx, t, page.Items[0].ID(), l.password)
	}
	_, err = e.addUser(ctx, t, newUser{email: l.email, name: "Administrator", permissions: []string{admin}}, l.password)
	return err
}

// newUser describes a user to be added.
type newUser struct {
	email, name, role, language string
	permissions                 []string
}

// addUser makes a user's record and gives them a password.
func (e *engine) addUser(ctx context.Context, t store.Tenant, u newUser, password string) (id.ID, error) {
	snapshot, err := e.Catalog.Snapshot(ctx, t)
	if err != nil {
		return 0, err
	}
	caller := policy.System(t.Name())
	data := map[string]any{"email": u.email, "name": u.name, "active": true, "permissions": anyList(u.permissions)}
	if u.role != "" {
		data["role"] = u.role
	}
	if u.language != "" {
		data["language"] = u.language
	}
	records := e.Records.As(t, snapshot, caller)
	saved, err := records.Create(ctx, "user", data)
	if err != nil {
		return 0, err
	}
	user := saved.Record.ID()
	if err := e.Auth.SetPassword(ctx, t, user, password); err != nil {
		if undone := records.Delete(ctx, "user", user, 0); undone != nil {
			return 0, fmt.Errorf("%w (and removing the user again: %v)", err, undone)
		}
		return 0, err
	}
	return user, nil
}

func anyList(texts []string) []any {
	list := make([]any, len(texts))
	for i, s := range texts {
		list[i] = s
	}
	return list
}
