package read

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/search"
)

// Hit is a record found by words.
type Hit struct {
	Object string
	ID     id.ID
	Name   string // "" if the caller may not read it
	About  string // of the first of catalog.Object.Apart that the caller is shown
	InName bool   // all words are in the name
}

// Bounds of a search across objects.
const (
	// DefaultHits and MaxHits are how many records of an object a search usually finds,
	// and at most.
	DefaultHits = 10
	MaxHits     = 50

	maxSearchObjects = 100
	searchScan       = 200 // newest records looked at in each object
)

// Search finds records by words, in the named objects or in all that the caller may
// read: at most limit (10 when 0, at most 50) of each, in the order of the objects'
// names; of an object those first whose name has all the words, the newest first.
// Only the newest 200 records of an object that have the words are ranked. Faults:
// record.unknown_object, record.forbidden for an object that is named.
func (s *Reader) Search(ctx context.Context, q string, objects []string, limit int) ([]Hit, error) {
	if limit == 0 {
		limit = DefaultHits
	}
	if limit < 0 || limit > MaxHits {
		return nil, fault.New(fault.Invalid, "list.bad_limit", "max", MaxHits).At("/limit")
	}
	words := search.Query(q)
	if len(words) == 0 {
		return nil, nil
	}
	searched, err := s.searched(ctx, objects)
	if err != nil {
		return nil, err
	}
	var hits []Hit
	for _, a := range searched {
		found, err := s.searchIn(ctx, a, words, limit)
		if err != nil {
			return nil, fmt.Errorf("searching %s: %w", a.Object.Doc.Name, err)
		}
		hits = append(hits, found...)
	}
	return hits, nil
}

// searched are the objects to search, by name.
func (s *Reader) searched(ctx context.Context, objects []string) ([]*session.Object, error) {
	if len(objects) > maxSearchObjects {
		return nil, fault.New(fault.Invalid, "search.too_many_objects", "max", maxSearchObjects)
	}
	var searched []*session.Object
	for _, name := range slices.Compact(slices.Sorted(slices.Values(objects))) {
		a, err := s.Object(ctx, name, policy.Read)
		if err != nil {
			return nil, err
		}
		if a.Searchable {
			searched = append(searched, a)
		}
	}
	if len(objects) > 0 {
		return searched, nil
	}
	for _, o := range s.Snapshot.Objects {
		a, err := s.ObjectOf(ctx, o)
		if err != nil {
			return nil, err
		}
		if a.Searchable && a.Allows(policy.Read) {
			searched = append(searched, a)
		}
	}
	slices.SortFunc(searched, func(a, b *session.Object) int { return strings.Compare(a.Object.Doc.Name, b.Object.Doc.Name) })
	return searched, nil
}

// searchIn finds records of one object.
func (s *Reader) searchIn(ctx context.Context, a *session.Object, words []query.Word, limit int) ([]Hit, error) {
	read, err := s.RecordFilter(ctx, a.Object.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	q := query.Select{Table: a.Object.Table.Name, Columns: []query.Ref{query.Field(query.ID)}, Filter: read, Words: words,
		Sort: []query.Order{{Ref: query.Field(query.ID), Descending: true}}, Limit: searchScan}
	named := a.ShowsText(a.Object.NameField)
	if named {
		q.Columns = append(q.Columns, query.Field(a.Object.NameField.Column))
	}
	about, apart := len(q.Columns), slices.IndexFunc(a.Object.Apart, a.ShowsText)
	if apart >= 0 {
		q.Columns = append(q.Columns, query.Field(a.Object.Apart[apart].Column))
	}
	check := newWordCheck(a, words, len(q.Columns))
	if check != nil {
		q.Columns = append(q.Columns, check.refs...)
	}
	var first, rest []Hit
	for r, err := range s.Tenant.Select(ctx, q) {
		if err != nil {
			return nil, err
		}
		if check != nil && !check.holds(r) {
			continue
		}
		hit := Hit{Object: a.Object.Doc.Name, ID: id.ID(r[0].(int64))}
		if named {
			hit.Name = a.ShownText(a.Object.NameField, r[1])
			hit.InName = a.Reads(a.Object.NameField) && search.Match(search.Words(hit.Name), words)
		}
		if apart >= 0 {
			hit.About = a.ShownText(a.Object.Apart[apart], r[about])
		}
		if hit.InName {
			if first = append(first, hit); len(first) == limit {
				break
			}
		} else if len(rest) < limit {
			rest = append(rest, hit)
		}
	}
	first = append(first, rest...)
	return first[:min(len(first), limit)], nil
}
