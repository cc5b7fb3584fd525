package record

import (
	"context"
	"time"

	"formwork/engine/expression"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// callerEnv answers programs that read no record: filters of requests.
type callerEnv struct {
	ctx context.Context
	s   *core
	err error
}

func newCallerEnv(ctx context.Context, s *core) callerEnv { return callerEnv{ctx: ctx, s: s} }

// failed is the first read that failed; nil if none did.
func (e *callerEnv) failed() error { return e.err }

func (e *callerEnv) Now() time.Time { return e.s.clock }

func (e *callerEnv) Location() *time.Location { return e.s.location() }

// Get implements expression.Env.
func (e *callerEnv) Get(p expression.Path) any {
	if p.Root != "user" {
		return nil
	}
	if p.Leaf.Column.Storage == fieldtype.None && p.Leaf.Formula != nil {
		v, err := p.Leaf.Formula.Eval(&formulaEnv{Env: e, root: p.Root, via: p.Via})
		if err != nil && e.err == nil {
			e.err = err
		}
		return v
	}
	return e.s.userValue(e.ctx, e.s.tenant, p, &e.err)
}

// userValue reads a field of the caller, or what lies behind one.
func (s *core) userValue(ctx context.Context, reader store.Reader, p expression.Path, failed *error) any {
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
	v, err := readBehind(ctx, reader, first, ref)
	if err != nil && *failed == nil {
		*failed = err
	}
	return v
}
