package record

import (
	"context"
	"slices"

	"formwork/engine/id"
	"formwork/engine/policy"
)

// Duplicates are the records that the duplicate rules of the object take for the
// same as this one, and that the caller may read. Rules that compare what the caller
// may not read find nothing: that two records agree in it would tell.
func (s *Reader) Duplicates(ctx context.Context, object string, key id.ID) ([]Match, error) {
	a, err := s.access(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	r, err := s.loadReadable(ctx, a, key)
	if err != nil {
		return nil, err
	}
	e := newEnv(ctx, s.core, s.tenant, a.mapping, r, nil)
	search := &duplicateSearch{env: &e, object: a, id: key}
	found := map[id.ID]bool{}
	for _, rule := range a.object.Dupes {
		if !search.mayCompare(rule) || !search.applies(rule) {
			continue
		}
		keys, err := search.matches(rule)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			found[key] = true
		}
	}
	if len(found) == 0 {
		return nil, e.failed()
	}
	keys := make([]id.ID, 0, len(found))
	for key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return search.readableMatches(keys)
}
