package record

import (
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
)

// checkReferences: the records that changed references name exist, and the caller
// may read them.
func (d *draft) checkReferences() {
	if d.failed() != nil {
		return
	}
	for _, f := range d.mapping.references {
		v := d.row[f.slot]
		if v == nil || (d.old != nil && same(d.old[f.slot], v)) {
			continue
		}
		object, key := f.referred(v)
		if object == "user" && key == int64(d.s.caller.User) {
			continue
		}
		found, err := d.readableRecord(object, key)
		if err != nil {
			d.fail(err)
			return
		}
		if !found {
			d.problem(noReference(d.s, f, key))
		}
	}
}

// noReference is the fault of a reference to no record, or to one that the caller may
// not read.
func noReference(s *core, f *field, key int64) *fault.Fault {
	return fault.New(fault.Invalid, "record.no_reference", "field", s.label(f.Field), "id", id.ID(key).String()).At("/" + f.Name)
}

// readableRecord reports whether there is a record that the caller may read.
func (d *draft) readableRecord(object string, key int64) (bool, error) {
	o, ok := d.s.snapshot.Objects[object]
	if !ok {
		// A system field may refer to users where the configuration has none.
		return object == "user", nil
	}
	f, err := d.s.filter(d.ctx, object, policy.Read)
	if err != nil {
		return false, err
	}
	return exists(d.ctx, d.reader, o.Table.Name, query.And(query.Is(query.ID, key), f))
}

// checkRecordPolicy decides about the final values. Fault record.forbidden_values.
func (d *draft) checkRecordPolicy() {
	action := policy.Update
	if d.old == nil {
		action = policy.Create
	}
	object := d.mapping.object.Doc.Name
	f, err := d.s.filter(d.ctx, object, action)
	if err != nil {
		d.fail(err)
		return
	}
	if !d.match(f, d.row) {
		d.forbidden = fault.New(fault.Forbidden, "record.forbidden_values", "object", object, "action", string(action))
	}
}
