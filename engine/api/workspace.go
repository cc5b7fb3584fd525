package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/workspace"
	"formwork/metadata"
)

// workspace is the caller's session on what they keep for themselves.
func (r *request) workspace() *workspace.Session {
	return r.server.o.Workspace.As(workspace.Caller{Tenant: r.tenant, Snapshot: r.snapshot, Caller: r.caller, Records: r.records(), Shown: r.shownByRights})
}

// shownByRights is what the caller is shown of a document by their rights on records alone.
func (r *request) shownByRights(d metadata.Document) (json.RawMessage, error) {
	rights, err := r.snapshot.Policies.Rights(r.ctx, r.caller)
	if err != nil {
		return nil, err
	}
	return r.shownDocument(d, false, rights)
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

// settings is GET /me/settings.
func (s *Server) settings(r *request) error {
	kept, err := r.workspace().Personal(r.ctx)
	if err != nil {
		return err
	}
	return r.copied(fiber.StatusOK, kept.Settings)
}

// patchSettings is PATCH /me/settings.
func (s *Server) patchSettings(r *request) error {
	if err := r.inPerson(); err != nil {
		return err
	}
	patch, err := r.data(smallBody)
	if err != nil {
		return err
	}
	settings, err := r.workspace().PatchSettings(r.ctx, patch)
	if err != nil {
		return err
	}
	return r.copied(fiber.StatusOK, settings)
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

func favouritesOf(marks []workspace.Mark) List[Favourite] {
	list := List[Favourite]{Items: []Favourite{}}
	for _, m := range marks {
		list.Items = append(list.Items, Favourite{m.Object, m.ID.String(), m.Name})
	}
	return list
}

func visitsOf(marks []workspace.Mark) List[Visit] {
	list := List[Visit]{Items: []Visit{}}
	for _, m := range marks {
		list.Items = append(list.Items, Visit{m.Object, m.ID.String(), m.Name, m.At})
	}
	return list
}

// favourites is GET /me/favourites.
func (s *Server) favourites(r *request) error {
	marks, err := r.workspace().Favourites(r.ctx)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, favouritesOf(marks))
}

// recent is GET /me/recent.
func (s *Server) recent(r *request) error {
	marks, err := r.workspace().Recent(r.ctx)
	if err != nil {
		return err
	}
	return r.json(fiber.StatusOK, visitsOf(marks))
}

// mark is atRecord for what people keep for themselves.
func (r *request) mark(do func(ctx context.Context, object string, key id.ID) error) error {
	if err := r.inPerson(); err != nil {
		return err
	}
	return r.atRecord(do)
}

// addFavourite is PUT /me/favourites/{object}/{id}.
func (s *Server) addFavourite(r *request) error {
	return r.mark(r.workspace().AddFavourite)
}

// removeFavourite is DELETE /me/favourites/{object}/{id}.
func (s *Server) removeFavourite(r *request) error {
	return r.mark(r.workspace().RemoveFavourite)
}

// addRecent is PUT /me/recent/{object}/{id}.
func (s *Server) addRecent(r *request) error {
	return r.mark(r.workspace().AddRecent)
}
