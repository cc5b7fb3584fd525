package record

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// takeNumbers takes the automatic numbers of a new record that has none yet. They are
// given back if the transaction fails, so that none is missing.
func (u *unit) takeNumbers(d *draft) error {
	if d.old != nil {
		return nil
	}
	for _, f := range d.mapping.numbers {
		if err := u.takeNumber(d.row, d.mapping, f); err != nil {
			return err
		}
	}
	return nil
}

// takeNumber takes the next number of a field that has none yet.
func (u *unit) takeNumber(r row, m *mapping, f *field) error {
	if r[f.slot] != nil {
		return nil
	}
	date := u.today()
	seq, err := readSequence(u.ctx, u.tx, sequenceName(m, f, date))
	if err != nil {
		return err
	}
	if err := seq.set(u.ctx, u.tx, u.options.IDs, seq.next+1); err != nil {
		return err
	}
	r[f.slot] = f.Value.(fieldtype.Counts).Format(seq.next, date)
	return nil
}

// returnNumbers returns the numbers that the draft took in this transaction, after which
// none was taken.
func (u *unit) returnNumbers(d *draft) error {
	date := u.today()
	for _, f := range d.mapping.numbers {
		if d.input.sent[f.slot] || d.row[f.slot] == nil {
			continue
		}
		seq, err := readSequence(u.ctx, u.tx, sequenceName(d.mapping, f, date))
		if err != nil {
			return err
		}
		if err := seq.set(u.ctx, u.tx, u.options.IDs, seq.next-1); err != nil {
			return err
		}
	}
	return nil
}

// today is the caller's.
func (u *unit) today() string { return u.s.clock.In(u.s.location()).Format(time.DateOnly) }

// sequenceName names what a field's numbers are counted in on a day.
func sequenceName(m *mapping, f *field, date string) string {
	return m.object.Doc.Name + "." + f.Name + "." + f.Value.(fieldtype.Counts).Period(date)
}

// sequence counts from 1.
type sequence struct {
	name string
	row  id.ID // 0: not begun
	next int64
}

func readSequence(ctx context.Context, tx store.Tx, name string) (sequence, error) {
	seq := sequence{name: name, next: 1}
	q := query.Select{Table: sequenceTable, Columns: []query.Ref{query.Field(query.ID), query.Field(colNext)}, Filter: query.Is(colName, name), Limit: 1}
	for r, err := range tx.Select(ctx, q) {
		if err != nil {
			return seq, fmt.Errorf("reading the sequence %s: %w", name, err)
		}
		seq.row, seq.next = id.ID(r[0].(int64)), r[1].(int64)
	}
	return seq, nil
}

// set makes next the number that is taken next.
func (seq sequence) set(ctx context.Context, tx store.Tx, ids *id.Source, next int64) (err error) {
	if seq.row == 0 {
		err = tx.Insert(ctx, sequenceTable, ids.Next(), map[string]any{colName.Name: seq.name, colNext.Name: next}, nil)
	} else {
		err = tx.Update(ctx, sequenceTable, seq.row, 0, map[string]any{colNext.Name: next}, nil)
	}
	if err != nil {
		return fmt.Errorf("counting the sequence %s: %w", seq.name, err)
	}
	return nil
}
