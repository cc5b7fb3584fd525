package read

import (
	"context"

	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
)

// DemandReadable refuses a record that is not there, or that the caller may not read. Fault record.not_found (NotFound).
func (s *Reader) DemandReadable(ctx context.Context, object string, key id.ID) error {
	may, err := s.May(ctx, policy.Read, object, key)
	if err == nil && !may {
		err = session.NotFound(object, key)
	}
	return err
}

// May reports whether the caller may do something with a record that is there.
func (s *Reader) May(ctx context.Context, action policy.Action, object string, key id.ID) (bool, error) {
	a, err := s.AnyObject(ctx, object)
	if err != nil {
		return false, refusedOr(err)
	}
	if !a.Allows(policy.Read) || !a.Allows(action) {
		return false, nil
	}
	filter := query.Is(query.ID, int64(key))
	for _, action := range []policy.Action{policy.Read, action} {
		allowed, err := s.RecordFilter(ctx, object, action)
		if err != nil {
			return false, err
		}
		filter = query.And(filter, allowed)
	}
	return session.Exists(ctx, s.Tenant, a.Object.Table.Name, filter)
}
