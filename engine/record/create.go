package record

import (
	"context"
	"fmt"
	"time"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// tries bounds how often a new id is taken because another node made the same.
const tries = 3

// Create makes a record of what a caller sent (values as encoding/json decodes them
// with UseNumber). Faults: record.forbidden, record.invalid with every problem,
// record.forbidden_values, record.not_unique, record.duplicate.
func (s *Session) Create(ctx context.Context, object string, data map[string]any) (*Saved, error) {
	a, err := s.access(ctx, object, policy.Create)
	if err != nil {
		return nil, err
	}
	in := s.input(a, data)
	for try := 1; ; try++ {
		saved, err := s.create(ctx, a, in)
		if try < tries && fault.Is(err, "store.duplicate_id") {
			continue
		}
		return saved, err
	}
}

func (s *Session) create(ctx context.Context, a *access, in *input) (*Saved, error) {
	d, early, err := s.prepareCreate(ctx, a, in, s.service.ids.Next())
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, func(u *unit) error {
		if !early {
			d = s.draft(ctx, u.tx, a, in, Created, d.id, nil)
			if err := d.ready(u.tx); err != nil {
				return err
			}
		}
		return u.create(d)
	})
	if err != nil {
		return nil, err
	}
	return d.saved(s.tenant)
}

// prepareCreate does outside the transaction, in which others wait, all that can be
// done there: everything, if the record takes no automatic number and nothing is to
// be asked before it is saved.
func (s *Session) prepareCreate(ctx context.Context, a *access, in *input, key id.ID) (d *draft, early bool, err error) {
	d = s.draft(ctx, s.tenant, a, in, Created, key, nil)
	if len(a.numbers) > 0 || len(s.listeners(a, Created)) > 0 {
		return d, false, nil
	}
	if err := d.ready(nil); err != nil {
		return d, true, err
	}
	d.follow()
	return d, true, nil
}

// follow makes what is written beside a new record: its words, its history, its event.
func (d *draft) follow() {
	d.words = d.plan.wordsOf(d.row)
	d.told = tell(d.action, d.plan.changes(nil, d.row), "")
}

// ready fills and checks a draft. tx is nil outside a transaction.
func (d *draft) ready(tx store.Tx) error {
	if err := d.fill(tx); err != nil {
		return err
	}
	if err := d.ask(tx); err != nil {
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	return d.permit()
}

// create writes a draft that is ready.
func (u *unit) create(d *draft) error {
	d.reader = u.tx
	d.warnings = nil
	if err := u.present(d); err != nil {
		return err
	}
	if !u.unlike(d) {
		if err := u.duplicates(d); err != nil {
			return err
		}
	}
	if err := u.unique(d); err != nil {
		return err
	}
	if d.told == nil {
		d.follow()
	}
	if err := u.insertWith(d.plan, d.row, d.words); err != nil {
		return err
	}
	if err := u.write(d.plan, d.action, d.id, d.told); err != nil {
		return err
	}
	return u.feed(d.plan, nil, d.row)
}

// present refuses references to records that went away since they were checked.
func (u *unit) present(d *draft) error {
	for _, f := range d.a.refers {
		v := d.row[f.slot]
		if v == nil {
			continue
		}
		object, key := referred(f, v)
		o, ok := u.s.snapshot.Objects[object]
		if !ok || (object == "user" && key == int64(u.s.caller.User)) {
			continue
		}
		found, err := exists(d.env, o.Table.Name, query.Is(query.ID, key))
		if err != nil {
			return err
		}
		if !found {
			return fault.All(fault.Invalid, "record.invalid", []*fault.Fault{
				fault.New(fault.Invalid, "record.no_reference", "field", u.s.label(f.Field), "id", id.ID(key).String()).At("/" + f.Name)})
		}
	}
	return nil
}

// unique finds out, where that is wanted, whether another record has a value that only
// one may have. The store's unique indexes decide in any case.
func (u *unit) unique(d *draft) error {
	if !u.careful {
		return nil
	}
	for _, key := range d.plan.object.Unique {
		if d.old != nil && !d.plan.moved(key, d.old, d.row) {
			continue
		}
		found, err := u.keyed(d.plan, key, d.row)
		if err != nil {
			return err
		}
		if found != 0 && found != d.id {
			return u.s.notUnique(d.plan, key)
		}
	}
	return nil
}

// moved reports whether a change concerns a unique key.
func (p *plan) moved(key *catalog.UniqueKey, old, r row) bool {
	for _, f := range key.Fields {
		if !same(p.value(old, f.Column), p.value(r, f.Column)) {
			return true
		}
	}
	return false
}

// number takes the next automatic numbers; they are given back if the transaction
// fails, so that none is missing.
func (d *draft) number(tx store.Tx) error {
	for _, f := range d.a.numbers {
		if err := d.numberOne(tx, f); err != nil {
			return err
		}
	}
	return nil
}

// numberOne takes the next number of a field that has none yet.
func (d *draft) numberOne(tx store.Tx, f *planned) error {
	if d.row[f.slot] != nil {
		return nil
	}
	date := d.s.clock.In(d.s.location()).Format(time.DateOnly)
	counts := f.Value.(fieldtype.Counts)
	seq, err := readSequence(d.ctx, tx, d.sequence(f, date))
	if err != nil {
		return err
	}
	if err := seq.set(d.ctx, tx, d.s.service.ids, seq.next+1); err != nil {
		return err
	}
	d.row[f.slot] = counts.Format(seq.next, date)
	return nil
}

// giveBack returns the numbers that the draft took in this transaction, after which
// none was taken.
func (d *draft) giveBack(tx store.Tx) error {
	date := d.s.clock.In(d.s.location()).Format(time.DateOnly)
	for _, f := range d.a.numbers {
		if d.in.sent[f.slot] || d.row[f.slot] == nil {
			continue
		}
		seq, err := readSequence(d.ctx, tx, d.sequence(f, date))
		if err != nil {
			return err
		}
		if err := seq.set(d.ctx, tx, d.s.service.ids, seq.next-1); err != nil {
			return err
		}
	}
	return nil
}

// sequence names what a field's numbers are counted in on a day.
func (d *draft) sequence(f *planned, date string) string {
	return d.plan.object.Doc.Name + "." + f.Name + "." + f.Value.(fieldtype.Counts).Period(date)
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
