package api

import (
	"cmp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/auth"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/store"
)

// Login says who wants to log in.
type Login struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Tenant   string `json:"tenant,omitempty"` // the usual one, or that of the host, when absent
	Code     string `json:"code,omitempty"`   // of a second factor; none is asked for
}

// LoggedIn is a session that has begun.
type LoggedIn struct {
	Token string      `json:"token"` // for Authorization: Bearer
	User  CurrentUser `json:"user"`
}

// PasswordChange replaces one's own password.
type PasswordChange struct {
	Current  string `json:"current"`
	Password string `json:"password"` // the new one
}

// login is POST /auth/login.
func (s *Server) login(r *request) (failure error) {
	var in Login
	if err := r.decode(loginBody, &in, false); err != nil {
		return err
	}
	other := r.sameSite()
	if other != nil && r.otherOrigin() == "" {
		return other
	}
	defer func() { s.metrics.sawLogin(failure) }()
	attempt := r.attempt(in.Email, in.Password)
	leave, refused := s.logins.enter(r.client())
	if refused == nil {
		defer func() { leave(fault.KindOf(failure) == fault.Unauthenticated) }()
	} else if attempt.Device == "" {
		return refused
	}
	t, err := s.loginTenant(r, in.Tenant)
	if err != nil {
		return err
	}
	if refused != nil { // others at this address have failed or flood it; a device is known all the same
		if known, err := s.o.Auth.KnowsDevice(r.ctx, t, attempt); err != nil || !known {
			return cmp.Or(err, refused)
		}
	}
	if other != nil {
		return s.loginElsewhere(r, t, attempt, other)
	}
	if t == nil {
		return s.o.Auth.Refuse(r.ctx, attempt)
	}
	return r.begin(t, attempt)
}

// loginElsewhere is a login by a script of another origin, for those that the tenant lists:
// it answers with a token and sets no cookie. refusal is for all others.
func (s *Server) loginElsewhere(r *request, t store.Tenant, attempt auth.Attempt, refusal error) error {
	if t == nil {
		return refusal
	}
	origin := r.otherOrigin()
	listed, err := s.o.Catalog.ListsOrigin(r.ctx, t, strings.Clone(origin))
	if err != nil {
		return err
	}
	if !listed {
		return refusal
	}
	r.exposeTo(origin)
	attempt.Remember = false
	in, err := s.o.Auth.LoginFrom(r.ctx, t, attempt)
	if err != nil {
		return err
	}
	r.keepConnection(in.Caller)
	return r.json(fiber.StatusOK, LoggedIn{in.Token, userOf(in.Caller)})
}

// attempt is a login as the request sends it. A browser, which says where a request comes
// from, is given a token to be known by at its next login.
func (r *request) attempt(email, password string) auth.Attempt {
	a := auth.Attempt{Email: email, Password: password, Device: string(r.http.Request().Header.Cookie(deviceCookie)), Client: r.client()}
	a.Remember = a.Device != "" || r.http.Get("Sec-Fetch-Site") != "" || r.http.Get(fiber.HeaderOrigin) != ""
	return a
}

// begin logs in and answers with the session.
func (r *request) begin(t store.Tenant, attempt auth.Attempt) error {
	in, err := r.server.o.Auth.LoginFrom(r.ctx, t, attempt)
	if err != nil {
		return err
	}
	r.keepConnection(in.Caller)
	r.setCookie(in.Token)
	if in.Device != "" {
		r.setDevice(in.Device)
	}
	return r.json(fiber.StatusOK, LoggedIn{in.Token, userOf(in.Caller)})
}

// loginTenant finds the tenant of a login: the one named, else the host's, else the
// usual one. nil for one that does not exist, which nobody is told.
func (s *Server) loginTenant(r *request, name string) (store.Tenant, error) {
	if name = cmp.Or(name, r.hostTenant()); name == "" {
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

// hostTenant is the name of the tenant that the host names; "" where hosts name none.
func (r *request) hostTenant() string {
	label, _, dotted := strings.Cut(string(r.http.Request().Host()), ".")
	if !r.server.o.TenantFromHost || !dotted {
		return ""
	}
	return label
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

// CurrentUser is who is logged in.
type CurrentUser struct {
	ID          string   `json:"id" schema:"ID"`
	Name        string   `json:"name"`
	Email       string   `json:"email"`
	Language    string   `json:"language"`
	Timezone    string   `json:"timezone"`
	Role        string   `json:"role,omitempty"`
	Teams       []string `json:"teams"`
	Permissions []string `json:"permissions"`
}

func userOf(c *policy.Caller) CurrentUser {
	u := CurrentUser{ID: c.User.String(), Name: c.Name, Email: c.Email, Language: c.Language, Timezone: c.Location.String(), Role: c.Role,
		Teams: []string{}, Permissions: []string{}}
	if u.Language == "" {
		u.Language = fault.Languages[0]
	}
	u.Teams, u.Permissions = append(u.Teams, c.Teams...), append(u.Permissions, c.Permissions...)
	return u
}

// Me is who is logged in, with their rights.
type Me struct {
	User     CurrentUser `json:"user"`
	Tenant   string      `json:"tenant"`
	Via      string      `json:"via" enum:"session,key"`
	Language string      `json:"language"`
	Revision int64       `json:"revision"` // of the configuration
	Rights   Rights      `json:"rights"`
}

// Rights are what a caller may do, apart from single records.
type Rights struct {
	Objects map[string]ObjectRights `json:"objects"` // those on which there is any right
	System  []string                `json:"system"`  // rights on the platform, sorted
}

// ObjectRights are a caller's rights on an object.
type ObjectRights struct {
	Create bool              `json:"create"`
	Read   bool              `json:"read"`
	Update bool              `json:"update"`
	Delete bool              `json:"delete"`
	Fields map[string]string `json:"fields" enum:"read,edit"` // those that are absent may not be read
	// Masked are the fields of which only what a mask leaves is shown, true each.
	Masked map[string]bool `json:"masked,omitempty"`
}

// me is GET /me.
func (s *Server) me(r *request) error {
	me, err := r.me()
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, me)
}

// me is who calls, with their rights.
func (r *request) me() (*Me, error) {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return nil, err
	}
	objects := map[string]ObjectRights{}
	for name, o := range rights.Objects {
		if o.Create || o.Read || o.Update || o.Delete {
			objects[name] = ObjectRights(o)
		}
	}
	user := userOf(r.caller)
	return &Me{User: user, Tenant: r.caller.Tenant, Via: r.caller.Via, Language: user.Language,
		Revision: r.snapshot.Revision, Rights: Rights{objects, trueNames(rights.System)}}, nil
}

// changePassword is PUT /me/password. It ends every session but starts a new one.
func (s *Server) changePassword(r *request) error {
	var in PasswordChange
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if err := r.inPerson(); err != nil {
		return err
	}
	if err := s.o.Auth.Verify(r.ctx, r.tenant, r.caller.User, r.attempt(r.caller.Email, in.Current)); err != nil {
		if fault.KindOf(err) == fault.Unauthenticated {
			return fault.New(fault.Invalid, "auth.password_wrong").At("/current")
		}
		return err
	}
	if err := s.o.Auth.SetPassword(r.ctx, r.tenant, r.caller.User, in.Password); err != nil {
		return err
	}
	return r.begin(r.tenant, r.attempt(r.caller.Email, in.Password))
}
