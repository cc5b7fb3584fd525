package record

import (
	"context"

	"formwork/engine/policy"
)

// Columns are the fields that a record shows when these are asked for, in order;
// all that the caller may read if none are named. The id comes first.
func (s *Session) Columns(ctx context.Context, object string, fields []string) ([]RecordField, error) {
	a, err := s.access(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	sh, err := s.shape(ctx, a, fields)
	if err != nil {
		return nil, err
	}
	return sh.columns, nil
}
