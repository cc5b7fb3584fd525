package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Attaching gives files to the records that name them, and takes from them those that they
// no longer name, in the transaction that saves. Only an upload of the caller's own, or a
// file that the record has or had in this field, may be named.
type Attaching struct{ now func() int64 }

// Attaching is what records are to ask before and after they are saved.
func (s *Service) Attaching() Attaching {
	return Attaching{now: func() int64 { return s.now().UnixMilli() }}
}

var _ record.WritingHook = Attaching{}

// Wants implements record.SaveHook.
func (Attaching) Wants(s *catalog.Snapshot, object string, a record.Action) bool {
	o, ok := s.Objects[object]
	if !ok || a == record.Deleted { // in the bin it keeps its files
		return false
	}
	for _, f := range o.Fields {
		if _, ok := f.Value.(fieldtype.Files); ok {
			return true
		}
	}
	return false
}

// changed yields the fields with files whose values differ.
func changed(c *record.Change) iter.Seq2[*catalog.Field, fieldtype.FileRules] {
	return func(yield func(*catalog.Field, fieldtype.FileRules) bool) {
		for _, field := range c.Object().Fields {
			files, ok := field.Value.(fieldtype.Files)
			if ok && !same(c.Was(field.Name), c.Get(field.Name)) && !yield(field, files.FileRules()) {
				return
			}
		}
	}
}

func same(was, is any) bool {
	a, _ := was.(json.RawMessage)
	b, _ := is.(json.RawMessage)
	return bytes.Equal(a, b)
}

// BeforeSave implements record.SaveHook: it refuses files that the record may not have, and
// writes what is known of the others into the value.
func (a Attaching) BeforeSave(ctx context.Context, from store.Reader, c *record.Change) error {
	var problems []*fault.Fault
	for field, rules := range changed(c) {
		err := describe(ctx, from, c, field.Name, rules)
		var refused *fault.Fault
		switch {
		case errors.As(err, &refused) && refused.Kind == fault.Invalid:
			problems = append(problems, refused.Under("/"+metadata.EscapePointer(field.Name)))
		case err != nil:
			return err
		}
	}
	return fault.All(fault.Invalid, "file.refused", problems)
}

// describe checks the files of a new value and writes their names, sizes and types into it.
func describe(ctx context.Context, from store.Reader, c *record.Change, field string, rules fieldtype.FileRules) error {
	value := []any{}
	for _, ref := range fieldtype.FileRefs(c.Get(field)) {
		f, err := find(ctx, from, ref.ID)
		if err != nil && !fault.Is(err, "file.not_found") {
			return err
		}
		caller := c.Caller()
		if err != nil || !f.isIn(c, field) && (f.Object != "" || !caller.System && f.By != caller.User) {
			return fault.New(fault.Invalid, "file.not_yours", "id", ref.ID.String())
		}
		if !f.isIn(c, field) || f.detached != 0 {
			if err := f.suits(rules); err != nil {
				return err
			}
		}
		value = append(value, fieldtype.FileRef{ID: f.ID, Name: f.Name, Size: f.Size, Type: f.Type}.Sent())
	}
	if len(value) == 0 {
		return nil
	}
	return c.Set(field, value)
}

// isIn reports whether a file is, or was, in a field of the record that is saved.
func (f *File) isIn(c *record.Change, field string) bool {
	return f.Object == c.Object().Doc.Name && f.Record == c.ID() && f.Field == field
}

// AfterSave implements record.WritingHook: it gives the record the files that it names now,
// and takes off those that it does not name any more.
func (a Attaching) AfterSave(ctx context.Context, tx store.Tx, c *record.Change) error {
	for field := range changed(c) {
		is := fieldtype.FileRefs(c.Get(field.Name))
		for _, ref := range is {
			f, err := find(ctx, tx, ref.ID)
			if err != nil {
				return err
			}
			if f.isIn(c, field.Name) && f.detached == 0 {
				continue
			}
			if err := f.attach(ctx, tx, c.Object().Doc.Name, c.ID(), field.Name); err != nil {
				return err
			}
		}
		for _, ref := range fieldtype.FileRefs(c.Was(field.Name)) {
			if slices.ContainsFunc(is, func(r fieldtype.FileRef) bool { return r.ID == ref.ID }) {
				continue
			}
			if err := a.detach(ctx, tx, ref.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// detach takes a file off its record.
func (a Attaching) detach(ctx context.Context, tx store.Tx, key id.ID) error {
	f, err := find(ctx, tx, key)
	if fault.Is(err, "file.not_found") {
		return nil
	}
	if err == nil {
		err = f.change(ctx, tx, map[string]any{"detached": a.now()})
	}
	if err != nil {
		return fmt.Errorf("taking a file off its record: %w", err)
	}
	return nil
}

// suits refuses a file that a field does not take.
func (f *File) suits(rules fieldtype.FileRules) error {
	switch {
	case !f.Complete:
		return fault.New(fault.Invalid, "file.not_complete", "name", f.Name)
	case !rules.Takes(f.Type):
		return fault.New(fault.Invalid, "file.type", "name", f.Name, "type", f.Type)
	case rules.Image && f.Width == 0:
		return fault.New(fault.Invalid, "file.not_a_picture", "name", f.Name)
	case rules.MaxSize > 0 && f.Size > rules.MaxSize:
		return fault.New(fault.Invalid, "file.larger_than_field", "name", f.Name, "limit", rules.MaxSize)
	}
	return nil
}

func (f *File) attach(ctx context.Context, tx store.Tx, object string, record id.ID, field string) error {
	err := f.change(ctx, tx, map[string]any{"object": object, "record": int64(record), "field": store.Text(field), "detached": nil})
	if err != nil {
		return fmt.Errorf("attaching a file: %w", err)
	}
	return nil
}

// maxAttached bounds the files that are attached to a record besides its fields.
const maxAttached = 500

// Attached lists the files that are attached to a record itself, which the caller may
// read, in the order of their upload. Fault "record.not_found" (NotFound).
func (s *Session) Attached(ctx context.Context, object string, key id.ID) ([]*File, error) {
	if err := s.reaches(ctx, policy.Read, object, key); err != nil {
		return nil, err
	}
	return selectFiles(ctx, s.tenant, attachedTo(object, key), maxAttached)
}

// attachedTo selects the files that are attached to a record itself.
func attachedTo(object string, key id.ID) query.Filter {
	return query.All{query.Is(colObject, object), query.Is(colRecord, int64(key)), query.Is(colField, nil), query.Is(colDetached, nil)}
}

// reaches refuses a record that the caller may not read, or not change.
func (s *Session) reaches(ctx context.Context, action policy.Action, object string, key id.ID) error {
	may, err := s.may(ctx, policy.Read, object, key)
	if err != nil {
		return err
	}
	if !may {
		return fault.New(fault.NotFound, "record.not_found", "object", object, "id", key.String())
	}
	if action == policy.Read {
		return nil
	}
	if may, err = s.may(ctx, action, object, key); err == nil && !may {
		err = fault.New(fault.Forbidden, "file.record_not_yours")
	}
	return err
}

// DemandAttachable refuses a record to which the caller may attach nothing. Faults: "record.not_found",
// "file.record_not_yours".
func (s *Session) DemandAttachable(ctx context.Context, object string, key id.ID) error {
	return s.reaches(ctx, policy.Update, object, key)
}

// Attach attaches complete uploads of the caller's to a record that the caller may
// change. Faults: "record.not_found", "file.record_not_yours", "file.not_yours",
// "file.not_complete", "file.too_many_attached" (Conflict).
func (s *Session) Attach(ctx context.Context, object string, key id.ID, uploads []id.ID) ([]*File, error) {
	if err := s.DemandAttachable(ctx, object, key); err != nil {
		return nil, err
	}
	err := s.tenant.Write(ctx, func(tx store.Tx) error { return s.AttachWithin(ctx, tx, object, key, uploads) })
	if err != nil {
		return nil, err
	}
	return s.Attached(ctx, object, key)
}

// AttachWithin is Attach in a transaction of somebody who has made sure that the record may be changed.
func (s *Session) AttachWithin(ctx context.Context, tx store.Tx, object string, key id.ID, uploads []id.ID) error {
	n, err := tx.Count(ctx, fileTable, attachedTo(object, key), nil, 0)
	if err != nil {
		return fmt.Errorf("counting the files of a record: %w", err)
	}
	if n+int64(len(uploads)) > maxAttached {
		return fault.New(fault.Conflict, "file.too_many_attached", "max", maxAttached)
	}
	for _, upload := range uploads {
		f, err := s.own(ctx, tx, upload)
		if fault.Is(err, "file.not_found") {
			return fault.New(fault.Invalid, "file.not_yours", "id", upload.String())
		}
		if err != nil {
			return err
		}
		if err := f.suits(fieldtype.FileRules{}); err != nil {
			return err
		}
		if err := f.attach(ctx, tx, object, key, ""); err != nil {
			return err
		}
	}
	return nil
}

// Detach takes a file off a record that the caller may change, to which it was attached
// besides its fields. It is kept for a day more. Faults: "record.not_found",
// "file.record_not_yours", "file.not_found".
func (s *Session) Detach(ctx context.Context, object string, key, file id.ID) error {
	if err := s.reaches(ctx, policy.Update, object, key); err != nil {
		return err
	}
	return s.tenant.Write(ctx, func(tx store.Tx) error {
		f, err := find(ctx, tx, file)
		if err != nil {
			return err
		}
		if f.Object != object || f.Record != key || f.Field != "" || f.detached != 0 {
			return notFound()
		}
		return f.change(ctx, tx, map[string]any{"detached": s.service.now().UnixMilli()})
	})
}
