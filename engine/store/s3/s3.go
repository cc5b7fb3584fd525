// Package s3 keeps blobs in a bucket of Amazon S3 or of a server that is compatible
// with it. It stands beside either store: see store.WithBlobs.
//
// An object is called <prefix>/<tenant>/<key>. Objects are put on the condition that
// there is none (If-None-Match), which the server should know; one that doesn't
// could let the second of two Puts to a key at the same moment win.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"formwork/engine/fault"
	"formwork/engine/store"
)

// Credentials are who asks the server. Without a key it is asked as nobody.
type Credentials struct {
	Key     string
	Secret  string
	Session string // of temporary ones
}

// Store is a store.BlobStore in a bucket.
type Store struct {
	client *minio.Core
	bucket string
	prefix string // empty, or ends in "/"
}

var _ store.BlobStore = (*Store)(nil)

// Scheme begins the addresses that Open knows.
const Scheme = "s3://"

const amazon = "https://s3.amazonaws.com"

// Open uses a bucket that is there:
//
//	s3://<bucket>[/<prefix>][?endpoint=<URL of the server>&region=<region>]
//
// Without an endpoint it is Amazon's. Faults "s3.address" (Invalid),
// "s3.unavailable" (Unavailable), "s3.no_bucket" (Invalid).
func Open(ctx context.Context, address string, c Credentials) (*Store, error) {
	at, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, Scheme) || at.Host == "" || at.User != nil {
		return nil, fault.New(fault.Invalid, "s3.address") // the cause may quote a password
	}
	query := at.Query()
	endpoint, err := url.Parse(amazon)
	if given := query.Get("endpoint"); given != "" {
		endpoint, err = url.Parse(given)
	}
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "s3.address")
	}
	client, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(c.Key, c.Secret, c.Session),
		Secure: endpoint.Scheme == "https",
		Region: query.Get("region"),
	})
	if err != nil {
		return nil, fault.New(fault.Invalid, "s3.address").Because(err)
	}
	s := &Store{client: client, bucket: at.Host}
	if prefix := strings.Trim(at.Path, "/"); prefix != "" {
		s.prefix = prefix + "/"
	}
	if err := s.Ping(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Ping implements store.BlobStore.
func (s *Store) Ping(ctx context.Context) error {
	exists, err := s.client.BucketExists(ctx, s.bucket)
	if err != nil {
		return failed("looking for the bucket", err)
	}
	if !exists {
		return fault.New(fault.Invalid, "s3.no_bucket", "bucket", s.bucket)
	}
	return nil
}

// Blobs implements store.BlobStore. Of a name that no tenant has everything fails.
func (s *Store) Blobs(tenant string) store.Blobs {
	return &blobs{store: s, tenant: tenant, prefix: s.prefix + tenant + "/"}
}

// DeleteAll implements store.BlobStore.
func (s *Store) DeleteAll(ctx context.Context, tenant string) error {
	if !store.ValidTenant(tenant) {
		return fault.New(fault.NotFound, "tenant.not_found", "tenant", tenant)
	}
	prefix := s.prefix + tenant + "/"
	err := s.uploads(ctx, prefix, func(u minio.ObjectMultipartInfo) error {
		return s.client.AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID)
	})
	if err != nil {
		return failed("deleting the blobs of a tenant", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for object := range s.client.Client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		err := object.Err
		if err == nil {
			err = s.client.RemoveObject(ctx, s.bucket, object.Key, minio.RemoveObjectOptions{})
		}
		if err != nil {
			return failed("deleting the blobs of a tenant", err)
		}
	}
	return nil
}

// uploads yields the uploads in parts that were begun and not ended.
func (s *Store) uploads(ctx context.Context, prefix string, do func(minio.ObjectMultipartInfo) error) error {
	key, upload := "", ""
	for {
		page, err := s.client.ListMultipartUploads(ctx, s.bucket, prefix, key, upload, "", 1000)
		if code(err) == minio.NoSuchUpload { // some servers say so where there are none
			return nil
		}
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			if err := do(u); err != nil && code(err) != minio.NoSuchUpload {
				return err
			}
		}
		if !page.IsTruncated {
			return nil
		}
		key, upload = page.NextKeyMarker, page.NextUploadIDMarker
	}
}

// code is the server's code of an error, empty if it is none of the server's.
func code(err error) string {
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		return answer.Code
	}
	return ""
}

// failed says what was being done when err came, as a fault where that says more.
func failed(doing string, err error) error {
	var f *fault.Fault
	var network net.Error
	var answer minio.ErrorResponse
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
	case errors.As(err, &network), errors.As(err, &answer) && answer.StatusCode >= http.StatusInternalServerError:
		return fault.New(fault.Unavailable, "s3.unavailable").Because(fmt.Errorf("%s: %w", doing, err))
	}
	return fmt.Errorf("s3: %s: %w", doing, err)
}
