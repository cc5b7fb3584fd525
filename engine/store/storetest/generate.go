package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

var (
	texts = []string{"", "a", "ab", "abc", "b", "B", "é", "e\u0301", "北", "北京", "50%", "a_b", "O'Neil", `"q"`, `\`, "😀", "\uffee", "a\nb", " a", "a*", "[a", "."}
	tags  = []string{"a", "b", `"`, "a b", "北", "%", "$x", "a.b"}
	docs  = []string{`{"a":1}`, `[]`, `"x"`, `{"北":[1,null]}`, `12345678901234567890`}
)

// Random makes rows for Tables: few different values, so that filters hit, many
// empty ones, and some lookups that lead nowhere.
func Random(r *rand.Rand, rows int) Data {
	d := Data{}
	for _, table := range Tables() {
		d[table.Name] = map[id.ID]map[string]any{}
		count := rows
		if table.Name != "item" {
			count = rows/6 + 3
		}
		for i := range count {
			row := map[string]any{"version": int64(1)}
			for _, column := range table.Columns {
				if column.Name == "version" {
					continue
				}
				if value := RandomValue(r, column); value != nil {
					row[column.Name] = value
				}
			}
			d[table.Name][id.ID(i+1)] = row
		}
	}
	return d
}

// RandomValue makes a stored value of one of the columns of Tables, or nil.
func RandomValue(r *rand.Rand, c query.Column) any {
	if r.IntN(4) == 0 {
		return nil
	}
	switch c.Name {
	case colDate.Name:
		return randomTime(r).Format(time.DateOnly)
	case colAt.Name:
		return randomTime(r).UnixMilli()
	case colBig.Name:
		return (r.Int64N(9) - 4) * 1_000_000_000_000_000
	case colCompany.Name, colCountry.Name, colParent.Name:
		return r.Int64N(12) + 1
	}
	switch c.Storage {
	case fieldtype.Bool:
		return r.IntN(2) == 0
	case fieldtype.Int:
		return r.Int64N(11) - 5
	case fieldtype.Text:
		return texts[r.IntN(len(texts))]
	case fieldtype.List:
		list := make([]string, 1+r.IntN(3))
		for i := range list {
			list[i] = tags[r.IntN(len(tags))]
		}
		return list
	case fieldtype.JSON:
		return json.RawMessage(docs[r.IntN(len(docs))])
	}
	panic(fmt.Sprintf("column %q has no storage", c.Name))
}

func randomTime(r *rand.Rand) time.Time {
	// New Year is where weeks and years part; before 1970 is where division goes wrong.
	year := []int{1968, 1970, 2020, 2024, 2025, 2026}[r.IntN(6)]
	t := time.Date(year, 12, 26, 0, 0, 0, r.IntN(1000)*1_000_000, time.UTC)
	return t.Add(time.Duration(r.IntN(12*24*3600)) * time.Second)
}

// RandomRef makes a reference to a column of table with one of the storages
// wanted (any if none is), through up to two hops, some of them guarded.
func RandomRef(r *rand.Rand, table string, wanted ...fieldtype.Storage) query.Ref {
	var hops []query.Hop
	for len(hops) < 2 && r.IntN(3) == 0 {
		hop, ok := randomHop(r, table)
		if !ok {
			break
		}
		hops, table = append(hops, hop), hop.Table
	}
	columns := []query.Column{query.ID}
	for _, t := range Tables() {
		if t.Name == table {
			columns = append(columns, t.Columns...)
		}
	}
	for {
		c := columns[r.IntN(len(columns))]
		if len(wanted) == 0 {
			return query.Ref{Hops: hops, Column: c}
		}
		for _, storage := range wanted {
			if c.Storage == storage {
				return query.Ref{Hops: hops, Column: c}
			}
		}
	}
}

func randomHop(r *rand.Rand, table string) (query.Hop, bool) {
	var hop query.Hop
	switch {
	case table == "item" && r.IntN(2) == 0:
		hop = query.Hop{Lookup: colParent, Table: "item"}
	case table == "item":
		hop = query.Hop{Lookup: colCompany, Table: "company"}
	case table == "company":
		hop = query.Hop{Lookup: colCountry, Table: "country"}
	default:
		return hop, false
	}
	switch r.IntN(6) {
	case 0:
		hop.Guard = query.Compare{Ref: query.Field(colFlag), Op: query.Ne, Value: r.IntN(2) == 0}
	case 1:
		hop.Guard = query.Not{Filter: query.Compare{Ref: query.Field(colN), Op: query.Lt, Value: r.Int64N(4)}}
	case 2:
		if hop.Table == "company" { // a guard that looks through a lookup itself
			hop.Guard = query.Compare{Ref: query.Ref{Hops: []query.Hop{{Lookup: colCountry, Table: "country"}}, Column: colFlag}, Op: query.Ne, Value: true}
		}
	}
	return hop, true
}

// RandomFilter makes a filter on table, up to depth levels deep.
func RandomFilter(r *rand.Rand, table string, depth int) query.Filter {
	if depth > 0 && r.IntN(2) == 0 {
		parts := make([]query.Filter, r.IntN(4))
		for i := range parts {
			parts[i] = RandomFilter(r, table, depth-1)
		}
		switch r.IntN(3) {
		case 0:
			return query.All(parts)
		case 1:
			return query.Any(parts)
		default:
			return query.Not{Filter: RandomFilter(r, table, depth-1)}
		}
	}
	scalar := []fieldtype.Storage{fieldtype.Bool, fieldtype.Int, fieldtype.Text}[r.IntN(3)]
	switch r.IntN(7) {
	case 0:
		ref := RandomRef(r, table)
		return query.Compare{Ref: ref, Op: query.Op(r.IntN(2)), Value: nil}
	case 1:
		return query.CompareRefs{Left: RandomRef(r, table, scalar), Op: query.Op(r.IntN(6)), Right: RandomRef(r, table, scalar)}
	case 2:
		ref := RandomRef(r, table, scalar)
		values := make([]any, 0, 3)
		for range r.IntN(4) {
			if v := RandomValue(r, ref.Column); v != nil {
				values = append(values, v)
			}
		}
		return query.In{Ref: ref, Values: values}
	case 3:
		return query.Like{Ref: RandomRef(r, table, fieldtype.Text), Text: texts[r.IntN(len(texts))], At: query.Place(r.IntN(3))}
	case 4:
		if table != "item" {
			return query.Nothing
		}
		ref := query.Field(colTags)
		if r.IntN(3) == 0 {
			ref.Hops = []query.Hop{{Lookup: colParent, Table: "item"}}
		}
		return query.Has{Ref: ref, Text: tags[r.IntN(len(tags))]}
	default:
		ref := RandomRef(r, table, scalar)
		return query.Compare{Ref: ref, Op: query.Op(r.IntN(6)), Value: RandomValue(r, ref.Column)}
	}
}

// RandomSort makes a total order on table, ending with the id.
func RandomSort(r *rand.Rand, table string) []query.Order {
	var sort []query.Order
	for range r.IntN(3) {
		sort = append(sort, query.Order{Ref: RandomRef(r, table, fieldtype.Bool, fieldtype.Int, fieldtype.Text), Descending: r.IntN(2) == 0})
	}
	return append(sort, query.Order{Ref: query.Field(query.ID), Descending: r.IntN(2) == 0})
}

// RandomAggregate makes an aggregation of items, without Sort and Limit.
func RandomAggregate(r *rand.Rand) query.Aggregate {
	q := query.Aggregate{Table: "item"}
	if r.IntN(2) == 0 {
		q.Filter = RandomFilter(r, "item", 1)
	}
	for range r.IntN(3) {
		switch r.IntN(4) {
		case 0:
			q.Groups = append(q.Groups, query.Group{Ref: query.Field(colAt), By: query.Bucket(r.IntN(6)), Offset: []int64{0, 3600, -5 * 3600, 20700}[r.IntN(4)]})
		case 1:
			q.Groups = append(q.Groups, query.Group{Ref: query.Field(colDate), By: query.Bucket(r.IntN(6))})
		case 2:
			q.Groups = append(q.Groups, query.Group{Ref: RandomRef(r, "item", fieldtype.Int), By: query.ByNumber, Size: 1 + r.Int64N(4)})
		default:
			q.Groups = append(q.Groups, query.Group{Ref: RandomRef(r, "item", fieldtype.Bool, fieldtype.Int, fieldtype.Text)})
		}
	}
	for range 1 + r.IntN(3) {
		m := query.Measure{Op: query.MeasureOp(r.IntN(7))}
		switch m.Op {
		case query.CountOf:
			m.Ref = RandomRef(r, "item")
		case query.Sum:
			m.Ref = RandomRef(r, "item", fieldtype.Int)
		case query.Min, query.Max:
			m.Ref = RandomRef(r, "item", fieldtype.Bool, fieldtype.Int, fieldtype.Text)
		case query.PercentileLow, query.PercentileHigh:
			m.Ref, m.Percent = RandomRef(r, "item", fieldtype.Int), []int{1, 25, 50, 67, 99}[r.IntN(5)]
		}
		if r.IntN(3) == 0 {
			m.Filter = RandomFilter(r, "item", 2)
		}
		q.Measures = append(q.Measures, m)
	}
	if r.IntN(3) == 0 {
		q.Having = randomHaving(r, &q, 2)
	}
	return q
}

// randomHaving makes a condition on the groups of an aggregation.
func randomHaving(r *rand.Rand, q *query.Aggregate, depth int) query.Filter {
	if depth > 0 && r.IntN(2) == 0 {
		a, b := randomHaving(r, q, depth-1), randomHaving(r, q, depth-1)
		return []query.Filter{query.All{a, b}, query.Any{a, b}, query.Not{Filter: a}}[r.IntN(3)]
	}
	ref := q.Result(r.IntN(len(q.Groups) + len(q.Measures)))
	var value any
	if r.IntN(4) > 0 {
		switch ref.Column.Storage {
		case fieldtype.Bool:
			value = r.IntN(2) == 0
		case fieldtype.Int:
			value = r.Int64N(5) - 1
		case fieldtype.Text:
			value = []string{"", "2025", "a", "two"}[r.IntN(4)]
		}
	}
	if ref.Column.Storage == fieldtype.Int && value != nil && r.IntN(3) == 0 {
		return query.In{Ref: ref, Values: []any{value, int64(7)}}
	}
	return query.Compare{Ref: ref, Op: query.Op(r.IntN(6)), Value: value}
}
