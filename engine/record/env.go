package record

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// env answers what programs and filters ask about one record that is held in
// memory. What lies behind lookups is read when asked for, once. A failed read
// leaves err, which whoever used the env looks at afterwards.
type env struct {
	ctx    context.Context
	s      *Session
	reader store.Reader
	plan   *plan
	row    row
	old    row // nil: a new record
	loaded map[string]any
	err    error
}

func (e *env) Now() time.Time           { return e.s.clock }
func (e *env) Location() *time.Location { return e.s.location() }

// Get implements expression.Env.
func (e *env) Get(p expression.Path) any {
	if p.Leaf.Column.Storage == fieldtype.None && p.Leaf.Formula != nil {
		return e.formula(p)
	}
	switch p.Root {
	case "user":
		return e.s.userValue(e.ctx, e.reader, p, &e.err)
	case "old":
		return e.path(e.old, p)
	}
	return e.path(e.row, p)
}

// formula evaluates one that is computed when read, for the record it stands on.
func (e *env) formula(p expression.Path) any {
	v, err := p.Leaf.Formula.Eval(&beneath{Env: e, root: p.Root, via: p.Via})
	if err != nil && e.err == nil {
		e.err = err
	}
	return v
}

func (e *env) path(r row, p expression.Path) any {
	if len(p.Via) == 0 {
		return e.plan.value(r, p.Leaf.Column)
	}
	return e.through(r, p.Ref())
}

// value is a column of a row; nil where there is no row.
func (p *plan) value(r row, c query.Column) any {
	if slot, ok := p.slots[c.Name]; ok && r != nil {
		return r[slot]
	}
	return nil
}

// match decides a filter on the record as it is, or as it was.
func (e *env) match(f query.Filter, r row) bool {
	return query.Match(f, func(ref query.Ref) any {
		if len(ref.Hops) == 0 {
			return e.plan.value(r, ref.Column)
		}
		return e.through(r, ref)
	})
}

// through reads a column behind lookups.
func (e *env) through(r row, ref query.Ref) any {
	first, ok := e.plan.value(r, ref.Hops[0].Lookup).(int64)
	if !ok {
		return nil
	}
	// Guarded paths come from policies, each for one caller, and are told apart by
	// what their guard is; those of formulas have none.
	key := fmt.Sprint(first, ref)
	if v, ok := e.loaded[key]; ok {
		return v
	}
	v, err := behind(e.ctx, e.reader, first, ref)
	if err != nil && e.err == nil {
		e.err = err
	}
	if e.loaded == nil {
		e.loaded = map[string]any{}
	}
	e.loaded[key] = v
	return v
}

// behind reads what a path finds when its first lookup holds an id.
func behind(ctx context.Context, reader store.Reader, first int64, ref query.Ref) (any, error) {
	hop := ref.Hops[0]
	q := query.Select{Table: hop.Table, Columns: []query.Ref{{Hops: ref.Hops[1:], Column: ref.Column}},
		Filter: query.And(query.Is(query.ID, first), hop.Guard), Limit: 1}
	for r, err := range reader.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading %s behind %s: %w", ref.Column.Name, hop.Lookup.Name, err)
		}
		return r[0], nil
	}
	return nil, nil
}

// userValue reads a field of the caller, or what lies behind one.
func (s *Session) userValue(ctx context.Context, reader store.Reader, p expression.Path, failed *error) any {
	if len(p.Via) == 0 {
		if v, ok := s.caller.Attributes[p.Leaf.Name]; ok {
			return v
		}
		if p.Leaf.Name == query.ID.Name && s.caller.User != 0 {
			return int64(s.caller.User)
		}
		return nil
	}
	first, ok := s.caller.Attributes[p.Via[0].Name].(int64)
	if !ok {
		return nil
	}
	ref, err := s.guardMarked(ctx, p.Ref())
	if err != nil {
		if *failed == nil {
			*failed = err
		}
		return nil
	}
	v, err := behind(ctx, reader, first, ref)
	if err != nil && *failed == nil {
		*failed = err
	}
	return v
}

// location is the caller's, which decides what today is.
func (s *Session) location() *time.Location {
	if s.caller.Location != nil {
		return s.caller.Location
	}
	return time.UTC
}

// beneath is the env of a formula that stands on a record behind lookups.
type beneath struct {
	expression.Env
	root string
	via  []expression.Symbol
}

// Get puts the lookups before the formula's own path.
func (b *beneath) Get(p expression.Path) any {
	if p.Root == "user" {
		return b.Env.Get(p)
	}
	via := make([]expression.Symbol, 0, len(b.via)+len(p.Via))
	return b.Env.Get(expression.Path{Root: b.root, Via: append(append(via, b.via...), p.Via...), Leaf: p.Leaf})
}

// callerEnv answers programs that read no record: filters of requests.
type callerEnv struct {
	ctx context.Context
	s   *Session
	err error
}

func (e *callerEnv) Now() time.Time           { return e.s.clock }
func (e *callerEnv) Location() *time.Location { return e.s.location() }

// Get implements expression.Env.
func (e *callerEnv) Get(p expression.Path) any {
	if p.Root != "user" {
		return nil
	}
	if p.Leaf.Column.Storage == fieldtype.None && p.Leaf.Formula != nil {
		v, err := p.Leaf.Formula.Eval(&beneath{Env: e, root: p.Root, via: p.Via})
		if err != nil && e.err == nil {
			e.err = err
		}
		return v
	}
	return e.s.userValue(e.ctx, e.s.tenant, p, &e.err)
}
