package read

import (
	"context"
	"fmt"
	"iter"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/expression"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/metadata/fieldtype"
)

// Sheet is a record of which expressions of the configuration are computed for a caller: they read what the caller may read, and are
// refused where they read more. What lies behind a reference to a record that the caller may not read is empty.
type Sheet struct {
	reader   *Reader
	object   *session.Object
	env      session.Env
	about    *Sheet // what expressions call record; nil: the record itself
	programs map[*expression.Program]*expression.Program
}

// Sheet reads a record. Faults: record.not_found, record.forbidden.
func (s *Reader) Sheet(ctx context.Context, object string, key id.ID) (*Sheet, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	row, err := s.LoadReadable(ctx, a, key)
	if err != nil {
		return nil, err
	}
	return &Sheet{reader: s, object: a, env: session.NewEnv(ctx, s.Session, s.Tenant, a.Mapping, row, nil), programs: map[*expression.Program]*expression.Program{}}, nil
}

// Location is that in which moments are told.
func (h *Sheet) Location() *time.Location { return h.env.Location() }

// Updated is when the record was changed last.
func (h *Sheet) Updated() time.Time {
	at, _ := h.env.Mapping.Value(h.env.Row, query.UpdatedAt).(int64)
	return time.UnixMilli(at).UTC()
}

// ID is that of the record.
func (h *Sheet) ID() id.ID { return id.ID(h.env.Row.ID()) }

// Value is the stored value of a field. Fault print.hidden (Forbidden).
func (h *Sheet) Value(f *catalog.Field) (any, error) {
	if !h.object.Reads(f) {
		return nil, hidden()
	}
	return h.env.Mapping.Value(h.env.Row, f.Column), nil
}

// Eval computes an expression over the record. Faults: print.hidden (Forbidden); those of expressions.
func (h *Sheet) Eval(p *expression.Program) (any, error) {
	own, err := h.own(h.object, p, false)
	if err != nil {
		return nil, err
	}
	v, err := own.Eval(h.asks())
	if err == nil {
		err = h.failed()
	}
	return v, err
}

// Each yields the records of an object that the caller may read and a condition holds for, in a sort. Faults are those of Eval.
func (h *Sheet) Each(o *catalog.Object, where *expression.Program, sort []string, limit int) iter.Seq2[*Sheet, error] {
	return func(yield func(*Sheet, error) bool) {
		q, a, err := h.selects(o, where, sort)
		if err != nil {
			yield(nil, err)
			return
		}
		q.Limit = limit
		programs := map[*expression.Program]*expression.Program{}
		for r, err := range h.env.Reader.Select(h.env.Ctx, q) {
			if err != nil {
				yield(nil, fmt.Errorf("reading records of %s: %w", o.Doc.Name, err))
				return
			}
			row := session.NewEnv(h.env.Ctx, h.reader.Session, h.env.Reader, a.Mapping, stored.HoldRow(r), nil)
			if !yield(&Sheet{reader: h.reader, object: a, env: row, about: h, programs: programs}, nil) {
				return
			}
		}
	}
}

// selects is the question for the records that Each yields.
func (h *Sheet) selects(o *catalog.Object, where *expression.Program, sort []string) (query.Select, *session.Object, error) {
	a, err := h.reader.Object(h.env.Ctx, o.Doc.Name, policy.Read)
	if err != nil {
		return query.Select{}, nil, err
	}
	l, err := h.reader.listing(h.env.Ctx, a, ListQuery{Sort: sort, Fields: []string{query.ID.Name}})
	if err != nil {
		if f := fault.From(err); f != nil && f.Kind == fault.Invalid {
			err = hidden() // a key that is there, and not for the caller
		}
		return query.Select{}, nil, err
	}
	q := l.query
	q.Columns = a.Refs
	if where == nil {
		return q, a, nil
	}
	own, err := h.own(a, where, true)
	if err != nil {
		return query.Select{}, nil, err
	}
	found, err := own.Filter(&h.env)
	if err == nil {
		err = h.failed()
	}
	if err == nil {
		found, err = h.reader.Guard(h.env.Ctx, found)
	}
	q.Filter = query.And(q.Filter, found)
	return q, a, err
}

// own is a program as the caller may have it. Fault print.hidden.
func (h *Sheet) own(a *session.Object, p *expression.Program, filters bool) (*expression.Program, error) {
	if a.IsUnrestricted() {
		return p, nil
	}
	if known, ok := h.programs[p]; ok {
		return known, nil
	}
	rights, err := h.reader.Rights(h.env.Ctx)
	if err != nil {
		return nil, err
	}
	scope := h.reader.Scope(a, rights)
	scope.Draft = h.reader.Scope(h.whole().object, rights).Record
	if scope.Queryable = filters; !filters {
		scope.Result = fieldtype.AnyKind
	}
	own, problems := expression.Compile(p.Source(), scope)
	if len(problems) > 0 {
		return nil, hidden()
	}
	h.programs[p] = own
	return own, nil
}

// whole is the record that expressions call record.
func (h *Sheet) whole() *Sheet {
	if h.about != nil {
		return h.about
	}
	return h
}

// asks answers what programs over the record ask.
func (h *Sheet) asks() expression.Env { return &beside{&h.env, &h.whole().env} }

// failed is the first read that failed, of which an expression knows nothing.
func (h *Sheet) failed() error {
	if err := h.env.Failed(); err != nil {
		return err
	}
	return h.whole().env.Failed()
}

// beside is the environment of a record beside another, which programs call record.
type beside struct {
	*session.Env
	record *session.Env
}

// Get implements expression.Env.
func (b *beside) Get(p expression.Path) any {
	if p.Root == "record" {
		return b.record.Get(p)
	}
	return b.Env.Get(p)
}

func hidden() error { return fault.New(fault.Forbidden, "print.hidden") }
