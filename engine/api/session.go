package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/workspace"
)

// Workspace is what the pages begin with: who is logged in, what they may do, the
// configuration as they may see it, and what they keep for themselves.
type Workspace struct {
	Desk
	Documents []json.RawMessage `json:"documents" schema:"Document"` // as GET /metadata has them
}

// Desk is a caller's workspace without the configuration.
type Desk struct {
	Me
	// Settings are those that PATCH /me/settings keeps.
	Settings json.RawMessage `json:"settings" schema:"Settings"`
	// Favourites are the caller's, the oldest first.
	Favourites []Favourite `json:"favourites"`
	// Recent are the records that the caller opened last, the newest first.
	Recent []Visit `json:"recent"`
}

// Favourite is a record that the caller has marked.
type Favourite struct {
	Object string `json:"object"`
	ID     string `json:"id" schema:"ID"`
	Name   string `json:"name"`
}

// Visit is a record that the caller has opened.
type Visit struct {
	Object string    `json:"object"`
	ID     string    `json:"id" schema:"ID"`
	Name   string    `json:"name"`
	At     time.Time `json:"at"` // when it was opened last
}

// desk is the caller's.
func (r *request) desk() (*Desk, error) {
	me, err := r.me()
	if err != nil {
		return nil, err
	}
	return &Desk{Me: *me, Settings: json.RawMessage("{}"), Favourites: []Favourite{}, Recent: []Visit{}}, nil
}

// workspace is the caller's session on what they keep for themselves.
func (r *request) workspace() *workspace.Session {
	return r.server.o.Workspace.As(r.tenant, r.caller, r.records())
}

// inPerson refuses API keys: they may be in many hands, and change nothing of what their user
// keeps for themselves.
func (r *request) inPerson() error {
	if r.caller.Via != "session" {
		return fault.New(fault.Forbidden, "auth.session_needed")
	}
	return nil
}

// Profile is what users change of themselves; what is absent stays.
type Profile struct {
	Name     *string `json:"name,omitempty"`
	Language *string `json:"language,omitempty"`  // one of the options of the user's record
	TimeZone *string `json:"time_zone,omitempty"` // an IANA name, such as Asia/Shanghai
}

// updateMe is PATCH /me.
func (s *Server) updateMe(r *request) error {
	if err := r.inPerson(); err != nil {
		return err
	}
	var in Profile
	if err := r.decode(smallBody, &in, false); err != nil {
		return err
	}
	if err := r.workspace().UpdateProfile(r.ctx, workspace.Profile(in)); err != nil {
		return err
	}
	caller, _, err := s.o.Auth.Admit(r.ctx, r.token) // as they are now
	if err != nil {
		return err
	}
	r.caller = caller
	return s.me(r)
}

// session is GET /session: one request with which the pages begin. Its ETag is that of all
// that it answers, names of records among them.
func (s *Server) session(r *request) error {
	desk, err := r.desk()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(desk)
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	// The documents follow from the revision, the language and the permission sets, of which
	// the desk has each.
	sum := sha256.Sum256(raw)
	if r.unchanged(`"` + r.revision() + "-" + hex.EncodeToString(sum[:12]) + `"`) {
		return nil
	}
	documents, err := r.shownDocuments("")
	if err != nil {
		return err
	}
	if err := r.share.Hold(r.ctx, int64(len(raw)+len(documents))); err != nil {
		return err
	}
	body := append(r.buffer(), raw[:len(raw)-1]...)
	body = append(append(body, `,"documents":`...), documents...)
	return r.sent(fiber.StatusOK, append(body, '}'))
}
