package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
)

// Blobs are the contents of one tenant: bytes that are no rows, each under an
// id that its writer made. They are apart from rows: no transaction holds both.
// Whoever needs both puts the blob, then writes the row that names it; and deletes
// the row, then the blob. A blob that no row names is an orphan, to be found by List.
//
// A blob is whole and never changes. What is larger than one request, and must go
// on after a break, is a list of blobs. Memory is bounded whatever the size.
//
// Safe for concurrent use. The methods fail where the tenant was deleted.
type Blobs interface {
	// Put stores what r yields to its end, at most limit bytes, under a key that
	// nothing was put under. It is durable when Put returns nil; otherwise, or if the
	// process is killed, nobody ever sees anything of it (unless the store could not
	// be reached at the end: then it is there whole, or not at all). Of Puts to one
	// key at most one succeeds. Faults "blob.too_large" (TooLarge), for which no more
	// than one byte beyond the limit is read, and "blob.exists" (Conflict). An error
	// of r stays in the chain.
	Put(ctx context.Context, key id.ID, r io.Reader, limit int64) (Digest, error)
	// Open reads length bytes from an offset on: fewer where the blob ends before,
	// all of them if length is negative. The reader lasts no longer than ctx. If the
	// blob is deleted meanwhile it goes on or fails; it does not end early without
	// an error. Fault "blob.not_found" (NotFound).
	Open(ctx context.Context, key id.ID, offset, length int64) (io.ReadCloser, error)
	// Stat tells of a blob. Fault "blob.not_found" (NotFound).
	Stat(ctx context.Context, key id.ID) (Blob, error)
	// Delete removes a blob. No error if there is none.
	Delete(ctx context.Context, key id.ID) error
	// List tells of up to limit blobs whose keys are greater than after, in the order of
	// keys. Fewer than limit: there are no more.
	List(ctx context.Context, after id.ID, limit int) ([]Blob, error)
	// Tidy removes what Puts and Deletes left behind whose process was killed. It touches
	// only those that have done nothing since the given time. A Put or Delete that is still
	// under way but has done nothing since then may fail; it leaves nothing behind either.
	Tidy(ctx context.Context, since time.Time) error
}

// Blob is what a store knows of a blob.
type Blob struct {
	Key    id.ID
	Size   int64     // bytes
	Stored time.Time // when it was put, by the clock of the store, to the second at least
}

// Digest tells what was put.
type Digest struct {
	Size   int64 // bytes
	SHA256 [sha256.Size]byte
}

// CopyBlob copies r to w for a Blobs.Put: at most limit bytes, until ctx is done.
func CopyBlob(ctx context.Context, w io.Writer, r io.Reader, limit int64) (Digest, error) {
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(w, sum), LimitBlob(ctx, r, limit))
	if err != nil {
		return Digest{}, err
	}
	d := Digest{Size: size}
	sum.Sum(d.SHA256[:0])
	return d, nil
}

// LimitBlob is r for a Blobs.Put: it fails with "blob.too_large" behind limit bytes,
// and when ctx is done.
func LimitBlob(ctx context.Context, r io.Reader, limit int64) io.Reader {
	return &limited{ctx: ctx, r: r, left: limit, limit: limit}
}

type limited struct {
	ctx         context.Context
	r           io.Reader
	left, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fault.New(fault.TooLarge, "blob.too_large", "limit", l.limit)
	}
	return n, err
}

// BlobName is the name that a blob is kept under: 13 characters of 0 to 9 and a to z,
// in the order of keys. It fails for what is no key.
func BlobName(key id.ID) (string, error) {
	if key <= 0 {
		return "", fmt.Errorf("%d is no key of a blob", key)
	}
	return key.String(), nil
}

// BlobNotFound is the fault of a blob that is not there.
func BlobNotFound() *fault.Fault { return fault.New(fault.NotFound, "blob.not_found") }

// BlobExists is the fault of a second Put to a key.
func BlobExists() *fault.Fault { return fault.New(fault.Conflict, "blob.exists") }

// BlobStore keeps blobs of tenants apart from their rows: see WithBlobs.
type BlobStore interface {
	// Blobs are those of a tenant, whose name is valid; it asks nobody whether there is one.
	Blobs(tenant string) Blobs
	// DeleteAll removes everything of a tenant, for good. No error if there is nothing.
	DeleteAll(ctx context.Context, tenant string) error
	// Ping reports whether it can serve.
	Ping(ctx context.Context) error
}

// WithBlobs is a store whose tenants have their blobs in another place.
func WithBlobs(s Store, blobs BlobStore) Store { return withBlobs{s, blobs} }

type withBlobs struct {
	Store
	blobs BlobStore
}

func (s withBlobs) Tenant(ctx context.Context, name string) (Tenant, error) {
	t, err := s.Store.Tenant(ctx, name)
	if err != nil {
		return nil, err
	}
	return tenantWithBlobs{t, s}, nil
}

// Create first removes what a deletion that was interrupted may have left.
func (s withBlobs) Create(ctx context.Context, name string) (Tenant, error) {
	if _, err := s.Store.Tenant(ctx, name); fault.Is(err, "tenant.not_found") && ValidTenant(name) {
		if err := s.blobs.DeleteAll(ctx, name); err != nil {
			return nil, err
		}
	}
	t, err := s.Store.Create(ctx, name)
	if err != nil {
		return nil, err
	}
	return tenantWithBlobs{t, s}, nil
}

// Load first removes what Create would.
func (s withBlobs) Load(ctx context.Context, name string, r io.Reader) (Tenant, error) {
	if _, err := s.Store.Tenant(ctx, name); fault.Is(err, "tenant.not_found") && ValidTenant(name) {
		if err := s.blobs.DeleteAll(ctx, name); err != nil {
			return nil, err
		}
	}
	t, err := s.Store.Load(ctx, name, r)
	if err != nil {
		return nil, err
	}
	return tenantWithBlobs{t, s}, nil
}

// Delete removes rows first, after which nobody puts blobs.
func (s withBlobs) Delete(ctx context.Context, name string) error {
	if err := s.Store.Delete(ctx, name); err != nil {
		return err
	}
	return s.blobs.DeleteAll(ctx, name)
}

func (s withBlobs) Ping(ctx context.Context) error {
	return errors.Join(s.Store.Ping(ctx), s.blobs.Ping(ctx))
}

type tenantWithBlobs struct {
	Tenant
	store withBlobs
}

func (t tenantWithBlobs) Blobs() Blobs {
	return guarded{Blobs: t.store.blobs.Blobs(t.Name()), tenant: t.Name(), tenants: t.store.Store}
}

// guarded are blobs of a tenant that is there.
type guarded struct {
	Blobs
	tenant  string
	tenants Store
}

func (g guarded) exists(ctx context.Context) error {
	_, err := g.tenants.Tenant(ctx, g.tenant)
	return err
}

// Put looks again at its end: what came after the tenant's deletion is taken back.
func (g guarded) Put(ctx context.Context, key id.ID, r io.Reader, limit int64) (Digest, error) {
	if err := g.exists(ctx); err != nil {
		return Digest{}, err
	}
	d, err := g.Blobs.Put(ctx, key, r, limit)
	if err != nil {
		return Digest{}, err
	}
	if err := g.exists(ctx); fault.Is(err, "tenant.not_found") {
		return Digest{}, errors.Join(err, g.Blobs.Delete(ctx, key))
	}
	return d, nil
}

func (g guarded) Open(ctx context.Context, key id.ID, offset, length int64) (io.ReadCloser, error) {
	if err := g.exists(ctx); err != nil {
		return nil, err
	}
	return g.Blobs.Open(ctx, key, offset, length)
}

func (g guarded) Stat(ctx context.Context, key id.ID) (Blob, error) {
	if err := g.exists(ctx); err != nil {
		return Blob{}, err
	}
	return g.Blobs.Stat(ctx, key)
}

func (g guarded) Delete(ctx context.Context, key id.ID) error {
	if err := g.exists(ctx); err != nil {
		return err
	}
	return g.Blobs.Delete(ctx, key)
}

func (g guarded) List(ctx context.Context, after id.ID, limit int) ([]Blob, error) {
	if err := g.exists(ctx); err != nil {
		return nil, err
	}
	return g.Blobs.List(ctx, after, limit)
}

func (g guarded) Tidy(ctx context.Context, since time.Time) error {
	if err := g.exists(ctx); err != nil {
		return err
	}
	return g.Blobs.Tidy(ctx, since)
}
