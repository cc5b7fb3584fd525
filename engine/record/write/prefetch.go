package write

import (
	"context"
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/query"
	"formwork/engine/record/stored"
	"formwork/engine/store"
)

// duplicatePrefetch knows, at the beginning of a transaction that makes many records,
// which keys of duplicate rules no record has: one query for each rule instead of one
// for each record. A key that a record gets is marked as present. nil knows nothing.
type duplicatePrefetch struct {
	object *catalog.Object
	absent map[int]map[string]struct{} // keys that were asked for and not found, by their slot
}

// Bounds of a prefetch.
const (
	fewestPrefetched = 8 // records for which it is worth asking
	readPerKey       = 2 // records that are read for each key at most; else nothing is known
)

// prefetchable is the slot of a key that a rule compares exactly: where no record has it,
// none is like another by the rule. false if the rule compares what is similar alone.
func prefetchable(m *stored.Mapping, rule *catalog.DuplicateRule) (slot int, match *catalog.Match, ok bool) {
	for _, match := range rule.Matches {
		if match.Doc.How != "fuzzy" {
			slot, ok = m.Slots[match.Key.Name]
			return slot, match, ok
		}
	}
	return 0, nil, false
}

// prefetchDuplicates asks for the keys of records that are about to be made, all of one
// object. It returns nil if they are few.
func prefetchDuplicates(ctx context.Context, reader store.Reader, m *stored.Mapping, rows []stored.Row) (*duplicatePrefetch, error) {
	if len(rows) < fewestPrefetched {
		return nil, nil
	}
	p := &duplicatePrefetch{object: m.Object, absent: map[int]map[string]struct{}{}}
	for _, rule := range m.Object.Dupes {
		slot, match, ok := prefetchable(m, rule)
		if !ok || p.absent[slot] != nil {
			continue
		}
		absent, err := absentKeys(ctx, reader, m, match, slot, rows)
		if err != nil {
			return nil, err
		}
		if absent != nil {
			p.absent[slot] = absent
		}
	}
	return p, nil
}

// absentKeys are those of the rows' keys in a match that no record has; nil if too many
// records have one.
func absentKeys(ctx context.Context, reader store.Reader, m *stored.Mapping, match *catalog.Match, slot int, rows []stored.Row) (map[string]struct{}, error) {
	absent := make(map[string]struct{}, len(rows))
	values := make([]any, 0, len(rows))
	for _, r := range rows {
		key, _ := r[slot].(string)
		if _, again := absent[key]; key != "" && !again {
			absent[key] = struct{}{}
			values = append(values, key)
		}
	}
	if len(values) == 0 {
		return absent, nil
	}
	ref := query.Field(match.Key)
	q := query.Select{Table: m.Object.Table.Name, Columns: []query.Ref{ref}, Filter: query.In{Ref: ref, Values: values}, Limit: readPerKey * len(values)}
	read := 0
	for r, err := range reader.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("looking for duplicates: %w", err)
		}
		read++
		if key, ok := r[0].(string); ok {
			delete(absent, key)
		}
	}
	if read >= q.Limit {
		return nil, nil
	}
	return absent, nil
}

// noneLike reports whether it is known that no record is like a new one by a rule.
func (p *duplicatePrefetch) noneLike(m *stored.Mapping, r stored.Row, rule *catalog.DuplicateRule) bool {
	if p == nil || p.object != m.Object {
		return false
	}
	slot, _, ok := prefetchable(m, rule)
	if !ok {
		return false
	}
	key, _ := r[slot].(string)
	_, absent := p.absent[slot][key]
	return key == "" || absent
}

// markPresent notes that a record has the keys of a row.
func (p *duplicatePrefetch) markPresent(m *stored.Mapping, r stored.Row) {
	if p == nil || p.object != m.Object {
		return
	}
	for slot, absent := range p.absent {
		if key, ok := r[slot].(string); ok {
			delete(absent, key)
		}
	}
}
