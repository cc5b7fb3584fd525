package past

import (
	"context"
	"fmt"
	"slices"
	"time"

	"formwork/engine/budget"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// Stretch is a time in which a record was there and was not changed.
type Stretch struct {
	Record id.ID
	Row    stored.Row
	From   time.Time // is not part of it
	Until  time.Time // is
	There  bool      // the record is not in the bin
}

// Stretches tells visit how an object's records were after one time and until another: each one's stretches, the newest first. Those
// that were made last come first, then those that are in the bin, also those that are there by a change that tells of an earlier time;
// those that are gone for good are left out. Where a bound is reached, the records that were made before are missing.
//
// Fields are as they were, as Walk says of the record after a change. An error of visit ends it and is returned.
func Stretches(ctx context.Context, reader store.Reader, m *stored.Mapping, since, until time.Time, b Bounds, visit func(s *Stretch) error) (Walked, error) {
	w := &stretching{walk: walk{ctx: ctx, reader: reader, share: budget.From(ctx), m: m, bounds: b}, until: until, tell: visit}
	defer w.close()
	w.Lost, w.Since = map[string]bool{}, since
	err := w.each(m.Object.Table.Name, nil, w.records)
	if err == nil && !w.Partial {
		deleted := query.Field(stored.ColDeletedAt)
		err = w.each(stored.BinTable, query.All{query.Is(stored.ColObject, m.Object.Doc.Name),
			query.Compare{Ref: deleted, Op: query.Gt, Value: since.UnixMilli()}, query.Compare{Ref: deleted, Op: query.Le, Value: until.UnixMilli()}}, w.records)
	}
	return w.Walked, err
}

// stretching is a Stretches under way.
type stretching struct {
	walk
	until time.Time
	tell  func(s *Stretch) error
}

// lasting is a record on its way back through its changes: as it was until a time.
type lasting struct {
	row     stored.Row
	there   bool // not in the bin
	present bool // it was there, before what was looked at so far
	until   time.Time
	changed bool // since the time that is asked for
}

// enough notes that a bound is reached, if one is.
func (w *stretching) enough() bool {
	w.Partial = w.Partial || w.Changes >= w.bounds.Changes || w.Records >= w.bounds.Changes || w.read >= w.bounds.Bytes || w.bounds.Enough()
	return w.Partial
}

// each gives the keys of a table in pages, those made last first.
func (w *stretching) each(table string, filter query.Filter, take func(keys []any) error) error {
	for below := id.ID(0); !w.enough(); {
		of := filter
		if below != 0 {
			of = query.And(of, after(query.ID, query.Lt, below))
		}
		var keys []any
		for row, err := range store.Find(w.ctx, w.reader, query.Select{Table: table, Filter: of, Sort: newestFirst, Limit: pageSize}, query.ID) {
			if err != nil {
				return fmt.Errorf("reading which records of %s there are: %w", w.m.Object.Doc.Name, err)
			}
			below = row.ID(query.ID)
			keys = append(keys, int64(below))
		}
		if err := take(keys); err != nil || len(keys) < pageSize {
			return err
		}
	}
	return nil
}

// records tells of some, as many at a time as there is room for.
func (w *stretching) records(keys []any) error {
	for len(keys) > 0 && !w.enough() {
		w.forget()
		found, err := w.live(keys)
		if err != nil {
			return err
		}
		if err := w.binned(keys, found); err != nil {
			return err
		}
		var these, others []any
		for _, key := range keys {
			switch {
			case found[id.ID(key.(int64))] != nil:
				these = append(these, key)
			case w.held > w.bounds.Held: // else it is gone meanwhile
				others = append(others, key)
			}
		}
		if err := w.back(these, found); err != nil {
			return err
		}
		keys = others
	}
	return nil
}

// back tells of records, each back from now.
func (w *stretching) back(keys []any, found map[id.ID]*record) error {
	states := make(map[id.ID]*lasting, len(keys))
	for _, key := range keys {
		r := found[id.ID(key.(int64))]
		states[r.row.ID()] = &lasting{row: r.row, there: r.there, present: r.there, until: w.until}
	}
	if err := w.changes(keys, states); err != nil {
		return err
	}
	for _, key := range keys {
		if w.Partial {
			return nil
		}
		w.Records++
		if err := w.begin(states[id.ID(key.(int64))]); err != nil {
			return err
		}
	}
	return nil
}

var newestOfEach = []query.Order{{Ref: query.Field(stored.ColRecord), Descending: true}, {Ref: query.Field(query.ID), Descending: true}}

// changes takes records, whose keys descend, back through what was done to them since the time that is asked for: one after the other.
func (w *stretching) changes(keys []any, states map[id.ID]*lasting) error {
	since := after(query.ID, query.Ge, id.At(w.Since))
	for len(keys) > 0 && !w.enough() {
		last, more, err := w.steps(query.All{query.In{Ref: query.Field(stored.ColRecord), Values: keys}, since}, states)
		if err != nil || !more {
			return err
		}
		of := last.record
		for more && !w.enough() {
			if last, more, err = w.steps(query.All{query.Is(stored.ColRecord, int64(of)), since, after(query.ID, query.Lt, last.id)}, states); err != nil {
				return err
			}
		}
		done := slices.IndexFunc(keys, func(key any) bool { return key.(int64) < int64(of) })
		if done < 0 {
			return nil
		}
		keys = keys[done:]
	}
	return nil
}

// steps takes records back through a page of changes; last is the last of them, and with more there may be others.
func (w *stretching) steps(of query.Filter, states map[id.ID]*lasting) (last entry, more bool, err error) {
	page, more, err := w.entries(of, newestOfEach)
	if err != nil {
		return last, false, err
	}
	for i := range page {
		last = page[i]
		if err := w.step(states[last.record], &last); err != nil {
			return last, false, err
		}
	}
	return last, more, nil
}

// step takes a record back to before a change, and tells of it after that.
func (w *stretching) step(r *lasting, e *entry) error {
	w.Changes++
	at := e.at
	if e.dated { // until it was written nothing of it was there
		at = e.id.Time()
	}
	r.changed = true
	switch e.action {
	case stored.Updated:
		now := touched(r.row, e)
		if err := w.overlay(now, e, To); err != nil {
			return err
		}
		if err := w.show(r, now, at); err != nil {
			return err
		}
		return w.overlay(r.row, e, From)
	case stored.Created, stored.Restored:
		err := w.show(r, touched(r.row, e), at)
		r.present = false
		return err
	case stored.Deleted:
		r.present, r.until = true, at
	}
	return nil
}

// begin tells how a record was at first, in the time that is asked for.
func (w *stretching) begin(r *lasting) error {
	if !r.present {
		return nil
	}
	if r.changed { // by whom last before that is not in the row
		r.row[stored.SlotUpdatedAt], r.row[stored.SlotUpdatedBy] = r.row[stored.SlotCreatedAt], r.row[stored.SlotCreatedBy]
		changes := query.Not{Filter: query.Is(stored.ColAction, string(stored.Deleted))}
		former, found, err := store.First(w.ctx, w.reader, query.Select{Table: stored.HistoryTable, Sort: newestFirst,
			Filter: query.All{query.Is(stored.ColRecord, int64(r.row.ID())), after(query.ID, query.Lt, id.At(w.Since)), changes}}, entryColumns...)
		if err != nil {
			return fmt.Errorf("reading the history of %s: %w", w.m.Object.Doc.Name, err)
		}
		if found {
			e := entryOf(former)
			r.row = touched(r.row, &e)
		}
	}
	from := w.Since
	if made, ok := r.row[stored.SlotCreatedAt].(int64); ok && made > from.UnixMilli() {
		from = time.UnixMilli(made)
	}
	return w.show(r, r.row, from)
}

// show tells of a record as it was from a time until the change after it, if it was there.
func (w *stretching) show(r *lasting, row stored.Row, from time.Time) error {
	until := r.until
	r.until = from
	if !r.present || !from.Before(until) {
		return nil
	}
	return w.tell(&Stretch{Record: row.ID(), Row: row, From: from, Until: until, There: r.there})
}
