package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"formwork/engine/id"
	"formwork/engine/store"
	"formwork/engine/store/sqlite"
	"formwork/engine/store/storetest"
)

// memory keeps blobs in maps: what a place for blobs needs, and no more.
type memory struct {
	mu      sync.Mutex
	tenants map[string]*inMemory
}

func (m *memory) Blobs(tenant string) store.Blobs {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tenants[tenant] == nil {
		m.tenants[tenant] = &inMemory{blobs: map[id.ID]stored{}}
	}
	return m.tenants[tenant]
}

func (m *memory) DeleteAll(_ context.Context, tenant string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tenants, tenant)
	return nil
}

func (m *memory) Ping(context.Context) error { return nil }

type stored struct {
	store.Blob
	data []byte
}

type inMemory struct {
	mu    sync.Mutex
	blobs map[id.ID]stored
}

func (m *inMemory) Put(ctx context.Context, key id.ID, r io.Reader, limit int64) (store.Digest, error) {
	if _, err := store.BlobName(key); err != nil {
		return store.Digest{}, err
	}
	var data bytes.Buffer
	d, err := store.CopyBlob(ctx, &data, r, limit)
	if err != nil {
		return d, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, exists := m.blobs[key]; exists {
		return d, store.BlobExists()
	}
	m.blobs[key] = stored{store.Blob{Key: key, Size: d.Size, Stored: time.Now()}, data.Bytes()}
	return d, nil
}

func (m *inMemory) find(key id.ID) (stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if found, ok := m.blobs[key]; ok {
		return found, nil
	}
	return stored{}, store.BlobNotFound()
}

func (m *inMemory) Open(_ context.Context, key id.ID, offset, length int64) (io.ReadCloser, error) {
	found, err := m.find(key)
	if err != nil {
		return nil, err
	}
	if length < 0 {
		length = found.Size
	}
	if offset < 0 {
		return nil, errors.New("a negative offset")
	}
	return io.NopCloser(io.NewSectionReader(bytes.NewReader(found.data), offset, length)), nil
}

func (m *inMemory) Stat(_ context.Context, key id.ID) (store.Blob, error) {
	found, err := m.find(key)
	return found.Blob, err
}

func (m *inMemory) Delete(_ context.Context, key id.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.blobs, key)
	return nil
}

func (m *inMemory) List(_ context.Context, after id.ID, limit int) ([]store.Blob, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var page []store.Blob
	for _, key := range slices.Sorted(maps.Keys(m.blobs)) {
		if key > after && len(page) < limit {
			page = append(page, m.blobs[key].Blob)
		}
	}
	return page, nil
}

func (m *inMemory) Tidy(context.Context, time.Time) error { return nil }

// A place for blobs that somebody else brings along passes the suite beside a store.
func TestBlobsElsewhere(t *testing.T) {
	storetest.Blobs(t, func(t *testing.T) store.Store {
		s, err := sqlite.Open(t.TempDir(), sqlite.Options{Relaxed: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return store.WithBlobs(s, &memory{tenants: map[string]*inMemory{}})
	}, nil)
}
