// Package gofakes3 runs the conformance suite of blobs with the s3 adapter against
// a server in memory. It is a module of its own so that the server's dependencies are
// none of the product's.
package gofakes3

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	fake "github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"formwork/engine/fault"
	"formwork/engine/store"
	"formwork/engine/store/s3"
	"formwork/engine/store/sqlite"
	"formwork/engine/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) store.Store { return beside(t, open(t, serve(t, nil), "/some/prefix")) }, nil)
}

// beside is a store of files whose blobs are elsewhere.
func beside(t *testing.T, blobs store.BlobStore) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return store.WithBlobs(s, blobs)
}

const bucket = "blobs"

// serve runs a server with a bucket until the test ends. through, if any, comes
// before it.
func serve(t *testing.T, through func(http.Handler) http.Handler) (endpoint string) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucket); err != nil {
		t.Fatal(err)
	}
	handler := fake.New(backend).Server()
	if through != nil {
		handler = through(handler)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func open(t *testing.T, endpoint, prefix string) *s3.Store {
	t.Helper()
	s, err := s3.Open(t.Context(), address(endpoint, bucket+prefix), s3.Credentials{Key: "key", Secret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func address(endpoint, place string) string {
	return "s3://" + place + "?region=us-east-1&endpoint=" + url.QueryEscape(endpoint)
}

func TestAddresses(t *testing.T) {
	endpoint := serve(t, nil)
	for given, want := range map[string]string{
		"":                                    "s3.address",
		"s3://":                               "s3.address",
		"http://blobs":                        "s3.address",
		"s3://user:password@blobs":            "s3.address",
		"s3://blobs?endpoint=nowhere":         "s3.address",
		"s3://blobs?endpoint=ftp://a":         "s3.address",
		address(endpoint, "other"):            "s3.no_bucket",
		address("http://127.0.0.1:1", bucket): "s3.unavailable",
	} {
		_, err := s3.Open(t.Context(), given, s3.Credentials{Key: "key", Secret: "secret"})
		if !fault.Is(err, want) {
			t.Errorf("%q: %v, want %s", given, err, want)
		}
		if err != nil && strings.Contains(fault.From(err).Text("en"), "password") {
			t.Errorf("%q: a password is told: %v", given, err)
		}
	}
}

// Two places in a bucket, and tenants one of which begins as the other, do not meet;
// what is no name of a tenant leads nowhere.
func TestPrefixes(t *testing.T) {
	endpoint := serve(t, nil)
	one, two := open(t, endpoint, "/a"), open(t, endpoint, "/a/acme")
	put := func(b store.Blobs, text string) {
		t.Helper()
		if _, err := b.Put(t.Context(), 1, strings.NewReader(text), 100); err != nil {
			t.Fatal(err)
		}
	}
	put(one.Blobs("acme"), "one")
	put(one.Blobs("acme-2"), "another tenant")
	put(two.Blobs("acme"), "two")
	for _, hostile := range []string{"", "a/b", "..", "acme/", "acme/../acme-2", "A"} {
		if _, err := one.Blobs(hostile).Put(t.Context(), 2, strings.NewReader("x"), 1); !fault.Is(err, "tenant.not_found") {
			t.Errorf("%q: %v", hostile, err)
		}
		if _, err := one.Blobs(hostile).List(t.Context(), 0, 10); !fault.Is(err, "tenant.not_found") {
			t.Errorf("%q: %v", hostile, err)
		}
		if err := one.DeleteAll(t.Context(), hostile); !fault.Is(err, "tenant.not_found") {
			t.Errorf("%q: %v", hostile, err)
		}
	}
	if err := two.DeleteAll(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	for tenant, want := range map[string]string{"acme": "one", "acme-2": "another tenant"} {
		opened, err := one.Blobs(tenant).Open(t.Context(), 1, 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(opened); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v", tenant, got, err)
		}
		opened.Close()
	}
}

// What a Put in parts leaves behind whose process is killed is tidied, and goes with its
// tenant.
func TestKilledPuts(t *testing.T) {
	var killed, aborts atomic.Bool
	endpoint := serve(t, func(server http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete && r.URL.Query().Has("uploadId") {
				if killed.Load() { // the dead take nothing back
					w.WriteHeader(http.StatusForbidden)
					return
				}
				aborts.Store(true)
			}
			server.ServeHTTP(w, r)
		})
	})
	place := open(t, endpoint, "")
	blobs := place.Blobs("acme")
	large := func() io.Reader {
		return io.MultiReader(bytes.NewReader(make([]byte, 20<<20)), broken{})
	}
	leave := func() {
		t.Helper()
		killed.Store(true)
		if _, err := blobs.Put(t.Context(), 1, large(), 100<<20); err == nil {
			t.Fatal("a broken source was put")
		}
		killed.Store(false)
		aborts.Store(false)
	}
	leave()
	if err := blobs.Tidy(t.Context(), time.Now().Add(-time.Hour)); err != nil || aborts.Load() {
		t.Errorf("one that may be under way was tidied (%v)", err)
	}
	if err := blobs.Tidy(t.Context(), time.Now().Add(time.Hour)); err != nil || !aborts.Load() {
		t.Errorf("nothing was tidied (%v)", err)
	}
	leave()
	if err := place.DeleteAll(t.Context(), "acme"); err != nil || !aborts.Load() {
		t.Errorf("it stayed behind its tenant (%v)", err)
	}
	aborts.Store(false)
	if err := blobs.Tidy(t.Context(), time.Now().Add(time.Hour)); err != nil || aborts.Load() {
		t.Errorf("something was left (%v)", err)
	}
}

// A server that fails says so as what may be tried again, and a body that breaks off is
// no end.
func TestServerFails(t *testing.T) {
	var down, short atomic.Bool
	endpoint := serve(t, func(server http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case down.Load():
				w.WriteHeader(http.StatusNotImplemented) // which the client does not try again
			case short.Load() && r.Method == http.MethodGet:
				w.Header().Set("Content-Length", "1000")
				w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
				_, _ = w.Write(make([]byte, 10))
			default:
				server.ServeHTTP(w, r)
			}
		})
	})
	blobs := open(t, endpoint, "").Blobs("acme")
	if _, err := blobs.Put(t.Context(), 1, bytes.NewReader(make([]byte, 1000)), 1000); err != nil {
		t.Fatal(err)
	}
	short.Store(true)
	opened, err := blobs.Open(t.Context(), 1, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	if got, err := io.ReadAll(opened); err == nil {
		t.Errorf("%d of 1000 bytes came, and no error", len(got))
	}
	down.Store(true)
	if _, err := blobs.Put(t.Context(), 2, strings.NewReader("x"), 1); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("put: %v", err)
	}
	if _, err := blobs.List(t.Context(), 0, 1); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("list: %v", err)
	}
}

type broken struct{}

var errBroken = errors.New("the source is broken")

func (broken) Read([]byte) (int, error) { return 0, errBroken }
