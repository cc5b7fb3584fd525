package write

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/draft"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// takeNumbers takes the automatic numbers of a new record that has none yet. They are
// given back if the transaction or attempt fails, so that none is missing.
func (u *Unit) takeNumbers(d *draft.Draft) error {
	if d.Old != nil {
		return nil
	}
	for _, f := range d.Mapping.Numbers {
		if err := u.takeNumber(d, f); err != nil {
			return err
		}
	}
	return nil
}

// takeNumber takes the next number of a field that has none yet, in the period in which
// the record is made. A preview sees the number and leaves it.
func (u *Unit) takeNumber(d *draft.Draft, f *stored.Field) error {
	if d.Row[f.Slot] != nil {
		return nil
	}
	date := d.Clock.In(u.session.Location()).Format(time.DateOnly)
	seq, err := u.sequence(sequenceName(d.Mapping, f, date))
	if err != nil {
		return err
	}
	number := seq.next
	if !u.previews {
		u.writes++
		if err := seq.set(u.ctx, u.Tx, u.options.IDs, number+1); err != nil {
			return err
		}
	}
	d.Row[f.Slot] = f.Value.(fieldtype.Counts).Format(number, date)
	return nil
}

// sequence is a sequence as it is in the transaction, read once.
func (u *Unit) sequence(name string) (*sequence, error) {
	if seq := u.sequences[name]; seq != nil {
		return seq, nil
	}
	seq, err := readSequence(u.ctx, u.Tx, name)
	if err != nil {
		return nil, err
	}
	if u.sequences == nil {
		u.sequences = map[string]*sequence{}
	}
	u.sequences[name] = &seq
	return &seq, nil
}

// sequenceName names what a field's numbers are counted in on a day.
func sequenceName(m *stored.Mapping, f *stored.Field, date string) string {
	return m.Object.Doc.Name + "." + f.Name + "." + f.Value.(fieldtype.Counts).Period(date)
}

// sequence counts from 1.
type sequence struct {
	name string
	row  id.ID // 0: not begun
	next int64
}

func readSequence(ctx context.Context, tx store.Tx, name string) (sequence, error) {
	seq := sequence{name: name, next: 1}
	q := query.Select{Table: stored.SequenceTable, Filter: query.Is(stored.ColName, name)}
	r, begun, err := store.First(ctx, tx, q, query.ID, stored.ColNext)
	if err != nil {
		return seq, fmt.Errorf("reading the sequence %s: %w", name, err)
	}
	if begun {
		seq.row, seq.next = r.ID(query.ID), r.Int(stored.ColNext)
	}
	return seq, nil
}

// set makes next the number that is taken next.
func (seq *sequence) set(ctx context.Context, tx store.Tx, ids *id.Source, next int64) (err error) {
	if seq.row == 0 {
		seq.row = ids.Next()
		err = tx.Insert(ctx, stored.SequenceTable, seq.row, map[string]any{stored.ColName.Name: seq.name, stored.ColNext.Name: next}, nil)
	} else {
		err = tx.Update(ctx, stored.SequenceTable, seq.row, 0, map[string]any{stored.ColNext.Name: next}, nil)
	}
	if err != nil {
		return fmt.Errorf("counting the sequence %s: %w", seq.name, err)
	}
	seq.next = next
	return nil
}
