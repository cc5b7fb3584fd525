package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// blobs are a tenant's blobs: files in a folder beside its database, named after
// their keys.
//
//	acme.blobs/01k9/01k9d2m8w00q4   a blob, in the folder of its first characters
//	acme.blobs/unfinished/…         what is being put
//
// Keys rise with time, so the first four characters part blobs by time, a folder for
// each 4.6 hours: the folder of a moment stays small, a copy of the data looks into
// few, and names come in the order of keys.
type blobs struct {
	tenant *tenant
	dir    string

	removing sync.RWMutex // held for writing by Store.Delete, for reading by what makes files
	making   sync.Mutex   // makes folders, so that nobody relies on one before it is durable
}

const (
	blobsSuffix = ".blobs"
	unfinished  = "unfinished"
	shard       = 4 // characters of a name
)

// Blobs implements store.Tenant.
func (t *tenant) Blobs() store.Blobs { return &t.blobs }

// Put writes a file under a name of its own and links it to its key when it is whole
// and on the disk.
func (b *blobs) Put(ctx context.Context, key id.ID, r io.Reader, limit int64) (store.Digest, error) {
	name, err := store.BlobName(key)
	if err != nil {
		return store.Digest{}, err
	}
	file, err := b.begin()
	if err != nil {
		return store.Digest{}, err
	}
	defer os.Remove(file.Name()) // its other name stays
	d, err := store.CopyBlob(ctx, file, r, limit)
	if err == nil && !b.tenant.store.options.Relaxed {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = b.publish(file.Name(), name)
	}
	if err != nil {
		return store.Digest{}, failedBlob("storing a blob", b.tenant.store.told(err))
	}
	return d, nil
}

// failedBlob says what was being done; faults stay as they are.
func failedBlob(doing string, err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// begin makes an empty file for what is being put.
func (b *blobs) begin() (*os.File, error) {
	b.removing.RLock()
	defer b.removing.RUnlock()
	if err := b.tenant.present(); err != nil {
		return nil, err
	}
	dir := filepath.Join(b.dir, unfinished)
	if err := b.folder(dir); err != nil {
		return nil, fmt.Errorf("making a folder for blobs: %w", b.tenant.store.told(err))
	}
	file, err := os.CreateTemp(dir, "")
	if err != nil {
		return nil, fmt.Errorf("making a file for a blob: %w", b.tenant.store.told(err))
	}
	return file, nil
}

// publish gives a file the name of a key. A folder may go with its last blob just
// before the link.
func (b *blobs) publish(file, name string) error {
	b.removing.RLock()
	defer b.removing.RUnlock()
	if err := b.tenant.present(); err != nil {
		return err
	}
	path := b.path(name)
	for try := 0; ; try++ {
		if err := b.folder(filepath.Dir(path)); err != nil {
			return err
		}
		err := os.Link(file, path)
		switch {
		case errors.Is(err, os.ErrExist):
			return store.BlobExists()
		case errors.Is(err, os.ErrNotExist) && try < 10:
			continue
		case err != nil:
			return err
		}
		if err := b.sync(filepath.Dir(path)); err != nil {
			return errors.Join(err, os.Remove(path))
		}
		return nil
	}
}

func (b *blobs) path(name string) string { return filepath.Join(b.dir, name[:shard], name) }

// folder makes sure that a folder for blobs exists and stays.
func (b *blobs) folder(dir string) error {
	b.making.Lock()
	defer b.making.Unlock()
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return errors.Join(b.sync(b.dir), b.sync(filepath.Dir(b.dir)))
}

// sync makes the names in a folder durable.
func (b *blobs) sync(dir string) error {
	if b.tenant.store.options.Relaxed {
		return nil
	}
	return syncFolder(dir)
}

// find opens the file of a key.
func (b *blobs) find(ctx context.Context, key id.ID) (*os.File, error) {
	name, err := store.BlobName(key)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(ctx.Err(), b.tenant.present()); err != nil {
		return nil, err
	}
	file, err := os.Open(b.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, store.BlobNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("opening a blob: %w", err)
	}
	return file, nil
}

// Open implements store.Blobs. What is open can be read to its end, deleted or not.
func (b *blobs) Open(ctx context.Context, key id.ID, offset, length int64) (io.ReadCloser, error) {
	file, err := b.find(ctx, key)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("reading a blob: %w", err), file.Close())
	}
	var r io.Reader = file
	if length >= 0 {
		r = io.LimitReader(file, length)
	}
	return &blobReader{Reader: r, Closer: file, ctx: ctx}, nil
}

type blobReader struct {
	io.Reader
	io.Closer
	ctx context.Context
}

func (r *blobReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// Stat implements store.Blobs.
func (b *blobs) Stat(ctx context.Context, key id.ID) (store.Blob, error) {
	file, err := b.find(ctx, key)
	if err != nil {
		return store.Blob{}, err
	}
	info, err := file.Stat()
	if err = errors.Join(err, file.Close()); err != nil {
		return store.Blob{}, fmt.Errorf("looking at a blob: %w", err)
	}
	return store.Blob{Key: key, Size: info.Size(), Stored: info.ModTime()}, nil
}

// Delete implements store.Blobs. A folder goes with its last blob.
func (b *blobs) Delete(ctx context.Context, key id.ID) error {
	name, err := store.BlobName(key)
	if err != nil {
		return err
	}
	if err := errors.Join(ctx.Err(), b.tenant.present()); err != nil {
		return err
	}
	if err := os.Remove(b.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("deleting a blob: %w", err)
	}
	_ = os.Remove(filepath.Dir(b.path(name))) // refused while there are others
	return nil
}

// List implements store.Blobs. It holds the names of one folder at a time.
func (b *blobs) List(ctx context.Context, after id.ID, limit int) ([]store.Blob, error) {
	if err := b.tenant.present(); err != nil {
		return nil, err
	}
	behind := after.String() // "" sorts before every name
	folders, err := names(b.dir)
	if err != nil {
		return nil, err
	}
	var page []store.Blob
	for _, folder := range folders {
		if len(folder) != shard || len(behind) > shard && folder < behind[:shard] {
			continue
		}
		inside, err := names(filepath.Join(b.dir, folder))
		if err != nil {
			return nil, err
		}
		for _, name := range inside {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if name <= behind {
				continue
			}
			if len(page) >= limit {
				return page, nil
			}
			blob, err := b.stat(folder, name)
			if err != nil {
				return nil, err
			}
			if blob.Key != 0 {
				page = append(page, blob)
			}
		}
	}
	return page, nil
}

// stat tells of the blob in a file; its key is 0 if there is none.
func (b *blobs) stat(folder, name string) (store.Blob, error) {
	key, ok := id.Parse(name)
	if !ok {
		return store.Blob{}, nil
	}
	info, err := os.Lstat(filepath.Join(b.dir, folder, name))
	if errors.Is(err, os.ErrNotExist) {
		return store.Blob{}, nil
	}
	if err != nil {
		return store.Blob{}, fmt.Errorf("listing blobs: %w", err)
	}
	return store.Blob{Key: key, Size: info.Size(), Stored: info.ModTime()}, nil
}

// names are those in a folder, sorted; none if it is not there.
func names(dir string) ([]string, error) {
	opened, err := os.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing blobs: %w", err)
	}
	all, err := opened.Readdirnames(-1)
	if err = errors.Join(err, opened.Close()); err != nil {
		return nil, fmt.Errorf("listing blobs: %w", err)
	}
	slices.Sort(all)
	return all, nil
}

// Tidy implements store.Blobs. A file tells by its time when it was last written to.
func (b *blobs) Tidy(ctx context.Context, since time.Time) error {
	if err := b.tenant.present(); err != nil {
		return err
	}
	dir := filepath.Join(b.dir, unfinished)
	left, err := names(dir)
	if err != nil {
		return err
	}
	for _, name := range left {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := os.Lstat(filepath.Join(dir, name))
		if err == nil && info.ModTime().Before(since) {
			err = os.Remove(filepath.Join(dir, name))
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("tidying blobs: %w", err)
		}
	}
	return nil
}

// remove removes everything, after which nothing is put: the tenant is closed.
func (b *blobs) remove() error {
	b.removing.Lock()
	defer b.removing.Unlock()
	return os.RemoveAll(b.dir)
}
