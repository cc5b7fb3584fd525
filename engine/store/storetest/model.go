package storetest

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// Data is a tenant in memory, as simple as can be: table, id, column, value. It
// is what stores are held against.
type Data map[string]map[id.ID]map[string]any

// Get reads references of one row, as query.Match wants it: paths that are empty,
// dangling or guarded read as nil.
func (d Data) Get(table string, key id.ID) func(query.Ref) any {
	return func(ref query.Ref) any {
		table, key := table, key
		for _, hop := range ref.Hops {
			next, ok := d[table][key][hop.Lookup.Name].(int64)
			if !ok {
				return nil
			}
			table, key = hop.Table, id.ID(next)
			if _, ok := d[table][key]; !ok || !query.Match(hop.Guard, d.Get(table, key)) {
				return nil
			}
		}
		if ref.Column.Name == query.ID.Name {
			return int64(key)
		}
		return d[table][key][ref.Column.Name]
	}
}

// Select answers a query without words.
func (d Data) Select(q query.Select) []store.Row {
	type candidate struct {
		key id.ID
		get func(query.Ref) any
	}
	var found []candidate
	for key := range d[q.Table] {
		if get := d.Get(q.Table, key); query.Match(q.Filter, get) {
			found = append(found, candidate{key, get})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		for _, o := range q.Sort {
			order, ok := query.Order3(a.get(o.Ref), b.get(o.Ref))
			if !ok {
				panic("sorting by what has no order")
			}
			if o.Descending {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return int(a.key - b.key)
	})
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[:q.Limit]
	}
	rows := make([]store.Row, len(found))
	for i, c := range found {
		for _, ref := range q.Columns {
			rows[i] = append(rows[i], c.get(ref))
		}
	}
	return rows
}

// Aggregate answers an aggregation without words, Sort and Limit; the groups are
// in no order. Sums must fit.
func (d Data) Aggregate(q query.Aggregate) []store.Row {
	type group struct {
		keys    store.Row
		members []func(query.Ref) any
	}
	groups := map[string]*group{}
	if len(q.Groups) == 0 {
		groups[""] = &group{}
	}
	for key := range d[q.Table] {
		get := d.Get(q.Table, key)
		if !query.Match(q.Filter, get) {
			continue
		}
		var keys store.Row
		for _, g := range q.Groups {
			keys = append(keys, bucket(g, get(g.Ref)))
		}
		name := ""
		if len(keys) > 0 {
			name = Show(keys)
		}
		if groups[name] == nil {
			groups[name] = &group{keys: keys}
		}
		groups[name].members = append(groups[name].members, get)
	}
	var rows []store.Row
	for _, g := range groups {
		row := g.keys
		for _, m := range q.Measures {
			row = append(row, measure(m, g.members))
		}
		if query.Match(q.Having, func(r query.Ref) any { return row[r.ResultIndex()] }) {
			rows = append(rows, row)
		}
	}
	return rows
}

func measure(m query.Measure, members []func(query.Ref) any) any {
	if m.Filter != nil {
		members = slices.DeleteFunc(slices.Clone(members), func(get func(query.Ref) any) bool { return !query.Match(m.Filter, get) })
	}
	if m.Op == query.Count {
		return int64(len(members))
	}
	var count int64
	sum := new(big.Int)
	var least, most any
	var whole []int64
	for _, get := range members {
		value := get(m.Ref)
		if value == nil {
			continue
		}
		count++
		if n, ok := value.(int64); ok {
			sum.Add(sum, big.NewInt(n))
			whole = append(whole, n)
		}
		if order, _ := query.Order3(value, least); least == nil || order < 0 {
			least = value
		}
		if order, _ := query.Order3(value, most); most == nil || order > 0 {
			most = value
		}
	}
	switch m.Op {
	case query.CountOf:
		return count
	case query.Sum:
		return sum.Int64()
	case query.Min:
		return least
	case query.PercentileLow, query.PercentileHigh:
		return percentile(m, whole)
	}
	return most
}

// percentile counts how many values are not greater than each, or not less.
func percentile(m query.Measure, values []int64) any {
	slices.Sort(values)
	if m.Op == query.PercentileLow {
		for i, v := range values { // the least with at least the share up to it
			if 100*(i+1) >= m.Percent*len(values) {
				return v
			}
		}
		return nil
	}
	for i, v := range slices.Backward(values) { // the greatest with at least the rest from it on
		if 100*(len(values)-i) >= (100-m.Percent)*len(values) {
			return v
		}
	}
	return nil
}

func bucket(g query.Group, value any) any {
	if value == nil || g.By == query.ByValue {
		return value
	}
	if g.By == query.ByNumber {
		n := value.(int64)
		rest := n % g.Size
		if rest < 0 {
			rest += g.Size
		}
		return n - rest
	}
	var t time.Time
	if ms, ok := value.(int64); ok {
		t = time.UnixMilli(ms).UTC().Add(time.Duration(g.Offset) * time.Second)
	} else {
		var err error
		if t, err = time.Parse(time.DateOnly, value.(string)); err != nil {
			panic(err)
		}
	}
	switch g.By {
	case query.ByDay:
		return t.Format(time.DateOnly)
	case query.ByWeek:
		year, week := t.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	case query.ByMonth:
		return t.Format("2006-01")
	case query.ByQuarter:
		return fmt.Sprintf("%04d-Q%d", t.Year(), (int(t.Month())+2)/3)
	}
	return t.Format("2006")
}

// Show writes rows so that equal ones look equal and no others do, for
// comparing and for people.
func Show(row store.Row) string {
	parts := make([]string, len(row))
	for i, value := range row {
		switch v := value.(type) {
		case nil:
			parts[i] = "nil"
		case json.RawMessage:
			parts[i] = "json " + string(v)
		default:
			parts[i] = fmt.Sprintf("%T %#v", v, v)
		}
	}
	return strings.Join(parts, " | ")
}

// ShowAll is Show of several rows, sorted if their order says nothing.
func ShowAll(rows []store.Row, sorted bool) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = Show(row)
	}
	if sorted {
		sort.Strings(out)
	}
	return out
}

// The tables of the suite: items of companies in countries. Items also have a
// parent item.
var (
	colN       = query.Column{Name: "n:i2", Storage: fieldtype.Int}
	colBig     = query.Column{Name: "big:i", Storage: fieldtype.Int}
	colFlag    = query.Column{Name: "flag:b", Storage: fieldtype.Bool}
	colText    = query.Column{Name: "text:t", Storage: fieldtype.Text}
	colDate    = query.Column{Name: "date:t", Storage: fieldtype.Text}
	colAt      = query.Column{Name: "at:i", Storage: fieldtype.Int}
	colTags    = query.Column{Name: "tags:l", Storage: fieldtype.List}
	colDoc     = query.Column{Name: "doc:j", Storage: fieldtype.JSON}
	colCompany = query.Column{Name: "company:i", Storage: fieldtype.Int}
	colParent  = query.Column{Name: "parent:i", Storage: fieldtype.Int}
	colCountry = query.Column{Name: "country:i", Storage: fieldtype.Int}
	colKey     = query.Column{Name: "phone:d.same_phone", Storage: fieldtype.Text}
)

// Tables are the tables of Random and RandomFilter.
func Tables() []store.Table {
	return []store.Table{
		{Name: "item", Columns: []query.Column{query.Version, query.Owner, colN, colBig, colFlag, colText, colDate, colAt,
			colTags, colDoc, colCompany, colParent, colKey}, Search: true},
		{Name: "company", Columns: []query.Column{query.Version, query.Owner, colN, colFlag, colText, colCountry}},
		{Name: "country", Columns: []query.Column{query.Version, colN, colFlag, colText}},
	}
}
