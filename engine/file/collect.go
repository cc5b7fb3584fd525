package file

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// JobCollect is the kind of the background job that removes what belongs to nobody:
// uploads that did not go on or were not attached, files of records that are gone for
// good, contents without a row. It runs again a day later.
const JobCollect = "collect_files"

const (
	collectEvery = 24 * time.Hour
	collectPage  = 200 // files, or blobs, looked at at a time
)

// Named yields the keys of the blobs that a room's rows name, of those greater than after and
// not greater than last.
type Named func(ctx context.Context, from store.Reader, after, last id.ID) iter.Seq2[id.ID, error]

// Snapshots finds a tenant's newest configuration.
type Snapshots interface {
	Snapshot(ctx context.Context, t store.Tenant) (*catalog.Snapshot, error)
}

// Jobs are the kinds of jobs that this room does. Rooms that keep blobs of their own say by
// others which they name.
func (s *Service) Jobs(snapshots Snapshots, others ...Named) []job.Kind {
	return []job.Kind{{Name: JobCollect, Limit: 1, Handle: s.collect(snapshots, append([]Named{namedParts}, others...))}}
}

// collect is the handler of JobCollect. What it does may be done twice, and at any
// moment: it begins anew where it was stopped.
func (s *Service) collect(snapshots Snapshots, named []Named) job.Handler {
	return func(ctx context.Context, t store.Tenant, _ *job.Progress) error {
		snapshot, err := snapshots.Snapshot(ctx, t)
		if err != nil {
			return fmt.Errorf("reading the configuration: %w", err)
		}
		since := s.now().Add(-keptLoose)
		err = errors.Join(s.collectFiles(ctx, t, snapshot, since), collectBlobs(ctx, t, named, since), t.Blobs().Tidy(ctx, since))
		if err != nil {
			return err
		}
		return t.Write(ctx, func(tx store.Tx) error { return s.collectLater(ctx, tx) })
	}
}

// collectLater has JobCollect run a day from now, unless it is to run already. Whoever
// begins an upload does so; from then on it keeps itself going.
func (s *Service) collectLater(ctx context.Context, tx store.Tx) error {
	waiting, err := job.List(ctx, tx, job.Listing{Kind: JobCollect, State: job.Waiting, Limit: 1})
	if err != nil || len(waiting) > 0 {
		return err
	}
	now := s.now()
	_, err = job.Enqueue(ctx, tx, s.ids, now, job.New{Kind: JobCollect, At: now.Add(collectEvery)})
	return err
}

// collectFiles looks at every file.
func (s *Service) collectFiles(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, since time.Time) error {
	for after := id.ID(0); ; {
		page, err := selectFiles(ctx, t, query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: int64(after)}, collectPage)
		if err != nil {
			return err
		}
		for _, f := range page {
			after = f.ID
			if err := s.collectFile(ctx, t, snapshot, f, since); err != nil {
				return err
			}
		}
		if len(page) < collectPage {
			return nil
		}
	}
}

// collectFile removes a file that has belonged to no record since a time, and notes it of
// one whose record is gone.
func (s *Service) collectFile(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, f *File, since time.Time) error {
	unchanged := func(now *File) bool { return now.version == f.version }
	if f.Object == "" {
		if f.touched < since.UnixMilli() {
			return s.remove(ctx, t, f.ID, unchanged)
		}
		return nil
	}
	has, err := hasFile(ctx, t, snapshot, f)
	if err != nil {
		return err
	}
	var detached any
	switch {
	case has && f.detached == 0, !has && f.detached >= since.UnixMilli():
		return nil
	case !has && f.detached != 0:
		return s.remove(ctx, t, f.ID, unchanged)
	case !has:
		detached = s.now().UnixMilli()
	}
	err = t.Write(ctx, func(tx store.Tx) error { return f.change(ctx, tx, map[string]any{"detached": detached}) })
	if fault.Is(err, "store.stale") { // somebody was faster; another day
		return nil
	}
	return err
}

// hasFile reports whether a record has a file: it is there, or in the bin, and names it. An
// object that was removed may come back with its records, so it has its files.
func hasFile(ctx context.Context, t store.Tenant, snapshot *catalog.Snapshot, f *File) (bool, error) {
	o, ok := snapshot.Objects[f.Object]
	if !ok {
		return true, nil
	}
	columns := []query.Column{query.ID}
	field, isField := o.Field(f.Field)
	if isField {
		columns = append(columns, field.Column)
	}
	row, live, err := store.First(ctx, t, query.Select{Table: o.Table.Name, Filter: query.Is(query.ID, int64(f.Record))}, columns...)
	switch {
	case err != nil:
		return false, fmt.Errorf("looking for the record of a file: %w", err)
	case !live:
		return inBin(ctx, t, f)
	case f.Field == "":
		return f.detached == 0, nil
	}
	return !isField || names(row.Value(field.Column), f.ID), nil
}

// names reports whether a value names a file.
func names(stored any, key id.ID) bool {
	for _, ref := range fieldtype.FileRefs(stored) {
		if ref.ID == key {
			return true
		}
	}
	return false
}

var binObject = query.Column{Name: "object", Storage: fieldtype.Text}

// inBin reports whether the record of a file is in the recycle bin.
func inBin(ctx context.Context, t store.Tenant, f *File) (bool, error) {
	n, err := t.Count(ctx, "_bin", query.All{query.Is(query.ID, int64(f.Record)), query.Is(binObject, f.Object)}, nil, 0)
	if err != nil {
		return false, fmt.Errorf("looking for the record of a file in the bin: %w", err)
	}
	return n > 0, nil
}

// collectBlobs removes contents that no row names, which a kill between the two has left.
func collectBlobs(ctx context.Context, t store.Tenant, rooms []Named, since time.Time) error {
	for after := id.ID(0); ; {
		page, err := t.Blobs().List(ctx, after, collectPage)
		if err != nil || len(page) == 0 {
			return err
		}
		last, named := page[len(page)-1].Key, map[id.ID]bool{}
		for _, room := range rooms {
			for key, err := range room(ctx, t, after, last) {
				if err != nil {
					return fmt.Errorf("reading which blobs are named: %w", err)
				}
				named[key] = true
			}
		}
		for _, blob := range page {
			if named[blob.Key] || !blob.Stored.Before(since) {
				continue
			}
			if err := t.Blobs().Delete(ctx, blob.Key); err != nil {
				return err
			}
		}
		if after = last; len(page) < collectPage {
			return nil
		}
	}
}

// namedParts is Named of this room.
func namedParts(ctx context.Context, from store.Reader, after, last id.ID) iter.Seq2[id.ID, error] {
	return func(yield func(id.ID, error) bool) {
		q := query.Select{Table: partTable, Filter: query.All{
			query.Compare{Ref: query.Field(query.ID), Op: query.Gt, Value: int64(after)},
			query.Compare{Ref: query.Field(query.ID), Op: query.Le, Value: int64(last)}}}
		for row, err := range store.Find(ctx, from, q, query.ID) {
			if err != nil {
				yield(0, err)
				return
			}
			if !yield(row.ID(query.ID), nil) {
				return
			}
		}
	}
}
