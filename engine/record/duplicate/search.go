// Package duplicate finds records that are probably the same thing as another, by the
// duplicate rules of their object.
package duplicate

import (
	"fmt"
	"slices"

	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/search"
)

// Bounds of a search for duplicates.
const (
	maxCandidates    = 200 // compared for each way of finding them
	maxMatches       = 20  // told
	defaultThreshold = 85  // percent
	blockLength      = 3   // characters at the beginning that similar texts share
)

// Match is another record that is probably the same thing.
type Match struct {
	Object string
	ID     id.ID
	Name   string
}

// Search looks for records that are probably the same thing as one that is held
// in memory.
type Search struct {
	*session.Env
	Object *session.Object
	ID     id.ID
}

// Applies reports whether a rule is one for the record: if it has a condition, that holds.
func (s *Search) Applies(rule *catalog.DuplicateRule) bool {
	return rule.When == nil || s.Holds(rule.When)
}

// Touches reports whether what a rule compares is new.
func (s *Search) Touches(rule *catalog.DuplicateRule) bool {
	if s.Old == nil {
		return true
	}
	for _, m := range rule.Matches {
		slot := s.Mapping.Slots[m.Key.Name]
		if !stored.Same(s.Old[slot], s.Row[slot]) {
			return true
		}
	}
	return false
}

// Find finds the records that a rule takes for the same as the draft's.
func (s *Search) Find(rule *catalog.DuplicateRule) ([]id.ID, error) {
	var exact query.All
	var fuzzy []*catalog.Match
	for _, m := range rule.Matches {
		key, _ := s.Row[s.Mapping.Slots[m.Key.Name]].(string)
		if key == "" {
			return nil, nil // what is empty is like nothing
		}
		if m.Doc.How == "fuzzy" {
			fuzzy = append(fuzzy, m)
			continue
		}
		exact = append(exact, query.Is(m.Key, key))
	}
	exact = append(exact, query.Compare{Ref: query.Field(query.ID), Op: query.Ne, Value: int64(s.ID)})
	if len(fuzzy) == 0 {
		return s.candidates(nil, exact, nil, maxMatches)
	}
	found := map[id.ID]bool{}
	for _, block := range s.blocks(fuzzy[0], len(exact) > 1) {
		keys, err := s.candidates(fuzzy, query.And(exact, block.filter), block.words, maxCandidates)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			found[key] = true
		}
	}
	var keys []id.ID
	for key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys[:min(len(keys), maxMatches)], nil
}

// block is one way to find records whose text may be similar.
type block struct {
	filter query.Filter
	words  []query.Word
}

// blocks are the ways to find candidates for a similar text, each by an index: those
// that begin alike; and, where the field is searched, those that share one of the two
// longest words. What differs at the beginning and in both of these is not found.
// Where another match of the rule already narrows the records, that is enough.
func (s *Search) blocks(m *catalog.Match, narrowed bool) []block {
	if narrowed {
		return []block{{}}
	}
	key, _ := s.Row[s.Mapping.Slots[m.Key.Name]].(string)
	start := []rune(key)
	start = start[:min(len(start), blockLength)]
	blocks := []block{{filter: query.Like{Ref: query.Field(m.Key), Text: string(start), At: query.Start}}}
	if !s.Mapping.Searchable || !slices.Contains(s.Mapping.Object.Search, m.Field) {
		return blocks
	}
	words := search.Words(key)
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	for _, w := range words[:min(len(words), 2)] {
		blocks = append(blocks, block{words: []query.Word{{Text: w}}})
	}
	return blocks
}

// candidates reads at most limit records and keeps those that are similar enough.
func (s *Search) candidates(fuzzy []*catalog.Match, f query.Filter, words []query.Word, limit int) ([]id.ID, error) {
	q := query.Select{Table: s.Mapping.Object.Table.Name, Columns: []query.Ref{query.Field(query.ID)}, Filter: f, Words: words, Limit: limit}
	for _, m := range fuzzy {
		q.Columns = append(q.Columns, query.Field(m.Key))
	}
	var keys []id.ID
	for r, err := range s.Reader.Select(s.Ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("looking for duplicates: %w", err)
		}
		alike := true
		for i, m := range fuzzy {
			theirs, _ := r[i+1].(string)
			mine, _ := s.Row[s.Mapping.Slots[m.Key.Name]].(string)
			threshold := m.Doc.Threshold
			if threshold == 0 {
				threshold = defaultThreshold
			}
			alike = alike && similarity(mine, theirs)*100 >= float64(threshold)
		}
		if alike {
			keys = append(keys, id.ID(r[0].(int64)))
		}
	}
	return keys, nil
}

// Readable are those of the records that the caller may read, with their names.
func (s *Search) Readable(keys []id.ID) ([]Match, error) {
	o := s.Mapping.Object
	if !s.Object.Allows(policy.Read) {
		return nil, nil
	}
	read, err := s.Session.RecordFilter(s.Ctx, o.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(keys))
	for i, key := range keys {
		values[i] = int64(key)
	}
	q := query.Select{Table: o.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
		Filter: query.And(query.In{Ref: query.Field(query.ID), Values: values}, read), Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	named := s.Object.ShowsText(o.NameField)
	if named {
		q.Columns = append(q.Columns, query.Field(o.NameField.Column))
	}
	var matches []Match
	for r, err := range s.Reader.Select(s.Ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading duplicates: %w", err)
		}
		m := Match{Object: o.Doc.Name, ID: id.ID(r[0].(int64))}
		if named {
			m.Name = s.Object.ShownText(o.NameField, r[1])
		}
		matches = append(matches, m)
	}
	return matches, nil
}

// MayCompare reports whether the caller may read all that a rule compares.
func (s *Search) MayCompare(rule *catalog.DuplicateRule) bool {
	for _, m := range rule.Matches {
		if !s.Object.Reads(m.Field) {
			return false
		}
	}
	return true
}
