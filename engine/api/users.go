package api

import (
	"sort"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/auth"
	"formwork/engine/fault"
	"formwork/engine/id"
)

// trueNames are the names that are true, sorted; never nil.
func trueNames(set map[string]bool) []string {
	names := []string{}
	for name, is := range set {
		if is {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// NewPassword is given to a user.
type NewPassword struct {
	Password string `json:"password"`
}

// setPassword is PUT /users/{id}/password; If-None-Match: * leaves a password that is
// there, with 412.
func (s *Server) setPassword(r *request) error {
	user, err := r.recordID()
	if err != nil {
		return err
	}
	if err := s.o.Auth.MayTakeOver(r.ctx, r.tenant, r.caller, user); err != nil {
		return err
	}
	var in NewPassword
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if r.http.Get(fiber.HeaderIfNoneMatch) == "*" {
		set, err := s.o.Auth.SetFirstPassword(r.ctx, r.tenant, user, in.Password)
		if err == nil && !set {
			err = fault.New(fault.Stale, "auth.password_there")
		}
		if err != nil {
			return err
		}
		return r.done()
	}
	if err := s.o.Auth.SetPassword(r.ctx, r.tenant, user, in.Password); err != nil {
		return err
	}
	return r.done()
}

// endSessions is DELETE /users/{id}/sessions.
func (s *Server) endSessions(r *request) error {
	user, err := r.recordID()
	if err != nil {
		return err
	}
	if err := s.o.Auth.RevokeSessions(r.ctx, r.tenant, user, ""); err != nil {
		return err
	}
	return r.done()
}

// Session is a login that goes on.
type Session struct {
	ID        string    `json:"id" schema:"ID"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// mySessions is GET /me/sessions.
func (s *Server) mySessions(r *request) error {
	all, err := s.o.Auth.Sessions(r.ctx, r.tenant, r.caller.User)
	if err != nil {
		return err
	}
	answer := List[Session]{Items: []Session{}}
	for _, one := range all {
		answer.Items = append(answer.Items, Session{one.ID.String(), one.CreatedAt, one.UsedAt, one.ExpiresAt})
	}
	return r.json(fiber.StatusOK, answer)
}

// endMySessions is DELETE /me/sessions: all but the one that asks. Keys may be in many
// hands, and end nobody's sessions.
func (s *Server) endMySessions(r *request) error {
	if r.caller.Via != "session" {
		return fault.New(fault.Forbidden, "auth.session_needed")
	}
	if err := s.o.Auth.RevokeSessions(r.ctx, r.tenant, r.caller.User, r.token); err != nil {
		return err
	}
	return r.done()
}

// Key is an API key.
type Key struct {
	ID          string     `json:"id" schema:"ID"`
	Name        string     `json:"name"`
	Permissions []string   `json:"permissions"`
	User        string     `json:"user" schema:"ID"`
	CreatedAt   time.Time  `json:"created_at"`
	UsedAt      *time.Time `json:"used_at"`         // null: never
	ExpiresAt   *time.Time `json:"expires_at"`      // null: never
	RevokedAt   *time.Time `json:"revoked_at"`      // null: it can be used
	Token       string     `json:"token,omitempty"` // in the answer that makes it, never again
}

// NewKey asks for an API key.
type NewKey struct {
	Name        string     `json:"name"`
	Permissions []string   `json:"permissions"` // permission sets
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`
}

func keyOf(k auth.Key) Key {
	return Key{k.ID.String(), k.Name, append([]string{}, k.Permissions...), k.User.String(), k.CreatedAt, k.UsedAt, k.ExpiresAt, k.RevokedAt, ""}
}

// keysOf is whose keys the caller may list and end: their own, or everybody's (0).
func (r *request) keysOf() (id.ID, error) {
	everybody, err := r.has("manage_users")
	if err != nil || everybody {
		return 0, err
	}
	return r.caller.User, nil
}

// listKeys is GET /keys: those of the caller, or all for who manages users.
func (s *Server) listKeys(r *request) error {
	of, err := r.keysOf()
	if err != nil {
		return err
	}
	all, err := s.o.Auth.Keys(r.ctx, r.tenant, of)
	if err != nil {
		return err
	}
	answer := List[Key]{Items: []Key{}}
	for _, k := range all {
		answer.Items = append(answer.Items, keyOf(k))
	}
	return r.json(fiber.StatusOK, answer)
}

// createKey is POST /keys.
func (s *Server) createKey(r *request) error {
	var in NewKey
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	token, made, err := s.o.Auth.CreateKey(r.ctx, r.tenant, r.caller, auth.NewKey(in))
	if err != nil {
		return err
	}
	answer := keyOf(made)
	answer.Token = token
	return r.json(fiber.StatusCreated, answer)
}

// revokeKey is DELETE /keys/{id}, of the same keys.
func (s *Server) revokeKey(r *request) error {
	k, err := r.recordID()
	if err != nil {
		return err
	}
	of, err := r.keysOf()
	if err != nil {
		return err
	}
	if err := s.o.Auth.RevokeKey(r.ctx, r.tenant, of, k); err != nil {
		return err
	}
	return r.done()
}
