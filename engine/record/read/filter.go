package read

import (
	"context"
	"strings"
	"weak"

	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/record/session"
)

// Bounds of a filter in a request.
const (
	maxFilterLength = 8 << 10
	maxFilterParts  = 200  // comparisons
	maxFilterHops   = 40   // lookups in all of its paths
	maxFilterValues = 2000 // in lists
)

// where makes a query filter of an expression in a request: over what the caller may
// read, for the database, and not too costly. Faults: those of package expression,
// list.too_costly (Limited).
func (s *Reader) where(ctx context.Context, a *session.Object, text string) (query.Filter, error) {
	f, err := s.wanted(ctx, a, text)
	if err != nil {
		return nil, err
	}
	var c cost
	if c.count(f); c.tooMuch() {
		return nil, tooCostly("/filter")
	}
	return s.Guard(ctx, f)
}

// wanted is where without a bound on the cost and without guards, which Guard puts in.
func (s *Reader) wanted(ctx context.Context, a *session.Object, text string) (query.Filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxFilterLength {
		return nil, fault.New(fault.Invalid, "list.filter_too_long", "max", maxFilterLength).At("/filter")
	}
	program, err := s.program(ctx, a, text)
	if err != nil {
		return nil, err
	}
	e := session.NewCallerEnv(ctx, s.Session)
	f, err := program.Filter(&e)
	if err != nil {
		return nil, fault.From(err).At("/filter")
	}
	return f, e.Failed()
}

// program compiles a filter once for all callers of the same rights.
func (s *Reader) program(ctx context.Context, a *session.Object, text string) (*expression.Program, error) {
	rights, err := s.Rights(ctx)
	if err != nil {
		return nil, err
	}
	key := programKey{object: a.Object, rights: weak.Make(rights), text: text}
	if found, ok := s.cache.programs.Get(key); ok {
		return found, nil
	}
	program, problems := expression.Compile(text, s.Scope(a, rights))
	if len(problems) > 0 {
		return nil, badFilter(problems, "/filter")
	}
	if len(text) <= longestKept {
		s.cache.programs.Add(key, program, int64(program.Parts()))
	}
	return program, nil
}

func badFilter(problems []expression.Problem, pointer string) error {
	var faults []*fault.Fault
	for _, p := range problems {
		faults = append(faults, p.Fault(pointer))
	}
	return fault.All(fault.Invalid, "list.bad_filter", faults)
}

// cost is what makes a filter slow.
type cost struct{ parts, hops, values int }

func (c *cost) tooMuch() bool {
	return c.parts > maxFilterParts || c.hops > maxFilterHops || c.values > maxFilterValues
}

func tooCostly(pointer string) error {
	return fault.New(fault.Limited, "list.too_costly", "parts", maxFilterParts, "hops", maxFilterHops, "values", maxFilterValues).At(pointer)
}

func (c *cost) count(f query.Filter) {
	switch f := f.(type) {
	case query.All:
		for _, part := range f {
			c.count(part)
		}
	case query.Any:
		for _, part := range f {
			c.count(part)
		}
	case query.Not:
		c.count(f.Filter)
	case query.Compare:
		c.ref(f.Ref)
	case query.CompareRefs:
		c.ref(f.Left)
		c.ref(f.Right)
	case query.In:
		c.ref(f.Ref)
		c.values += len(f.Values)
	case query.Like:
		c.ref(f.Ref)
	case query.Has:
		c.ref(f.Ref)
	}
}

func (c *cost) ref(r query.Ref) {
	c.parts++
	c.hops += len(r.Hops)
}
