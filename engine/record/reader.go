package record

// Reader reads records for one caller.
type Reader struct {
	*core
	cache *readCache
}

func newReader(s *core, c *readCache) Reader { return Reader{core: s, cache: c} }

// show is a record that is held in memory, as the caller may see it.
func (r *Reader) show(e *env, a *access, fields []string) (Record, error) {
	sh, err := r.shape(e.ctx, a, fields)
	if err != nil {
		return Record{}, err
	}
	refs, err := sh.query(e.ctx, r.core)
	if err != nil {
		return Record{}, err
	}
	out := make([]any, sh.width)
	for i, ref := range refs {
		if len(ref.Hops) == 0 {
			out[i] = e.mapping.value(e.row, ref.Column)
		} else {
			out[i] = e.through(e.row, ref)
		}
	}
	if err := sh.fill(e.ctx, r.core, out); err != nil {
		return Record{}, err
	}
	return Record{shape: sh, row: out}, e.failed()
}
