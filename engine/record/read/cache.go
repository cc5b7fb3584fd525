package read

import (
	"weak"

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
	cachedColumns  = 50_000 // of all of them; one takes some hundred bytes
	longestKept    = 512    // bytes of a filter, or of a list of fields
)

// Cache keeps what reading prepares for callers of the same rights under one
// snapshot. Safe for concurrent use.
type Cache struct {
	programs *cache.Cache[programKey, *expression.Program]
	shapes   *cache.Cache[shapeKey, *shape]
}

// programKey names a filter of a request. Rights are compared by identity: the
// policy keeps one for all callers that have the same. The key doesn't keep them: those
// of many fields are large.
type programKey struct {
	object *catalog.Object
	rights weak.Pointer[policy.Rights]
	text   string
}

type shapeKey struct {
	object *catalog.Object
	rights weak.Pointer[policy.Rights]
	fields string
}

// NewCache is the cache of a snapshot.
func NewCache() Cache {
	return Cache{
		programs: cache.New[programKey, *expression.Program](cachedPrograms, cachedParts),
		shapes:   cache.New[shapeKey, *shape](cachedShapes, cachedColumns),
	}
}
