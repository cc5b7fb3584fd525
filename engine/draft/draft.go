// Package draft keeps drafts of the configuration: changes that several people gather under a
// name, and look at, before they are published together.
//
// A draft is one more layer over the effective documents of its base revision: of each document
// that it changes it holds the smallest patch, or that it is gone. What others publish meanwhile
// comes in as an upgrade of a package does, by a three-way merge that loses nothing silently:
// what both changed differently is a conflict, and somebody decides it before the draft is
// published. Publishing is catalog.Apply of the layer, with all that it holds a change to.
//
// Drafts have bounds in number and in bytes. Each change of one is a transaction that nobody
// else's change comes in between.
package draft

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"formwork/engine/cache"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Bounds of drafts.
const (
	MaxDrafts    = 100     // of a tenant
	MaxLabel     = 200     // characters
	MaxSize      = 4 << 20 // bytes of what one changes, as canonical JSON
	MaxDocuments = 1_000   // that one changes
)

// Tables of this room. Each draft has a place of its own, so that there are no more than
// places. A row of _draft_document is what a draft makes of a document.
const (
	draftTable    = "_draft"
	documentTable = "_draft_document"
)

var (
	colPlace   = query.Column{Name: "place", Storage: fieldtype.Int}
	colLabel   = query.Column{Name: "label", Storage: fieldtype.Text}
	colBase    = query.Column{Name: "base", Storage: fieldtype.Int}
	colAt      = query.Column{Name: "at", Storage: fieldtype.Int}
	colBy      = query.Column{Name: "by", Storage: fieldtype.Int}
	colChanged = query.Column{Name: "changed_at", Storage: fieldtype.Int}
	colDraft   = query.Column{Name: "draft", Storage: fieldtype.Int}
	colKind    = query.Column{Name: "kind", Storage: fieldtype.Text}
	colName    = query.Column{Name: "name", Storage: fieldtype.Text}
	colBody    = query.Column{Name: "body", Storage: fieldtype.Text} // as text: it comes back byte for byte
)

var (
	draftColumns    = []query.Column{query.ID, query.Version, colPlace, colLabel, colBase, colAt, colBy, colChanged}
	documentColumns = []query.Column{query.ID, colDraft, colKind, colName, colBody, colAt, colBy}
)

// Tables are the tables that this room keeps in every tenant.
func Tables() []store.Table {
	place := store.IndexOn("place", colPlace)
	place.Unique = true
	document := store.IndexOn("document", colDraft, colKind, colName)
	document.Unique = true
	return []store.Table{
		{Name: draftTable, Columns: draftColumns[1:], Indexes: []store.Index{place}},
		{Name: documentTable, Columns: documentColumns[1:], Indexes: []store.Index{document}},
	}
}

// Service keeps the drafts of all tenants. Safe for concurrent use.
type Service struct {
	catalog  *catalog.Catalog
	records  *record.Service
	users    Users
	ids      *id.Source
	now      func() time.Time
	previews *cache.Cache[string, *Preview] // by the identity of their tenant
}

// Users finds the callers that people would be.
type Users interface {
	// Describe is the caller that a user would be, named by id. Fault "auth.user_not_found" (NotFound).
	Describe(ctx context.Context, t store.Tenant, name string) (caller *policy.Caller, active bool, err error)
}

// New makes a service.
func New(c *catalog.Catalog, records *record.Service, users Users, ids *id.Source, now func() time.Time) *Service {
	return &Service{catalog: c, records: records, users: users, ids: ids, now: now, previews: cache.New[string, *Preview](maxPreviews, previewBytes)}
}

// As is a session for a caller; it is cheap and made for each request.
func (s *Service) As(t store.Tenant, caller *policy.Caller) *Session {
	return &Session{service: s, tenant: t, caller: caller}
}

// Session does what one caller asks. Who may see or change drafts is for who makes it to
// decide; what a draft may give is held to what its publisher may give.
type Session struct {
	service *Service
	tenant  store.Tenant
	caller  *policy.Caller
}

// Draft is a draft without what its documents say.
type Draft struct {
	ID        id.ID
	Label     string
	Base      int64 // the revision that it lies over
	Newest    int64 // the revision that is in use
	At        time.Time
	By        id.ID
	ChangedAt time.Time
	Documents []Document // by key
}

// Document is a document that a draft changes.
type Document struct {
	metadata.Key
	Change string // "added", "changed" or "removed"
	At     time.Time
	By     id.ID
}

// kept is a draft as it is stored.
type kept struct {
	Draft
	version int64
	layer   []overlay // by key
}

// overlay is what a draft makes of a document.
type overlay struct {
	metadata.Document
	row id.ID
	at  time.Time
	by  id.ID
}

// documents are those of the layer.
func (k *kept) documents() []metadata.Document {
	layer := make([]metadata.Document, len(k.layer))
	for i, o := range k.layer {
		layer[i] = o.Document
	}
	return layer
}

func noDraft(key id.ID) *fault.Fault {
	return fault.New(fault.NotFound, "draft.not_found", "id", key.String())
}

// List tells of all drafts, those changed last first.
func (s *Session) List(ctx context.Context) ([]Draft, error) {
	all, err := s.heads(ctx, nil)
	if err != nil {
		return nil, err
	}
	if err := s.fill(ctx, nil, all, false); err != nil {
		return nil, err
	}
	drafts := []Draft{}
	for _, k := range all {
		told, err := s.told(ctx, k)
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, told)
	}
	slices.SortFunc(drafts, func(a, b Draft) int {
		return cmp.Or(b.ChangedAt.Compare(a.ChangedAt), cmp.Compare(b.ID, a.ID))
	})
	return drafts, nil
}

// Get tells of a draft. Fault "draft.not_found" (NotFound).
func (s *Session) Get(ctx context.Context, key id.ID) (Draft, error) {
	k, err := s.find(ctx, key)
	if err != nil {
		return Draft{}, err
	}
	return s.told(ctx, k)
}

// Make begins a draft on the newest revision. Faults "draft.label" (Invalid),
// "draft.too_many" (Conflict).
func (s *Session) Make(ctx context.Context, label string) (Draft, error) {
	if err := checkLabel(label); err != nil {
		return Draft{}, err
	}
	snapshot, err := s.service.catalog.Newest(ctx, s.tenant)
	if err != nil {
		return Draft{}, err
	}
	now := s.service.now()
	d := Draft{ID: s.service.ids.Next(), Label: label, Base: snapshot.Revision, Newest: snapshot.Revision, At: now, By: s.caller.User, ChangedAt: now, Documents: []Document{}}
	err = again(func() error {
		return s.tenant.Write(ctx, func(tx store.Tx) error {
			place, err := freePlace(ctx, tx)
			if err != nil {
				return err
			}
			return tx.Insert(ctx, draftTable, d.ID, map[string]any{query.Version.Name: int64(1), colPlace.Name: place, colLabel.Name: label, colBase.Name: d.Base,
				colAt.Name: now.UnixMilli(), colBy.Name: int64(d.By), colChanged.Name: now.UnixMilli()}, nil)
		})
	})
	return d, err
}

// freePlace is the lowest place that no draft has. Fault "draft.too_many" (Conflict).
func freePlace(ctx context.Context, tx store.Tx) (int64, error) {
	place := int64(1)
	q := query.Select{Table: draftTable, Sort: []query.Order{{Ref: query.Field(colPlace)}, {Ref: query.Field(query.ID)}}}
	for row, err := range store.Find(ctx, tx, q, colPlace) {
		if err != nil {
			return 0, fmt.Errorf("looking for a place for a draft: %w", err)
		}
		if row.Int(colPlace) == place {
			place++
		}
	}
	if place > MaxDrafts {
		return 0, fault.New(fault.Conflict, "draft.too_many", "max", MaxDrafts)
	}
	return place, nil
}

// Rename gives a draft another label. Faults "draft.not_found" (NotFound), "draft.label" (Invalid).
func (s *Session) Rename(ctx context.Context, key id.ID, label string) (Draft, error) {
	if err := checkLabel(label); err != nil {
		return Draft{}, err
	}
	return s.change(ctx, key, func(k *kept) error {
		k.Label = label
		return nil
	})
}

func checkLabel(label string) error {
	if label == "" || utf8.RuneCountInString(label) > MaxLabel {
		return fault.New(fault.Invalid, "draft.label", "max", MaxLabel).At("/label")
	}
	return nil
}

// Discard removes a draft. Fault "draft.not_found" (NotFound).
func (s *Session) Discard(ctx context.Context, key id.ID) error {
	return again(func() error {
		k, err := s.find(ctx, key)
		if err != nil {
			return err
		}
		return s.remove(ctx, k)
	})
}

// remove removes a draft if it is still as it was read. Fault "store.stale" (Stale).
func (s *Session) remove(ctx context.Context, k *kept) error {
	return s.tenant.Write(ctx, func(tx store.Tx) error {
		if err := tx.Update(ctx, draftTable, k.ID, k.version, map[string]any{query.Version.Name: k.version + 1}, nil); err != nil {
			return err
		}
		if _, err := tx.DeleteWhere(ctx, documentTable, query.Is(colDraft, int64(k.ID))); err != nil {
			return err
		}
		return tx.Delete(ctx, draftTable, k.ID)
	})
}

// again does something once more while others change the same.
func again(try func() error) error {
	const tries = 20
	for i := 1; ; i++ {
		err := try()
		if i == tries || !fault.Is(err, "store.stale") && !fault.Is(err, "store.not_unique") && !fault.Is(err, "catalog.stale") {
			return err
		}
	}
}

// find reads a draft. Fault "draft.not_found" (NotFound).
func (s *Session) find(ctx context.Context, key id.ID) (*kept, error) {
	k, err := s.head(ctx, key)
	if err != nil {
		return nil, err
	}
	return k, s.fill(ctx, query.Is(colDraft, int64(key)), []*kept{k}, true)
}

// head reads a draft without its documents. Fault "draft.not_found" (NotFound).
func (s *Session) head(ctx context.Context, key id.ID) (*kept, error) {
	found, err := s.heads(ctx, query.Is(query.ID, int64(key)))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noDraft(key)
	}
	return found[0], nil
}

// heads reads drafts without their documents.
func (s *Session) heads(ctx context.Context, filter query.Filter) (all []*kept, err error) {
	q := query.Select{Table: draftTable, Filter: filter, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: MaxDrafts}
	for row, err := range store.Find(ctx, s.tenant, q, draftColumns...) {
		if err != nil {
			return nil, fmt.Errorf("reading drafts: %w", err)
		}
		all = append(all, &kept{version: row.Int(query.Version), Draft: Draft{ID: row.ID(query.ID), Label: row.Text(colLabel), Base: row.Int(colBase), At: row.Time(colAt), By: row.ID(colBy), ChangedAt: row.Time(colChanged)}})
	}
	return all, nil
}

// fill reads the documents of drafts, whole or without what they say. One that is changed since
// its head was read is filled as changed, and its version is not the one that a change of it
// will find.
func (s *Session) fill(ctx context.Context, filter query.Filter, drafts []*kept, whole bool) error {
	byID := map[id.ID]*kept{}
	for _, k := range drafts {
		byID[k.ID] = k
	}
	sort := []query.Order{{Ref: query.Field(colDraft)}, {Ref: query.Field(colKind)}, {Ref: query.Field(colName)}, {Ref: query.Field(query.ID)}}
	for row, err := range store.Find(ctx, s.tenant, query.Select{Table: documentTable, Filter: filter, Sort: sort}, documentColumns...) {
		if err != nil {
			return fmt.Errorf("reading the documents of drafts: %w", err)
		}
		k := byID[row.ID(colDraft)]
		if k == nil {
			continue
		}
		d := metadata.Document{Key: metadata.Key{Kind: row.Text(colKind), Name: row.Text(colName)}, Body: []byte(row.Text(colBody))}
		if !whole && !d.Hides() {
			d.Body = nil
		}
		k.layer = append(k.layer, overlay{Document: d, row: row.ID(query.ID), at: row.Time(colAt), by: row.ID(colBy)})
	}
	return nil
}
