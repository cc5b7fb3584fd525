package s3

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Place keeps files of any names in the bucket, for backups. It is a backup.Place. A file
// has at most 10,000 parts of 8 MiB, 80 GB.
type Place struct{ store *Store }

// Place is the bucket as a place for files, under the prefix of the address.
func (s *Store) Place() Place { return Place{s} }

// Put writes a file, whole or not at all.
func (p Place) Put(ctx context.Context, name string, r io.Reader) error {
	_, err := p.store.client.Client.PutObject(ctx, p.store.bucket, p.store.prefix+name, r, -1,
		minio.PutObjectOptions{PartSize: partSize, NumThreads: 1, DisableContentSha256: true})
	return failed("writing a backup", err)
}

// Open reads a file. fs.ErrNotExist if there is none.
func (p Place) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	object, _, _, err := p.store.client.GetObject(ctx, p.store.bucket, p.store.prefix+name, minio.GetObjectOptions{})
	if code(err) == minio.NoSuchKey {
		err = errors.Join(fs.ErrNotExist, err)
	}
	if err != nil {
		return nil, failed("reading a backup", err)
	}
	return object, nil
}

// Names lists the files whose names begin with a prefix, in the order of their names, as S3 does.
func (p Place) Names(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for object := range p.store.client.Client.ListObjects(ctx, p.store.bucket, minio.ListObjectsOptions{Prefix: p.store.prefix + prefix, Recursive: true}) {
			if !yield(strings.TrimPrefix(object.Key, p.store.prefix), failed("listing backups", object.Err)) || object.Err != nil {
				return
			}
		}
	}
}

// Remove removes a file. No error if there is none.
func (p Place) Remove(ctx context.Context, name string) error {
	return failed("removing a backup", p.store.client.RemoveObject(ctx, p.store.bucket, p.store.prefix+name, minio.RemoveObjectOptions{}))
}
