// Package read reads records for a caller: one, lists, groups, related lists, search,
// history and the bin. All that is found may be read by the caller: the record policy
// is part of every query.
package read

import (
	"formwork/engine/record/session"
)

// Reader reads records for one caller.
type Reader struct {
	*session.Session
	cache *Cache
}

// New makes a reader; the cache is that of the session's snapshot.
func New(s *session.Session, c *Cache) Reader { return Reader{Session: s, cache: c} }

// Show is a record that is held in memory, as the caller may see it.
func (r *Reader) Show(e *session.Env, a *session.Object, fields []string) (Record, error) {
	sh, err := r.shape(e.Ctx, a, fields)
	if err != nil {
		return Record{}, err
	}
	refs, err := sh.query(e.Ctx, r.Session)
	if err != nil {
		return Record{}, err
	}
	out := make([]any, sh.width)
	for i, ref := range refs {
		if len(ref.Hops) == 0 {
			out[i] = e.Mapping.Value(e.Row, ref.Column)
		} else {
			out[i] = e.ReadRef(e.Row, ref)
		}
	}
	if err := sh.complete(e.Ctx, r.Session, e.Reader, [][]any{out}); err != nil {
		return Record{}, err
	}
	return Record{shape: sh, row: out}, e.Failed()
}
