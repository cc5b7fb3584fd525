package write

import (
	"context"
	"errors"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/draft"
	"formwork/engine/record/session"
	"formwork/engine/store"
)

// Preview is what a save would come to.
type Preview struct {
	Object *session.Object
	// Draft is the record as it would be saved; where the save would be refused, as far as
	// it can be completed.
	Draft *draft.Draft
	// Readable: the caller could read the record if it were saved.
	Readable bool
	// Problems are what the save would answer with; none if the record would be saved.
	Problems []*fault.Fault
	// Warnings are those of duplicate rules, also of a record that would be refused.
	Warnings []Warning
}

// Preview finds what Create (key 0) or Update would come to, and writes nothing: it takes
// no automatic number and leaves no trace. What only writing finds out, such as a roll-up
// of another record that becomes too big, it does not know. Errors are those of the
// whole request: record.unknown_object, record.forbidden, record.not_found,
// record.forbidden_record; all others are Problems.
func (w *Writer) Preview(ctx context.Context, object string, key id.ID, data map[string]any) (*Preview, error) {
	u := newUnit(ctx, w.Session, w.options, previewTx{w.Tenant})
	u.previews, u.looksForKeys = true, true
	d, err := u.draftOf(object, key, data)
	if err != nil {
		return nil, err
	}
	p := &Preview{Object: d.Object, Draft: d}
	refusal, err := u.preview(p)
	if err != nil {
		return nil, err
	}
	if p.Readable, err = w.readable(d.Object, &d.Env); err != nil {
		return nil, err
	}
	if refusal != nil {
		p.Problems = refusal.Each()
	}
	return p, nil
}

// Fill completes the draft of a new record (key 0) or of a change, as Preview does, and checks
// nothing. Errors are those of Preview.
func (w *Writer) Fill(ctx context.Context, object string, key id.ID, data map[string]any) (*draft.Draft, error) {
	u := newUnit(ctx, w.Session, w.options, previewTx{w.Tenant})
	u.previews = true
	d, err := u.draftOf(object, key, data)
	if err != nil {
		return nil, err
	}
	if err := complete(filling, d, u); err != nil {
		return nil, err
	}
	return d, d.Failed()
}

// complete takes a draft through steps whatever is wrong with it.
func complete(steps []step, d *draft.Draft, u *Unit) error {
	for _, s := range steps {
		if s.end != nil {
			continue
		}
		if err := run([]step{s}, d, u); err != nil {
			return err
		}
	}
	return nil
}

// draftOf begins the draft of a new record (key 0) or of a change.
func (u *Unit) draftOf(object string, key id.ID, data map[string]any) (*draft.Draft, error) {
	action := policy.Update
	if key == 0 {
		action = policy.Create
	}
	a, err := u.session.Object(u.ctx, object, action)
	if err != nil {
		return nil, err
	}
	in := draft.NewInput(u.session, a, data)
	if key == 0 {
		return draft.New(u.ctx, u.session, u.Tx, a, in, u.options.IDs.Next()), nil
	}
	old, err := u.find(a, key, policy.Update, 0)
	if err != nil {
		return nil, err
	}
	return draft.ForChange(u.ctx, u.session, u.Tx, a, in, old), nil
}

// preview takes the draft as far as a save would, and returns what refuses it, nil if
// nothing does. Values are completed, and duplicates found, past a refusal as well.
func (u *Unit) preview(p *Preview) (refusal *fault.Fault, err error) {
	d := p.Draft
	rest, ended := runUpTo(filling, d, u)
	if err := complete(rest, d, u); err != nil {
		return nil, err
	}
	if ended == nil && (d.Old == nil || d.Differs()) {
		ended = run(checking, d, u)
	}
	s := &saving{checked: checked{Draft: d}, u: u, record: d.Env}
	compared := s.run(comparing)
	if err := s.record.Failed(); err != nil {
		return nil, err
	}
	p.Warnings = s.warnings
	if ended == nil && (d.Old == nil || d.Differs()) {
		ended = compared
	} else if broken(compared) {
		return nil, compared
	}
	if broken(ended) {
		return nil, ended
	}
	if ended == nil {
		return nil, nil
	}
	return fault.From(ended), nil
}

// broken reports whether an error is no refusal: nobody can do anything about it by
// sending other values.
func broken(err error) bool {
	if err == nil {
		return false
	}
	return fault.KindOf(err).Breaks()
}

// previewTx is the transaction of a preview: it reads, and refuses to write.
type previewTx struct{ store.Reader }

var errPreviewWrites = errors.New("a preview wrote")

func (previewTx) Insert(context.Context, string, id.ID, map[string]any, []string) error {
	return errPreviewWrites
}

func (previewTx) Update(context.Context, string, id.ID, int64, map[string]any, []string) error {
	return errPreviewWrites
}

func (previewTx) Delete(context.Context, string, id.ID) error { return errPreviewWrites }

func (previewTx) Lock(context.Context, string, id.ID) error { return errPreviewWrites }

func (previewTx) DeleteWhere(context.Context, string, query.Filter) (int64, error) {
	return 0, errPreviewWrites
}

func (previewTx) Attempt(context.Context, func() error) (refused, err error) {
	return nil, errPreviewWrites
}

func (previewTx) Append(context.Context, string, id.ID, map[string]any) error {
	return errPreviewWrites
}

func (previewTx) Mark(context.Context, string, time.Time) error { return errPreviewWrites }

func (previewTx) TrimLog(context.Context, string, int64) (int64, error) { return 0, errPreviewWrites }
