package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Tables of this room. A row of _document is one document of one layer from the
// revision since, until the revision until (empty: still). A row of _revision has
// the revision's number as its id, so that of two that want to be the next only
// one can be. A row of _removed is a column, or a table, that waits to be purged.
const (
	documentTable = "_document"
	revisionTable = "_revision"
	removedTable  = "_removed"
)

// ownLayer is the tenant's own layer, which lies on top of the packages'.
const ownLayer = "own"

var (
	colLayer    = query.Column{Name: "layer", Storage: fieldtype.Text}
	colKind     = query.Column{Name: "kind", Storage: fieldtype.Text}
	colName     = query.Column{Name: "name", Storage: fieldtype.Text}
	colBody     = query.Column{Name: "body", Storage: fieldtype.Text} // as text: it comes back byte for byte
	colSince    = query.Column{Name: "since", Storage: fieldtype.Int}
	colUntil    = query.Column{Name: "until", Storage: fieldtype.Int}
	colMessage  = query.Column{Name: "message", Storage: fieldtype.Text}
	colAt       = query.Column{Name: "at", Storage: fieldtype.Int}
	colBy       = query.Column{Name: "by", Storage: fieldtype.Int}
	colPackages = query.Column{Name: "packages", Storage: fieldtype.List} // names, lowest layer first
	colTable    = query.Column{Name: "table", Storage: fieldtype.Text}
	colColumn   = query.Column{Name: "column", Storage: fieldtype.Text} // or allColumns
	colPurgeAt  = query.Column{Name: "purge_at", Storage: fieldtype.Int}
)

// Tables are the tables this room keeps in every tenant, those of its jobs among them.
func Tables() []store.Table {
	return append(slices.Concat(job.Tables(), outbox.Tables()),
		store.Table{Name: documentTable, Columns: []query.Column{colLayer, colKind, colName, colBody, colSince, colUntil},
			Indexes: []store.Index{{Name: "until", Columns: []store.IndexColumn{{Column: colUntil}}}}},
		store.Table{Name: revisionTable, Columns: []query.Column{colMessage, colAt, colBy, colPackages}},
		store.Table{Name: removedTable, Columns: []query.Column{colTable, colColumn, colPurgeAt}},
		store.Table{Name: engineTable, Columns: []query.Column{colIndexes, colPlanning}},
		demandStore,
	)
}

// layer is the documents of a package or the tenant's own.
type layer struct {
	name      string
	documents []metadata.Document
}

// mark identifies a revision of a tenant, also one that was deleted and made anew.
type mark struct{ revision, at int64 }

// state is a tenant's configuration at a revision. Immutable once it is published.
type state struct {
	mark     mark
	packages []layer // lowest first
	own      []metadata.Document
	snapshot *Snapshot
}

// base are the documents below the tenant's own.
func (s *state) base() []metadata.Document {
	layers := make([][]metadata.Document, len(s.packages))
	for i, l := range s.packages {
		layers[i] = l.documents
	}
	return metadata.Effective(layers...)
}

func (s *state) effective() []metadata.Document { return metadata.Effective(s.base(), s.own) }

func (s *state) layers() []layer {
	return append(s.packages[:len(s.packages):len(s.packages)], layer{ownLayer, s.own})
}

// newestRevision is the mark of the newest revision; zero if there is none.
func newestRevision(ctx context.Context, from store.Reader) (mark, error) {
	q := query.Select{Table: revisionTable, Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}}
	row, ok, err := store.First(ctx, from, q, query.ID, colAt)
	if err != nil {
		return mark{}, fmt.Errorf("reading the newest revision: %w", err)
	}
	if !ok {
		return mark{}, nil
	}
	return mark{revision: row.Int(query.ID), at: row.Int(colAt)}, nil
}

// CheckNewest refuses what a transaction writes under a configuration that is not the
// newest any more. So the work that a revision makes necessary misses no record: whoever
// writes after it was committed writes as it says. Fault "catalog.changed" (Conflict).
func CheckNewest(ctx context.Context, tx store.Tx, s *Snapshot) error {
	newest, err := newestRevision(ctx, tx)
	if err == nil && newest.revision != s.Revision {
		err = fault.New(fault.Conflict, "catalog.changed", "revision", s.Revision, "newest", newest.revision)
	}
	return err
}

// Revision is one entry of a configuration's history.
type Revision struct {
	Number  int64
	Message string
	At      time.Time
	By      id.ID // zero: the program itself
}

// Revisions lists revisions below before (0: from the newest), newest first, at
// most limit.
func (c *Catalog) Revisions(ctx context.Context, t store.Tenant, before int64, limit int) ([]Revision, error) {
	q := query.Select{Table: revisionTable, Limit: limit, Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}}
	if before > 0 {
		q.Filter = query.Compare{Ref: query.Field(query.ID), Op: query.Lt, Value: before}
	}
	var revisions []Revision
	for row, err := range store.Find(ctx, t, q, query.ID, colMessage, colAt, colBy) {
		if err != nil {
			return nil, fmt.Errorf("reading revisions: %w", err)
		}
		revisions = append(revisions, Revision{Number: row.Int(query.ID), Message: row.Text(colMessage), At: row.Time(colAt), By: row.ID(colBy)})
	}
	return revisions, nil
}

// load reads the documents of a revision.
func (c *Catalog) load(ctx context.Context, from store.Reader, at mark) (*state, error) {
	s := &state{mark: at}
	names, err := packagesAt(ctx, from, at.revision)
	if err != nil {
		return nil, err
	}
	documents, err := documentsAt(ctx, from, at.revision)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		s.packages = append(s.packages, layer{name: name, documents: metadata.Effective(documents[name])})
	}
	s.own = documents[ownLayer]
	return s, nil
}

// stateAt reads an older revision. Fault "catalog.no_revision" (NotFound).
func (c *Catalog) stateAt(ctx context.Context, t store.Tenant, revision int64) (*state, error) {
	is := query.Is(query.ID, revision)
	n, err := t.Count(ctx, revisionTable, is, nil, 0)
	if err != nil {
		return nil, fmt.Errorf("looking for revision %d: %w", revision, err)
	}
	if n == 0 {
		return nil, fault.New(fault.NotFound, "catalog.no_revision", "revision", revision)
	}
	return c.load(ctx, t, mark{revision: revision})
}

func packagesAt(ctx context.Context, from store.Reader, revision int64) ([]string, error) {
	row, ok, err := store.First(ctx, from, query.Select{Table: revisionTable, Filter: query.Is(query.ID, revision)}, colPackages)
	if err != nil {
		return nil, fmt.Errorf("reading revision %d: %w", revision, err)
	}
	if !ok {
		return nil, nil
	}
	return row.List(colPackages), nil
}

// documentsAt reads the documents of a revision by layer, sorted by key: those of some
// kinds, or all.
func documentsAt(ctx context.Context, from store.Reader, revision int64, kinds ...string) (map[string][]metadata.Document, error) {
	until := query.Field(colUntil)
	filter := query.All{
		query.Compare{Ref: query.Field(colSince), Op: query.Le, Value: revision},
		query.Any{query.Compare{Ref: until, Op: query.Eq, Value: nil}, query.Compare{Ref: until, Op: query.Gt, Value: revision}},
	}
	if len(kinds) > 0 {
		var one query.Any
		for _, kind := range kinds {
			one = append(one, query.Is(colKind, kind))
		}
		filter = append(filter, one)
	}
	q := query.Select{Table: documentTable, Filter: filter,
		Sort: []query.Order{{Ref: query.Field(colKind)}, {Ref: query.Field(colName)}, {Ref: query.Field(query.ID)}}}
	documents := map[string][]metadata.Document{}
	for row, err := range store.Find(ctx, from, q, colLayer, colKind, colName, colBody) {
		if err != nil {
			return nil, fmt.Errorf("reading the documents of revision %d: %w", revision, err)
		}
		name := row.Text(colLayer)
		documents[name] = append(documents[name], metadata.Document{
			Key:  metadata.Key{Kind: row.Text(colKind), Name: row.Text(colName)},
			Body: json.RawMessage(row.Text(colBody)),
		})
	}
	return documents, nil
}

// commitment is what is written beside a state's documents.
type commitment struct {
	message string
	by      id.ID
	changes []metadata.Change // of the effective documents
	work    []Job
	removed []removal // to be purged later
	kept    []removal // no longer to be purged: they are back
	vacant  []string  // objects that must have no records
}

// commit writes target as the revision after base, with its jobs, in one
// transaction. Fault "catalog.stale" (Conflict) if base is not the newest.
func (c *Catalog) commit(ctx context.Context, t store.Tenant, base, target *state, with commitment) error {
	now := c.o.Now()
	next := base.mark.revision + 1
	err := t.Write(ctx, func(tx store.Tx) error {
		newest, err := newestRevision(ctx, tx)
		if err != nil {
			return err
		}
		if newest != base.mark {
			return fault.New(fault.Conflict, "catalog.stale", "base", base.mark.revision, "newest", newest.revision)
		}
		for _, object := range with.vacant {
			if vacant, err := c.vacant(ctx, tx, object); err != nil {
				return err
			} else if !vacant { // looked at again, it has to be named
				return fault.New(fault.Conflict, "catalog.stale", "base", base.mark.revision, "newest", newest.revision)
			}
		}
		// Before its documents: where nothing is undone, what is refused leaves none of them.
		if objects := configured(base.snapshot, target.snapshot); len(objects) > 0 && c.o.Configure != nil {
			if err := c.o.Configure(ctx, t, tx, target.snapshot, objects); err != nil {
				return err
			}
		}
		names := make([]string, len(target.packages))
		for i, l := range target.packages {
			names[i] = l.name
		}
		if err := c.writeDocuments(ctx, tx, base, target, next); err != nil {
			return err
		}
		if err := c.writeRemovals(ctx, tx, with, now); err != nil {
			return err
		}
		// After its documents: a store without transactions shows what is written, and
		// nobody may take a part of a revision for the whole.
		err = tx.Insert(ctx, revisionTable, id.ID(next), map[string]any{"message": with.message, "at": now.UnixMilli(),
			"by": int64(with.by), "packages": names}, nil)
		if fault.Is(err, "store.duplicate_id") {
			return fault.New(fault.Conflict, "catalog.stale", "base", base.mark.revision, "newest", next)
		}
		if err != nil {
			return fmt.Errorf("writing revision %d: %w", next, err)
		}
		return c.enqueue(ctx, tx, with.work, now, with.by)
	})
	if err != nil {
		return err
	}
	target.mark = mark{revision: next, at: now.UnixMilli()}
	if target.snapshot.Revision != next {
		return fmt.Errorf("revision %d was compiled as %d", next, target.snapshot.Revision)
	}
	c.publish(t, target)
	c.logRevision(t, next, with)
	c.o.Wake(t.Name())
	return nil
}

// logRevision logs a revision: whose it is and how many documents it changes, with nothing
// of what they say.
func (c *Catalog) logRevision(t store.Tenant, number int64, with commitment) {
	counts := map[string]int{}
	for _, change := range with.changes {
		counts[change.Change]++
	}
	c.o.Log.Info("revision published", "tenant", t.Name(), "revision", number, "author", with.by.String(),
		"added", counts["added"], "changed", counts["changed"], "removed", counts["removed"])
}

// place is where a document lies.
type place struct {
	layer string
	metadata.Key
}

// writeDocuments ends the documents that base has and target has not, and begins
// those that are new.
func (c *Catalog) writeDocuments(ctx context.Context, tx store.Tx, base, target *state, next int64) error {
	before := map[place]metadata.Document{}
	for _, l := range base.layers() {
		for _, d := range l.documents {
			before[place{l.name, d.Key}] = d
		}
	}
	ended := map[place]bool{}
	for p := range before {
		ended[p] = true
	}
	var begun []place
	after := map[place]metadata.Document{}
	for _, l := range target.layers() {
		for _, d := range l.documents {
			p := place{l.name, d.Key}
			if old, ok := before[p]; ok && string(old.Body) == string(d.Body) {
				delete(ended, p)
				continue
			}
			after[p] = d
			begun = append(begun, p)
		}
	}
	if err := endDocuments(ctx, tx, ended, next); err != nil {
		return err
	}
	for _, p := range begun {
		err := tx.Insert(ctx, documentTable, c.o.IDs.Next(), map[string]any{"layer": p.layer, "kind": p.Kind, "name": p.Name,
			"body": string(after[p].Body), "since": next}, nil)
		if err != nil {
			return fmt.Errorf("writing document %s: %w", p.Key, err)
		}
	}
	return nil
}

func endDocuments(ctx context.Context, tx store.Tx, ended map[place]bool, next int64) error {
	if len(ended) == 0 {
		return nil
	}
	q := query.Select{Table: documentTable, Filter: query.Is(colUntil, nil), Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	var rows []id.ID
	for row, err := range store.Find(ctx, tx, q, query.ID, colLayer, colKind, colName) {
		if err != nil {
			return fmt.Errorf("reading current documents: %w", err)
		}
		if ended[place{row.Text(colLayer), metadata.Key{Kind: row.Text(colKind), Name: row.Text(colName)}}] {
			rows = append(rows, row.ID(query.ID))
		}
	}
	for _, row := range rows {
		if err := tx.Update(ctx, documentTable, row, 0, map[string]any{"until": next}, nil); err != nil {
			return fmt.Errorf("ending a document: %w", err)
		}
	}
	return nil
}
