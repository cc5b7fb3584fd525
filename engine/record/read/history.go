package read

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/store"
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// Entry is an entry of a record's history. That of a making, deleting or restoring
// has no changes: what a value was at first is the earliest From, or else what it is now.
type Entry struct {
	ID         id.ID
	At         time.Time
	RecordedAt time.Time // when By recorded it, of what was done before; else the zero time
	By         id.ID
	Via        string
	ViaLabel   string // what Via names is called; set by who shows it
	Action     stored.Action
	Changes    []FieldChange
	From       []id.ID // of a merge: the records that were merged into this one
	refers     []reference
}

// FieldChange is from what to what, as the API showed the values at the time.
type FieldChange struct {
	Field    string
	From, To json.RawMessage
}

// through is the change as a mask shows it; nil: as it is. A value that was no text is not shown.
func (c FieldChange) through(mask *fieldtype.Mask) FieldChange {
	if mask == nil {
		return c
	}
	for _, v := range []*json.RawMessage{&c.From, &c.To} {
		var text string
		if err := json.Unmarshal(*v, &text); err != nil || text == "" {
			*v = json.RawMessage("null")
			continue
		}
		*v = metadata.AppendString(nil, mask.Text(text))
	}
	return c
}

// refers are the records that a change of a reference led from and leads to.
func (c FieldChange) refers(f *catalog.Field) (found []reference) {
	refers, ok := f.Value.(fieldtype.Refers)
	if !ok {
		return nil
	}
	for _, raw := range []json.RawMessage{c.From, c.To} {
		var in any
		if json.Unmarshal(raw, &in) != nil || in == nil {
			continue
		}
		if v, problem := f.Value.Coerce(in); problem == nil {
			object, key := stored.Referred(refers, v)
			found = append(found, reference{object, key})
		}
	}
	return found
}

// AppendJSON appends the entry as the API shows it.
func (e Entry) AppendJSON(dst []byte) []byte {
	dst = append(append(append(dst, `{"id":"`...), e.ID.String()...), `","at":"`...)
	dst = e.At.AppendFormat(dst, stored.TimeFormat)
	if !e.RecordedAt.IsZero() {
		dst = e.RecordedAt.AppendFormat(append(dst, `","recorded_at":"`...), stored.TimeFormat)
	}
	dst = append(dst, `","by":`...)
	dst = stored.AppendID(dst, e.By)
	dst = metadata.AppendString(append(dst, `,"via":`...), e.Via)
	if e.ViaLabel != "" {
		dst = metadata.AppendString(append(dst, `,"via_label":`...), e.ViaLabel)
	}
	dst = metadata.AppendString(append(dst, `,"action":`...), string(e.Action))
	if len(e.From) > 0 {
		dst = append(dst, `,"from":[`...)
		for i, key := range e.From {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = stored.AppendID(dst, key)
		}
		dst = append(dst, ']')
	}
	dst = append(dst, `,"changes":{`...)
	for i, c := range e.Changes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, stored.JSONKey(c.Field)...), `{"from":`...)
		dst = append(append(append(dst, c.From...), `,"to":`...), c.To...)
		dst = append(dst, '}')
	}
	return append(dst, "}}"...)
}

// MarshalJSON is AppendJSON for encoding/json.
func (e Entry) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil), nil }

// HistoryPage is a part of a record's history, newest first.
type HistoryPage struct {
	Items []Entry
	Next  string
}

// historyColumns are those of an entry.
var historyColumns = []query.Column{query.ID, stored.ColAt, stored.ColBy, stored.ColVia, stored.ColAction, stored.ColChanges, stored.ColRecorded}

// History reads the history of a record that the caller may read, live or in the bin;
// fields the caller may not read are left out. Fault record.not_found.
func (s *Reader) History(ctx context.Context, object string, key id.ID, cursor string, limit int) (*HistoryPage, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	if limit, err = pageSize(limit); err != nil {
		return nil, err
	}
	if err := s.historyReadable(ctx, a, key); err != nil {
		return nil, err
	}
	sort := []query.Order{{Ref: query.Field(query.ID), Descending: true}}
	filter, mark := query.Is(stored.ColRecord, int64(key)), fingerprint("history", object, key.String())
	if cursor != "" {
		values, err := decodeCursor(cursor, mark, []fieldtype.Storage{fieldtype.Int})
		if err != nil {
			return nil, err
		}
		filter = query.And(filter, query.After(sort, values))
	}
	page, held := &HistoryPage{}, 0
	q := query.Select{Table: stored.HistoryTable, Filter: filter, Sort: sort, Limit: limit + 1}
	for r, err := range store.Find(ctx, s.Tenant, q, historyColumns...) {
		if err != nil {
			return nil, fmt.Errorf("reading the history: %w", err)
		}
		if len(page.Items) == limit || held > pageBytes {
			page.Next = encodeCursor(mark, []any{int64(page.Items[len(page.Items)-1].ID)})
			break
		}
		size := bytesOf([]any{r.Value(stored.ColVia), r.Value(stored.ColAction), r.Value(stored.ColChanges)})
		if err := budget.From(ctx).Hold(ctx, 2*int64(size)); err != nil {
			return nil, err
		}
		held += size
		e, err := entryOf(a, r)
		if err != nil {
			return nil, err
		}
		page.Items = append(page.Items, e)
	}
	return page, nil
}

// historyReadable refuses a record that the caller may not read.
func (s *Reader) historyReadable(ctx context.Context, a *session.Object, key id.ID) error {
	_, err := s.LoadReadable(ctx, a, key)
	if err == nil {
		return nil
	}
	if _, berr := s.BinnedRecord(ctx, a.Object.Doc.Name, key); !fault.Is(berr, "record.not_in_bin") {
		return berr
	}
	return err
}

// entryOf reads a row of the history, as the caller may see it.
func entryOf(a *session.Object, r store.Found) (Entry, error) {
	e := Entry{ID: r.ID(query.ID), At: r.Time(stored.ColAt), RecordedAt: r.Time(stored.ColRecorded), By: r.ID(stored.ColBy), Via: r.Text(stored.ColVia), Action: stored.Action(r.Text(stored.ColAction))}
	e.refers = []reference{{session.UserObject, int64(e.By)}}
	var changes map[string][]json.RawMessage
	if raw := r.JSON(stored.ColChanges); len(raw) > 0 {
		if err := json.Unmarshal(raw, &changes); err != nil {
			return e, fmt.Errorf("reading an entry of the history: %w", err)
		}
	}
	for name, values := range changes {
		if name == stored.MergedKey {
			for _, raw := range values {
				if key, ok := id.Parse(strings.Trim(string(raw), `"`)); ok {
					e.From = append(e.From, key)
				}
			}
			continue
		}
		f, ok := a.Object.Field(name)
		if (ok && !a.Shows(f)) || (!ok && !a.IsUnrestricted()) || len(values) != 2 {
			continue
		}
		change := FieldChange{Field: name, From: values[0], To: values[1]}
		if ok {
			change = change.through(a.Mask(f))
			e.refers = append(e.refers, change.refers(f)...)
		}
		e.Changes = append(e.Changes, change)
	}
	slices.SortFunc(e.Changes, func(a, b FieldChange) int { return strings.Compare(a.Field, b.Field) })
	return e, nil
}
