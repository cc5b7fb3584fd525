package draft

import (
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
)

// CheckSentReferences: the records that sent references name, also in child rows, exist,
// and the caller may read them. A reference to another is empty for all that follows, so
// that nothing reads through it what the caller may not read.
func (d *Draft) CheckSentReferences() {
	for _, v := range d.Input.values {
		d.follow(v.Field)
		if v.Rows != nil {
			d.followRows(v.Field)
		}
	}
}

// CheckReferences: the records that changed references name, also in child rows, exist,
// and the caller may read them.
func (d *Draft) CheckReferences() {
	for _, f := range d.Mapping.References {
		d.follow(f)
	}
	for _, f := range d.Mapping.RowsWithReferences {
		d.followRows(f)
	}
	d.problems, d.missing = append(d.problems, d.missing...), nil
}

// follow empties a changed reference that leads to no record, or to one that the caller
// may not read, and notes the problem.
func (d *Draft) follow(f *stored.Field) {
	v := d.Row[f.Slot]
	if f.Refers == nil || v == nil || d.Failed() != nil || d.Old != nil && stored.Same(d.Old[f.Slot], v) || stored.Same(d.followed[f.Slot], v) {
		return
	}
	object, key := f.Referred(v)
	if !d.isCaller(object, key) {
		found, err := d.readableRecord(object, key)
		if err != nil {
			d.Fail(err)
			return
		}
		if !found {
			d.Row[f.Slot] = nil
			d.missing = append(d.missing, NoReference(d.Object, d.Session, f, key))
			return
		}
	}
	if d.followed == nil {
		d.followed = map[int]any{}
	}
	d.followed[f.Slot] = v
}

// isCaller reports whether a record is the caller's own user, whom they may always name.
func (d *Draft) isCaller(object string, key int64) bool {
	return object == "user" && key == int64(d.Session.Caller.User)
}

// NoReference is the fault of a reference to no record, or to one that the caller may
// not read.
func NoReference(a *session.Object, s *session.Session, f *stored.Field, key int64) *fault.Fault {
	return a.Told(f.Field, noReference(s, f, key).At("/"+f.Name))
}

func noReference(s *session.Session, f *stored.Field, key int64) *fault.Fault {
	return fault.New(fault.Invalid, "record.no_reference", "field", s.Label(f.Field), "id", id.ID(key).String())
}

// readableRecord reports whether there is a record that the caller may read.
func (d *Draft) readableRecord(object string, key int64) (bool, error) {
	if readable, known := d.References.of(object, key); known {
		return readable, nil
	}
	o, ok := d.Session.Snapshot.Objects[object]
	if !ok {
		// A system field may refer to users where the configuration has none.
		return object == "user", nil
	}
	f, err := d.Session.RecordFilter(d.Ctx, object, policy.Read)
	if err != nil {
		return false, err
	}
	return session.Exists(d.Ctx, d.Reader, o.Table.Name, query.And(query.Is(query.ID, key), f))
}

// CheckRecordPolicy decides about the final values. Fault record.forbidden_values.
func (d *Draft) CheckRecordPolicy() {
	action := policy.Update
	if d.Old == nil {
		action = policy.Create
	}
	object := d.Mapping.Object.Doc.Name
	f, err := d.Session.RecordFilter(d.Ctx, object, action)
	if err != nil {
		d.Fail(err)
		return
	}
	if !d.Matches(f, d.Row) {
		d.forbidden = fault.New(fault.Forbidden, "record.forbidden_values", "object", object, "action", string(action))
	}
}
