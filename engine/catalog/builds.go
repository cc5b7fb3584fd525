package catalog

import "formwork/engine/cache"

// Builds are compiled configurations that are in use or were lately, for tenants that
// come to have the same documents. What was only planned is not among them. Safe for
// concurrent use.
type Builds struct {
	kept *cache.Cache[digest, *Snapshot]
}

// sharedBuilds is how many compiled configurations are kept for tenants that come
// to have the same documents.
const sharedBuilds = 16

// NewBuilds makes Builds that hold none, and about as many bytes at most.
func NewBuilds(bytes int64) *Builds {
	return &Builds{cache.New[digest, *Snapshot](sharedBuilds, bytes)}
}

// of is a snapshot of the documents of a sum; nil: none is kept.
func (b *Builds) of(sum digest) *Snapshot {
	s, _ := b.kept.Get(sum)
	return s
}

// keep keeps a snapshot that is in use.
func (b *Builds) keep(s *Snapshot) { b.kept.Add(s.build.digest, s, s.build.bytes) }
