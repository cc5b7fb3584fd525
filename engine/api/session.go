package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"
)

// Workspace is what the pages begin with: who is logged in, what they may do, the
// configuration as they may see it, and what they keep for themselves.
type Workspace struct {
	OwnWorkspace
	Documents []json.RawMessage `json:"documents" schema:"Document"` // as GET /metadata has them
}

// OwnWorkspace is a caller's workspace without the configuration.
type OwnWorkspace struct {
	Me
	// Settings are those that PATCH /me/settings keeps.
	Settings json.RawMessage `json:"settings" schema:"Settings"`
	// Favourites are the caller's, the oldest first.
	Favourites []Favourite `json:"favourites"`
	// Recent are the records that the caller opened last, the newest first.
	Recent []Visit `json:"recent"`
	// Views are the saved views of the caller and those that others share.
	Views  []SavedView `json:"views"`
	Unread int         `json:"unread"` // notifications
}

// ownWorkspace is that of the caller.
func (r *request) ownWorkspace() (*OwnWorkspace, error) {
	me, err := r.me()
	if err != nil {
		return nil, err
	}
	session := r.workspace()
	kept, err := session.Personal(r.ctx)
	if err != nil {
		return nil, err
	}
	favourites, recent, err := session.Marks(r.ctx, kept)
	if err != nil {
		return nil, err
	}
	views, err := session.Views(r.ctx, "")
	if err != nil {
		return nil, err
	}
	unread, err := r.collaboration().Unread(r.ctx)
	if err != nil {
		return nil, err
	}
	return &OwnWorkspace{Me: *me, Settings: kept.Settings, Favourites: favouritesOf(favourites).Items, Recent: visitsOf(recent).Items, Views: viewsOf(views), Unread: unread}, nil
}

// session is GET /session: one request with which the pages begin. Its ETag is that of all
// that it answers, names of records among them.
func (s *Server) session(r *request) error {
	own, err := r.ownWorkspace()
	if err != nil {
		return err
	}
	raw, err := json.Marshal(own)
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	// The documents follow from the revision, the language and the permission sets, which are
	// in it.
	sum := sha256.Sum256(raw)
	if r.unchanged(`"` + r.state() + "-" + hex.EncodeToString(sum[:12]) + `"`) {
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
