package api

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/auth"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/store"
)

// login is POST /auth/login.
func (s *Server) login(r *request) (failure error) {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		Tenant   string `json:"tenant"`
		Code     string `json:"code"` // of a second factor; none is asked for
	}
	if err := r.decode(loginBody, &in, false); err != nil {
		return err
	}
	if err := r.sameSite(); err != nil {
		return err
	}
	leave, err := s.logins.enter(r.client())
	if err != nil {
		return err
	}
	defer func() { leave(fault.KindOf(failure) == fault.Unauthenticated) }()
	t, err := s.loginTenant(r, in.Tenant)
	if err != nil {
		return err
	}
	if t == nil {
		return s.o.Auth.Refuse(r.ctx, in.Password)
	}
	return r.begin(t, in.Email, in.Password)
}

// begin logs in and answers with the session. A browser, which says where a request
// comes from, is given a token to be known by at its next login.
func (r *request) begin(t store.Tenant, email, password string) (err error) {
	var in auth.LoggedIn
	device := string(r.http.Request().Header.Cookie(deviceCookie))
	if device != "" || r.http.Get("Sec-Fetch-Site") != "" || r.http.Get(fiber.HeaderOrigin) != "" {
		in, err = r.server.o.Auth.LoginFrom(r.ctx, t, email, password, device)
	} else {
		in.Token, in.Caller, err = r.server.o.Auth.Login(r.ctx, t, email, password)
	}
	if err != nil {
		return err
	}
	r.setCookie(in.Token)
	if in.Device != "" {
		r.setDevice(in.Device)
	}
	return r.json(fiber.StatusOK, map[string]any{"token": in.Token, "user": userOf(in.Caller)})
}

// loginTenant finds the tenant of a login: the one named, else the host's, else the
// usual one. nil for one that does not exist, which nobody is told.
func (s *Server) loginTenant(r *request, name string) (store.Tenant, error) {
	if label, _, dotted := strings.Cut(string(r.http.Request().Host()), "."); name == "" && s.o.TenantFromHost && dotted {
		name = label
	}
	if name == "" {
		t, err := s.o.Store.Tenant(r.ctx, s.o.Tenant)
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return t, err
		}
		names, err := s.o.Store.Tenants(r.ctx)
		if err != nil {
			return nil, err
		}
		if len(names) != 1 {
			return nil, fault.New(fault.Invalid, "api.tenant_needed").At("/tenant")
		}
		name = names[0]
	}
	t, err := s.o.Store.Tenant(r.ctx, name)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	return t, err
}

// logout is POST /auth/logout; it never fails for lack of a session.
func (s *Server) logout(r *request) error {
	r.readToken()
	if r.cookie {
		if err := r.sameSite(); err != nil {
			return err
		}
	}
	if r.token != "" {
		if err := s.o.Auth.Logout(r.ctx, r.token); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	r.setCookie("")
	return r.done()
}

// user is a caller as the API shows them.
type user struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Email       string   `json:"email"`
	Language    string   `json:"language"`
	Timezone    string   `json:"timezone"`
	Role        string   `json:"role,omitempty"`
	Teams       []string `json:"teams"`
	Permissions []string `json:"permissions"`
}

func userOf(c *policy.Caller) user {
	u := user{ID: c.User.String(), Name: c.Name, Email: c.Email, Language: c.Language, Timezone: c.Location.String(), Role: c.Role,
		Teams: []string{}, Permissions: []string{}}
	if u.Language == "" {
		u.Language = fault.Languages[0]
	}
	u.Teams, u.Permissions = append(u.Teams, c.Teams...), append(u.Permissions, c.Permissions...)
	return u
}

// objectRights are a caller's rights on an object as the API shows them.
type objectRights struct {
	Create bool              `json:"create"`
	Read   bool              `json:"read"`
	Update bool              `json:"update"`
	Delete bool              `json:"delete"`
	Fields map[string]string `json:"fields"`
}

// me is GET /me.
func (s *Server) me(r *request) error {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return err
	}
	objects := map[string]objectRights{}
	for name, o := range rights.Objects {
		if o.Create || o.Read || o.Update || o.Delete {
			objects[name] = objectRights(o)
		}
	}
	return r.json(fiber.StatusOK, map[string]any{
		"user": userOf(r.caller), "tenant": r.caller.Tenant, "via": r.caller.Via, "language": userOf(r.caller).Language,
		"revision": r.snapshot.Revision,
		"rights":   map[string]any{"objects": objects, "system": trueNames(rights.System)},
	})
}

// changePassword is PUT /me/password. It ends every session but starts a new one.
func (s *Server) changePassword(r *request) error {
	var in struct {
		Current  string `json:"current"`
		Password string `json:"password"`
	}
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if r.caller.Via != "session" {
		return fault.New(fault.Forbidden, "auth.session_needed")
	}
	if err := s.o.Auth.Verify(r.ctx, r.tenant, r.caller.User, in.Current); err != nil {
		if fault.KindOf(err) == fault.Unauthenticated {
			return fault.New(fault.Invalid, "auth.password_wrong").At("/current")
		}
		return err
	}
	if err := s.o.Auth.SetPassword(r.ctx, r.tenant, r.caller.User, in.Password); err != nil {
		return err
	}
	return r.begin(r.tenant, r.caller.Email, in.Password)
}
