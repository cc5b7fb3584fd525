package catalog

import (
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Builds are compiled configurations that are in use or were lately, for tenants that
// come to have the same documents: at most so many, and of at most so many bytes
// together. What was only planned is not among them. Safe for concurrent use.
type Builds struct {
	budget int64

	mu    sync.Mutex
	kept  *simplelru.LRU[digest, *Snapshot]
	bytes int64
}

// sharedBuilds is how many compiled configurations are kept for tenants that come
// to have the same documents.
const sharedBuilds = 16

// NewBuilds makes Builds that hold none, and at most budget bytes later.
func NewBuilds(budget int64) *Builds {
	b := &Builds{budget: budget}
	var err error
	b.kept, err = simplelru.NewLRU(sharedBuilds, func(_ digest, s *Snapshot) { b.bytes -= s.bytes })
	if err != nil {
		panic(fmt.Errorf("making a cache: %w", err)) // only for a size below 1
	}
	return b
}

// of is a snapshot of the documents of a sum, as the given revision; nil: none is kept.
func (b *Builds) of(sum digest, revision int64) *Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	built, ok := b.kept.Get(sum)
	if !ok {
		return nil
	}
	shared := *built
	shared.Revision = revision
	return &shared
}

// keep keeps a snapshot that is in use.
func (b *Builds) keep(s *Snapshot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.kept.Contains(s.digest) {
		return
	}
	b.bytes += s.bytes
	b.kept.Add(s.digest, s)
	for b.bytes > b.budget {
		b.kept.RemoveOldest()
	}
}
