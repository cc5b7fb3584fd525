// Package draft is a record on its way to the store: what the caller sent, completed and
// checked. It reads and never writes, so that a record can be filled and checked outside
// of a transaction, and without being saved. The order of the steps is that of
// write/steps.go.
package draft

import (
	"context"
	"slices"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// Draft is a record on its way to the store: a new one (old is nil) or a changed one.
// It is filled and checked by the steps of saving. Its reader is the tenant's or a
// transaction's, and it has that one from beginning to end. A draft writes nothing: it
// notes what it finds, so that all problems can be told at once.
type Draft struct {
	session.Env
	Object    *session.Object
	Input     *Input
	ID        id.ID
	problems  []*fault.Fault
	forbidden *fault.Fault // by the record policy
	// missing are problems of references that are empty now (see CheckSentReferences);
	// followed are the changed references that lead to a record the caller may read.
	missing  []*fault.Fault
	followed map[int]any // by slot
	// inRows are the records that rows may refer to, as far as they were looked for.
	inRows map[int]map[target]bool // by slot
	put    map[int]struct{}        // slots of fields that were Put
	// References are what is known in advance of the records that it refers to.
	References *References
}

// New begins a new record.
func New(ctx context.Context, s *session.Session, reader store.Reader, a *session.Object, in *Input, key id.ID) *Draft {
	r := make(stored.Row, len(a.Columns))
	clock, by := in.clock(s), s.By()
	now := clock.UnixMilli()
	r[stored.SlotID], r[stored.SlotVersion] = int64(key), int64(1)
	r[stored.SlotCreatedAt], r[stored.SlotCreatedBy], r[stored.SlotUpdatedAt], r[stored.SlotUpdatedBy] = now, by, now, by
	r[stored.SlotOwner] = by
	a.ZeroRollups(r)
	d := &Draft{Env: session.NewEnv(ctx, s, reader, a.Mapping, r, nil), Object: a, Input: in, ID: key}
	d.Clock = clock
	return d
}

// ForChange begins a change of a record.
func ForChange(ctx context.Context, s *session.Session, reader store.Reader, a *session.Object, in *Input, old stored.Row) *Draft {
	d := &Draft{Env: session.NewEnv(ctx, s, reader, a.Mapping, slices.Clone(old), old), Object: a, Input: in, ID: old.ID()}
	d.Clock = in.clock(s)
	return d
}

// clock is when what was sent was done. Nothing is sent of a record that is filled or
// deleted by itself.
func (in *Input) clock(s *session.Session) time.Time {
	if in == nil || in.At.IsZero() {
		return s.Clock
	}
	return in.At
}

// Recorded reports whether the change was made earlier and is only recorded now.
func (d *Draft) Recorded() bool { return d.Clock.Before(d.Session.Clock) }

// CheckOrder refuses a change that would have been made before the last one of the
// record. Fault record.at_out_of_order (Conflict).
func (d *Draft) CheckOrder() error {
	if last, ok := d.Old[stored.SlotUpdatedAt].(int64); ok && d.Recorded() && d.Clock.UnixMilli() < last {
		return fault.New(fault.Conflict, "record.at_out_of_order",
			"at", d.Clock.UTC().Format(stored.TimeFormat), "last", time.UnixMilli(last).UTC().Format(stored.TimeFormat))
	}
	return nil
}

// Differs reports whether a field has another value than before, or was sent one that
// leads nowhere.
func (d *Draft) Differs() bool { return len(d.missing) > 0 || d.Mapping.Differ(d.Old, d.Row) }

// problem notes what is wrong with the record.
func (d *Draft) problem(f *fault.Fault) { d.problems = append(d.problems, f) }

// problemOf notes what is wrong with a field, as far as the caller may know.
func (d *Draft) problemOf(of *catalog.Field, f *fault.Fault) { d.problem(d.Object.Told(of, f)) }

// Refusal is the fault of all problems so far; nil if there are none. Of references that
// lead nowhere it tells only with other problems: they end nothing by themselves before
// CheckReferences.
func (d *Draft) Refusal() error {
	if err := d.Failed(); err != nil {
		return err
	}
	if len(d.problems) == 0 {
		if d.forbidden != nil {
			return d.forbidden
		}
		return nil
	}
	return fault.All(fault.Invalid, "record.invalid", session.ToldOnce(slices.Concat(d.problems, d.missing)))
}

// InputRefusal is the refusal of values that can't be taken, and with them of fields
// that are empty.
func (d *Draft) InputRefusal() error {
	if len(d.problems) == 0 {
		return d.Failed()
	}
	d.CheckRequired()
	return d.Refusal()
}
