package workspace

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/record"
)

// Bounds of what a user marks.
const (
	MaxFavourites = 200
	MaxRecent     = 100
)

// mark is a record that a user marked or opened, as it is stored.
type mark struct {
	Object string `json:"object"`
	ID     id.ID  `json:"id"`
	At     int64  `json:"at"` // Unix ms
}

// leadsTo reports whether the mark is of a record.
func (m mark) leadsTo(object string, key id.ID) bool { return m.Object == object && m.ID == key }

func marksOf(raw json.RawMessage) (marks []mark, err error) {
	if raw == nil {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &marks); err != nil {
		return nil, fmt.Errorf("reading marks: %w", err)
	}
	return marks, nil
}

// written is what is stored of marks.
func written(column query.Column, marks []mark) (query.Column, json.RawMessage, error) {
	raw, err := json.Marshal(marks)
	return column, raw, err
}

// Mark is a record that a user marked or opened, and may read.
type Mark struct {
	Object string
	ID     id.ID
	Name   string // "" where the user may not read it
	At     time.Time
}

// Marks are the records that somebody keeps and its user may read: favourites, the first marked
// first, and those opened last, the newest first. It asks once for each object.
func (s *Session) Marks(ctx context.Context, p *Personal) (favourites, recent []Mark, err error) {
	names, err := s.named(ctx, p.favourites, p.recent)
	if err != nil {
		return nil, nil, err
	}
	return readable(p.favourites, names), readable(p.recent, names), nil
}

// Favourites are those of Marks.
func (s *Session) Favourites(ctx context.Context) ([]Mark, error) {
	p, err := s.Personal(ctx)
	if err != nil {
		return nil, err
	}
	favourites, _, err := s.Marks(ctx, &Personal{favourites: p.favourites})
	return favourites, err
}

// Recent are those of Marks.
func (s *Session) Recent(ctx context.Context) ([]Mark, error) {
	p, err := s.Personal(ctx)
	if err != nil {
		return nil, err
	}
	_, recent, err := s.Marks(ctx, &Personal{recent: p.recent})
	return recent, err
}

// RecentByObject are the records that the caller opened last, the newest first, by object, whether or not they may
// read them. Never nil.
func (s *Session) RecentByObject(ctx context.Context) (map[string][]id.ID, error) {
	p, err := s.Personal(ctx)
	if err != nil {
		return nil, err
	}
	recent := map[string][]id.ID{}
	for _, m := range p.recent {
		recent[m.Object] = append(recent[m.Object], m.ID)
	}
	return recent, nil
}

// named finds the names of marked records.
func (s *Session) named(ctx context.Context, lists ...[]mark) (record.Names, error) {
	keys := map[string][]id.ID{}
	for _, marks := range lists {
		for _, m := range marks {
			keys[m.Object] = append(keys[m.Object], m.ID)
		}
	}
	return s.records.NamesOf(ctx, keys)
}

// readable are the marks whose records have names, for they may be read, in their order; never nil.
func readable(marks []mark, names record.Names) []Mark {
	read := []Mark{}
	for _, m := range marks {
		if name, ok := names[m.Object][m.ID]; ok {
			read = append(read, Mark{m.Object, m.ID, name, time.UnixMilli(m.At).UTC()})
		}
	}
	return read
}

// demandReadable refuses a record that the caller may not read, or that is not there. Fault
// "record.not_found" (NotFound).
func (s *Session) demandReadable(ctx context.Context, object string, key id.ID) error {
	found, err := s.records.NamesOf(ctx, map[string][]id.ID{object: {key}})
	if err != nil {
		return err
	}
	if _, ok := found[object][key]; !ok {
		return fault.New(fault.NotFound, "record.not_found", "object", object, "id", key.String())
	}
	return nil
}

// Marked reports whether a record is among the caller's favourites.
func (s *Session) Marked(ctx context.Context, object string, key id.ID) (bool, error) {
	p, err := s.Personal(ctx)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(p.favourites, func(m mark) bool { return m.leadsTo(object, key) }), nil
}

// AddFavourite marks a record; one that is marked stays where it is. Where there are as many as
// there may be, those make room that can't be read any more. Faults: "record.not_found"
// (NotFound), "workspace.too_many_favourites" (Conflict).
func (s *Session) AddFavourite(ctx context.Context, object string, key id.ID) error {
	if err := s.demandReadable(ctx, object, key); err != nil {
		return err
	}
	err := s.addFavourite(ctx, object, key, nil)
	if !fault.Is(err, "workspace.too_many_favourites") {
		return err
	}
	p, err := s.Personal(ctx)
	if err != nil {
		return err
	}
	named, err := s.named(ctx, p.favourites)
	if err != nil {
		return err
	}
	return s.addFavourite(ctx, object, key, named)
}

// addFavourite keeps only those others whose records are named, if these names are given.
func (s *Session) addFavourite(ctx context.Context, object string, key id.ID, named record.Names) error {
	return s.change(ctx, func(p *Personal) (query.Column, json.RawMessage, error) {
		marks := p.favourites
		if slices.ContainsFunc(marks, func(m mark) bool { return m.leadsTo(object, key) }) {
			return query.Column{}, nil, nil
		}
		if named != nil {
			marks = slices.DeleteFunc(marks, func(m mark) bool { _, ok := named[m.Object][m.ID]; return !ok })
		}
		if len(marks) >= MaxFavourites {
			return query.Column{}, nil, fault.New(fault.Conflict, "workspace.too_many_favourites", "max", MaxFavourites)
		}
		return written(colFavourites, append(marks, mark{object, key, s.service.now().UnixMilli()}))
	})
}

// RemoveFavourite takes a mark off a record, whether or not the caller may read it. No error if
// there is none.
func (s *Session) RemoveFavourite(ctx context.Context, object string, key id.ID) error {
	return s.change(ctx, func(p *Personal) (query.Column, json.RawMessage, error) {
		at := slices.IndexFunc(p.favourites, func(m mark) bool { return m.leadsTo(object, key) })
		if at < 0 {
			return query.Column{}, nil, nil
		}
		return written(colFavourites, slices.Delete(p.favourites, at, at+1))
	})
}

// AddRecent notes that the caller opened a record. The one opened longest ago makes room. Fault
// "record.not_found" (NotFound).
func (s *Session) AddRecent(ctx context.Context, object string, key id.ID) error {
	if err := s.demandReadable(ctx, object, key); err != nil {
		return err
	}
	return s.change(ctx, func(p *Personal) (query.Column, json.RawMessage, error) {
		others := slices.DeleteFunc(p.recent, func(m mark) bool { return m.leadsTo(object, key) })
		marks := append([]mark{{object, key, s.service.now().UnixMilli()}}, others...)
		return written(colRecent, marks[:min(len(marks), MaxRecent)])
	})
}
