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
	"formwork/metadata"
	"formwork/metadata/fieldtype"
)

// AggregateQuery asks for groups of records, in the form of the API.
type AggregateQuery struct {
	Filter   string      `json:"filter,omitempty"` // an expression
	Q        string      `json:"q,omitempty"`      // words
	Group    []GroupBy   `json:"group,omitempty"`
	Measures []MeasureOf `json:"measures,omitempty"` // the number of records when empty
	Sort     []string    `json:"sort,omitempty"`     // names of groups and measures, "-amount" descends; by the groups when empty
	Limit    int         `json:"limit,omitempty"`    // 1 to 10,000; as many when 0
}

// GroupBy is one key.
type GroupBy struct {
	Field string `json:"field"`        // a path
	By    Bucket `json:"by,omitempty"` // a part of the calendar, or the size of a bucket of numbers
	As    string `json:"as,omitempty"` // its name in the rows; the path when empty
}

// MeasureOf is one measure.
type MeasureOf struct {
	Op    string `json:"op" enum:"count,sum,avg,min,max"`
	Field string `json:"field,omitempty"` // a path; of count: records in which it is not empty
	As    string `json:"as,omitempty"`    // its name in the rows; op, or op_field, when empty
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
	// averageDigits is by how many digits an average is more exact than its field.
	averageDigits = 2
	// shareDigits are those of the average of a checkbox, which is a share of 1.
	shareDigits = 4
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
// scale, averages two digits more, rounded half away from zero.
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

// groupColumn is a member of the rows: how it is made of what the store answers,
// and written.
type groupColumn struct {
	name   string
	key    []byte
	at     int // in the store's row
	count  int // of an average: where the number of values is; else 0
	value  fieldtype.Value
	text   bool // a bucket's key
	scale  int  // of a number without a value
	scales [2]int
}

func (c *groupColumn) append(dst []byte, v any) []byte {
	switch n := v.(type) {
	case nil:
		return append(dst, "null"...)
	case int64:
		if c.value == nil {
			return fieldtype.AppendDecimal(dst, n, c.scale)
		}
	case string:
		if c.text {
			return metadata.AppendString(dst, n)
		}
	}
	return c.value.AppendJSON(dst, v)
}

// aggregation is an AggregateQuery made ready.
type aggregation struct {
	query   query.Aggregate
	columns []groupColumn
	order   []groupOrder // of the finished rows, where the store can't sort them so
	limit   int
}

type groupOrder struct {
	column     int
	descending bool
}

// Aggregate groups the records that the caller may read. Faults: those of List,
// list.bad_group, list.bad_measure, list.too_many_groups, list.groups_too_large, those of
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
	var rows []GroupRow
	held := 0
	for r, err := range s.Tenant.Aggregate(ctx, g.query) {
		if err != nil {
			return nil, fmt.Errorf("aggregating %s: %w", object, err)
		}
		if len(rows) == MaxGroups {
			return nil, fault.New(fault.Limited, "list.too_many_groups", "max", MaxGroups)
		}
		row, err := g.row(r)
		if err != nil {
			return nil, err
		}
		size := bytesOf(r) + 2*rowBytes*len(g.columns)
		if held += size; held > groupBytes {
			return nil, fault.New(fault.Limited, "list.groups_too_large", "max", groupBytes)
		}
		if err := budget.From(ctx).Hold(ctx, 2*int64(size)); err != nil { // the row, and its JSON
			return nil, err
		}
		rows = append(rows, row)
	}
	if g.order != nil {
		g.sort(rows)
		rows = rows[:min(len(rows), g.limit)]
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
	// One more than may be tells that there are too many.
	g := &aggregation{query: query.Aggregate{Table: a.Object.Table.Name, Limit: MaxGroups + 1}, limit: q.Limit}
	if g.limit == 0 {
		g.limit = MaxGroups
	}
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
		if len(words) == 0 || !a.Searchable || newWordCheck(a, words, 0) != nil {
			// Groups can't be checked record by record: what may not be read finds nothing.
			g.query.Filter = query.Nothing
		} else {
			g.query.Words = words
		}
	}
	for i, by := range q.Group {
		if err := g.addGroup(ctx, s.Session, a, by); err != nil {
			return nil, fault.From(err).Under(fmt.Sprintf("/group/%d", i))
		}
	}
	for i, m := range q.Measures {
		if err := g.addMeasure(ctx, s.Session, a, m); err != nil {
			return nil, fault.From(err).Under(fmt.Sprintf("/measures/%d", i))
		}
	}
	return g, g.addSort(q.Sort, q.Limit)
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
	for _, other := range g.columns {
		if other.name == name {
			return fault.New(fault.Invalid, "list.name_twice", "name", session.Shorten(name)).At("/as")
		}
	}
	if len(name) > 100 {
		return fault.New(fault.Invalid, "list.bad_name", "name", session.Shorten(name)).At("/as")
	}
	c.name, c.key = name, stored.JSONKey(name)
	g.columns = append(g.columns, c)
	return nil
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
		group.By, column.text = bucket, true
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

// measure adds a measure for the store and says where in its rows it will be.
func (g *aggregation) measure(m query.Measure) int {
	g.query.Measures = append(g.query.Measures, m)
	return len(g.query.Groups) + len(g.query.Measures) - 1
}

// summed are the kinds of values that have a sum and an average. Of a checkbox they are
// how many are ticked, and which share.
var summed = []fieldtype.Kind{fieldtype.NumberKind, fieldtype.DurationKind, fieldtype.BoolKind}

func (g *aggregation) addMeasure(ctx context.Context, s *session.Session, a *session.Object, m MeasureOf) error {
	name := m.As
	if name == "" {
		if name = m.Op; m.Field != "" {
			name += "_" + m.Field
		}
	}
	if m.Op == "count" && m.Field == "" {
		return g.addColumn(groupColumn{at: g.measure(query.Measure{Op: query.Count})}, name)
	}
	if !slices.Contains([]string{"count", "sum", "avg", "min", "max"}, m.Op) {
		return fault.New(fault.Invalid, "list.bad_measure", "op", session.Shorten(m.Op), "field", session.Shorten(m.Field)).At("/op")
	}
	f, ref, err := g.resolve(ctx, s, a, m.Field)
	if err != nil {
		return err
	}
	kind, scale := f.Value.Kind(), stored.ScaleOf(f.Value)
	if (m.Op == "sum" || m.Op == "avg") && !slices.Contains(summed, kind) {
		return fault.New(fault.Invalid, "list.bad_measure", "op", m.Op, "field", session.Shorten(m.Field)).At("/op")
	}
	column := groupColumn{scale: scale}
	switch m.Op {
	case "count":
		column.at, column.scale = g.measure(query.Measure{Op: query.CountOf, Ref: ref}), 0
	case "sum":
		column.at = g.measure(query.Measure{Op: query.Sum, Ref: ref})
		if kind != fieldtype.BoolKind {
			column.value = f.Value
		}
	case "avg":
		column.at = g.measure(query.Measure{Op: query.Sum, Ref: ref})
		column.count = g.measure(query.Measure{Op: query.CountOf, Ref: ref})
		if kind == fieldtype.DurationKind { // whole seconds
			column.value = f.Value
			break
		}
		more := averageDigits
		if kind == fieldtype.BoolKind {
			more = shareDigits
		}
		column.scales = [2]int{scale, scale + more}
		column.scale += more
	case "min", "max":
		op := query.Min
		if m.Op == "max" {
			op = query.Max
		}
		column.at, column.value = g.measure(query.Measure{Op: op, Ref: ref}), f.Value
	}
	return g.addColumn(column, name)
}

// addSort lets the store sort and cut where it can: averages it does not know.
func (g *aggregation) addSort(keys []string, limit int) error {
	stored := true
	for _, text := range keys {
		name, descending := strings.CutPrefix(text, "-")
		at := slices.IndexFunc(g.columns, func(c groupColumn) bool { return c.name == name })
		if at < 0 {
			return fault.New(fault.Invalid, "list.unknown_sort", "name", session.Shorten(name)).At("/sort")
		}
		g.order = append(g.order, groupOrder{at, descending})
		g.query.Sort = append(g.query.Sort, query.GroupOrder{Index: g.columns[at].at, Descending: descending})
		stored = stored && g.columns[at].count == 0
	}
	if !stored {
		g.query.Sort = nil
		return nil
	}
	g.order = nil
	for i := range g.query.Groups { // the order of equals is not left to chance
		g.query.Sort = append(g.query.Sort, query.GroupOrder{Index: i})
	}
	if limit > 0 {
		g.query.Limit = limit
	}
	return nil
}

// row makes a finished row of the store's.
func (g *aggregation) row(r store.Row) (GroupRow, error) {
	out := GroupRow{columns: g.columns, values: make([]any, len(g.columns))}
	for i, c := range g.columns {
		out.values[i] = stored.Hold(r[c.at])
		if c.count == 0 {
			continue
		}
		n, _ := r[c.count].(int64)
		if n == 0 {
			out.values[i] = nil
			continue
		}
		var sum stored.Sum
		total, _ := r[c.at].(int64)
		sum.Add(total)
		v, err := sum.Quotient(n, c.scales[0], c.scales[1])
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
