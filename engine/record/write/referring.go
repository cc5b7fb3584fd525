package write

import (
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/record/stored"
)

// referenceTo is a reference by which records refer to one.
type referenceTo struct {
	in *catalog.Inbound
	to id.ID
}

// reference is a value of a field that refers.
type reference struct {
	table, column string
	value         any
}

func referenceOf(in *catalog.Inbound, to stored.Record) reference {
	return reference{in.From.Table.Name, in.Field.Column.Name, stored.Reference(in.Field, to.Object.Doc.Name, to.ID())}
}

// referrers are, for references that were asked for ahead, the records that have them. Who
// comes to have one in the transaction is added; who has it no more stays listed.
type referrers map[reference][]id.ID

// wrote adds a record to those that have the references that it has now.
func (known referrers) wrote(m *stored.Mapping, r stored.Row) {
	if len(known) == 0 || r == nil {
		return
	}
	for _, f := range m.References {
		at := reference{m.Object.Table.Name, f.Column.Name, r[f.Slot]}
		if listed, ok := known[at]; ok && !slices.Contains(listed, r.ID()) {
			known[at] = append(listed, r.ID())
		}
	}
}

// readReferring asks ahead who refers to records that are about to be deleted, and to those
// that are deleted with them.
func (u *Unit) readReferring(m *stored.Mapping, keys []id.ID) error {
	var level []stored.Record
	for _, r := range u.knownAmong(m, keys) {
		level = append(level, stored.Record{Mapping: m, Row: r})
	}
	if len(level) < fewestPrefetched {
		return nil
	}
	u.referrers = referrers{}
	for len(level) > 0 && len(u.referrers) < MaxDependents && u.known.size < knownSize/2 {
		var next []stored.Record
		for _, of := range byObject(level) {
			for _, in := range of[0].Object.Inbound {
				rows, err := u.readReferringBy(in, of)
				if err != nil {
					return err
				}
				if in.OnDelete == "cascade" {
					next = append(next, rows...)
				}
			}
		}
		if err := u.readParentsOf(next); err != nil {
			return err
		}
		level = next
	}
	return nil
}

// readReferringBy is readReferring for one reference; it returns the records that have it
// and were not known to.
func (u *Unit) readReferringBy(in *catalog.Inbound, to []stored.Record) ([]stored.Record, error) {
	var asked, found []stored.Record
	for _, r := range to {
		if _, known := u.referrers[referenceOf(in, r)]; !known {
			asked = append(asked, r)
		}
	}
	from := u.session.Mappings.Of(in.From)
	for part := range slices.Chunk(asked, aheadKeys) {
		rows, err := u.loadParts(from, referencesTo(in, part...), MaxDependents+1, nil)
		if err != nil {
			return nil, err
		}
		if len(rows) > MaxDependents {
			continue // not all were read
		}
		for _, r := range part {
			u.referrers[referenceOf(in, r)] = nil
		}
		slot := from.Slots[in.Field.Column.Name]
		for _, row := range rows {
			at := reference{in.From.Table.Name, in.Field.Column.Name, row[slot]}
			u.referrers[at] = append(u.referrers[at], row.ID())
			found = append(found, stored.Record{Mapping: from, Row: row})
		}
	}
	return found, nil
}

// mayBeReferredTo are those of some records that are not known to have no reference to them.
func (u *Unit) mayBeReferredTo(in *catalog.Inbound, records []stored.Record) []stored.Record {
	if len(u.referrers) == 0 {
		return records
	}
	var some []stored.Record
	for _, r := range records {
		if listed, known := u.referrers[referenceOf(in, r)]; !known || len(listed) > 0 {
			some = append(some, r)
		}
	}
	return some
}

// referringTo loads the records that refer to some by references of a kind, those to each
// by id, or parts of them; nil if one reference has more than may be changed. Without a room
// they are parts.
func (u *Unit) referringTo(records []stored.Record, onDelete string, room *room) (map[referenceTo][]stored.Row, error) {
	found := map[referenceTo][]stored.Row{}
	for _, of := range byObject(records) {
		for _, in := range of[0].Object.Inbound {
			if in.OnDelete != onDelete {
				continue
			}
			unknown, err := u.addKnownReferring(found, in, of, room)
			if err != nil {
				return nil, err
			}
			for part := range slices.Chunk(unknown, aheadKeys) {
				if all, err := u.loadReferring(found, in, part, room); err != nil || !all {
					return nil, err
				}
			}
		}
	}
	return found, nil
}

// addKnownReferring is referringTo, for one reference, for those records of which it is
// known who refers to them; it returns the others.
func (u *Unit) addKnownReferring(found map[referenceTo][]stored.Row, in *catalog.Inbound, to []stored.Record, room *room) (unknown []stored.Record, err error) {
	if len(u.referrers) == 0 {
		return to, nil
	}
	from := u.session.Mappings.Of(in.From)
	slot := from.Slots[in.Field.Column.Name]
	for _, r := range to {
		at := referenceOf(in, r)
		listed, known := u.referrers[at]
		if !known {
			unknown = append(unknown, r)
			continue
		}
		for _, key := range slices.Sorted(slices.Values(listed)) {
			row, err := u.Load(from, key)
			if err != nil {
				return nil, err
			}
			if row != nil && stored.Same(row[slot], at.value) {
				found[referenceTo{in, r.ID()}] = append(found[referenceTo{in, r.ID()}], room.take(from, row))
			}
		}
	}
	return unknown, nil
}

// loadReferring asks the store who refers to records by one reference; false if they are too many.
func (u *Unit) loadReferring(found map[referenceTo][]stored.Row, in *catalog.Inbound, to []stored.Record, room *room) (all bool, err error) {
	from := u.session.Mappings.Of(in.From)
	rows, err := u.loadParts(from, referencesTo(in, to...), MaxDependents+1, room)
	if err != nil || len(rows) > MaxDependents {
		return false, err
	}
	of := make(map[any]id.ID, len(to))
	for _, r := range to {
		of[stored.Reference(in.Field, r.Object.Doc.Name, r.ID())] = r.ID()
	}
	slot := from.Slots[in.Field.Column.Name]
	for _, row := range rows {
		at := referenceTo{in, of[row[slot]]}
		found[at] = append(found[at], row)
	}
	return true, nil
}
