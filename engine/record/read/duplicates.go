package read

import (
	"context"
	"slices"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/duplicate"
	"formwork/engine/record/session"
)

// Duplicates are the records that the duplicate rules of the object take for the
// same as this one, and that the caller may read. Rules that compare what the caller
// may not read find nothing: that two records agree in it would tell.
func (s *Reader) Duplicates(ctx context.Context, object string, key id.ID) ([]duplicate.Match, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	r, err := s.LoadReadable(ctx, a, key)
	if err != nil {
		return nil, err
	}
	e := session.NewEnv(ctx, s.Session, s.Tenant, a.Mapping, r, nil)
	search := &duplicate.Search{Env: &e, Object: a, ID: key}
	found := map[id.ID]bool{}
	for _, rule := range a.Object.Dupes {
		if !search.MayCompare(rule) || !search.Applies(rule) {
			continue
		}
		keys, err := search.Find(rule)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			found[key] = true
		}
	}
	if len(found) == 0 {
		return nil, e.Failed()
	}
	keys := make([]id.ID, 0, len(found))
	for key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return search.Readable(keys)
}
