// Package past is records as they were, rebuilt from what events and the history tell of changes. It asks nobody's
// rights and writes nothing.
package past

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"formwork/engine/budget"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/draft"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// State is one of the two that a change is between.
type State int

// The states of a change.
const (
	From State = 0
	To   State = 1
)

// Overlay gives a row one of the states of what changes tell. What the configuration has no field for any more is left out;
// fields whose value can't be taken, since they are of another type now or tell only that there is one, are left as they are, and
// told as lost.
func Overlay(m *stored.Mapping, r stored.Row, changes json.RawMessage, s State) (lost []string, err error) {
	told, err := draft.Decode(changes)
	if err != nil {
		return nil, fmt.Errorf("reading the changes of a record: %w", err)
	}
	members, _ := told.(map[string]any)
	for name, change := range members {
		f, ok := m.ByName[name]
		pair, isPair := change.([]any)
		if !ok || !isPair || len(pair) != 2 {
			continue
		}
		if pair[s] == nil {
			r[f.Slot] = nil
			continue
		}
		if v, problem := f.Value.Coerce(pair[s]); problem == nil {
			r[f.Slot] = v
		} else {
			lost = append(lost, name)
		}
	}
	return lost, nil
}

// Change is what was done to a record that is there or in the bin, with the record before and after it.
type Change struct {
	ID            id.ID
	Record        id.ID
	At            time.Time
	Dated         bool // it was written later, as of At
	By            id.ID
	Via           string
	Action        stored.Action // not Merged
	Before, After stored.Row    // Before is nil of one that was made, and the same as After of one that was deleted
	There         bool          // the record is not in the bin
	m             *stored.Mapping
}

// Get is what a field was after the change, in stored form.
func (c *Change) Get(field string) any { return c.value(c.After, field) }

// Was is what it was before; nil of a record that was made.
func (c *Change) Was(field string) any { return c.value(c.Before, field) }

func (c *Change) value(r stored.Row, field string) any {
	if f, ok := c.m.ByName[field]; ok && r != nil {
		return r[f.Slot]
	}
	return nil
}

// Bounds of a Walk or of Stretches: it ends after so many changes (or records), after having read so many bytes, or when Enough says so, which is asked now
// and then.
type Bounds struct {
	Changes int
	Bytes   int
	Held    int // bytes of records that are held as they were, about; then they are read anew
	Enough  func() bool
}

// Walked is how far a Walk came.
type Walked struct {
	Changes int             // that were looked at
	Records int             // that Stretches told of
	Gone    int             // of these, of records that are gone for good, of which nothing is known
	Since   time.Time       // no change since then is missing
	Partial bool            // a bound was reached before the time that was asked for
	Lost    map[string]bool // fields of which a former value could not be told
}

const (
	pageSize  = 500     // entries of the history that are read together
	pageBytes = 4 << 20 // of them, about
)

// Walk tells visit of the changes of an object's records that the history has since a time, the newest first.
//
// Fields are as they were. Those that leave no trace in the history are as they are now, as is what is behind lookups; so are
// version, and of Before when it was changed and by whom. An error of visit ends the walk and is returned.
func Walk(ctx context.Context, reader store.Reader, m *stored.Mapping, since time.Time, b Bounds, visit func(c *Change) error) (Walked, error) {
	w := &walk{ctx: ctx, reader: reader, share: budget.From(ctx), m: m, bounds: b, records: map[id.ID]*record{}, visit: visit}
	defer w.close()
	w.Lost, w.Since = map[string]bool{}, since
	below := id.ID(0) // 0: from now on
	for {
		if below != 0 && b.Enough() {
			return w.end(below)
		}
		page, more, err := w.page(since, below)
		if err != nil || len(page) == 0 {
			return w.Walked, err
		}
		if err := w.readAhead(page); err != nil {
			return w.Walked, err
		}
		for i := range page {
			if w.Changes == b.Changes || w.read >= b.Bytes || w.Changes%50 == 49 && b.Enough() {
				return w.end(below)
			}
			if err := w.undo(&page[i]); err != nil {
				return w.Walked, err
			}
			below = page[i].id
		}
		if !more {
			return w.Walked, nil
		}
	}
}

// end says that a walk was given up after the entry that was looked at last.
func (w *walk) end(last id.ID) (Walked, error) {
	w.Partial = true
	if last != 0 {
		w.Since = last.Time().Add(time.Millisecond) // others may be of the same
	}
	return w.Walked, nil
}

// walk is a Walk under way.
type walk struct {
	Walked
	ctx     context.Context
	reader  store.Reader
	share   *budget.Share
	m       *stored.Mapping
	bounds  Bounds
	visit   func(c *Change) error
	records map[id.ID]*record // as the entries that were looked at so far found them
	held    int               // bytes of these
	paged   int               // bytes of the entries that were read last
	read    int               // bytes that were read in all
}

// record is one as it was before the changes that were looked at; row is nil of one that is gone.
type record struct {
	row   stored.Row
	there bool
}

// entry is one of the history.
type entry struct {
	id, record, by id.ID
	at             time.Time
	dated          bool
	via            string
	action         stored.Action
	changes        json.RawMessage
}

var entryColumns = []query.Column{query.ID, stored.ColRecord, stored.ColAt, stored.ColBy, stored.ColVia, stored.ColAction, stored.ColChanges, stored.ColRecorded}

func entryOf(f store.Found) entry {
	return entry{id: f.ID(query.ID), record: f.ID(stored.ColRecord), at: f.Time(stored.ColAt), by: f.ID(stored.ColBy), via: f.Text(stored.ColVia), action: stored.Action(f.Text(stored.ColAction)),
		changes: f.JSON(stored.ColChanges), dated: f.Int(stored.ColRecorded) != 0}
}

var newestFirst = []query.Order{{Ref: query.Field(query.ID), Descending: true}}

func after(column query.Column, op query.Op, key id.ID) query.Filter {
	return query.Compare{Ref: query.Field(column), Op: op, Value: int64(key)}
}

// page reads entries of the object's history, as far as there is room; more: there may be others.
func (w *walk) page(since time.Time, below id.ID) (page []entry, more bool, err error) {
	filter := query.All{query.Is(stored.ColObject, w.m.Object.Doc.Name), after(query.ID, query.Ge, id.At(since))}
	if below != 0 {
		filter = append(filter, after(query.ID, query.Lt, below))
	}
	return w.entries(filter, newestFirst)
}

// entries reads a page of the history, as far as there is room; more: there may be others.
func (w *walk) entries(filter query.Filter, sort []query.Order) (page []entry, more bool, err error) {
	w.share.Release(int64(w.paged))
	left := pageBytes
	w.paged = 0
	for f, err := range store.Find(w.ctx, w.reader, query.Select{Table: stored.HistoryTable, Filter: filter, Sort: sort, Limit: pageSize}, entryColumns...) {
		if err != nil {
			return nil, false, fmt.Errorf("reading the history of %s: %w", w.m.Object.Doc.Name, err)
		}
		e := entryOf(f)
		page = append(page, e)
		w.paged += len(e.changes)
		if err := w.share.Hold(w.ctx, int64(len(e.changes))); err != nil {
			return nil, false, err
		}
		if left -= len(e.changes); left <= 0 {
			break
		}
	}
	w.read += w.paged
	return page, len(page) == pageSize || left <= 0, nil
}

// readAhead reads the records of entries that are not known, as far as there is room.
func (w *walk) readAhead(page []entry) error {
	if w.held > w.bounds.Held {
		w.forget()
	}
	var keys []any
	asked := map[id.ID]bool{}
	for i := range page {
		if key := page[i].record; w.records[key] == nil && !asked[key] {
			asked[key] = true
			keys = append(keys, int64(key))
		}
	}
	return w.load(keys, page[0].id)
}

// load reads records as they were right after an entry of the history.
func (w *walk) load(keys []any, at id.ID) error {
	if len(keys) == 0 {
		return nil
	}
	found, err := w.live(keys)
	if err != nil {
		return err
	}
	if err := w.binned(keys, found); err != nil {
		return err
	}
	if w.held <= w.bounds.Held { // else the others have not been looked for
		for _, key := range keys {
			if k := id.ID(key.(int64)); found[k] == nil {
				found[k] = &record{}
			}
		}
	}
	// What was changed since the entry, and while this was read: the records were read first.
	since := query.All{query.In{Ref: query.Field(stored.ColRecord), Values: keys}, after(query.ID, query.Gt, at)}
	for f, err := range store.Find(w.ctx, w.reader, query.Select{Table: stored.HistoryTable, Filter: since, Sort: newestFirst}, entryColumns...) {
		if err != nil {
			return fmt.Errorf("reading the history of %s: %w", w.m.Object.Doc.Name, err)
		}
		e := entryOf(f)
		w.read += len(e.changes)
		if r := found[e.record]; r != nil && r.row != nil {
			if err := w.overlay(r.row, &e, From); err != nil {
				return err
			}
		}
	}
	for key, r := range found {
		w.records[key] = r
	}
	return nil
}

// live reads records that are there, as far as there is room.
func (w *walk) live(keys []any) (map[id.ID]*record, error) {
	found := map[id.ID]*record{}
	q := query.Select{Table: w.m.Object.Table.Name, Columns: w.m.Refs, Filter: query.In{Ref: query.Field(query.ID), Values: keys}}
	for row, err := range w.reader.Select(w.ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading records of %s: %w", w.m.Object.Doc.Name, err)
		}
		r := stored.HoldRow(row)
		found[r.ID()] = &record{row: r, there: true}
		if err := w.hold(r); err != nil {
			return nil, err
		}
		if w.held > w.bounds.Held {
			break
		}
	}
	return found, nil
}

// binned reads those of some records that are in the bin, as far as there is room.
func (w *walk) binned(keys []any, found map[id.ID]*record) error {
	var missing []any
	for _, key := range keys {
		if found[id.ID(key.(int64))] == nil {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 || w.held > w.bounds.Held {
		return nil
	}
	q := query.Select{Table: stored.BinTable, Filter: query.All{query.In{Ref: query.Field(query.ID), Values: missing}, query.Is(stored.ColObject, w.m.Object.Doc.Name)}}
	for f, err := range store.Find(w.ctx, w.reader, q, query.ID, stored.ColDoc) {
		if err != nil {
			return fmt.Errorf("reading the bin: %w", err)
		}
		r, err := stored.DecodeRow(w.m, f.ID(query.ID), f.JSON(stored.ColDoc))
		if err != nil {
			return err
		}
		found[r.ID()] = &record{row: r}
		if err := w.hold(r); err != nil {
			return err
		}
		if w.held > w.bounds.Held {
			break
		}
	}
	return nil
}

// hold counts what a row takes.
func (w *walk) hold(r stored.Row) error {
	size := 24 * len(r)
	for _, v := range r {
		size += store.ValueSize(v)
	}
	w.held += size
	w.read += size
	return w.share.Hold(w.ctx, int64(size))
}

// forget lets go of the records.
func (w *walk) forget() {
	clear(w.records)
	w.share.Release(int64(w.held))
	w.held = 0
}

// close lets go of all that is held.
func (w *walk) close() {
	w.forget()
	w.share.Release(int64(w.paged))
}

// undo tells of an entry, and takes its record back to before it.
func (w *walk) undo(e *entry) error {
	w.Changes++
	r := w.records[e.record]
	if r == nil { // there was no room for it
		w.forget()
		if err := w.load([]any{int64(e.record)}, e.id); err != nil {
			return err
		}
		if r = w.records[e.record]; r == nil {
			r = &record{}
		}
	}
	if r.row == nil {
		w.Gone++
		return nil
	}
	c := &Change{ID: e.id, Record: e.record, At: e.at, Dated: e.dated, By: e.by, Via: e.via, Action: e.action, There: r.there, m: w.m}
	switch e.action {
	case stored.Created:
		c.After = touched(r.row, e)
	case stored.Updated:
		c.After, c.Before = touched(r.row, e), r.row.Clone()
		if err := w.overlay(c.After, e, To); err != nil {
			return err
		}
		if err := w.overlay(c.Before, e, From); err != nil {
			return err
		}
		r.row = c.Before
	case stored.Deleted, stored.Restored:
		c.Before, c.After = r.row, r.row
	default:
		return nil
	}
	return w.visit(c)
}

// touched is a row with when it was changed and by whom.
func touched(r stored.Row, e *entry) stored.Row {
	r = r.Clone()
	r[stored.SlotUpdatedAt], r[stored.SlotUpdatedBy] = e.at.UnixMilli(), nil
	if e.by != 0 {
		r[stored.SlotUpdatedBy] = int64(e.by)
	}
	return r
}

// overlay is Overlay, of entries that tell of changes.
func (w *walk) overlay(r stored.Row, e *entry, s State) error {
	if e.action != stored.Updated {
		return nil
	}
	lost, err := Overlay(w.m, r, e.changes, s)
	for _, name := range lost {
		w.Lost[name] = true
	}
	return err
}

// AsNow reports whether a field of a record is as it is now wherever a Walk tells of it.
func AsNow(m *stored.Mapping, column query.Column, before bool) bool {
	switch column.Name {
	case query.ID.Name, query.CreatedAt.Name, query.CreatedBy.Name:
		return false
	case query.UpdatedAt.Name, query.UpdatedBy.Name:
		return before
	}
	for _, f := range m.Fields {
		if f.Column.Name == column.Name {
			return !f.Tracked
		}
	}
	return column.Storage != fieldtype.None
}
