package workspace

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Bounds of saved views.
const (
	MaxViews       = 200       // of a user, shared ones among them
	MaxShared      = 1_000     // of a tenant
	MaxViewSize    = 16 << 10  // bytes of one, as canonical JSON
	MaxViewsSize   = 512 << 10 // of all of a user
	MaxSharedSize  = 2 << 20   // of all shared ones of a tenant
	sharingViews   = "share_views"
	viewTable      = "_saved_view"
	countingShared = id.ID(1) // the row of _personal that is held by who counts shared views; no user has it
)

var (
	colObject = query.Column{Name: "object", Storage: fieldtype.Text}
	colOwner  = query.Column{Name: "owner", Storage: fieldtype.Int}
	colShared = query.Column{Name: "shared", Storage: fieldtype.Bool}
	colBody   = query.Column{Name: "body", Storage: fieldtype.JSON}
	colSize   = query.Column{Name: "size", Storage: fieldtype.Int} // of the body, in bytes
)

var viewColumns = []query.Column{query.Version, colObject, colOwner, colShared, colBody, colSize}

func tableOfViews() store.Table {
	return store.Table{Name: viewTable, Columns: viewColumns, Indexes: []store.Index{
		{Name: "_saved_view_owner", Columns: []store.IndexColumn{{Column: colOwner}, {Column: colObject}}},
		{Name: "_saved_view_shared", Columns: []store.IndexColumn{{Column: colShared}, {Column: colObject}}},
	}}
}

// View is a list that somebody saved.
type View struct {
	ID      id.ID
	Owner   id.ID
	Shared  bool // with everybody; else it is its owner's alone
	Version int64
	// Body is what it says, as a document of the kind view but for kind and name.
	Body map[string]any
}

func noView(key id.ID) *fault.Fault {
	return fault.New(fault.NotFound, "workspace.no_view", "id", key.String())
}

// Views are the caller's and those that are shared, of an object or of all (""), in the order
// in which they were saved: what documents of the kind view would be shown of them. One whose
// object or filter the caller may not read is not among them.
func (s *Session) Views(ctx context.Context, object string) ([]View, error) {
	mine, err := s.stored(ctx, query.Is(colOwner, int64(s.caller.User)), object)
	if err != nil {
		return nil, err
	}
	shared, err := s.stored(ctx, query.Is(colShared, true), object)
	if err != nil {
		return nil, err
	}
	all := append(mine, slices.DeleteFunc(shared, func(v View) bool { return v.Owner == s.caller.User })...)
	slices.SortFunc(all, func(a, b View) int { return cmp.Compare(a.ID, b.ID) })
	views := all[:0]
	for _, v := range all {
		shown, err := s.shown(v)
		if err != nil {
			return nil, err
		}
		if shown.Body != nil {
			views = append(views, shown)
		}
	}
	return views, nil
}

// stored reads views as they are stored.
func (s *Session) stored(ctx context.Context, filter query.Filter, object string) ([]View, error) {
	if object != "" {
		filter = query.And(filter, query.Is(colObject, object))
	}
	var views []View
	q := query.Select{Table: viewTable, Filter: filter, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: MaxShared}
	for row, err := range store.Find(ctx, s.tenant, q, append([]query.Column{query.ID}, viewColumns...)...) {
		if err != nil {
			return nil, fmt.Errorf("reading saved views: %w", err)
		}
		v, err := viewOf(row)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

func viewOf(row store.Found) (View, error) {
	v := View{ID: row.ID(query.ID), Owner: row.ID(colOwner), Shared: row.Bool(colShared), Version: row.Int(query.Version)}
	body, problem := metadata.ReadJSON(row.JSON(colBody), metadata.Limits{Bytes: MaxViewSize, Depth: metadata.MaxDepth})
	if problem != nil {
		return v, fmt.Errorf("reading the saved view %s: %w", v.ID, problem)
	}
	v.Body, _ = body.(map[string]any)
	return v, nil
}

// document is a view as a document of the kind.
func document(v View) metadata.Document {
	key := metadata.Key{Kind: "view", Name: "saved"}
	return metadata.Document{Key: key, Body: metadata.Canonical(metadata.Patched(v.Body, map[string]any{"kind": key.Kind, "name": key.Name}))}
}

// shown is a view with what the caller is shown of it; without a body if that is nothing.
func (s *Session) shown(v View) (View, error) {
	raw, err := s.who.Shown(document(v))
	if err != nil || raw == nil {
		v.Body = nil
		return v, err
	}
	body, problem := metadata.ReadJSON(raw, metadata.Limits{Depth: metadata.MaxDepth})
	if problem != nil {
		return v, fmt.Errorf("reading what is shown of a view: %w", problem)
	}
	v.Body, _ = body.(map[string]any)
	delete(v.Body, "kind")
	delete(v.Body, "name")
	return v, nil
}

// find is a view of the caller's, or one that is shared and of which the caller is told, as it
// is stored. Fault "workspace.no_view" (NotFound).
func (s *Session) find(ctx context.Context, key id.ID) (View, error) {
	views, err := s.stored(ctx, query.Is(query.ID, int64(key)), "")
	if err != nil {
		return View{}, err
	}
	if len(views) == 0 {
		return View{}, noView(key)
	}
	v := views[0]
	if v.Owner == s.caller.User {
		return v, nil
	}
	if v.Shared {
		shown, err := s.shown(v)
		if err != nil || shown.Body != nil {
			return v, err
		}
	}
	return View{}, noView(key)
}

// demandOwner refuses what only the owner of a view may do, or who may share views.
func (s *Session) demandOwner(ctx context.Context, v View) error {
	if v.Owner == s.caller.User {
		return nil
	}
	return s.demandSharing(ctx)
}

func (s *Session) demandSharing(ctx context.Context) error {
	return s.records.Writer.DemandRight(ctx, sharingViews)
}

// SaveView keeps a view of the caller's. Faults: "workspace.view_invalid" (Invalid) with all
// that is wrong with it, with pointers into the body; "record.needs_right" (Forbidden) for one
// that is shared; "workspace.view_too_large" (TooLarge); "workspace.too_many_views",
// "workspace.views_too_large", "workspace.too_many_shared" and "workspace.shared_too_large" (Conflict).
func (s *Session) SaveView(ctx context.Context, body map[string]any, shared bool) (View, error) {
	if shared {
		if err := s.demandSharing(ctx); err != nil {
			return View{}, err
		}
	}
	v := View{ID: s.service.ids.Next(), Owner: s.caller.User, Shared: shared, Version: 1, Body: body}
	values, err := s.checked(ctx, v)
	if err != nil {
		return View{}, err
	}
	err = s.write(ctx, func(tx store.Tx) error {
		if err := s.demandRoom(ctx, tx, v, values); err != nil {
			return err
		}
		return tx.Insert(ctx, viewTable, v.ID, values, nil)
	})
	return v, err
}

// ChangeView lays a merge patch on a view as the caller is shown it: whoever changes one
// answers for all of it. shared, if not nil, shares it or takes it back. version, if not 0, is
// the one that the caller knows. It is for the owner, and for who may share views. Faults:
// "workspace.no_view" (NotFound), "store.stale" (Stale), those of SaveView.
func (s *Session) ChangeView(ctx context.Context, key id.ID, patch map[string]any, shared *bool, version int64) (View, error) {
	v, err := s.find(ctx, key)
	if err != nil {
		return View{}, err
	}
	if err := s.demandOwner(ctx, v); err != nil {
		return View{}, err
	}
	if version != 0 && version != v.Version {
		return View{}, fault.New(fault.Stale, "store.stale")
	}
	if v, err = s.shown(v); err != nil {
		return View{}, err
	}
	if v.Body == nil {
		return View{}, noView(key)
	}
	if shared != nil && *shared && !v.Shared {
		if err := s.demandSharing(ctx); err != nil {
			return View{}, err
		}
	}
	known := v.Version
	v.Version++
	v.Body, _ = metadata.Patched(v.Body, patch).(map[string]any)
	if shared != nil {
		v.Shared = *shared
	}
	values, err := s.checked(ctx, v)
	if err != nil {
		return View{}, err
	}
	err = s.write(ctx, func(tx store.Tx) error {
		if err := s.demandRoom(ctx, tx, v, values); err != nil {
			return err
		}
		return tx.Update(ctx, viewTable, v.ID, known, values, nil)
	})
	return v, err
}

// DeleteView removes a view. It is for the owner, and for who may share views. Faults:
// "workspace.no_view" (NotFound), "record.needs_right" (Forbidden).
func (s *Session) DeleteView(ctx context.Context, key id.ID) error {
	v, err := s.find(ctx, key)
	if err != nil {
		return err
	}
	if err := s.demandOwner(ctx, v); err != nil {
		return err
	}
	return s.write(ctx, func(tx store.Tx) error { return tx.Delete(ctx, viewTable, key) })
}

// checked are the columns of a view that was found to be right.
func (s *Session) checked(ctx context.Context, v View) (map[string]any, error) {
	body := metadata.Canonical(v.Body)
	if len(body) > MaxViewSize {
		return nil, fault.New(fault.TooLarge, "workspace.view_too_large", "max", MaxViewSize)
	}
	problems, err := s.problems(ctx, v)
	if err != nil {
		return nil, err
	}
	if err := fault.All(fault.Invalid, "workspace.view_invalid", problems); err != nil {
		return nil, err
	}
	object, _ := v.Body["object"].(string)
	return map[string]any{query.Version.Name: v.Version, colObject.Name: object, colOwner.Name: int64(v.Owner), colShared.Name: v.Shared, colBody.Name: body, colSize.Name: int64(len(body))}, nil
}

// problems are all that is wrong with a view. What the caller may not read is refused before
// anything is said of it.
func (s *Session) problems(ctx context.Context, v View) ([]*fault.Fault, error) {
	view, problems := s.service.catalog.ReadView(v.Body)
	if v.Body["label"] == nil {
		problems = append(problems, fault.New(fault.Invalid, "schema.required", "name", "label").At("/label"))
	}
	if len(problems) > 0 {
		return problems, nil
	}
	problems, err := s.unreadable(ctx, view)
	if err != nil || len(problems) > 0 {
		return problems, err
	}
	raw, err := s.who.Shown(document(v))
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(raw, document(v).Body) {
		return []*fault.Fault{fault.New(fault.Invalid, "workspace.view_hidden")}, nil
	}
	return s.service.catalog.CheckView(ctx, s.who.Snapshot, view), nil
}

// unreadable are the parts of a view that the caller may not read.
func (s *Session) unreadable(ctx context.Context, v *metadata.View) (problems []*fault.Fault, err error) {
	refuse := func(refusal error, at string) (refused bool) {
		var f *fault.Fault
		switch {
		case refusal == nil:
			return false
		case errors.As(refusal, &f) && !f.Kind.Breaks():
			problems = append(problems, f.Under(at))
		case err == nil:
			err = refusal
		}
		return true
	}
	path := func(path, at string) { refuse(s.records.CheckPath(ctx, v.Object, path), at) }
	if refuse(s.records.CheckPath(ctx, v.Object, query.ID.Name), "/object") {
		return problems, err
	}
	for i, column := range v.Columns {
		path(column, "/columns/"+strconv.Itoa(i))
	}
	for i, key := range v.Sort {
		path(strings.TrimPrefix(key, "-"), "/sort/"+strconv.Itoa(i))
	}
	if v.Group != "" {
		path(v.Group, "/group")
	}
	for i, m := range v.Sum {
		at := "/sum/" + strconv.Itoa(i)
		if m.Field != "" {
			path(m.Field, at)
		}
		refuse(s.records.CheckFilter(ctx, v.Object, m.Filter), at)
	}
	refuse(s.records.CheckFilter(ctx, v.Object, v.Filter), "")
	return problems, err
}

// demandRoom refuses a view for which there is no room, in a transaction in which nobody else
// counts.
func (s *Session) demandRoom(ctx context.Context, tx store.Tx, v View, values map[string]any) error {
	size, _ := values[colSize.Name].(int64)
	if err := hold(ctx, tx, v.Owner); err != nil {
		return err
	}
	n, total, err := others(ctx, tx, v.ID, query.Is(colOwner, int64(v.Owner)))
	switch {
	case err != nil:
		return err
	case n >= MaxViews:
		return fault.New(fault.Conflict, "workspace.too_many_views", "max", MaxViews)
	case total+size > MaxViewsSize:
		return fault.New(fault.Conflict, "workspace.views_too_large", "max", MaxViewsSize)
	case !v.Shared:
		return nil
	}
	if err := hold(ctx, tx, countingShared); err != nil {
		return err
	}
	n, total, err = others(ctx, tx, v.ID, query.Is(colShared, true))
	switch {
	case err != nil:
		return err
	case n >= MaxShared:
		return fault.New(fault.Conflict, "workspace.too_many_shared", "max", MaxShared)
	case total+size > MaxSharedSize:
		return fault.New(fault.Conflict, "workspace.shared_too_large", "max", MaxSharedSize)
	}
	return nil
}

// others counts views but for one, and their bytes.
func others(ctx context.Context, tx store.Tx, but id.ID, filter query.Filter) (n int, size int64, err error) {
	for row, err := range store.Find(ctx, tx, query.Select{Table: viewTable, Filter: filter}, query.ID, colSize) {
		if err != nil {
			return 0, 0, fmt.Errorf("counting saved views: %w", err)
		}
		if row.ID(query.ID) != but {
			n, size = n+1, size+row.Int(colSize)
		}
	}
	return n, size, nil
}

// removeViews removes the views of a user that are not shared.
func removeViews(ctx context.Context, tx store.Tx, user id.ID) error {
	if _, err := tx.DeleteWhere(ctx, viewTable, query.All{query.Is(colOwner, int64(user)), query.Is(colShared, false)}); err != nil {
		return fmt.Errorf("removing the views of a user: %w", err)
	}
	return nil
}
