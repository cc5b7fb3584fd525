package record

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
	slotID = iota
	slotVersion
	slotCreatedAt
	slotCreatedBy
	slotUpdatedAt
	slotUpdatedBy
	slotOwner
	firstSlot
)

var systemColumns = [firstSlot]query.Column{query.ID, query.Version, query.CreatedAt, query.CreatedBy,
	query.UpdatedAt, query.UpdatedBy, query.Owner}

// row is a whole record in stored form, in the order of its mapping's columns.
type row []any

// id is the record's identity.
func (r row) id() id.ID { return id.ID(r[slotID].(int64)) }

// clone is a row that can be changed by itself; its values are shared, for nobody
// changes a value.
func (r row) clone() row { return append(row(nil), r...) }

// same reports whether two stored values of a field are equal.
func same(a, b any) bool {
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

// hold copies a value that a store lent for one row.
func hold(v any) any {
	if raw, ok := v.(json.RawMessage); ok {
		return json.RawMessage(bytes.Clone(raw))
	}
	return v
}

// holdRow copies what a store lent.
func holdRow(r store.Row) row {
	out := make(row, len(r))
	for i, v := range r {
		out[i] = hold(v)
	}
	return out
}

// sameRow reports whether two rows have equal values.
func sameRow(a, b row) bool {
	for slot := range a {
		if !same(a[slot], b[slot]) {
			return false
		}
	}
	return true
}

// value is a column of a row; nil where there is no row.
func (m *mapping) value(r row, c query.Column) any {
	if slot, ok := m.slots[c.Name]; ok && r != nil {
		return r[slot]
	}
	return nil
}

// storedRecord is a whole record with the mapping that its row has.
type storedRecord struct {
	*mapping
	row row
}

// id is the record's identity.
func (r storedRecord) id() id.ID { return r.row.id() }

// name is the record's name as a text; "" if it has none.
func (r storedRecord) name() string {
	if f := r.object.NameField; f != nil {
		if v := r.value(r.row, f.Column); v != nil {
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
	RolledUp Action = "rollup" // its roll-ups changed because a child did; in the outbox only
)
