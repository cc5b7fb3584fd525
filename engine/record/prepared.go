package record

import (
	"runtime"
	"sync"
	"weak"

	"formwork/engine/catalog"
	"formwork/engine/record/form"
	"formwork/engine/record/read"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// prepared is what the rooms prepare once for a snapshot. It must not refer to the
// snapshot itself (see preparedCache). Safe for concurrent use.
type prepared struct {
	mappings stored.Mappings
	choices  session.Choices
	reading  read.Cache
	forms    form.Cache
}

// preparedCache keeps what is prepared for a snapshot for as long as somebody else
// keeps the snapshot: the bound of memory is that of the catalog's cache.
type preparedCache struct{ bySnapshot sync.Map } // weak.Pointer[catalog.Snapshot] -> *prepared

func (c *preparedCache) of(s *catalog.Snapshot) *prepared {
	key := weak.Make(s)
	if found, ok := c.bySnapshot.Load(key); ok {
		return found.(*prepared)
	}
	made, loaded := c.bySnapshot.LoadOrStore(key, &prepared{choices: session.NewChoices(), reading: read.NewCache(), forms: form.NewCache()})
	if !loaded {
		runtime.AddCleanup(s, func(key weak.Pointer[catalog.Snapshot]) { c.bySnapshot.Delete(key) }, key)
	}
	return made.(*prepared)
}
