package catalog

import (
	"container/list"
	"sync"
)

// residents are the tenants whose snapshots are kept ready: at most so many, and of at
// most so many bytes together, the most recently used. What snapshots share
// counts once. Safe for concurrent use.
type residents struct {
	most   int
	budget int64

	mu         sync.Mutex
	byIdentity map[string]*list.Element // of *resident
	used       list.List                // the most recently used first
}

// resident is a tenant with what its snapshot takes.
type resident struct {
	identity string
	entry    *entry
	holds    *Snapshot // nil: none yet
}

func newResidents(most int, budget int64) *residents {
	return &residents{most: most, budget: budget, byIdentity: map[string]*list.Element{}}
}

// entry is a tenant's, made if there is none.
func (r *residents) entry(identity string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.byIdentity[identity]; e != nil {
		r.used.MoveToFront(e)
		return e.Value.(*resident).entry
	}
	made := &resident{identity: identity, entry: &entry{}}
	r.byIdentity[identity] = r.used.PushFront(made)
	for r.used.Len() > r.most {
		r.drop(r.used.Back())
	}
	return made.entry
}

// hold notes the snapshot that a tenant's entry has come to hold, and drops the tenants
// that were used the longest ago until what is left keeps to the budget.
func (r *residents) hold(identity string, e *entry, s *Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.byIdentity[identity]
	if at == nil || at.Value.(*resident).entry != e {
		return // dropped meanwhile: it goes with those who still use it
	}
	at.Value.(*resident).holds = s
	for last := r.used.Back(); last != nil && r.bytes() > r.budget; {
		before := last.Prev()
		if last != at {
			r.drop(last)
		}
		last = before
	}
}

// bytes is what all snapshots take; there are few, so they are counted anew.
func (r *residents) bytes() int64 {
	counted := make(map[*built]bool, r.used.Len())
	var sum int64
	for e := r.used.Front(); e != nil; e = e.Next() {
		if s := e.Value.(*resident).holds; s != nil && !counted[s.build] {
			counted[s.build] = true
			sum += s.build.bytes
		}
	}
	return sum
}

// of is a snapshot of the documents of a sum that a tenant holds; nil: none does.
func (r *residents) of(sum digest) *Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	for e := r.used.Front(); e != nil; e = e.Next() {
		if s := e.Value.(*resident).holds; s != nil && s.build.digest == sum {
			return s
		}
	}
	return nil
}

func (r *residents) drop(e *list.Element) {
	delete(r.byIdentity, e.Value.(*resident).identity)
	r.used.Remove(e)
}
