package draft

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// rowReference is a reference in a child row.
type rowReference struct {
	*stored.Field
	object  string
	key     int64
	pointer string // "/lines/0/product"
	subject string // "Lines / 1 / Product"
}

// target is a record that a reference names.
type target struct {
	object string
	key    int64
}

func (r rowReference) target() target { return target{r.object, r.key} }

// followRows is follow for the references in the rows of a field. What a row of the
// record referred to before, a row may go on to refer to.
func (d *Draft) followRows(f *stored.Field) {
	raw, ok := d.Row[f.Slot].(json.RawMessage)
	if !ok || d.Failed() != nil || d.Old != nil && stored.Same(d.Old[f.Slot], raw) || !stored.ReferInRows(f.Rows) {
		return
	}
	known := d.knownInRows(f)
	wanted := map[string][]any{}
	d.eachReference(f.Field, raw, "", "", func(r rowReference) bool {
		if t := r.target(); !known[t] {
			wanted[r.object] = append(wanted[r.object], r.key)
		}
		return true
	})
	for object, keys := range wanted {
		if err := d.findReadable(object, keys, known); err != nil {
			d.Fail(err)
			return
		}
	}
	d.Row[f.Slot] = d.eachReference(f.Field, raw, "/"+f.Name, d.Session.Label(f.Field), func(r rowReference) bool {
		if known[r.target()] {
			return true
		}
		d.missing = append(d.missing, d.Object.Told(f.Field, noReference(d.Session, r.Field, r.key).At(r.pointer).Of(r.subject)))
		return false
	})
}

// knownInRows are the records that the rows of a field may refer to, as far as they are
// known: what they referred to before, the caller, and what was looked for.
func (d *Draft) knownInRows(f *stored.Field) map[target]bool {
	if known := d.inRows[f.Slot]; known != nil {
		return known
	}
	known := map[target]bool{{"user", int64(d.Session.Caller.User)}: true}
	if d.Old != nil {
		if was, ok := d.Old[f.Slot].(json.RawMessage); ok {
			d.eachReference(f.Field, was, "", "", func(r rowReference) bool { known[r.target()] = true; return true })
		}
	}
	if d.inRows == nil {
		d.inRows = map[int]map[target]bool{}
	}
	d.inRows[f.Slot] = known
	return known
}

// GoneFromRows are the faults of references in the rows of a new record to records that
// are not there any more, whoever may read them.
func (d *Draft) GoneFromRows(reader store.Reader) ([]*fault.Fault, error) {
	var gone []*fault.Fault
	for _, f := range d.Mapping.RowsWithReferences {
		raw, ok := d.Row[f.Slot].(json.RawMessage)
		if !ok {
			continue
		}
		wanted := map[string][]any{}
		d.eachReference(f.Field, raw, "", "", func(r rowReference) bool {
			wanted[r.object] = append(wanted[r.object], r.key)
			return true
		})
		there := map[target]bool{{"user", int64(d.Session.Caller.User)}: true}
		for object, keys := range wanted {
			if err := d.find(reader, object, keys, nil, there); err != nil {
				return nil, err
			}
		}
		d.eachReference(f.Field, raw, "/"+f.Name, d.Session.Label(f.Field), func(r rowReference) bool {
			if !there[r.target()] {
				gone = append(gone, d.Object.Told(f.Field, noReference(d.Session, r.Field, r.key).At(r.pointer).Of(r.subject)))
			}
			return true
		})
	}
	return gone, d.Failed()
}

// eachReference calls visit for every reference in rows, and returns the rows without
// those for which it says no.
func (d *Draft) eachReference(f *catalog.Field, raw json.RawMessage, pointer, subject string, visit func(rowReference) bool) json.RawMessage {
	nests := f.Value.(fieldtype.Nests)
	rows, err := fieldtype.Rows(nests, raw)
	if err != nil {
		d.Fail(err)
		return raw
	}
	changed := false
	for i, values := range rows {
		for _, inner := range f.Rows.Fields {
			at := pointer + "/" + strconv.Itoa(i) + "/" + inner.Name
			about := subject + " / " + strconv.Itoa(i+1) + " / " + d.Session.Label(inner)
			if nested, ok := values[inner.Name].(json.RawMessage); ok && inner.Rows != nil {
				kept := d.eachReference(inner, nested, at, about, visit)
				changed = changed || !stored.Same(kept, nested)
				values[inner.Name] = kept
			}
			refers, ok := inner.Value.(fieldtype.Refers)
			if !ok || values[inner.Name] == nil {
				continue
			}
			r := rowReference{Field: &stored.Field{Field: inner, Refers: refers}, pointer: at, subject: about}
			if r.object, r.key = r.Referred(values[inner.Name]); !visit(r) {
				values[inner.Name], changed = nil, true
			}
		}
	}
	if !changed {
		return raw
	}
	return fieldtype.AppendRows(nil, nests, rows)
}

// maxListed bounds the ids of one query.
const maxListed = 500

// findReadable notes in known which records of an object the caller may read.
func (d *Draft) findReadable(object string, keys []any, known map[target]bool) error {
	read, err := d.Session.RecordFilter(d.Ctx, object, policy.Read)
	if err != nil {
		return err
	}
	return d.find(d.Reader, object, keys, read, known)
}

// find notes in known which records of an object are there and meet a filter.
func (d *Draft) find(reader store.Reader, object string, keys []any, filter query.Filter, known map[target]bool) error {
	o, ok := d.Session.Snapshot.Objects[object]
	if !ok {
		return nil
	}
	for part := range slices.Chunk(keys, maxListed) {
		q := query.Select{Table: o.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
			Filter: query.And(query.In{Ref: query.Field(query.ID), Values: part}, filter)}
		for r, err := range reader.Select(d.Ctx, q) {
			if err != nil {
				return fmt.Errorf("looking for records of %s: %w", object, err)
			}
			known[target{object, r[0].(int64)}] = true
		}
	}
	return nil
}
