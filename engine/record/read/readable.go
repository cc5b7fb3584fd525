package read

import (
	"context"
	"strings"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/policy"
)

// Reads reports whether the caller may read a path ("account.name") of an object's
// records; a "-" before it, as in a sort, doesn't count.
func (s *Reader) Reads(ctx context.Context, object, path string) (bool, error) {
	a, err := s.AnyObject(ctx, object)
	if err != nil {
		return false, refusedOr(err)
	}
	_, err = s.Path(ctx, a, strings.TrimPrefix(path, "-"), "list.unknown_field")
	return err == nil, refusedOr(err)
}

// Shows reports whether the caller is shown a path of an object's records: whether they may read
// it, or what its mask leaves.
func (s *Reader) Shows(ctx context.Context, object, path string) (bool, error) {
	a, err := s.AnyObject(ctx, object)
	if err != nil {
		return false, refusedOr(err)
	}
	_, err = s.ShownPath(ctx, a, path, "list.unknown_field")
	return err == nil, refusedOr(err)
}

// Understands reports whether the caller may read all that a condition on an object's
// records reads. queryable: as the filter of a list.
func (s *Reader) Understands(ctx context.Context, object, condition string, queryable bool) (bool, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return false, refusedOr(err)
	}
	rights, err := s.Rights(ctx)
	if err != nil {
		return false, err
	}
	scope := s.Scope(a, rights)
	scope.Queryable = queryable
	_, problems := expression.Compile(condition, scope)
	return len(problems) == 0, nil
}

// CheckPath refuses a path that the caller may not read, as a list does that has it among its
// fields. Faults: list.unknown_field, list.too_deep, list.no_lookup, those of Object.
func (s *Reader) CheckPath(ctx context.Context, object, path string) error {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return err
	}
	_, err = s.Path(ctx, a, path, "list.unknown_field")
	return err
}

// CheckFilter refuses a filter as a list does: of what the caller may not read, or that does
// not compile or costs too much. Faults: those of List, at "/filter".
func (s *Reader) CheckFilter(ctx context.Context, object, filter string) error {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return err
	}
	_, err = s.where(ctx, a, filter)
	return err
}

// refusedOr is nil for what was refused, which is an answer, and else the error.
func refusedOr(err error) error {
	if err == nil || fault.KindOf(err).Breaks() {
		return err
	}
	return nil
}

// pathsThat are those of some paths of an object for which a question is answered with yes.
func pathsThat(ctx context.Context, object string, paths []string, ask func(ctx context.Context, object, path string) (bool, error)) ([]string, error) {
	var some []string
	for _, path := range paths {
		yes, err := ask(ctx, object, path)
		if err != nil {
			return nil, err
		}
		if yes {
			some = append(some, path)
		}
	}
	return some, nil
}

// Columns are the fields that a record shows when these are asked for, in order;
// all that the caller may read if none are named. The id comes first.
func (s *Reader) Columns(ctx context.Context, object string, fields []string) ([]RecordField, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	sh, err := s.shape(ctx, a, fields)
	if err != nil {
		return nil, err
	}
	return sh.columns, nil
}
