package auth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"formwork/engine/auth"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

func TestLoginMakesACaller(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", map[string]any{"permissions": []any{"read_only", "activities"}, "language": "zh",
		"timezone": "Asia/Shanghai", "teams": []any{"north", "east"}, "department": "Maths"})
	token, caller, err := w.auth.Login(w.ctx, w.Tenant, " ADA@example.com ", password)
	if err != nil {
		t.Fatal(err)
	}
	if auth.TenantOf(token) != "main" {
		t.Errorf("the token %q does not name its tenant", token)
	}
	again, err := w.auth.Authenticate(w.ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*struct{ got, want any }{
		{caller.User, user}, {again.User, user}, {again.Tenant, "main"}, {again.Email, "ada@example.com"}, {again.Language, "zh"},
		{again.Location.String(), "Asia/Shanghai"}, {again.Via, "session"}, {again.System, false},
		{strings.Join(again.Permissions, " "), "activities read_only"}, {strings.Join(again.Teams, " "), "east north"},
		{again.Attributes["department"], "Maths"}, {again.Attributes["id"], int64(user)},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}

func TestPasswordsAndTokensAreStoredAsHashes(t *testing.T) {
	w := newWorld(t)
	ada := w.user(w.Tenant, "ada@example.com", nil)
	usual := auth.New(auth.Options{Store: w.Store, Catalog: w.Catalog, IDs: w.IDs, Now: w.Now, Random: rand.Reader}) // whose hashes are of full cost
	w.wants(usual.SetPassword(w.ctx, w.Tenant, ada, password), "")
	in, err := w.auth.LoginFrom(w.ctx, w.Tenant, auth.Attempt{Email: "ada@example.com", Password: password, Remember: true})
	if err != nil {
		t.Fatal(err)
	}
	token := in.Token + " " + in.Device
	hash := query.Field(query.Column{Name: "hash", Storage: fieldtype.Text})
	for _, table := range []string{"_credential", "_session", "_device"} {
		n := 0
		for row, err := range w.Tenant.Select(w.ctx, query.Select{Table: table, Columns: []query.Ref{hash}, Sort: []query.Order{{Ref: query.Field(query.ID)}}}) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			stored := row[0].(string)
			if strings.Contains(stored, password) || strings.Contains(token, stored) || strings.Contains(stored, token) {
				t.Errorf("%s holds a secret: %s", table, stored)
			}
			if table == "_credential" && !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
				t.Errorf("not argon2id: %s", stored)
			}
		}
		if n != 1 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
}

func TestLoginRefusesAllAlike(t *testing.T) {
	w := newWorld(t)
	w.user(w.Tenant, "ada@example.com", nil)
	w.user(w.Tenant, "gone@example.com", map[string]any{"active": false})
	for _, c := range []struct{ email, password string }{
		{"ada@example.com", "wrong"}, {"ada@example.com", ""}, {"nobody@example.com", password}, {"", ""}, {"gone@example.com", password},
		{"ada@example.com", strings.Repeat("x", 5000)}, {"ada@example.com' or 1=1", password}, {"\xff", "\xff"},
	} {
		_, _, err := w.auth.Login(w.ctx, w.Tenant, c.email, c.password)
		w.wants(err, "auth.failed")
		if f := fault.From(err); len(f.Params) > 0 || f.Pointer != "" {
			t.Errorf("%q tells more than others: %v", c.email, f)
		}
	}
}

// Five failures lock, each further one for twice as long; nobody gets in meanwhile,
// not even through another process.
func TestLockout(t *testing.T) {
	w := newWorld(t)
	w.user(w.Tenant, "ada@example.com", nil)
	try := func(password, code string) {
		t.Helper()
		_, _, err := w.auth.Login(w.ctx, w.Tenant, "ada@example.com", password)
		w.wants(err, code)
	}
	for range 5 {
		try("wrong", "auth.failed")
	}
	for _, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
		w.Clock.Pass(wait - time.Second)
		try(password, "auth.failed")
		w.auth = w.Restart().Auth
		try(password, "auth.failed")
		w.Clock.Pass(2 * time.Second)
		try("wrong", "auth.failed")
	}
	w.Clock.Pass(time.Hour + time.Second)
	try(password, "")
	for range 4 { // a success begins the count anew
		try("wrong", "auth.failed")
	}
	try(password, "")
}

// However many guesses come at once, no more are looked at than one after another.
func TestGuessesAtOnceAreCounted(t *testing.T) {
	w := newWorld(t)
	w.user(w.Tenant, "ada@example.com", nil)
	var together sync.WaitGroup
	for range 12 {
		together.Go(func() { w.auth.Login(w.ctx, w.Tenant, "ada@example.com", "wrong guess") })
	}
	together.Wait()
	_, _, err := w.auth.Login(w.ctx, w.Tenant, "ada@example.com", password)
	w.wants(err, "auth.failed")
	w.Clock.Pass(61 * time.Second)
	_, _, err = w.auth.Login(w.ctx, w.Tenant, "ada@example.com", password)
	w.wants(err, "") // the refused guesses did not prolong the lock
}

func TestSessionsSlideAndEnd(t *testing.T) {
	w := newWorld(t)
	w.user(w.Tenant, "ada@example.com", nil)
	token := w.login("ada@example.com")
	for range 5 {
		w.Clock.Pass(11 * time.Hour)
		_, err := w.auth.Authenticate(w.ctx, token)
		w.wants(err, "")
	}
	w.Clock.Pass(auth.SessionLife)
	_, err := w.auth.Authenticate(w.ctx, token)
	w.wants(err, "auth.invalid")

	token = w.login("ada@example.com")
	var ended error
	for range 200 { // 80 days
		w.Clock.Pass(10 * time.Hour)
		if _, ended = w.auth.Authenticate(w.ctx, token); ended != nil {
			break
		}
	}
	w.wants(ended, "auth.invalid")
}

func TestRevocationIsImmediateHereAndSoonElsewhere(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", nil)
	other := w.Restart().Auth
	revoke := map[string]func(token string) error{
		"logout":   func(token string) error { return w.auth.Logout(w.ctx, token) },
		"sessions": func(string) error { return w.auth.RevokeSessions(w.ctx, w.Tenant, user, "") },
		"password": func(string) error { return w.auth.SetPassword(w.ctx, w.Tenant, user, password) },
	}
	for name, end := range revoke {
		t.Run(name, func(t *testing.T) {
			token := w.login("ada@example.com")
			for _, s := range []*auth.Service{w.auth, other} {
				_, err := s.Authenticate(w.ctx, token)
				w.wants(err, "")
			}
			w.wants(end(token), "")
			_, err := w.auth.Authenticate(w.ctx, token)
			w.wants(err, "auth.invalid")
			w.Clock.Pass(6 * time.Second)
			_, err = other.Authenticate(w.ctx, token)
			w.wants(err, "auth.invalid")
		})
	}
}

func TestRevokeSessionsKeepsOne(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", nil)
	kept, ended := w.login("ada@example.com"), w.login("ada@example.com")
	all, err := w.auth.Sessions(w.ctx, w.Tenant, user)
	if err != nil || len(all) != 2 {
		t.Fatalf("%v %v", all, err)
	}
	w.wants(w.auth.RevokeSessions(w.ctx, w.Tenant, user, kept), "")
	_, err = w.auth.Authenticate(w.ctx, kept)
	w.wants(err, "")
	_, err = w.auth.Authenticate(w.ctx, ended)
	w.wants(err, "auth.invalid")
}

func TestAChangedUserIsAChangedCaller(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", nil)
	token := w.login("ada@example.com")
	before, err := w.auth.Authenticate(w.ctx, token)
	w.wants(err, "")
	w.Clock.Pass(10 * time.Second)
	same, err := w.auth.Authenticate(w.ctx, token)
	w.wants(err, "")
	if same != before {
		t.Error("an unchanged user is another caller")
	}
	if _, err := w.System().Update(w.ctx, "user", user, map[string]any{"permissions": []any{"read_only"}}, 0); err != nil {
		t.Fatal(err)
	}
	w.auth.Forget("main", user)
	after, err := w.auth.Authenticate(w.ctx, token)
	w.wants(err, "")
	if !slices.Equal(after.Permissions, []string{"read_only"}) {
		t.Errorf("still %v", after.Permissions)
	}
	if _, err := w.System().Update(w.ctx, "user", user, map[string]any{"active": false}, 0); err != nil {
		t.Fatal(err)
	}
	w.Clock.Pass(10 * time.Second)
	_, err = w.auth.Authenticate(w.ctx, token)
	w.wants(err, "auth.invalid")
}

func TestTokensOfOneTenantOpenNoOther(t *testing.T) {
	w := newWorld(t)
	other := w.NewTenant("other", "core")
	w.user(w.Tenant, "ada@example.com", nil)
	w.user(other, "bob@example.com", nil)
	token := w.login("ada@example.com")
	for _, forged := range []string{
		strings.Replace(token, ".main.", ".other.", 1), strings.Replace(token, ".main.", ".nowhere.", 1), strings.Replace(token, ".main.", ".../main.", 1),
		strings.Replace(token, "fws.", "fwk.", 1), token[:len(token)-1] + "A", token + "A", "fws.main.", "fws", "", strings.Repeat("a", 10_000), "fws..x",
	} {
		if forged == token {
			continue
		}
		_, err := w.auth.Authenticate(w.ctx, forged)
		w.wants(err, "auth.invalid")
	}
	_, _, err := w.auth.Login(w.ctx, other, "ada@example.com", password)
	w.wants(err, "auth.failed")
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", map[string]any{"permissions": []any{"activities", "read_only"}})
	_, by, err := w.auth.Login(w.ctx, w.Tenant, "ada@example.com", password)
	w.wants(err, "")
	soon := w.Clock.Now().Add(time.Hour)
	past := w.Clock.Now()
	for name, c := range map[string]struct {
		wanted auth.NewKey
		code   string // of the first finding
	}{
		"no name":     {auth.NewKey{Name: " ", Permissions: []string{"activities"}}, "auth.key_name"},
		"long name":   {auth.NewKey{Name: strings.Repeat("x", 201), Permissions: []string{"activities"}}, "auth.key_name"},
		"no sets":     {auth.NewKey{Name: "x"}, "auth.key_permissions"},
		"unknown set": {auth.NewKey{Name: "x", Permissions: []string{"nothing"}}, "auth.key_unknown_permission"},
		"beyond own":  {auth.NewKey{Name: "x", Permissions: []string{"admin"}}, "auth.key_beyond"},
		"ended":       {auth.NewKey{Name: "x", Permissions: []string{"activities"}, ExpiresAt: &past}, "auth.key_expiry"},
		"own set":     {auth.NewKey{Name: "x", Permissions: []string{"activities"}}, ""},
		"with an end": {auth.NewKey{Name: "x", Permissions: []string{"activities"}, ExpiresAt: &soon}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := w.auth.CreateKey(w.ctx, w.Tenant, by, c.wanted)
			if c.code == "" {
				w.wants(err, "")
				return
			}
			w.wants(err, "auth.key_invalid")
			if f := fault.From(err); len(f.Errors) == 0 || f.Errors[0].Code != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
		})
	}
	token, key, err := w.auth.CreateKey(w.ctx, w.Tenant, by, auth.NewKey{Name: "Sync", Permissions: []string{"read_only"}, ExpiresAt: &soon})
	w.wants(err, "")
	caller, err := w.auth.Authenticate(w.ctx, token)
	w.wants(err, "")
	if caller.User != user || caller.Via != "key" || !slices.Equal(caller.Permissions, []string{"read_only"}) {
		t.Errorf("the key acts as %+v", caller)
	}
	_, _, err = w.auth.CreateKey(w.ctx, w.Tenant, caller, auth.NewKey{Name: "Forever", Permissions: []string{"read_only"}})
	w.wants(err, "auth.key_by_key")
	w.wants(w.auth.Logout(w.ctx, token), "auth.key_logout")
	w.Clock.Pass(61 * time.Minute)
	_, err = w.auth.Authenticate(w.ctx, token)
	w.wants(err, "auth.invalid")

	token, key, err = w.auth.CreateKey(w.ctx, w.Tenant, by, auth.NewKey{Name: "Sync", Permissions: []string{"read_only"}})
	w.wants(err, "")
	_, err = w.auth.Authenticate(w.ctx, token)
	w.wants(err, "")
	w.wants(w.auth.RevokeKey(w.ctx, w.Tenant, user+1, key.ID), "auth.key_not_found")
	if others, err := w.auth.Keys(w.ctx, w.Tenant, user+1); err != nil || len(others) > 0 {
		t.Errorf("somebody else's keys are %v, %v", others, err)
	}
	w.wants(w.auth.RevokeKey(w.ctx, w.Tenant, user, key.ID), "")
	w.wants(w.auth.RevokeKey(w.ctx, w.Tenant, 0, key.ID), "")
	w.wants(w.auth.RevokeKey(w.ctx, w.Tenant, 0, key.ID+1), "auth.key_not_found")
	_, err = w.auth.Authenticate(w.ctx, token)
	w.wants(err, "auth.invalid")
}

func TestPasswordRules(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "someone.long@example.com", nil)
	for password, code := range map[string]string{
		"short": "auth.password_short", "九个字的密码不够长": "auth.password_short", "十个字的密码现在就够了吧": "",
		"Someone.Long@example.com": "auth.password_email", "SOMEONE.LONG": "auth.password_email", "aaaaaaaaaaaa": "auth.password_simple", "Password123": "auth.password_common", "1234567890": "auth.password_common", "Basketball": "auth.password_common", "1q2w3e4r5T": "auth.password_common", "slava060384": "auth.password_common",
		strings.Repeat("abcdefgh", 100): "auth.password_long", "bad \xff utf8 password": "auth.password_long", "four words are good": "",
	} {
		w.wants(w.auth.SetPassword(w.ctx, w.Tenant, user, password), code)
	}
	w.wants(w.auth.SetPassword(w.ctx, w.Tenant, user+1, password), "auth.user_not_found")
}

// Whatever is revoked while others use it is refused from then on.
func TestRevocationWhileInUse(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", nil)
	token := w.login("ada@example.com")
	var revoked atomic.Bool
	var using sync.WaitGroup
	for range 4 {
		using.Go(func() {
			for range 300 {
				before := revoked.Load()
				_, err := w.auth.Authenticate(w.ctx, token)
				if before && err == nil {
					t.Error("a revoked session was honoured")
					return
				}
				w.Clock.Pass(3 * time.Second)
			}
		})
	}
	w.wants(w.auth.RevokeSessions(w.ctx, w.Tenant, user, ""), "")
	revoked.Store(true)
	using.Wait()
}

func TestABusyServerRefusesToHash(t *testing.T) {
	w := newWorld(t)
	w.user(w.Tenant, "ada@example.com", nil)
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	_, _, err := w.auth.Login(ctx, w.Tenant, "ada@example.com", password)
	if err == nil {
		t.Fatal("a login whose caller is gone went on")
	}
}

// Whatever a token looks like, it is refused, and never names a tenant it has not.
func FuzzAuthenticate(f *testing.F) {
	for _, seed := range []string{"fws.main.AAAA", "fwk..", "fws.a.b.c", "", "fws.main." + strings.Repeat("A", 43)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		token := string(raw)
		tenant := auth.TenantOf(token)
		if tenant != "" && !bytes.Contains(raw, []byte("."+tenant+".")) {
			t.Fatalf("%q names %q", token, tenant)
		}
	})
}

// A key has no more than its maker could give it now, nor has work that it began.
func TestKeysFollowTheirMaker(t *testing.T) {
	w := newWorld(t)
	user := w.user(w.Tenant, "ada@example.com", nil)
	_, by, err := w.auth.Login(w.ctx, w.Tenant, "ada@example.com", password)
	w.wants(err, "")
	token, key, err := w.auth.CreateKey(w.ctx, w.Tenant, by, auth.NewKey{Name: "Sync", Permissions: []string{"read_only", "activities"}})
	w.wants(err, "")
	for _, c := range []struct{ holds, key []string }{
		{[]string{"admin"}, []string{"activities", "read_only"}}, // manages users, and has what they give
		{[]string{"activities"}, []string{"activities"}},
		{[]string{"read_only", "activities"}, []string{"activities", "read_only"}},
		{nil, nil},
		{[]string{"admin"}, []string{"activities", "read_only"}},
	} {
		if _, err := w.System().Update(w.ctx, "user", user, map[string]any{"permissions": anys(c.holds)}, 0); err != nil {
			t.Fatal(err)
		}
		w.auth.Forget("main", user)
		caller, err := w.auth.Authenticate(w.ctx, token)
		w.wants(err, "")
		if !slices.Equal(caller.Permissions, c.key) {
			t.Errorf("the key of somebody with %v has %v", c.holds, caller.Permissions)
		}
		acting, err := w.auth.Acting(w.ctx, w.Tenant, user, key.Permissions, "import")
		w.wants(err, "")
		if !slices.Equal(acting.Permissions, c.key) {
			t.Errorf("work that the key of somebody with %v began has %v", c.holds, acting.Permissions)
		}
	}
}

func anys(names []string) []any {
	var all []any
	for _, name := range names {
		all = append(all, name)
	}
	return all
}

// A failure is written down whoever it is of, and takes as long; those of nobody take no room.
func TestFailuresOfNobody(t *testing.T) {
	w := newWorld(t)
	w.user(w.Tenant, "ada@example.com", nil)
	w.user(w.Tenant, "gone@example.com", map[string]any{"active": false})
	used := query.Select{Table: "_device", Columns: []query.Ref{query.Field(query.Column{Name: "used_at", Storage: fieldtype.Int})},
		Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	last := func() (at, rows int64) {
		for row, err := range w.Tenant.Select(w.ctx, used) {
			if err != nil {
				t.Fatal(err)
			}
			at, _ = row[0].(int64)
			rows++
		}
		return at, rows
	}
	for _, email := range []string{"nobody@example.com", "gone@example.com", "another@example.com"} {
		w.Clock.Pass(time.Second)
		_, _, err := w.auth.Login(w.ctx, w.Tenant, email, password)
		w.wants(err, "auth.failed")
		if at, rows := last(); rows != 1 || at != w.Clock.Now().UnixMilli() {
			t.Errorf("%s: %d rows, the last of %d", email, rows, at)
		}
	}
	if n, err := w.auth.Users(w.ctx, w.Tenant); err != nil || n != 2 {
		t.Errorf("%d users, %v", n, err)
	}
}

// A stranger who sends wrong passwords does not keep somebody out who logged in on
// their device before; guesses from the device are bounded all the same.
func TestDevices(t *testing.T) {
	w := newWorld(t)
	ada := w.user(w.Tenant, "ada@example.com", nil)
	w.user(w.Tenant, "bob@example.com", nil)
	from := func(email, password, device string) (auth.LoggedIn, error) {
		return w.auth.LoginFrom(w.ctx, w.Tenant, auth.Attempt{Email: email, Password: password, Device: device, Remember: true})
	}
	first, err := from("ada@example.com", password, "")
	w.wants(err, "")
	bobs, err := from("bob@example.com", password, "garbage")
	w.wants(err, "")
	if first.Device == "" || bobs.Device == "" || first.Caller.User != ada {
		t.Fatalf("%+v, %+v", first, bobs)
	}
	_, err = w.auth.Authenticate(w.ctx, first.Device)
	w.wants(err, "auth.invalid") // it is no session
	storm := func() {
		for range 8 {
			_, _, err := w.auth.Login(w.ctx, w.Tenant, "ada@example.com", "wrong")
			w.wants(err, "auth.failed")
		}
	}
	storm()
	for device, code := range map[string]string{first.Device: "", "": "auth.failed", bobs.Device: "auth.failed", first.Token: "auth.failed"} {
		_, err := from("ada@example.com", password, device)
		w.wants(err, code)
	}
	again, err := from("ada@example.com", password, first.Device)
	w.wants(err, "")
	if again.Device != "" {
		t.Error("a device that is known got a new token")
	}
	// A thief of the device.
	for range 5 {
		_, err := from("ada@example.com", "wrong", first.Device)
		w.wants(err, "auth.failed")
	}
	w.auth = w.Restart().Auth
	_, err = from("ada@example.com", password, first.Device)
	w.wants(err, "auth.failed")
	w.Clock.Pass(61 * time.Second)
	_, err = from("ada@example.com", password, first.Device)
	w.wants(err, "")
	// A new password, or a long time, ends what is known.
	w.wants(w.auth.SetPassword(w.ctx, w.Tenant, ada, password), "")
	storm()
	_, err = from("ada@example.com", password, first.Device)
	w.wants(err, "auth.failed")
	w.Clock.Pass(2 * time.Hour)
	second, err := from("ada@example.com", password, first.Device)
	w.wants(err, "")
	w.Clock.Pass(auth.DeviceLife)
	storm()
	_, err = from("ada@example.com", password, second.Device)
	w.wants(err, "auth.failed")
	// However many there are, only some are kept.
	w.Clock.Pass(2 * time.Hour)
	for range 25 {
		_, err := from("ada@example.com", password, "")
		w.wants(err, "")
		w.Clock.Pass(time.Minute)
	}
	if n, err := w.Tenant.Count(w.ctx, "_device", nil, nil, 0); err != nil || n != 22 { // with that of nobody
		t.Errorf("%d devices, %v", n, err)
	}
}
