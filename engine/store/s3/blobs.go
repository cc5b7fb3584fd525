package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// blobs are a tenant's.
type blobs struct {
	store  *Store
	tenant string
	prefix string
}

const (
	// partSize is how much of a blob is held in memory while it is put, and put in one
	// request; the server wants at least 5 MiB. Up to 10,000 parts make a blob.
	partSize = 8 << 20
	// cleanUp is how long a Put that failed may take to take its parts back.
	cleanUp = 30 * time.Second
)

// object is the name of a blob's object.
func (b *blobs) object(key id.ID) (string, error) {
	name, err := store.BlobName(key)
	if err != nil {
		return "", err
	}
	if !store.ValidTenant(b.tenant) {
		return "", fault.New(fault.NotFound, "tenant.not_found", "tenant", b.tenant)
	}
	return b.prefix + name, nil
}

// Put implements store.Blobs: in one request what fits into a part, the rest as an
// upload in parts, which nobody sees before it is completed.
func (b *blobs) Put(ctx context.Context, key id.ID, r io.Reader, limit int64) (store.Digest, error) {
	object, err := b.object(key)
	if err != nil {
		return store.Digest{}, err
	}
	if _, err := b.Stat(ctx, key); !fault.Is(err, "blob.not_found") {
		if err == nil {
			err = store.BlobExists()
		}
		return store.Digest{}, err
	}
	p := &put{blobs: b, object: object, sum: sha256.New(), in: store.LimitBlob(ctx, r, limit), buffer: make([]byte, min(limit, partSize)+1)}
	if err := p.run(ctx); err != nil {
		if c := code(err); c == minio.PreconditionFailed || c == "ConditionalRequestConflict" {
			return store.Digest{}, store.BlobExists()
		}
		return store.Digest{}, failed("storing a blob", err)
	}
	d := store.Digest{Size: p.size}
	p.sum.Sum(d.SHA256[:0])
	return d, nil
}

// put is a Put under way.
type put struct {
	*blobs
	object string
	in     io.Reader
	sum    hash.Hash
	size   int64
	buffer []byte // a part and one byte, which tells whether another comes
	held   int    // bytes in buffer
}

// fill reads on until the buffer is full or nothing comes any more.
func (p *put) fill() (more bool, err error) {
	n, err := io.ReadFull(p.in, p.buffer[p.held:])
	p.sum.Write(p.buffer[p.held : p.held+n])
	p.held += n
	p.size += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return false, nil
	}
	return true, err
}

func (p *put) run(ctx context.Context) error {
	more, err := p.fill()
	if err != nil {
		return err
	}
	if more {
		return p.parts(ctx)
	}
	data := p.buffer[:p.held]
	o := minio.PutObjectOptions{DisableContentSha256: true}
	o.SetMatchETagExcept("*")
	_, err = p.store.client.PutObject(ctx, p.store.bucket, p.object, bytes.NewReader(data), int64(len(data)), "", checksum(data), o)
	return err
}

// parts puts what is larger than a part. It is taken back if it fails; if the process
// is killed, Tidy does that.
func (p *put) parts(ctx context.Context) error {
	client, bucket := p.store.client, p.store.bucket
	upload, err := client.NewMultipartUpload(ctx, bucket, p.object, minio.PutObjectOptions{})
	if err != nil {
		return err
	}
	parts, err := p.send(ctx, upload)
	if err == nil {
		var o minio.PutObjectOptions
		o.SetMatchETagExcept("*")
		_, err = client.CompleteMultipartUpload(ctx, bucket, p.object, upload, parts, o)
	}
	if err != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
		defer cancel()
		if undo := client.AbortMultipartUpload(end, bucket, p.object, upload); undo != nil && code(undo) != minio.NoSuchUpload {
			err = errors.Join(err, undo)
		}
	}
	return err
}

// send sends part after part, the first of which is in the buffer.
func (p *put) send(ctx context.Context, upload string) ([]minio.CompletePart, error) {
	var parts []minio.CompletePart
	for more := true; p.held > 0; {
		data := p.buffer[:min(p.held, len(p.buffer)-1)]
		sent, err := p.store.client.PutObjectPart(ctx, p.store.bucket, p.object, upload, len(parts)+1,
			bytes.NewReader(data), int64(len(data)), minio.PutObjectPartOptions{Sha256Hex: checksum(data), DisableContentSha256: true})
		if err != nil {
			return nil, err
		}
		parts = append(parts, minio.CompletePart{PartNumber: sent.PartNumber, ETag: sent.ETag})
		p.held = copy(p.buffer, p.buffer[len(data):p.held])
		if more {
			if more, err = p.fill(); err != nil {
				return nil, err
			}
		}
	}
	return parts, nil
}

// checksum is the SHA-256 of contents, by which the server knows that it got them whole.
// The client's own way, a signature for each piece of a body, is only for connections
// without TLS, and not every server can read it.
func checksum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// Open implements store.Blobs.
func (b *blobs) Open(ctx context.Context, key id.ID, offset, length int64) (io.ReadCloser, error) {
	object, err := b.object(key)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("s3: a blob has no offset %d", offset)
	}
	if length == 0 { // which no range says
		_, err := b.Stat(ctx, key)
		return http.NoBody, err
	}
	var o minio.GetObjectOptions
	if length > 0 {
		err = o.SetRange(offset, offset+length-1)
	} else if offset > 0 {
		err = o.SetRange(offset, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("s3: reading a blob: %w", err)
	}
	body, info, _, err := b.store.client.GetObject(ctx, b.store.bucket, object, o)
	switch code(err) {
	case minio.NoSuchKey:
		return nil, store.BlobNotFound()
	case minio.InvalidRange: // it begins behind the end
		return http.NoBody, nil
	}
	if err != nil {
		return nil, failed("reading a blob", err)
	}
	return &reader{ReadCloser: body, left: info.Size}, nil
}

// reader reads the body of an answer, which may break off.
type reader struct {
	io.ReadCloser
	left int64 // bytes that are still to come
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.left -= int64(n)
	if err == io.EOF && r.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && err != io.EOF {
		err = failed("reading a blob", err)
	}
	return n, err
}

// Stat implements store.Blobs.
func (b *blobs) Stat(ctx context.Context, key id.ID) (store.Blob, error) {
	object, err := b.object(key)
	if err != nil {
		return store.Blob{}, err
	}
	info, err := b.store.client.StatObject(ctx, b.store.bucket, object, minio.StatObjectOptions{})
	if code(err) == minio.NoSuchKey {
		return store.Blob{}, store.BlobNotFound()
	}
	if err != nil {
		return store.Blob{}, failed("looking at a blob", err)
	}
	return store.Blob{Key: key, Size: info.Size, Stored: info.LastModified}, nil
}

// Delete implements store.Blobs.
func (b *blobs) Delete(ctx context.Context, key id.ID) error {
	object, err := b.object(key)
	if err != nil {
		return err
	}
	err = b.store.client.RemoveObject(ctx, b.store.bucket, object, minio.RemoveObjectOptions{})
	if code(err) == minio.NoSuchKey {
		return nil
	}
	return failed("deleting a blob", err)
}

// List implements store.Blobs.
func (b *blobs) List(ctx context.Context, after id.ID, limit int) ([]store.Blob, error) {
	if !store.ValidTenant(b.tenant) {
		return nil, fault.New(fault.NotFound, "tenant.not_found", "tenant", b.tenant)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var page []store.Blob
	options := minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true, StartAfter: b.prefix + after.String(), MaxKeys: min(limit, 1000)}
	for object := range b.store.client.Client.ListObjects(ctx, b.store.bucket, options) {
		if object.Err != nil {
			return nil, failed("listing blobs", object.Err)
		}
		if len(page) >= limit {
			break
		}
		if key, ok := id.Parse(strings.TrimPrefix(object.Key, b.prefix)); ok {
			page = append(page, store.Blob{Key: key, Size: object.Size, Stored: object.LastModified})
		}
	}
	return page, nil
}

// Tidy implements store.Blobs. The server says only when an upload began: one that goes
// on for so long fails. Deletes leave nothing.
func (b *blobs) Tidy(ctx context.Context, since time.Time) error {
	if !store.ValidTenant(b.tenant) {
		return fault.New(fault.NotFound, "tenant.not_found", "tenant", b.tenant)
	}
	err := b.store.uploads(ctx, b.prefix, func(u minio.ObjectMultipartInfo) error {
		if !u.Initiated.Before(since) {
			return nil
		}
		return b.store.client.AbortMultipartUpload(ctx, b.store.bucket, u.Key, u.UploadID)
	})
	return failed("tidying blobs", err)
}
