package session

import (
	"context"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// maxHops bounds the lookups of one path that a caller writes.
const maxHops = 5

// Path is a field that a caller named, reached through lookups.
type Path struct {
	Text string
	Via  []*catalog.Field
	Leaf *catalog.Field
	Mask *fieldtype.Mask // through which the leaf is shown; nil: it may be read as it is
}

// Path resolves what a caller wrote; what the caller may not read looks as if it
// were not there. code is the fault's. Fault list.masked of a field of which the caller may know
// only what its mask leaves.
func (s *Session) Path(ctx context.Context, a *Object, text, code string) (Path, error) {
	p, err := s.ShownPath(ctx, a, text, code)
	if err == nil && p.Mask != nil {
		return p, fault.New(fault.Invalid, "list.masked", "field", Shorten(text))
	}
	return p, err
}

// ShownPath is Path for a field that is shown and used for nothing else: it may have a mask.
func (s *Session) ShownPath(ctx context.Context, a *Object, text, code string) (Path, error) {
	p := Path{Text: text}
	steps := strings.Split(text, ".")
	if len(steps) > maxHops+1 {
		return p, fault.New(fault.Invalid, "list.too_deep", "path", Shorten(text), "max", maxHops)
	}
	at := a
	for i, step := range steps {
		f, ok := at.Object.Field(step)
		if !ok || !at.Allows(policy.Read) || !at.Reads(f) && (i < len(steps)-1 || at.Mask(f) == nil) {
			return p, UnknownField(at, code, step)
		}
		p.Mask = at.Mask(f)
		if i == len(steps)-1 {
			p.Leaf = f
			return p, nil
		}
		if len(f.Parts) > 0 && i == len(steps)-2 {
			if p.Leaf, ok = f.Part(steps[i+1]); !ok {
				return p, unknownName(at, code, f.Name+"."+steps[i+1], f.PartNames())
			}
			return p, nil
		}
		if f.Target == nil {
			return p, fault.New(fault.Invalid, "list.no_lookup", "path", Shorten(text), "field", f.Name)
		}
		p.Via = append(p.Via, f)
		next, err := s.ObjectOf(ctx, f.Target)
		if err != nil {
			return p, err
		}
		at = next
	}
	return p, nil
}

// Ref is the path to a column of the record it ends at, without guards.
func (p Path) Ref(c query.Column) query.Ref {
	ref := query.Ref{Column: c}
	for _, f := range p.Via {
		ref.Hops = append(ref.Hops, query.Hop{Lookup: f.Column, Table: f.Target.Table.Name})
	}
	return ref
}

// GuardRef puts what the caller may read before the first n hops of a path.
func (s *Session) GuardRef(ctx context.Context, ref query.Ref, n int) (query.Ref, error) {
	if n == 0 {
		return ref, nil
	}
	hops := append([]query.Hop(nil), ref.Hops...)
	for i := range hops[:n] {
		guard, err := s.RecordFilter(ctx, hops[i].Table, policy.Read)
		if err != nil {
			return ref, err
		}
		hops[i].Guard = guard
	}
	ref.Hops = hops
	return ref, nil
}

// toGuard marks, in a program, the lookups that its caller wrote. Lookups that formulas
// go through have no mark. A program holds marks instead of one caller's guards, so that
// callers of the same rights can share it. A mark that were never replaced would select
// nothing.
var toGuard = query.Nothing

// Guard puts what the caller may read in the place of the marks.
func (s *Session) Guard(ctx context.Context, f query.Filter) (query.Filter, error) {
	var failed error
	guarded := query.MapRefs(f, func(r query.Ref) query.Ref {
		r, err := s.guardMarked(ctx, r)
		if err != nil && failed == nil {
			failed = err
		}
		return r
	})
	return guarded, failed
}

// guardMarked is Guard for one path. The marked lookups come first: those of a formula
// stand behind those that lead to it.
func (s *Session) guardMarked(ctx context.Context, ref query.Ref) (query.Ref, error) {
	marked := 0
	for marked < len(ref.Hops) && ref.Hops[marked].Guard != nil {
		marked++
	}
	return s.GuardRef(ctx, ref, marked)
}

// Symbols are the path's lookups as expressions see them.
func (p Path) Symbols(a *Object) []expression.Symbol {
	symbols := make([]expression.Symbol, 0, len(p.Via))
	o := a.Object
	for _, f := range p.Via {
		symbol, _ := o.Symbol(f.Name)
		symbols = append(symbols, symbol)
		o = f.Target
	}
	return symbols
}

// Scope is what callers of the same rights may say in a filter.
func (s *Session) Scope(a *Object, rights *policy.Rights) expression.Scope {
	visible, guarded := s.visible(rights), func(string) query.Filter { return toGuard }
	scope := expression.Scope{Record: a.Object.Visible(visible, guarded), Result: fieldtype.BoolKind, Scale: -1, Queryable: true,
		Constants: s.Snapshot.Constants, Settings: s.Snapshot.Settings}
	if user, ok := s.Snapshot.Objects["user"]; ok {
		scope.User = user.Visible(visible, guarded)
	}
	return scope
}
