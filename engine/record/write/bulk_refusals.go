package write

import (
	"context"
	"errors"

	"formwork/engine/fault"
	"formwork/engine/record/draft"
	"formwork/engine/record/stored"
)

// How operations of which each counts by itself share a transaction. One that is refused
// before it wrote is passed by. One that is refused after it wrote ends the transaction,
// which is run again without it.

// Bounds of what is not all or nothing.
const (
	chunk  = 500 // operations that share a transaction
	reruns = 10  // of a transaction, without an operation that was refused after it had written
)

// errRefusedLate ends a transaction so that it is run again without what was refused.
var errRefusedLate = errors.New("an operation was refused after it had written")

// runEach runs the operations in few transactions.
func (b *bulk) runEach(ctx context.Context) error {
	for start := 0; start < len(b.tasks); start += chunk {
		if err := b.runChunk(ctx, b.tasks[start:min(start+chunk, len(b.tasks))]); err != nil {
			return err
		}
	}
	return nil
}

// runChunk runs operations in one transaction; where several are refused late, in one each.
func (b *bulk) runChunk(ctx context.Context, part []task) error {
	for range tries {
		if err := b.runPart(ctx, part, nil); !errors.Is(err, errRefusedLate) {
			return err
		}
	}
	for i := range part {
		if err := b.runPart(ctx, part[i:i+1], nil); err != nil && !errors.Is(err, errRefusedLate) {
			return err
		}
	}
	return nil
}

// runTogether runs all operations in one transaction, which finish ends.
func (b *bulk) runTogether(ctx context.Context, finish func(u *Unit) error) error {
	for range reruns {
		if err := b.runPart(ctx, b.tasks, finish); !errors.Is(err, errRefusedLate) {
			return err
		}
	}
	return fault.New(fault.Limited, "record.too_many_refused", "max", reruns)
}

// runPart does operations in one transaction. One that is refused before it wrote is
// passed by; one that is refused later ends the transaction with errRefusedLate, is
// marked, and left out when it is run again.
func (b *bulk) runPart(ctx context.Context, part []task, finish func(u *Unit) error) error {
	return b.w.transaction(ctx, func(u *Unit) error {
		u.skipsRefused = true
		if err := u.prefetchFor(part); err != nil {
			return err
		}
		for i := range part {
			t := &part[i]
			t.refused = nil
			if t.failed != nil {
				continue
			}
			u.wrote = false
			err := u.do(t)
			if err == nil {
				continue
			}
			f := fault.From(err)
			if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
				return err
			}
			if u.wrote {
				t.failed = f
				return errRefusedLate
			}
			t.refused = f
		}
		if finish == nil {
			return nil
		}
		return finish(u)
	})
}

// createInside makes a record in the transaction alone. One that is refused before it
// wrote gives its automatic numbers back.
func (u *Unit) createInside(t *task) (*saving, error) {
	u.wrote = len(u.options.hooksFor(u.session, t.object.Mapping, stored.Created)) > 0 // who may write before it is checked
	d := draft.New(u.ctx, u.session, u.Tx, t.object, t.input, u.options.IDs.Next())
	s, err := u.saveNew(d)
	if err == nil || u.wrote || fault.KindOf(err) == fault.Internal {
		return s, err
	}
	if lost := u.returnNumbers(d); lost != nil {
		return nil, lost
	}
	return nil, err
}
