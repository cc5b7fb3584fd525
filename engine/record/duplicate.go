package record

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/search"
	"formwork/metadata/fieldtype"
)

// Bounds of a search for duplicates.
const (
	maxCandidates    = 200 // compared for each way of finding them
	maxMatches       = 20  // told
	defaultThreshold = 85  // percent
	blockLength      = 3   // characters at the beginning that similar texts share
)

// normaliser makes the key of a match: what is alike has the same.
func normaliser(m *catalog.Match) func(stored any) any {
	how, value := m.Doc.How, m.Field.Value
	return func(stored any) any {
		s, ok := stored.(string)
		if !ok && how == "exact" {
			return emptyText(value.CSV(stored))
		}
		return emptyText(fieldtype.Normalize(how, s))
	}
}

// duplicates holds a draft to the duplicate rules that its changes touch: one that
// refuses does, the others leave a warning. With whom it agrees is told to those only
// who may read all that the rule compares.
func (u *unit) duplicates(d *draft) error {
	for _, rule := range d.plan.object.Dupes {
		if !d.touches(rule) || (rule.When != nil && !d.holds(rule.When)) {
			continue
		}
		found, err := d.matches(rule)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		var visible []Match
		if d.a.compares(rule) {
			if visible, err = d.readableMatches(found); err != nil {
				return err
			}
		}
		label := rule.Doc.Label.In(u.s.caller.Language, rule.Name)
		if rule.Doc.Action == "refuse" {
			f := fault.New(fault.Conflict, "record.duplicate", "rule", label, "matches", names(visible), "records", links(visible))
			return f.At("/" + rule.Matches[0].Field.Name)
		}
		if len(visible) > 0 {
			d.warnings = append(d.warnings, Warning{Matches: visible, Fault: fault.New(fault.Conflict, "record.perhaps_duplicate",
				"rule", label, "matches", names(visible)).At("/" + rule.Matches[0].Field.Name)})
		}
	}
	return nil
}

// links are matches as the API shows them.
func links(matches []Match) []map[string]string {
	shown := make([]map[string]string, len(matches))
	for i, m := range matches {
		shown[i] = map[string]string{"object": m.Object, "id": m.ID.String(), "name": m.Name}
	}
	return shown
}

func names(matches []Match) string {
	var names []string
	for _, m := range matches {
		if m.Name != "" {
			names = append(names, m.Name)
		} else {
			names = append(names, m.ID.String())
		}
	}
	return strings.Join(names, ", ")
}

// touches reports whether what a rule compares is new.
func (d *draft) touches(rule *catalog.DuplicateRule) bool {
	if d.old == nil {
		return true
	}
	for _, m := range rule.Matches {
		slot := d.plan.slots[m.Key.Name]
		if !same(d.old[slot], d.row[slot]) {
			return true
		}
	}
	return false
}

// matches finds the records that a rule takes for the same as the draft's.
func (d *draft) matches(rule *catalog.DuplicateRule) ([]id.ID, error) {
	var exact query.All
	var fuzzy []*catalog.Match
	for _, m := range rule.Matches {
		key, _ := d.row[d.plan.slots[m.Key.Name]].(string)
		if key == "" {
			return nil, nil // what is empty is like nothing
		}
		if m.Doc.How == "fuzzy" {
			fuzzy = append(fuzzy, m)
			continue
		}
		exact = append(exact, query.Is(m.Key, key))
	}
	exact = append(exact, query.Compare{Ref: query.Field(query.ID), Op: query.Ne, Value: int64(d.id)})
	if len(fuzzy) == 0 {
		return d.candidates(nil, exact, nil, maxMatches)
	}
	found := map[id.ID]bool{}
	for _, block := range d.blocks(fuzzy[0], len(exact) > 1) {
		keys, err := d.candidates(fuzzy, query.And(exact, block.filter), block.words, maxCandidates)
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
func (d *draft) blocks(m *catalog.Match, narrowed bool) []block {
	if narrowed {
		return []block{{}}
	}
	key, _ := d.row[d.plan.slots[m.Key.Name]].(string)
	start := []rune(key)
	start = start[:min(len(start), blockLength)]
	blocks := []block{{filter: query.Like{Ref: query.Field(m.Key), Text: string(start), At: query.Start}}}
	if !d.plan.words || !slices.Contains(d.plan.object.Search, m.Field) {
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
func (d *draft) candidates(fuzzy []*catalog.Match, f query.Filter, words []query.Word, limit int) ([]id.ID, error) {
	q := query.Select{Table: d.plan.object.Table.Name, Columns: []query.Ref{query.Field(query.ID)}, Filter: f, Words: words, Limit: limit}
	for _, m := range fuzzy {
		q.Columns = append(q.Columns, query.Field(m.Key))
	}
	var keys []id.ID
	for r, err := range d.reader.Select(d.ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("looking for duplicates: %w", err)
		}
		alike := true
		for i, m := range fuzzy {
			theirs, _ := r[i+1].(string)
			mine, _ := d.row[d.plan.slots[m.Key.Name]].(string)
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

// readableMatches are those of the records that the caller may read, with their names.
func (d *draft) readableMatches(keys []id.ID) ([]Match, error) {
	o := d.plan.object
	if !d.a.right(policy.Read) {
		return nil, nil
	}
	read, err := d.s.filter(d.ctx, o.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(keys))
	for i, key := range keys {
		values[i] = int64(key)
	}
	q := query.Select{Table: o.Table.Name, Columns: []query.Ref{query.Field(query.ID)},
		Filter: query.And(query.In{Ref: query.Field(query.ID), Values: values}, read), Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	named := o.NameField != nil && d.a.reads(o.NameField)
	if named {
		q.Columns = append(q.Columns, query.Field(o.NameField.Column))
	}
	var matches []Match
	for r, err := range d.reader.Select(d.ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading duplicates: %w", err)
		}
		m := Match{Object: o.Doc.Name, ID: id.ID(r[0].(int64))}
		if named {
			m.Name, _ = r[1].(string)
		}
		matches = append(matches, m)
	}
	return matches, nil
}

// Duplicates are the records that the duplicate rules of the object take for the
// same as this one, and that the caller may read. Rules that compare what the caller
// may not read find nothing: that two records agree in it would tell.
func (s *Session) Duplicates(ctx context.Context, object string, key id.ID) ([]Match, error) {
	a, err := s.access(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	r, err := s.loadReadable(ctx, a, key)
	if err != nil {
		return nil, err
	}
	d := &draft{env: env{ctx: ctx, s: s, reader: s.tenant, plan: a.plan, row: r}, a: a, id: key}
	found := map[id.ID]bool{}
	for _, rule := range a.object.Dupes {
		if !a.compares(rule) || (rule.When != nil && !d.holds(rule.When)) {
			continue
		}
		keys, err := d.matches(rule)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			found[key] = true
		}
	}
	if len(found) == 0 {
		return nil, d.err
	}
	keys := make([]id.ID, 0, len(found))
	for key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return d.readableMatches(keys)
}

// compares reports whether the caller may read all that a rule compares.
func (a *access) compares(rule *catalog.DuplicateRule) bool {
	for _, m := range rule.Matches {
		if !a.reads(m.Field) {
			return false
		}
	}
	return true
}

// loadReadable reads a whole record that the caller may read. Fault record.not_found.
func (s *Session) loadReadable(ctx context.Context, a *access, key id.ID) (row, error) {
	read, err := s.filter(ctx, a.object.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	q := query.Select{Table: a.object.Table.Name, Columns: a.refs, Filter: query.And(query.Is(query.ID, int64(key)), read), Limit: 1}
	for r, err := range s.tenant.Select(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading a record of %s: %w", a.object.Doc.Name, err)
		}
		return holdRow(r), nil
	}
	return nil, notFound(a.object.Doc.Name, key)
}
