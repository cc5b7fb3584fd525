package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/cache"
	"formwork/engine/store"
	"formwork/metadata"
)

// What is kept of the origins that tenants list, of all tenants together.
const (
	originsTenants = 10_000
	originsBytes   = 4 << 20
	bytesOfOrigin  = 64 // in a map, besides its text
)

// origins are those that tenants list. They are read by themselves: whoever asks for them
// (a browser, before a script may call) is not known yet, and should not have a whole
// configuration compiled.
type origins struct {
	kept    *cache.Cache[string, listed] // by the tenant's identity
	reading chan struct{}                // one place: who lists very many has nobody else's memory
}

// listed are the origins of a tenant at a revision.
type listed struct {
	mark    mark
	checked time.Time // when that was the newest
	urls    map[string]bool
}

func newOrigins() *origins {
	return &origins{cache.New[string, listed](originsTenants, originsBytes), make(chan struct{}, 1)}
}

// ListsOrigin reports whether a tenant lists an origin. It compiles nothing, and is about as
// fresh as Snapshot: a revision is noticed within a second. A tenant without a revision lists none.
func (c *Catalog) ListsOrigin(ctx context.Context, t store.Tenant, origin string) (bool, error) {
	l, ok := c.origins.kept.Get(t.Identity())
	if ok && c.o.Now().Sub(l.checked) < freshness {
		return l.urls[origin], nil
	}
	select {
	case c.origins.reading <- struct{}{}:
		defer func() { <-c.origins.reading }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if !ok {
		if err := c.defineEngine(ctx, t); err != nil {
			return false, err
		}
	}
	newest, err := newestRevision(ctx, t)
	if err != nil {
		return false, err
	}
	if !ok || l.mark != newest {
		if l.urls, err = originsAt(ctx, t, newest.revision); err != nil {
			return false, err
		}
	}
	l.mark, l.checked = newest, c.o.Now()
	weight := int64(bytesOfOrigin)
	for url := range l.urls {
		weight += int64(len(url) + bytesOfOrigin)
	}
	c.origins.kept.Add(t.Identity(), l, weight)
	return l.urls[origin], nil
}

// originsAt reads the origins of a revision.
func originsAt(ctx context.Context, from store.Reader, revision int64) (map[string]bool, error) {
	names, err := packagesAt(ctx, from, revision)
	if err != nil {
		return nil, err
	}
	documents, err := documentsAt(ctx, from, revision, originKind{}.Name())
	if err != nil {
		return nil, err
	}
	var layers [][]metadata.Document
	for _, name := range append(names, ownLayer) {
		layers = append(layers, documents[name])
	}
	urls := map[string]bool{}
	for _, d := range metadata.Effective(layers...) {
		var o origin
		if err := json.Unmarshal(d.Body, &o); err != nil {
			return nil, fmt.Errorf("reading the origin %s: %w", d.Name, err)
		}
		if IsOrigin(o.URL) {
			urls[o.URL] = true
		}
	}
	return urls, nil
}
