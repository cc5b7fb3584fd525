package stored

import (
	"bytes"
	"encoding/json"
	"slices"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// The slots of system columns in every row.
const (
	SlotID = iota
	SlotVersion
	SlotCreatedAt
	SlotCreatedBy
	SlotUpdatedAt
	SlotUpdatedBy
	SlotOwner
	firstSlot
)

var systemColumns = [firstSlot]query.Column{query.ID, query.Version, query.CreatedAt, query.CreatedBy,
	query.UpdatedAt, query.UpdatedBy, query.Owner}

// Row is a whole record in stored form, in the order of its mapping's columns.
type Row []any

// ID is the record's identity.
func (r Row) ID() id.ID { return id.ID(r[SlotID].(int64)) }

// Clone is a row that can be changed by itself; its values are shared, for nobody
// changes a value.
func (r Row) Clone() Row { return append(Row(nil), r...) }

// Part is what there is to know of a record of which many are held at once: its id and what
// it refers to. Its version is empty, which no record's is.
func (m *Mapping) Part(r Row) Row {
	part := make(Row, len(r))
	part[SlotID] = r[SlotID]
	for _, f := range m.References {
		part[f.Slot] = r[f.Slot]
	}
	return part
}

// IsPart reports whether the row is one that Part has made.
func (r Row) IsPart() bool { return r[SlotVersion] == nil }

// Same reports whether two stored values of a field are equal.
func Same(a, b any) bool {
	switch a := a.(type) {
	case []string:
		b, ok := b.([]string)
		return ok && slices.Equal(a, b)
	case json.RawMessage:
		b, ok := b.(json.RawMessage)
		return ok && bytes.Equal(a, b)
	}
	switch b.(type) {
	case []string, json.RawMessage:
		return false
	}
	return a == b
}

// Hold copies a value that a store lent for one row.
func Hold(v any) any {
	if raw, ok := v.(json.RawMessage); ok {
		return json.RawMessage(bytes.Clone(raw))
	}
	return v
}

// HoldRow copies what a store lent.
func HoldRow(r store.Row) Row {
	out := make(Row, len(r))
	for i, v := range r {
		out[i] = Hold(v)
	}
	return out
}

// SameRow reports whether two rows have equal values.
func SameRow(a, b Row) bool {
	for slot := range a {
		if !Same(a[slot], b[slot]) {
			return false
		}
	}
	return true
}

// Value is a column of a row; nil where there is no row.
func (m *Mapping) Value(r Row, c query.Column) any {
	if slot, ok := m.Slots[c.Name]; ok && r != nil {
		return r[slot]
	}
	return nil
}

// Record is a whole record with the mapping that its row has.
type Record struct {
	*Mapping
	Row Row
}

// ID is the record's identity.
func (r Record) ID() id.ID { return r.Row.ID() }

// Name is the record's name as a text; "" if it has none.
func (r Record) Name() string {
	if f := r.Object.NameField; f != nil {
		if v := r.Value(r.Row, f.Column); v != nil {
			return f.Value.CSV(v)
		}
	}
	return ""
}

// Action is what is done to a record.
type Action string

const (
	Created  Action = "create"
	Updated  Action = "update"
	Deleted  Action = "delete"
	Restored Action = "restore"
	Merged   Action = "merge"  // other records were merged into it
	Purged   Action = "purge"  // it was removed from the bin; in the outbox only
	RolledUp Action = "rollup" // its roll-ups changed because a child did; in the outbox only
)
