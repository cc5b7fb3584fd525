package record

import (
	"context"
	"fmt"
	"maps"
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
	ctx     context.Context
	s       *core
	reader  store.Reader
	mapping *mapping
	row     row
	old     row            // nil: a new record
	behind  map[string]any // what was read behind lookups
	err     error
}

// newEnv is the environment of a record; old is nil for a new one.
func newEnv(ctx context.Context, s *core, reader store.Reader, m *mapping, r, old row) env {
	return env{ctx: ctx, s: s, reader: reader, mapping: m, row: r, old: old}
}

// readBy is the environment of the same record that reads by another reader. It knows
// what was read behind lookups so far.
func (e *env) readBy(reader store.Reader) env {
	other := *e
	other.reader, other.behind = reader, maps.Clone(e.behind)
	return other
}

// failed is the first read that failed; nil if none did.
func (e *env) failed() error { return e.err }

// fail notes that a read failed.
func (e *env) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// holds runs a condition; one that can't be computed does not hold.
func (e *env) holds(p *expression.Program) bool {
	yes, err := p.Holds(e)
	return err == nil && yes
}

func (e *env) Now() time.Time { return e.s.clock }

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
	v, err := p.Leaf.Formula.Eval(&formulaEnv{Env: e, root: p.Root, via: p.Via})
	if err != nil {
		e.fail(err)
	}
	return v
}

func (e *env) path(r row, p expression.Path) any {
	if len(p.Via) == 0 {
		return e.mapping.value(r, p.Leaf.Column)
	}
	return e.through(r, p.Ref())
}

// match decides a filter on the record as it is, or as it was.
func (e *env) match(f query.Filter, r row) bool {
	return query.Match(f, func(ref query.Ref) any {
		if len(ref.Hops) == 0 {
			return e.mapping.value(r, ref.Column)
		}
		return e.through(r, ref)
	})
}

// through reads a column behind lookups.
func (e *env) through(r row, ref query.Ref) any {
	first, ok := e.mapping.value(r, ref.Hops[0].Lookup).(int64)
	if !ok {
		return nil
	}
	// Guarded paths come from policies, each for one caller, and are told apart by
	// what their guard is; those of formulas have none.
	key := fmt.Sprint(first, ref)
	if v, ok := e.behind[key]; ok {
		return v
	}
	v, err := readBehind(e.ctx, e.reader, first, ref)
	if err != nil {
		e.fail(err)
	}
	if e.behind == nil {
		e.behind = map[string]any{}
	}
	e.behind[key] = v
	return v
}

// readBehind reads what a path finds when its first lookup holds an id.
func readBehind(ctx context.Context, reader store.Reader, first int64, ref query.Ref) (any, error) {
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
