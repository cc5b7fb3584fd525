package auth_test

import (
	"strings"
	"testing"
	"time"

	"formwork/engine/auth"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record"
)

// branch has users who go with it when it is deleted.
const branch = `{"kind":"object","name":"branch","label":"Branch","name_field":"name","fields":{"name":{"type":"text"}}}`

const userOfBranch = `{"kind":"object","name":"user","fields":{"branch":{"type":"lookup","object":"branch","on_delete":"cascade"}}}`

const keeper = `{"kind":"permission","name":"keeper","label":"Keeper","objects":{"branch":{"create":true,"read":true,"update":true,"delete":true,"write_all":true},
	"user":{"read":true,"update":true,"delete":true,"write_all":true}},"system":["api","merge"]}`

// Users are deleted and restored by those who manage users alone, also where they go along
// with another record.
func TestUsersAreTakenAlongByWhoManagesThem(t *testing.T) {
	w := newWorld(t)
	w.Apply(branch, userOfBranch, keeper)
	north := w.Create("branch", map[string]any{"name": "North"})
	ada := w.user(w.Tenant, "ada@example.com", map[string]any{"branch": north.String()})
	kim := w.As(w.CallerWith("kim@example.com", "keeper"))
	w.wants(kim.Delete(w.ctx, "branch", north, 0), "record.needs_right")
	outcomes, err := kim.Bulk(w.ctx, "branch", []record.Operation{{Op: "delete", ID: north}}, false)
	if err != nil || outcomes[0].Fault == nil || outcomes[0].Fault.Code != "record.needs_right" {
		t.Errorf("in bulk: %v %v", outcomes, err)
	}
	if _, err := w.System().Get(w.ctx, "user", ada, nil); err != nil {
		t.Fatalf("the user is gone: %v", err)
	}
	w.wants(w.System().Delete(w.ctx, "branch", north, 0), "")
	_, err = kim.Restore(w.ctx, "branch", north)
	w.wants(err, "record.needs_right")
	boss := w.As(w.CallerWith("bo@example.com", "admin"))
	_, err = boss.Restore(w.ctx, "branch", north)
	w.wants(err, "")
	w.wants(boss.Delete(w.ctx, "branch", north, 0), "")
}

// Who is deleted or deactivated, in whatever way, is out at once, and for good: not even
// coming back makes an old session or key good again.
func TestAccessEndsWithItsUser(t *testing.T) {
	w := newWorld(t)
	w.Apply(branch, userOfBranch)
	other := w.Restart()
	update := func(user id.ID, active bool) error {
		_, err := w.System().Update(w.ctx, "user", user, map[string]any{"active": active}, 0)
		return err
	}
	for name, c := range map[string]struct{ end, back func(user, north id.ID) error }{
		"deactivated": {func(user, _ id.ID) error { return update(user, false) }, func(user, _ id.ID) error { return update(user, true) }},
		"in bulk": {func(user, _ id.ID) error {
			outcomes, err := w.System().Bulk(w.ctx, "user", []record.Operation{{Op: "update", ID: user, Data: map[string]any{"active": false}}}, true)
			if err == nil && outcomes[0].Fault != nil {
				err = outcomes[0].Fault
			}
			return err
		}, func(user, _ id.ID) error { return update(user, true) }},
		"deleted": {func(user, _ id.ID) error { return w.System().Delete(w.ctx, "user", user, 0) },
			func(user, _ id.ID) error { _, err := w.System().Restore(w.ctx, "user", user); return err }},
		"deleted along": {func(_, north id.ID) error { return w.System().Delete(w.ctx, "branch", north, 0) },
			func(_, north id.ID) error { _, err := w.System().Restore(w.ctx, "branch", north); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			email := strings.ReplaceAll(name, " ", "") + "@example.com"
			north := w.Create("branch", map[string]any{"name": name})
			user := w.user(w.Tenant, email, map[string]any{"branch": north.String()})
			session := w.login(email)
			key, _, err := w.auth.CreateKey(w.ctx, w.Tenant, w.Caller(user), auth.NewKey{Name: "Sync", Permissions: []string{"admin"}})
			w.wants(err, "")
			all := func(s *auth.Service, code string) {
				t.Helper()
				for _, token := range []string{session, key} {
					_, err := s.Authenticate(w.ctx, token)
					w.wants(err, code)
				}
			}
			all(w.auth, "")
			all(other.Auth, "")
			w.wants(c.end(user, north), "")
			all(w.auth, "auth.invalid")
			w.Clock.Pass(time.Second)
			all(other.Auth, "auth.invalid")
			w.wants(c.back(user, north), "")
			w.Clock.Pass(time.Second)
			all(w.auth, "auth.invalid")
			all(other.Auth, "auth.invalid")
			w.login(email)
		})
	}
}

func TestAPasswordThatIsResetEndsKeys(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", nil)
	key, _, err := w.auth.CreateKey(w.ctx, w.Tenant, w.Caller(user), auth.NewKey{Name: "Sync", Permissions: []string{"admin"}})
	w.wants(err, "")
	_, err = w.auth.Authenticate(w.ctx, key)
	w.wants(err, "")
	w.wants(w.auth.SetPassword(w.ctx, w.Tenant, user, "another good one"), "")
	_, err = w.auth.Authenticate(w.ctx, key)
	w.wants(err, "auth.invalid")
}

// Everything that asks for the permission sets of a caller sees those of the key alone.
func TestAKeyIsSeenWithItsOwnSets(t *testing.T) {
	w := newWorld(t)
	w.Apply(`{"kind":"object","name":"user","fields":{"chief":{"type":"formula","result":"checkbox","expression":"\"admin\" in permissions"}}}`,
		`{"kind":"permission","name":"clerk","label":"Clerk","objects":{"plan":{"create":true,"read":true,"update":true}},"system":["api"]}`,
		`{"kind":"object","name":"plan","label":"Plan","name_field":"name","fields":{"name":{"type":"text"},"locked":{"type":"checkbox"}},
			"rules":{"chiefs":{"must":"\"admin\" in user.permissions","message":"Chiefs only","when":"name == \"sets\""},
			"chief":{"must":"user.chief","message":"Chiefs only","when":"name == \"formula\""}}}`,
		`{"kind":"policy","name":"chiefs","label":"Chiefs","object":"plan","rego":"package formwork.custom.chiefs\nallow if \"admin\" in input.user.permissions\nallow if input.user.chief == true"}`,
		`{"kind":"sharing","name":"chiefs","label":"Chiefs","object":"plan","to":{"users":"\"admin\" in user.permissions"},"access":"read"}`)
	others := w.Create("plan", map[string]any{"name": "others"})
	user := w.user(w.Tenant, "ada@example.com", map[string]any{"permissions": []any{"admin", "clerk"}})
	token, key, err := w.auth.CreateKey(w.ctx, w.Tenant, w.Caller(user), auth.NewKey{Name: "Sync", Permissions: []string{"clerk"}})
	w.wants(err, "")
	byKey, err := w.auth.Authenticate(w.ctx, token)
	w.wants(err, "")
	acting, err := w.auth.Acting(w.ctx, w.Tenant, user, key.Permissions, "import")
	w.wants(err, "")
	for name, c := range map[string]*policy.Caller{"the key": byKey, "work that it began": acting} {
		for _, rule := range []string{"sets", "formula"} {
			if _, err := w.As(c).Create(w.ctx, "plan", map[string]any{"name": rule}); err == nil {
				t.Errorf("%s passes the rule on %s", name, rule)
			}
			if _, err := w.As(w.Caller(user)).Create(w.ctx, "plan", map[string]any{"name": rule}); err != nil {
				t.Errorf("its maker does not pass the rule on %s: %v", rule, err)
			}
		}
		if _, err := w.As(c).Get(w.ctx, "plan", others, nil); err == nil {
			t.Errorf("%s reads what a policy gives its maker", name)
		}
	}
}

func TestKeysOfAUserAreLimited(t *testing.T) {
	w := newWorld(t)
	by := w.Caller(w.user(w.Tenant, "ada@example.com", nil))
	bob := w.Caller(w.user(w.Tenant, "bob@example.com", nil))
	wanted := auth.NewKey{Name: "Sync", Permissions: []string{"admin"}}
	var last auth.Key
	for n := 0; ; n++ {
		_, key, err := w.auth.CreateKey(w.ctx, w.Tenant, by, wanted)
		if err != nil {
			w.wants(err, "auth.own_key_limit")
			break
		}
		if last = key; n > 100 {
			t.Fatal("there is no end to the keys of a user")
		}
	}
	_, _, err := w.auth.CreateKey(w.ctx, w.Tenant, bob, wanted)
	w.wants(err, "")
	w.wants(w.auth.RevokeKey(w.ctx, w.Tenant, by.User, last.ID), "")
	_, _, err = w.auth.CreateKey(w.ctx, w.Tenant, by, wanted)
	w.wants(err, "")
}
