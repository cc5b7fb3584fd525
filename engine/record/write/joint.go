package write

import (
	"context"
	"fmt"
	"maps"

	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/draft"
	"formwork/engine/record/past"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// Joint is one transaction in which several sessions of one tenant and snapshot write, besides
// whatever else its user keeps there. A call that is refused changes nothing, and the transaction
// goes on; faults of kinds that break (see fault.Kind.Breaks) have to end it. Values are in stored
// form.
type Joint struct{ u *Unit }

// Jointly runs fn in one transaction, maybe more than once.
func (w *Writer) Jointly(ctx context.Context, fn func(j *Joint) error) error {
	return w.transaction(ctx, func(u *Unit) error { return fn(&Joint{u}) })
}

// As is the same transaction in the hands of another session.
func (j *Joint) As(s *session.Session) *Joint {
	u := newUnit(j.u.ctx, s, j.u.options, j.u.Tx)
	u.consequences = j.u.consequences
	u.looksForKeys = true // of a refusal by the store nothing more could be learnt
	return &Joint{u}
}

// Tx is the transaction.
func (j *Joint) Tx() store.Tx { return j.u.Tx }

// Create makes a record. Faults are those of Writer.Create.
func (j *Joint) Create(object string, values map[string]any) (key id.ID, err error) {
	err = j.attempt(func() error {
		a, in, err := j.input(object, policy.Create, values)
		if err != nil {
			return err
		}
		s, err := j.u.create(a, in, j.u.options.IDs.Next())
		if err == nil {
			key = s.ID
		}
		return err
	})
	return key, err
}

// Update changes a record. Faults are those of Writer.Update.
func (j *Joint) Update(object string, key id.ID, values map[string]any) error {
	return j.attempt(func() error {
		a, in, err := j.input(object, policy.Update, values)
		if err != nil {
			return err
		}
		_, err = j.u.change(a, in, key, 0)
		return err
	})
}

// Delete moves a record to the bin. Faults are those of Writer.Delete.
func (j *Joint) Delete(object string, key id.ID) error {
	return j.attempt(func() error {
		a, err := j.u.session.Object(j.u.ctx, object, policy.Delete)
		if err != nil {
			return err
		}
		return j.u.delete(a, key, 0)
	})
}

// Revise gives fields of a record other values as a consequence of something else: nothing is asked of the values, no
// hook is called, and all that follows from them is brought up to date. Nothing where the record is gone.
func (j *Joint) Revise(object string, key id.ID, values map[string]any) error {
	return j.attempt(func() error {
		o, ok := j.u.session.Snapshot.Objects[object]
		if !ok {
			return nil
		}
		m := j.u.session.Mappings.Of(o)
		row, err := session.Load(j.u.ctx, j.u.Tx, m, query.Is(query.ID, int64(key)))
		if err != nil || row == nil {
			return err
		}
		return j.u.revise(m, row, func(r stored.Row) {
			for name, v := range values {
				r[m.ByName[name].Slot] = v
			}
		})
	})
}

// attempt undoes what fn wrote if it is refused.
func (j *Joint) attempt(fn func() error) error {
	j.u.forget() // what others may have changed in this transaction
	refused, err := j.u.Tx.Attempt(j.u.ctx, fn)
	if err != nil {
		return fmt.Errorf("writing a record: %w", err)
	}
	if refused != nil {
		j.u.forget()
	}
	return refused
}

// input is what a caller would have sent.
func (j *Joint) input(object string, action policy.Action, values map[string]any) (*session.Object, *draft.Input, error) {
	a, err := j.u.session.Object(j.u.ctx, object, action)
	if err != nil {
		return nil, nil, err
	}
	data := make(map[string]any, len(values))
	for name, v := range values {
		f, ok := a.ByName[name]
		if !ok || v == nil {
			data[name] = nil
			continue
		}
		if data[name], err = draft.Shown(f.Value, v); err != nil {
			return nil, nil, err
		}
	}
	return a, draft.NewInput(j.u.session, a, data), nil
}

// Record is the environment of a record as it is; nil if it is gone. It reads in the transaction.
func (j *Joint) Record(object string, key id.ID) (*session.Env, error) {
	o, ok := j.u.session.Snapshot.Objects[object]
	if !ok {
		return nil, nil
	}
	m := j.u.session.Mappings.Of(o)
	r, err := session.Load(j.u.ctx, j.u.Tx, m, query.Is(query.ID, int64(key)))
	if err != nil || r == nil {
		return nil, err
	}
	e := session.NewEnv(j.u.ctx, j.u.session, j.u.Tx, m, r, nil)
	return &e, nil
}

// NoRecord is the environment of what is about no record: whoever reads one through it made a mistake.
func (j *Joint) NoRecord() *session.Env {
	e := session.NewEnv(j.u.ctx, j.u.session, j.u.Tx, nil, nil, nil)
	return &e
}

// Past are records as they were when events happened that are given to a consumer together. What
// the transaction has written since it was made does not show in it.
type Past struct {
	events []outbox.Event
	rows   map[recordKey]stored.Row // as they are; nil: gone
}

// pastSize is how many bytes of records are read together, about; others are read one by one.
const pastSize = 8 << 20

// Past reads the records that events tell of, a question for each object.
func (j *Joint) Past(events []outbox.Event) (*Past, error) {
	p := &Past{events: events, rows: map[recordKey]stored.Row{}}
	byObject := map[string][]any{}
	for i := range events {
		e := &events[i]
		o, ok := j.u.session.Snapshot.Objects[e.Object]
		if !ok {
			continue
		}
		key := recordKey{o.Table.Name, e.Record}
		if _, asked := p.rows[key]; !asked {
			p.rows[key] = nil
			byObject[e.Object] = append(byObject[e.Object], int64(e.Record))
		}
	}
	left := pastSize
	for object, keys := range byObject {
		m := j.u.session.Mappings.Of(j.u.session.Snapshot.Objects[object])
		rows, err := j.u.LoadSome(m, query.In{Ref: query.Field(query.ID), Values: keys}, 0, left)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			p.rows[recordKey{m.Object.Table.Name, r.ID()}] = r
			left -= sizeOf(r)
		}
		if left <= 0 { // what is not known is read when it is asked for
			maps.DeleteFunc(p.rows, func(_ recordKey, r stored.Row) bool { return r == nil })
			break
		}
	}
	return p, nil
}

// At is the environment of a record as one of the events left it, or as it was when the event deleted
// it, and as old of what it was before, in the hands of a session of the same transaction. nil: it is
// gone, and the event tells of no more than a part of it.
func (p *Past) At(j *Joint, event int) (*session.Env, error) {
	e := &p.events[event]
	o, ok := j.u.session.Snapshot.Objects[e.Object]
	if !ok {
		return nil, nil
	}
	m := j.u.session.Mappings.Of(o)
	now, known := p.rows[recordKey{o.Table.Name, e.Record}]
	if !known {
		var err error
		if now, err = session.Load(j.u.ctx, j.u.Tx, m, query.Is(query.ID, int64(e.Record))); err != nil {
			return nil, err
		}
	}
	var r stored.Row
	switch {
	case now != nil:
		r = now.Clone()
	case e.Action == string(stored.Updated):
		return nil, nil
	default:
		r = make(stored.Row, len(m.Columns))
		r[stored.SlotID] = int64(e.Record)
	}
	for i := len(p.events) - 1; i > event; i-- {
		if l := &p.events[i]; l.Object == e.Object && l.Record == e.Record {
			if _, err := past.Overlay(m, r, l.Changes, past.From); err != nil {
				return nil, err
			}
		}
	}
	var old stored.Row
	switch e.Action {
	case string(stored.Deleted):
		if _, err := past.Overlay(m, r, e.Changes, past.From); err != nil {
			return nil, err
		}
		old = r
	case string(stored.Created):
		if _, err := past.Overlay(m, r, e.Changes, past.To); err != nil {
			return nil, err
		}
	default:
		old = r.Clone()
		if _, err := past.Overlay(m, old, e.Changes, past.From); err != nil {
			return nil, err
		}
		if _, err := past.Overlay(m, r, e.Changes, past.To); err != nil {
			return nil, err
		}
	}
	env := session.NewEnv(j.u.ctx, j.u.session, j.u.Tx, m, r, old)
	return &env, nil
}
