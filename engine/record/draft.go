package record

import (
	"context"
	"slices"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// draft is a record on its way to the store: a new one (old is nil) or a changed one.
// It is filled and checked by the stages of saving. Its reader is the tenant's or a
// transaction's, and it has that one from beginning to end. A draft writes nothing: it
// notes what it finds, so that all problems can be told at once.
type draft struct {
	env
	object    *access
	input     *input
	id        id.ID
	problems  []*fault.Fault
	forbidden *fault.Fault // by the record policy
}

// newDraft begins a new record.
func newDraft(ctx context.Context, s *core, reader store.Reader, a *access, in *input, key id.ID) *draft {
	r := make(row, len(a.columns))
	now, by := s.clock.UnixMilli(), s.by()
	r[slotID], r[slotVersion] = int64(key), int64(1)
	r[slotCreatedAt], r[slotCreatedBy], r[slotUpdatedAt], r[slotUpdatedBy] = now, by, now, by
	r[slotOwner] = by
	a.emptyRollups(r)
	return &draft{env: newEnv(ctx, s, reader, a.mapping, r, nil), object: a, input: in, id: key}
}

// changeDraft begins a change of a record.
func changeDraft(ctx context.Context, s *core, reader store.Reader, a *access, in *input, old row) *draft {
	return &draft{env: newEnv(ctx, s, reader, a.mapping, slices.Clone(old), old), object: a, input: in, id: old.id()}
}

// differs reports whether a field has another value than before.
func (d *draft) differs() bool { return len(d.mapping.changes(d.old, d.row)) > 0 }

// problem notes what is wrong with the record.
func (d *draft) problem(f *fault.Fault) { d.problems = append(d.problems, f) }

// refusal is the fault of all problems so far; nil if there are none.
func (d *draft) refusal() error {
	if err := d.failed(); err != nil {
		return err
	}
	if len(d.problems) == 0 && d.forbidden != nil {
		return d.forbidden
	}
	return fault.All(fault.Invalid, "record.invalid", d.problems)
}

// inputRefusal is the refusal of values that can't be taken, and with them of fields
// that are empty.
func (d *draft) inputRefusal() error {
	if len(d.problems) == 0 {
		return d.failed()
	}
	d.checkRequired()
	return d.refusal()
}
