// Package file keeps uploaded files: their contents as blobs, what is known of them as
// rows. An upload goes on after a break; a file belongs to the one who uploaded it until a
// record is saved with it, and is then read by whoever may read that record and field.
//
// Contents are stored in parts, each a blob, and never put together. Memory is bounded by
// a part whatever the size of a file.
package file

import (
	"context"
	"errors"
	"fmt"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// Limits bound what is uploaded.
type Limits struct {
	File  int64 // bytes of a file
	Quota int64 // bytes of all files of a tenant, as they were announced; thumbnails do not count
	Loose int   // uploads of a user that are in no record, complete or not
}

// DefaultLimits are those of a server that is told none.
var DefaultLimits = Limits{File: 5 << 30, Quota: 100 << 30, Loose: 100}

const (
	partSize = 8 << 20 // bytes of a part, at most
	maxParts = 10_000  // of a file
	maxName  = 255     // characters
	// keptLoose is how long a file is kept that belongs to no record: an upload that does
	// not go on, one that was not attached, one that was taken off.
	keptLoose = 24 * time.Hour
)

// Service keeps the files of all tenants. Safe for concurrent use.
type Service struct {
	ids    *id.Source
	now    func() time.Time
	limits Limits
	wake   func(tenant string)
	images chan struct{} // held by whoever decodes an image
}

// New makes a service. Zero limits are those of DefaultLimits; wake is called with a tenant
// that has background work.
func New(ids *id.Source, now func() time.Time, limits Limits, wake func(tenant string)) *Service {
	if limits.File == 0 {
		limits.File = DefaultLimits.File
	}
	if limits.Quota == 0 {
		limits.Quota = DefaultLimits.Quota
	}
	if limits.Loose == 0 {
		limits.Loose = DefaultLimits.Loose
	}
	return &Service{ids: ids, now: now, limits: limits, wake: wake, images: make(chan struct{}, 1)}
}

// Limits are those of every tenant.
func (s *Service) Limits() Limits { return s.limits }

// As is a session for a caller; it is cheap and made for each request.
func (s *Service) As(t store.Tenant, snapshot *catalog.Snapshot, c *policy.Caller) *Session {
	return &Session{service: s, tenant: t, snapshot: snapshot, caller: c}
}

// Session does what one caller asks under one snapshot.
type Session struct {
	service  *Service
	tenant   store.Tenant
	snapshot *catalog.Snapshot
	caller   *policy.Caller
}

// File is what is known of a file.
type File struct {
	ID       id.ID
	Name     string // as its uploader said; text of one line
	Claimed  string // type that its uploader said, or ""
	Type     string // of the contents, as they show it; "" before the upload is complete
	Size     int64  // bytes, as announced
	Received int64  // bytes that are there
	Complete bool
	SHA256   string // of the contents, in hex; "" before the upload is complete
	By       id.ID  // who uploaded it
	// Width and Height of a picture in pixels; 0 of what is none, or none that can be decoded.
	Width, Height int64
	// Object, Record and Field say what it belongs to; Field is "" where it is attached to
	// the record itself. Object is "" of a file that is still its uploader's.
	Object string
	Record id.ID
	Field  string

	expected string // SHA-256 that the uploader announced
	hash     []byte // state of the hash of what is there
	parts    int64
	version  int64
	touched  int64 // when something last happened to it, Unix ms
	detached int64 // when it was taken off its record, Unix ms; 0: it was not
}

// notFound is the fault of a file that is not there, or not for the caller.
func notFound() *fault.Fault { return fault.New(fault.NotFound, "file.not_found") }

// own finds a file that is still the caller's.
func (s *Session) own(ctx context.Context, from store.Reader, key id.ID) (*File, error) {
	f, err := find(ctx, from, key)
	if err != nil {
		return nil, err
	}
	if f.Object != "" || !s.caller.System && f.By != s.caller.User {
		return nil, notFound()
	}
	return f, nil
}

// Get tells of a file that the caller may read. Fault "file.not_found" (NotFound).
func (s *Session) Get(ctx context.Context, key id.ID) (*File, error) {
	f, err := find(ctx, s.tenant, key)
	if err != nil {
		return nil, err
	}
	if f.Object == "" {
		return s.own(ctx, s.tenant, key)
	}
	may, err := s.reads(ctx, f)
	if err != nil {
		return nil, err
	}
	if !may || f.detached != 0 || !f.Complete {
		return nil, notFound()
	}
	return f, nil
}

// reads reports whether the caller may read the record and field of a file.
func (s *Session) reads(ctx context.Context, f *File) (bool, error) {
	may, err := s.may(ctx, policy.Read, f.Object, f.Record)
	if err != nil || !may || f.Field == "" {
		return may, err
	}
	field, ok := s.snapshot.Objects[f.Object].Field(f.Field)
	if !ok || s.caller.System {
		return ok, nil
	}
	rights, err := s.snapshot.Policies.Rights(ctx, s.caller)
	if err != nil {
		return false, fmt.Errorf("finding the rights of a caller: %w", err)
	}
	return rights.Objects[f.Object].Fields[field.Name] != "", nil
}

// may reports whether the caller may do something with a record that is there.
func (s *Session) may(ctx context.Context, action policy.Action, object string, record id.ID) (bool, error) {
	o, ok := s.snapshot.Objects[object]
	if !ok {
		return false, nil
	}
	filter := query.Is(query.ID, int64(record))
	if !s.caller.System {
		rights, err := s.snapshot.Policies.Rights(ctx, s.caller)
		if err != nil {
			return false, fmt.Errorf("finding the rights of a caller: %w", err)
		}
		of := rights.Objects[object]
		if !of.Read || action == policy.Update && !of.Update {
			return false, nil
		}
		allowed, err := s.snapshot.Policies.Filter(ctx, s.caller, object, action)
		if err != nil {
			return false, fmt.Errorf("finding the rights of a caller: %w", err)
		}
		filter = query.And(filter, allowed)
	}
	n, err := s.tenant.Count(ctx, o.Table.Name, filter, nil, 0)
	if err != nil {
		return false, fmt.Errorf("looking for the record of a file: %w", err)
	}
	return n > 0, nil
}

// Delete gives up an upload, complete or not, that no record has. Fault
// "file.not_found" (NotFound).
func (s *Session) Delete(ctx context.Context, key id.ID) error {
	if _, err := s.own(ctx, s.tenant, key); err != nil {
		return err
	}
	return s.service.remove(ctx, s.tenant, key, func(f *File) bool { return f.Object == "" })
}

// remove removes a file, if it is still as it must be, and then its contents.
func (s *Service) remove(ctx context.Context, t store.Tenant, key id.ID, still func(*File) bool) error {
	var blobs []part
	err := t.Write(ctx, func(tx store.Tx) error {
		blobs = nil
		f, err := find(ctx, tx, key)
		if fault.Is(err, "file.not_found") || err == nil && !still(f) {
			return nil
		}
		if err != nil {
			return err
		}
		if blobs, err = parts(ctx, tx, key, anyVariant); err != nil {
			return err
		}
		if _, err := tx.DeleteWhere(ctx, partTable, query.Is(colFile, int64(key))); err != nil {
			return fmt.Errorf("removing the parts of a file: %w", err)
		}
		if err := tx.Delete(ctx, fileTable, key); err != nil {
			return fmt.Errorf("removing a file: %w", err)
		}
		return s.count(ctx, tx, -f.Size)
	})
	if err != nil {
		return err
	}
	for _, p := range blobs {
		err = errors.Join(err, t.Blobs().Delete(ctx, p.blob)) // what stays is found without its row
	}
	return err
}
