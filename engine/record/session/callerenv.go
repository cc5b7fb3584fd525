package session

import (
	"context"
	"time"

	"formwork/engine/expression"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// CallerEnv answers programs that read no record: filters of requests.
type CallerEnv struct {
	ctx context.Context
	s   *Session
	err error
}

// NewCallerEnv is the environment of a caller's programs.
func NewCallerEnv(ctx context.Context, s *Session) CallerEnv { return CallerEnv{ctx: ctx, s: s} }

// Failed is the first read that failed; nil if none did.
func (e *CallerEnv) Failed() error { return e.err }

// Now implements expression.Env.
func (e *CallerEnv) Now() time.Time { return e.s.Clock }

// Location implements expression.Env.
func (e *CallerEnv) Location() *time.Location { return e.s.Location() }

// Get implements expression.Env.
func (e *CallerEnv) Get(p expression.Path) any {
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
	return e.s.userValue(e.ctx, e.s.Tenant, p, &e.err)
}

// userValue reads a field of the caller, or what lies behind one.
func (s *Session) userValue(ctx context.Context, reader store.Reader, p expression.Path, failed *error) any {
	if len(p.Via) == 0 {
		return s.Caller.Attribute(p.Leaf.Name)
	}
	first, ok := s.Caller.Attribute(p.Via[0].Name).(int64)
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
	v, err := ReadBehind(ctx, reader, first, ref)
	if err != nil && *failed == nil {
		*failed = err
	}
	return v
}
