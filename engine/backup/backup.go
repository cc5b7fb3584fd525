// Package backup keeps copies of tenants in a place apart from the store: a folder or a
// bucket.
//
// A copy is a folder <tenant>/<time>/ with
//
//	rows.zst       what store.Tenant.Dump writes
//	blobs.zst      a line for each blob, in the order of keys: <key> <size> <SHA-256>
//	manifest.json  what the two are, with their SHA-256. It is written last: without it there is no copy
//
// Contents of blobs never change, so copies share them: <tenant>/blobs/<key>.zst.
// Everything is compressed with Zstandard. Memory does not grow with a tenant.
package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// Place holds files by names with slashes. Safe for concurrent use.
type Place interface {
	// Put writes a file for its owner alone, whole or not at all. It replaces one that is there.
	Put(ctx context.Context, name string, r io.Reader) error
	// Open reads a file. fs.ErrNotExist if there is none.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Names lists the files whose names begin with a prefix, which ends in a slash: folder by
	// folder, files and folders in the order of their names. Who stops has not read the rest.
	Names(ctx context.Context, prefix string) iter.Seq2[string, error]
	// Remove removes a file. No error if there is none.
	Remove(ctx context.Context, name string) error
}

const (
	rowsName     = "rows.zst"
	blobsName    = "blobs.zst"
	manifestName = "manifest.json"
	blobsFolder  = "blobs"

	version = 1
	// stamp is the form of a copy's time, in UTC. It sorts as time does.
	stamp = "20060102T150405.000Z"
	// maxManifest bounds what is read of a manifest, in bytes.
	maxManifest = 1 << 16
)

// Sum is what a file of a copy is, as it is stored.
type Sum struct {
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Copy is one copy of a tenant.
type Copy struct {
	Version int       `json:"version"` // of the form of copies
	Tenant  string    `json:"tenant"`
	Taken   time.Time `json:"taken"` // when it began: all that was acknowledged before is in it
	Program string    `json:"program"`
	Format  int       `json:"format"` // of the tenant's data
	Rows    Sum       `json:"rows"`
	List    Sum       `json:"list"` // of blobs
	Blobs   int64     `json:"blobs"`
}

// Keeper takes copies and restores them.
type Keeper struct {
	Place   Place
	Store   store.Store
	Program string // its version
	Now     func() time.Time
}

func (c *Copy) file(name string) string {
	return path.Join(c.Tenant, c.Taken.UTC().Format(stamp), name)
}

// Take copies a tenant while others use it: its rows as they are at one moment, and then
// the blobs that they name. Whoever uses blobs keeps them for a day after the last row
// that named them, which is how long the copying may take.
func (k *Keeper) Take(ctx context.Context, tenant string) (*Copy, error) {
	t, err := k.Store.Tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	before, err := k.last(ctx, tenant)
	if err != nil {
		return nil, err
	}
	c := &Copy{Version: version, Tenant: tenant, Taken: k.Now().UTC().Truncate(time.Millisecond), Program: k.Program}
	if c.Format, err = t.Format(ctx); err != nil {
		return nil, fmt.Errorf("copying tenant %s: %w", tenant, err)
	}
	if c.Rows, err = k.put(ctx, c.file(rowsName), func(w io.Writer) error { return t.Dump(ctx, w) }); err != nil {
		return nil, fmt.Errorf("copying the rows of tenant %s: %w", tenant, err)
	}
	blobs := func(w io.Writer) (err error) {
		c.Blobs, err = k.putBlobs(ctx, t, before, w)
		return err
	}
	if c.List, err = k.put(ctx, c.file(blobsName), blobs); errors.Is(err, errBefore) {
		before = nil // what it has is not to be trusted: all blobs are copied again
		c.List, err = k.put(ctx, c.file(blobsName), blobs)
	}
	if err != nil {
		return nil, fmt.Errorf("copying the blobs of tenant %s: %w", tenant, err)
	}
	raw, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	if err := k.Place.Put(ctx, c.file(manifestName), strings.NewReader(string(raw)+"\n")); err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	return c, nil
}

// Copies lists the copies of a tenant that are whole, the newest first.
func (k *Keeper) Copies(ctx context.Context, tenant string) ([]*Copy, error) {
	if !store.ValidTenant(tenant) {
		return nil, fault.New(fault.NotFound, "tenant.not_found", "tenant", tenant)
	}
	var all []*Copy
	for name, err := range k.Place.Names(ctx, tenant+"/") {
		if err != nil {
			return nil, fmt.Errorf("listing copies: %w", err)
		}
		if path.Base(name) != manifestName {
			continue
		}
		c, err := k.read(ctx, name)
		if err != nil {
			return nil, err
		}
		if c.Tenant != tenant || c.file(manifestName) != name {
			return nil, fmt.Errorf("the manifest %s is of another copy", name)
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *Copy) int { return b.Taken.Compare(a.Taken) })
	return all, nil
}

// last is the newest copy of a tenant, nil if there is none.
func (k *Keeper) last(ctx context.Context, tenant string) (*Copy, error) {
	all, err := k.Copies(ctx, tenant)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// newest is when the newest copy of a tenant was taken, to the millisecond; zero if there is
// none. It reads no copy, and nothing of the blobs.
func (k *Keeper) newest(ctx context.Context, tenant string) (time.Time, error) {
	var newest string
	for name, err := range k.Place.Names(ctx, tenant+"/") {
		if err != nil {
			return time.Time{}, fmt.Errorf("listing copies: %w", err)
		}
		if strings.HasPrefix(name, tenant+"/"+blobsFolder+"/") {
			break // names of copies are times and come before
		}
		if path.Base(name) == manifestName {
			newest = path.Base(path.Dir(name))
		}
	}
	if newest == "" {
		return time.Time{}, nil
	}
	taken, err := time.Parse(stamp, newest)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when the copy %s/%s was taken: %w", tenant, newest, err)
	}
	return taken, nil
}

// read reads a manifest.
func (k *Keeper) read(ctx context.Context, name string) (*Copy, error) {
	in, err := k.Place.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest %s: %w", name, err)
	}
	defer in.Close()
	raw, err := io.ReadAll(io.LimitReader(in, maxManifest))
	c := &Copy{}
	if err == nil {
		err = json.Unmarshal(raw, c)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the manifest %s: %w", name, err)
	}
	if c.Version > version {
		return nil, fmt.Errorf("the copy %s was made by a newer program (%s)", name, c.Program)
	}
	return c, nil
}

// Restore makes a tenant of a copy, under the copy's name or another. at is the last moment
// that may be in it: the newest copy of that time or before is taken; the newest of all if it
// is zero. A restore that fails leaves no tenant. Faults "tenant.exists" (Conflict),
// "backup.none" (NotFound), "backup.damaged" (Invalid).
func (k *Keeper) Restore(ctx context.Context, tenant, as string, at time.Time) (*Copy, error) {
	all, err := k.Copies(ctx, tenant)
	if err != nil {
		return nil, err
	}
	found := slices.IndexFunc(all, func(c *Copy) bool { return at.IsZero() || !c.Taken.After(at) })
	if found < 0 {
		return nil, fault.New(fault.NotFound, "backup.none", "tenant", tenant)
	}
	c := all[found]
	var t store.Tenant
	if err := k.get(ctx, c.file(rowsName), c.Rows, func(r io.Reader) (err error) {
		t, err = k.Store.Load(ctx, as, r)
		return err
	}); err != nil {
		if t != nil { // it was loaded, and its sum is wrong
			err = errors.Join(err, k.Store.Delete(context.WithoutCancel(ctx), as))
		}
		return nil, fmt.Errorf("restoring tenant %s: %w", tenant, err)
	}
	if err := k.getBlobs(ctx, c, t); err != nil {
		return nil, errors.Join(fmt.Errorf("restoring the blobs of tenant %s: %w", tenant, err), k.Store.Delete(context.WithoutCancel(ctx), as))
	}
	return c, nil
}
