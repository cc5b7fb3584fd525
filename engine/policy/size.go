package policy

import "formwork/engine/query"

// size counts the conditions of a filter.
func size(f query.Filter) int {
	n := 1
	switch f := f.(type) {
	case query.All:
		for _, part := range f {
			n += size(part)
		}
	case query.Any:
		for _, part := range f {
			n += size(part)
		}
	case query.Not:
		n += size(f.Filter)
	case query.In:
		n += len(f.Values)
	}
	return n
}
