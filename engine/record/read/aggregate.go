package read

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"formwork/engine/budget"
	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/search"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// AggregateQuery asks for groups of records, in the form of the API.
type AggregateQuery struct {
	Filter   string      `json:"filter,omitempty"` // an expression
	Q        string      `json:"q,omitempty"`      // words
	Group    []GroupBy   `json:"group,omitempty"`
	Measures []MeasureOf `json:"measures,omitempty"` // the number of records when empty
	Having   string      `json:"having,omitempty"`   // an expression over the names of groups and measures: which rows are wanted
	Sort     []string    `json:"sort,omitempty"`     // names of groups and measures, "-amount" descends; by the groups when empty
	Limit    int         `json:"limit,omitempty"`    // 1 to 10,000; as many when 0
}

// GroupBy is one key.
type GroupBy struct {
	Field string `json:"field"`        // a path
	By    Bucket `json:"by,omitempty"` // a part of the calendar, or the size of a bucket of numbers
	As    string `json:"as,omitempty"` // its name in the rows; the path when empty
}

// Bucket is day, week, month, quarter or year for dates and instants (these in the
// caller's time zone, by its present offset from UTC), or a bucket size for numbers;
// in JSON a text or a number.
type Bucket string

// UnmarshalJSON reads a text or a number.
func (b *Bucket) UnmarshalJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(b))
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return err
	}
	*b = Bucket(n)
	return nil
}

// Bounds of an aggregation.
const (
	MaxGroups   = 10_000
	maxKeys     = 5
	maxMeasures = 20
	// groupBytes bounds the rows of an answer: the keys may be long texts.
	groupBytes = 16 << 20
)

// GroupRow is one group: the keys in the order asked for, then the measures.
type GroupRow struct {
	columns []groupColumn
	values  []any
}

// Keys are the names of the row's members, in order.
func (g GroupRow) Keys() []string {
	keys := make([]string, len(g.columns))
	for i, c := range g.columns {
		keys[i] = c.name
	}
	return keys
}

// AppendJSON appends the row as an object with ordered keys. Sums have their field's
// scale, averages and percentiles two digits more, rounded half away from zero.
func (g GroupRow) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, c := range g.columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c.key...)
		dst = c.append(dst, g.values[i])
	}
	return append(dst, '}')
}

// MarshalJSON is AppendJSON for encoding/json.
func (g GroupRow) MarshalJSON() ([]byte, error) { return g.AppendJSON(nil), nil }

// computed is the place of what is not in the store's row.
const computed = -1

// groupColumn is a member of the rows: how it is made of what the store answers,
// and written.
type groupColumn struct {
	name    string
	key     []byte
	at      int                          // in the store's row; or computed
	compute func(store.Row) (any, error) // of what is computed of the store's row; else nil
	value   fieldtype.Value
}

func (c *groupColumn) append(dst []byte, v any) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	return c.value.AppendJSON(dst, v)
}

// aggregation is an AggregateQuery made ready.
type aggregation struct {
	query   query.Aggregate
	check   *wordCheck // of the id and then the searched fields; nil: the store's words are enough
	columns []groupColumn
	holds   func(GroupRow) (bool, error) // which of the finished rows are wanted, where the store can't say; nil: all
	order   []groupOrder                 // of the finished rows, where the store can't sort them so
	limit   int                          // 0: none
	cost    cost                         // of the filters of measures and the condition on groups
}

type groupOrder struct {
	column     int
	descending bool
}

// Aggregate groups the records that the caller may read. Faults: those of List, list.bad_group,
// list.bad_measure, list.too_many_found, list.too_many_groups, list.groups_too_large, those of
// package budget.
func (s *Reader) Aggregate(ctx context.Context, object string, q AggregateQuery) ([]GroupRow, error) {
	a, err := s.Object(ctx, object, policy.Read)
	if err != nil {
		return nil, err
	}
	g, err := s.aggregation(ctx, a, q)
	if err != nil {
		return nil, err
	}
	s.Uses.Groups(s.Tenant, g.query)
	rows, err := s.groups(ctx, g)
	if err != nil {
		return nil, fmt.Errorf("aggregating %s: %w", object, err)
	}
	if g.order != nil {
		g.sort(rows)
	}
	if g.limit > 0 {
		rows = rows[:min(len(rows), g.limit)]
	}
	return rows, nil
}

// checkWords has an aggregation go over those records alone that have its words in fields which
// the caller may read: groups can't be checked record by record. Fault list.too_many_found.
func (s *Reader) checkWords(ctx context.Context, g *aggregation) error {
	if g.check == nil {
		return nil
	}
	columns := append([]query.Ref{query.Field(query.ID)}, g.check.refs...)
	var keys []any
	for r, err := range s.Tenant.Select(ctx, query.Select{Table: g.query.Table, Columns: columns, Filter: g.query.Filter, Words: g.query.Words}) {
		if err != nil {
			return err
		}
		if !g.check.holds(r) {
			continue
		}
		if len(keys) == MaxTotal {
			return fault.New(fault.Limited, "list.too_many_found", "max", MaxTotal)
		}
		keys = append(keys, r[0])
	}
	if err := budget.From(ctx).Hold(ctx, 2*rowBytes*int64(len(keys))); err != nil {
		return err
	}
	g.query.Words, g.query.Filter = nil, query.And(g.query.Filter, query.In{Ref: query.Field(query.ID), Values: keys})
	return nil
}

// groups are the rows that are wanted, in the order of the store.
func (s *Reader) groups(ctx context.Context, g *aggregation) ([]GroupRow, error) {
	if err := s.checkWords(ctx, g); err != nil {
		return nil, err
	}
	var rows []GroupRow
	held := 0
	for r, err := range s.Tenant.Aggregate(ctx, g.query) {
		if err != nil {
			return nil, err
		}
		row, err := g.row(r)
		if err != nil {
			return nil, err
		}
		if g.holds != nil {
			if wanted, err := g.holds(row); err != nil || !wanted {
				if err != nil {
					return nil, err
				}
				continue
			}
		}
		if len(rows) == MaxGroups {
			return nil, fault.New(fault.Limited, "list.too_many_groups", "max", MaxGroups)
		}
		size := bytesOf(r) + 2*rowBytes*len(g.columns)
		if held += size; held > groupBytes {
			return nil, fault.New(fault.Limited, "list.groups_too_large", "max", groupBytes)
		}
		if err := budget.From(ctx).Hold(ctx, 2*int64(size)); err != nil { // the row, and its JSON
			return nil, err
		}
		rows = append(rows, row)
		if g.order == nil && len(rows) == g.limit {
			break
		}
	}
	return rows, nil
}

func (s *Reader) aggregation(ctx context.Context, a *session.Object, q AggregateQuery) (*aggregation, error) {
	if len(q.Group) > maxKeys || len(q.Measures) > maxMeasures {
		return nil, fault.New(fault.Invalid, "list.too_many_keys", "groups", maxKeys, "measures", maxMeasures)
	}
	if q.Limit < 0 || q.Limit > MaxGroups {
		return nil, fault.New(fault.Invalid, "list.bad_limit", "max", MaxGroups).At("/limit")
	}
	if len(q.Measures) == 0 {
		q.Measures = []MeasureOf{{Op: "count"}}
	}
	g := &aggregation{query: query.Aggregate{Table: a.Object.Table.Name}, limit: q.Limit}
	wanted, err := s.where(ctx, a, q.Filter)
	if err != nil {
		return nil, err
	}
	read, err := s.RecordFilter(ctx, a.Object.Doc.Name, policy.Read)
	if err != nil {
		return nil, err
	}
	g.query.Filter = query.And(read, wanted)
	if strings.TrimSpace(q.Q) != "" {
		words := search.Query(q.Q)
		if len(words) == 0 || !a.Searchable {
			g.query.Filter = query.Nothing
		} else {
			g.query.Words, g.check = words, newWordCheck(a, words, 1)
		}
	}
	for i, by := range q.Group {
		if err := g.addGroup(ctx, s.Session, a, by); err != nil {
			return nil, fault.From(err).Under(fmt.Sprintf("/group/%d", i))
		}
	}
	for i, m := range q.Measures {
		if err := g.addMeasure(ctx, s, a, m); err != nil {
			return nil, fault.From(err).Under(fmt.Sprintf("/measures/%d", i))
		}
	}
	if err := g.addHaving(ctx, s, a, q.Having); err != nil {
		return nil, err
	}
	if err := g.addSort(q.Sort); err != nil {
		return nil, err
	}
	g.query.Limit = g.most()
	return g, nil
}

// most is how many rows are asked of the store: as many as are wanted where it sorts them
// and decides which, else one more than there may be, which tells that there are too many.
// 0, all, where only some of its rows are wanted.
func (g *aggregation) most() int {
	switch {
	case g.holds != nil:
		return 0
	case g.limit > 0 && g.order == nil:
		return g.limit
	}
	return MaxGroups + 1
}

// resolve finds a stored field that may be grouped by or measured.
func (g *aggregation) resolve(ctx context.Context, s *session.Session, a *session.Object, text string) (*catalog.Field, query.Ref, error) {
	p, err := s.Path(ctx, a, text, "list.unknown_field")
	if err != nil {
		return nil, query.Ref{}, fault.From(err).At("/field")
	}
	if _, ok := sortColumn(p.Leaf); !ok {
		return nil, query.Ref{}, fault.New(fault.Invalid, "list.not_sortable", "field", session.Shorten(text)).At("/field")
	}
	ref, err := s.GuardRef(ctx, p.Ref(p.Leaf.Column), len(p.Via))
	return p.Leaf, ref, err
}

func (g *aggregation) addColumn(c groupColumn, name string) error {
	if g.column(name) >= 0 {
		return fault.New(fault.Invalid, "list.name_twice", "name", session.Shorten(name)).At("/as")
	}
	if len(name) > 100 {
		return fault.New(fault.Invalid, "list.bad_name", "name", session.Shorten(name)).At("/as")
	}
	c.name, c.key = name, stored.JSONKey(name)
	g.columns = append(g.columns, c)
	return nil
}

// column is the place of the column of a name; -1: there is none.
func (g *aggregation) column(name string) int {
	return slices.IndexFunc(g.columns, func(c groupColumn) bool { return c.name == name })
}

var dateBuckets = map[Bucket]query.Bucket{"day": query.ByDay, "week": query.ByWeek, "month": query.ByMonth,
	"quarter": query.ByQuarter, "year": query.ByYear}

func (g *aggregation) addGroup(ctx context.Context, s *session.Session, a *session.Object, by GroupBy) error {
	f, ref, err := g.resolve(ctx, s, a, by.Field)
	if err != nil {
		return err
	}
	group, column := query.Group{Ref: ref}, groupColumn{at: len(g.query.Groups), value: f.Value}
	kind := f.Value.Kind()
	switch bucket, dated := dateBuckets[by.By]; {
	case by.By == "":
	case dated && (kind == fieldtype.DateKind || kind == fieldtype.DatetimeKind):
		group.By, column.value = bucket, fieldtype.Line()
		if kind == fieldtype.DatetimeKind {
			_, offset := s.Clock.In(s.Location()).Zone()
			group.Offset = int64(offset)
		}
	case !dated && (kind == fieldtype.NumberKind || kind == fieldtype.DurationKind):
		size, digits, fits := fieldtype.Decimal(string(by.By), stored.ScaleOf(f.Value))
		if !digits || !fits || size <= 0 {
			return fault.New(fault.Invalid, "list.bad_group", "by", session.Shorten(string(by.By)), "field", by.Field).At("/by")
		}
		group.By, group.Size = query.ByNumber, size
	default:
		return fault.New(fault.Invalid, "list.bad_group", "by", session.Shorten(string(by.By)), "field", by.Field).At("/by")
	}
	g.query.Groups = append(g.query.Groups, group)
	return g.addColumn(column, cmp.Or(by.As, by.Field))
}

// addSort lets the store sort where it can: by what it answers.
func (g *aggregation) addSort(keys []string) error {
	answered := true
	for _, text := range keys {
		name, descending := strings.CutPrefix(text, "-")
		at := g.column(name)
		if at < 0 {
			return fault.New(fault.Invalid, "list.unknown_sort", "name", session.Shorten(name)).At("/sort")
		}
		g.order = append(g.order, groupOrder{at, descending})
		g.query.Sort = append(g.query.Sort, query.GroupOrder{Index: g.columns[at].at, Descending: descending})
		answered = answered && g.columns[at].compute == nil
	}
	if !answered {
		g.query.Sort = nil
		return nil
	}
	g.order = nil
	for i := range g.query.Groups { // the order of equals is not left to chance
		g.query.Sort = append(g.query.Sort, query.GroupOrder{Index: i})
	}
	return nil
}

// row makes a finished row of the store's.
func (g *aggregation) row(r store.Row) (GroupRow, error) {
	out := GroupRow{columns: g.columns, values: make([]any, len(g.columns))}
	for i, c := range g.columns {
		if c.compute == nil {
			out.values[i] = stored.Hold(r[c.at])
			continue
		}
		v, err := c.compute(r)
		if err != nil {
			return out, err
		}
		out.values[i] = v
	}
	return out, nil
}

func (g *aggregation) sort(rows []GroupRow) {
	slices.SortStableFunc(rows, func(a, b GroupRow) int {
		for _, o := range g.order {
			order, _ := query.Order3(a.values[o.column], b.values[o.column])
			if o.descending {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
}
