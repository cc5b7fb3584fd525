package read

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"formwork/engine/cache"
	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/policy"
)

// Bounds of what is kept for one snapshot. Long texts, which hardly come twice, are not
// kept. A part of a filter takes about a kilobyte, and a short one may have many: those
// of a formula that it names.
const (
	cachedPrograms = 512    // filters of requests
	cachedParts    = 20_000 // of all of them
	cachedShapes   = 512
	longestKept    = 512 // bytes of a filter, or of a list of fields
)

// Cache keeps what reading prepares for callers of the same rights under one
// snapshot. Safe for concurrent use.
type Cache struct {
	programs *cache.Cache[programKey, *expression.Program]
	shapes   *lru.Cache[shapeKey, *shape]
}

// programKey names a filter of a request. Rights are compared by identity: the
// policy keeps one for all callers that have the same.
type programKey struct {
	object *catalog.Object
	rights *policy.Rights
	text   string
}

type shapeKey struct {
	object *catalog.Object
	rights *policy.Rights
	fields string
}

// NewCache is the cache of a snapshot.
func NewCache() Cache {
	// The only error of lru.New is a size below one.
	shapes, _ := lru.New[shapeKey, *shape](cachedShapes)
	return Cache{programs: cache.New[programKey, *expression.Program](cachedPrograms, cachedParts), shapes: shapes}
}
