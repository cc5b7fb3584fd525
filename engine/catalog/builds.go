package catalog

import (
	"sync"

	"formwork/engine/cache"
	"formwork/metadata/fieldtype"
	"formwork/metadata/schema"
)

// Builds are compiled configurations that are in use or were lately, for tenants that
// come to have the same documents, and the schemas of these. What was only planned is not
// among them. Whoever shares them has the same types of fields and kinds of documents. Safe
// for concurrent use.
type Builds struct {
	kept    *cache.Cache[digest, *Snapshot]
	once    sync.Once
	schemas *schema.Schemas
}

// sharedBuilds is how many compiled configurations are kept for tenants that come
// to have the same documents.
const sharedBuilds = 16

// NewBuilds makes Builds that hold none, and about as many bytes at most.
func NewBuilds(bytes int64) *Builds {
	return &Builds{kept: cache.New[digest, *Snapshot](sharedBuilds, bytes)}
}

// schemasOf are the schemas of documents.
func (b *Builds) schemasOf(types *fieldtype.Registry, kinds *Kinds) *schema.Schemas {
	b.once.Do(func() { b.schemas = schema.New(types, kinds.All()) })
	return b.schemas
}

// of is a snapshot of the documents of a sum; nil: none is kept.
func (b *Builds) of(sum digest) *Snapshot {
	s, _ := b.kept.Get(sum)
	return s
}

// keep keeps a snapshot that is in use.
func (b *Builds) keep(s *Snapshot) { b.kept.Add(s.build.digest, s, s.build.bytes) }
