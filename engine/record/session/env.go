package session

import (
	"context"
	"fmt"
	"maps"
	"time"

	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Env answers what programs and filters ask about one record that is held in
// memory. What lies behind lookups is read when asked for, once. A failed read
// leaves err, which whoever used the env looks at afterwards.
type Env struct {
	Ctx     context.Context
	Session *Session
	Reader  store.Reader
	Mapping *stored.Mapping
	Row     stored.Row
	Old     stored.Row     // nil: a new record
	Clock   time.Time      // of what is done to the record: the session's, or earlier
	behind  map[string]any // what was read behind lookups
	err     error
}

// NewEnv is the environment of a record; old is nil for a new one.
func NewEnv(ctx context.Context, s *Session, reader store.Reader, m *stored.Mapping, r, old stored.Row) Env {
	return Env{Ctx: ctx, Session: s, Reader: reader, Mapping: m, Row: r, Old: old, Clock: s.Clock}
}

// ReadBy is the environment of the same record that reads by another reader. It knows
// what was read behind lookups so far.
func (e *Env) ReadBy(reader store.Reader) Env {
	other := *e
	other.Reader, other.behind = reader, maps.Clone(e.behind)
	return other
}

// Forget has what lies behind lookups read anew, since it may have been changed.
func (e *Env) Forget() { e.behind = nil }

// Failed is the first read that failed; nil if none did.
func (e *Env) Failed() error { return e.err }

// Fail notes that a read failed.
func (e *Env) Fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// Holds runs a condition; one that can't be computed does not hold.
func (e *Env) Holds(p *expression.Program) bool {
	yes, err := p.Holds(e)
	return err == nil && yes
}

// Now implements expression.Env.
func (e *Env) Now() time.Time { return e.Clock }

// Location implements expression.Env.
func (e *Env) Location() *time.Location { return e.Session.Location() }

// Get implements expression.Env.
func (e *Env) Get(p expression.Path) any {
	if p.Leaf.Column.Storage == fieldtype.None && p.Leaf.Formula != nil {
		return e.formula(p)
	}
	switch p.Root {
	case "user":
		return e.Session.userValue(e.Ctx, e.Reader, p, &e.err)
	case "old":
		return e.valueAt(e.Old, p)
	}
	return e.valueAt(e.Row, p)
}

// formula evaluates one that is computed when read, for the record it stands on.
func (e *Env) formula(p expression.Path) any {
	v, err := p.Leaf.Formula.Eval(&formulaEnv{Env: e, root: p.Root, via: p.Via})
	if err != nil {
		e.Fail(err)
	}
	return v
}

// valueAt is what a path finds from a row of the record.
func (e *Env) valueAt(r stored.Row, p expression.Path) any {
	if len(p.Via) == 0 {
		return e.Mapping.Value(r, p.Leaf.Column)
	}
	ref := p.Ref()
	if ref.Hops[0].Guard != nil { // of a program in the caller's Scope
		var err error
		if ref, err = e.Session.guardMarked(e.Ctx, ref); err != nil {
			e.Fail(err)
			return nil
		}
	}
	return e.ReadRef(r, ref)
}

// Matches decides a filter on the record as it is, or as it was.
func (e *Env) Matches(f query.Filter, r stored.Row) bool {
	return query.Match(f, func(ref query.Ref) any {
		if len(ref.Hops) == 0 {
			return e.Mapping.Value(r, ref.Column)
		}
		return e.ReadRef(r, ref)
	})
}

// ReadRef reads a column behind lookups.
func (e *Env) ReadRef(r stored.Row, ref query.Ref) any {
	first, ok := e.Mapping.Value(r, ref.Hops[0].Lookup).(int64)
	if !ok {
		return nil
	}
	// Guarded paths come from policies, each for one caller, and are told apart by
	// what their guard is; those of formulas have none.
	key := fmt.Sprint(first, ref)
	if v, ok := e.behind[key]; ok {
		return v
	}
	v, err := ReadBehind(e.Ctx, e.Reader, first, ref)
	if err != nil {
		e.Fail(err)
	}
	if e.behind == nil {
		e.behind = map[string]any{}
	}
	e.behind[key] = v
	return v
}

// ReadBehind reads what a path finds when its first lookup holds an id.
func ReadBehind(ctx context.Context, reader store.Reader, first int64, ref query.Ref) (any, error) {
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
