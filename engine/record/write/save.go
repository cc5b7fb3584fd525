package write

import (
	"context"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// tries bounds how often a new id is taken because another node made the same.
const tries = 3

// Create makes a record of what a caller sent (values as encoding/json decodes them
// with UseNumber). Faults: record.forbidden, record.invalid with every problem,
// record.forbidden_values, record.not_unique, record.duplicate.
func (w *Writer) Create(ctx context.Context, object string, data map[string]any) (*Saved, error) {
	a, err := w.Object(ctx, object, policy.Create)
	if err != nil {
		return nil, err
	}
	in := draft.NewInput(w.Session, a, data)
	for try := 1; ; try++ {
		saved, err := w.create(ctx, a, in)
		if try < tries && fault.Is(err, "store.duplicate_id") {
			continue
		}
		return saved, err
	}
}

func (w *Writer) create(ctx context.Context, a *session.Object, in *draft.Input) (*Saved, error) {
	key := w.options.IDs.Next()
	if w.createsInside(a) {
		return w.save(ctx, func(u *Unit) (*saving, error) { return u.create(a, in, key) })
	}
	c, err := w.checkNew(ctx, a, in, key, nil)
	if err != nil {
		return nil, err
	}
	return w.save(ctx, func(u *Unit) (*saving, error) { return u.store(c) })
}

// save runs one save in a transaction, and answers.
func (w *Writer) save(ctx context.Context, do func(u *Unit) (*saving, error)) (*Saved, error) {
	s, err := w.try(ctx, do, false)
	if isNotUnique(err) {
		// Which of several keys the store tells of depends on the store.
		s, err = w.try(ctx, do, true)
	}
	if err != nil {
		return nil, err
	}
	w.committed()
	return w.answer(s.Object, s.afterwards(), s.warnings)
}

// try runs one save in a transaction. looks: for what a unique index would refuse, before
// anything is written.
func (w *Writer) try(ctx context.Context, do func(u *Unit) (*saving, error), looks bool) (s *saving, err error) {
	err = inTransaction(ctx, w.Session, w.options, func(u *Unit) (err error) {
		u.looksForKeys = looks
		s, err = do(u)
		return err
	})
	return s, err
}

// createsInside reports whether new records can be filled and checked in the transaction
// alone: they take automatic numbers, or hooks are called.
func (w *Writer) createsInside(a *session.Object) bool {
	return len(a.Numbers) > 0 || len(w.options.hooksFor(w.Session, a.Mapping, stored.Created)) > 0
}

// checkNew fills and checks a new record outside of the transaction, in which others wait.
func (w *Writer) checkNew(ctx context.Context, a *session.Object, in *draft.Input, key id.ID, known *draft.References) (checked, error) {
	d := draft.New(ctx, w.Session, w.Tenant, a, in, key)
	d.References = known
	if err := run(filling, d, nil); err != nil {
		return checked{}, err
	}
	if err := run(checking, d, nil); err != nil {
		return checked{}, err
	}
	return checked{Draft: d, checkedOutside: true, words: d.Mapping.WordsOf(d.Row), trail: newTrail(stored.Created, d.Mapping.Changes(nil, d.Row), "")}, nil
}

// create makes a record from beginning to end in the transaction.
func (u *Unit) create(a *session.Object, in *draft.Input, key id.ID) (*saving, error) {
	d := draft.New(u.ctx, u.session, u.Tx, a, in, key)
	d.References = u.references
	return u.saveNew(d)
}

// saveNew takes a new draft of the transaction through all steps.
func (u *Unit) saveNew(d *draft.Draft) (*saving, error) {
	if err := run(filling, d, u); err != nil {
		return nil, err
	}
	if err := run(checking, d, u); err != nil {
		return nil, err
	}
	return u.store(checked{Draft: d})
}

// Update changes a record by a merge patch: fields that are absent stay, null empties.
// version, if not 0, is the one the caller knows. A patch that changes nothing saves
// nothing. Faults: record.not_found (also of what the caller may not read),
// record.forbidden, record.stale, and those of Create.
func (w *Writer) Update(ctx context.Context, object string, key id.ID, patch map[string]any, version int64) (*Saved, error) {
	a, err := w.Object(ctx, object, policy.Update)
	if err != nil {
		return nil, err
	}
	in := draft.NewInput(w.Session, a, patch)
	return w.save(ctx, func(u *Unit) (*saving, error) { return u.change(a, in, key, version) })
}

// changedTimes is how often a record is held that is changed: as it was, and in what is
// written of the change.
const changedTimes = 2

// change updates one record in the transaction. One that does not differ is not saved.
func (u *Unit) change(a *session.Object, in *draft.Input, key id.ID, version int64) (*saving, error) {
	old, err := u.find(a, key, policy.Update, version)
	if err != nil {
		return nil, err
	}
	held := changedTimes * int64(sizeOf(old))
	if err := u.share.Try(held); err != nil {
		return nil, err
	}
	defer u.share.Release(held)
	d := draft.ForChange(u.ctx, u.session, u.Tx, a, in, old)
	d.References = u.references
	if err := run(filling, d, u); err != nil {
		return nil, err
	}
	if !d.Differs() {
		return &saving{checked: checked{Draft: d}, u: u, record: d.Env}, nil
	}
	if err := d.CheckOrder(); err != nil {
		return nil, err
	}
	if err := run(checking, d, u); err != nil {
		return nil, err
	}
	return u.store(checked{Draft: d})
}
