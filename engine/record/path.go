package record

import (
	"context"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// maxHops bounds the lookups of one path that a caller writes.
const maxHops = 5

// path is a field that a caller named, reached through lookups.
type path struct {
	text string
	via  []*catalog.Field
	leaf *catalog.Field
}

// path resolves what a caller wrote; what the caller may not read looks as if it
// were not there. code is the fault's.
func (s *Session) path(ctx context.Context, a *access, text, code string) (path, error) {
	p := path{text: text}
	steps := strings.Split(text, ".")
	if len(steps) > maxHops+1 {
		return p, fault.New(fault.Invalid, "list.too_deep", "path", shorten(text), "max", maxHops)
	}
	at := a
	for i, step := range steps {
		f, ok := at.object.Field(step)
		if !ok || !at.reads(f) || !at.right(policy.Read) {
			return p, s.unknownField(at, code, step)
		}
		if i == len(steps)-1 {
			p.leaf = f
			return p, nil
		}
		if f.Target == nil {
			return p, fault.New(fault.Invalid, "list.no_lookup", "path", shorten(text), "field", f.Name)
		}
		p.via = append(p.via, f)
		next, err := s.accessTo(ctx, f.Target)
		if err != nil {
			return p, err
		}
		at = next
	}
	return p, nil
}

// ref is the path to a column of the record it ends at, without guards.
func (p path) ref(c query.Column) query.Ref {
	ref := query.Ref{Column: c}
	for _, f := range p.via {
		ref.Hops = append(ref.Hops, query.Hop{Lookup: f.Column, Table: f.Target.Table.Name})
	}
	return ref
}

// guardRef puts what the caller may read before the first n hops of a path.
func (s *Session) guardRef(ctx context.Context, ref query.Ref, n int) (query.Ref, error) {
	if n == 0 {
		return ref, nil
	}
	hops := append([]query.Hop(nil), ref.Hops...)
	for i := range hops[:n] {
		guard, err := s.filter(ctx, hops[i].Table, policy.Read)
		if err != nil {
			return ref, err
		}
		hops[i].Guard = guard
	}
	ref.Hops = hops
	return ref, nil
}

// guard puts what the caller may read into every path of a filter that a caller
// wrote. Programs are compiled without guards, so that callers of the same rights
// share them.
func (s *Session) guard(ctx context.Context, f query.Filter) (query.Filter, error) {
	if s.caller.System {
		return f, nil
	}
	var failed error
	ref := func(r query.Ref) query.Ref {
		guarded, err := s.guardRef(ctx, r, len(r.Hops))
		if err != nil && failed == nil {
			failed = err
		}
		return guarded
	}
	guarded := query.MapRefs(f, ref)
	return guarded, failed
}
